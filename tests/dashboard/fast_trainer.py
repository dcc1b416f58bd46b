"""A stand-in for ``strnn-viz train`` and ``fork`` that starts at once: it replays synthetic snapshots and obeys.

python fast_trainer.py [--delay SECONDS] [--epochs N] [--hidden N] [--fail early|late] train|fork <arguments>
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from strnn_viz.config import preset
from strnn_viz.runs import Control, Parent, Progress, Run, RunWriter, send, wanted
from strnn_viz.runs.control import write_progress
from strnn_viz.runs.forks import forked_config
from tests.synthetic import snapshots


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("train", "fork"))
    parser.add_argument("source", nargs="?", default="demo")
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--fail", choices=("early", "late"))
    parser.add_argument("--runs")
    parser.add_argument("--name")
    parser.add_argument("--resume")
    parser.add_argument("--epoch", type=int)
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.stdout.write("a stand-in for training begins\n")
    if args.fail == "early":
        sys.stderr.write("ImportError: no module named torch\n")
        return 3
    done, parent = -1, None
    changes = dict(s.split("=", 1) for s in args.set)
    if args.command == "fork":
        path, parent = Path(args.runs) / args.name, Parent(args.source, args.epoch)
        config = forked_config(Run(Path(args.runs) / args.source), args.epoch, changes)
        done = args.epoch - 1
    elif args.resume:
        path = Path(args.resume)
        config = Run(path).config
        done = max(Run(path).epochs, default=-1)
    else:
        path = Path(args.runs) / args.name
        config = preset(args.source, **{"epochs": args.epochs}, **changes)
    with RunWriter(path, config, resume=bool(args.resume), parent=parent) as writer:
        writer.status("training")
        for snapshot in snapshots(
            config.training.epochs, args.hidden, config.sparsity.density, config.sparsity.prune_rate, config.seed,
            accuracy=config.task == "classification",
        ):  # fmt: skip
            if snapshot.epoch <= done:
                continue
            if snapshot.epoch > (parent.epoch if parent else 0):
                if not spend(path, writer, snapshot.epoch, config.training.epochs, args.delay):
                    writer.status("stopped")
                    return 0
                if args.fail == "late" and snapshot.epoch == 2:
                    raise FloatingPointError("the loss is not finite in epoch 2")
            writer.append(snapshot, seconds=args.delay)
            writer.checkpoint(snapshot.epoch, {}, {})
            control = wanted(path)
            if control.pause_after is not None and snapshot.epoch >= control.pause_after:
                send(path, Control("pause"))
    return 0


def spend(path: Path, writer: RunWriter, epoch: int, epochs: int, delay: float) -> bool:
    """Take the time of an epoch, obeying; False if a stop is wanted."""
    steps = 10
    for step in range(1, steps + 1):
        left = delay * (epochs - epoch) + delay * (1 - step / steps)
        write_progress(path, Progress(epoch, epochs, step, steps, 1e5, delay, left, 100.0))
        time.sleep(delay / steps)
        while (control := wanted(path)).state == "pause":
            writer.status("paused")
            time.sleep(0.02)
        if control.state == "stop":
            return False
        writer.status("training")
    return True


if __name__ == "__main__":
    sys.exit(main())
