"""Two processes on shared batches: the masks of one process, and its losses to rounding."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from strnn_viz.ports import free_port
from strnn_viz.runs import Run

PROGRAM = Path(__file__).with_name("ddp_program.py")
ERA = {"corpus": "sotu-era", "vocabulary": 300, "hidden": 8, "embedding": 8, "layers": 1, "passage": 12, "epochs": 2,
       "batch_size": 128, "density": 0.4, "algorithm": "adam", "lr": 0.01, "threads": 1}  # fmt: skip
SOTU = {"corpus": "sotu", "vocabulary": 100, "hidden": 8, "layers": 1, "epochs": 2, "batch_size": 512, "bptt": 90,
        "density": 0.4, "lr": 1.0, "threads": 1}  # fmt: skip


def environment():
    return os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1",
               "--master-port", str(free_port(29500)), *map(str, arguments)]  # fmt: skip
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, f"{done.stderr[:4000]} … {done.stderr[-1000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("config", [ERA | {"method": "rigl"}, SOTU | {"method": "snfs", "update_every": 5}])
def test_two_processes_give_the_masks_of_one_and_its_losses(tmp_path, config):
    text, stem = json.dumps(config), tmp_path / "told"
    subprocess.run([sys.executable, PROGRAM, text, stem], env=environment(), check=True, timeout=200)
    torchrun(PROGRAM, text, stem)
    alone, first, second = (
        json.loads(Path(f"{stem}-{name}.json").read_text()) for name in ("0-of-1", "0-of-2", "1-of-2")
    )
    assert first == second
    assert len(alone) == len(first) == 3
    for one, two in zip(alone, first, strict=True):
        assert one["masks"] == two["masks"]
        assert one["metrics"].keys() == two["metrics"].keys()
        for key, value in one["metrics"].items():
            if not key.endswith("accuracy"):  # a passage on the edge may fall to either side
                assert two["metrics"][key] == pytest.approx(value, rel=1e-4), key
    assert alone[1]["masks"] != alone[2]["masks"]


@pytest.mark.slow
def test_a_run_of_two_processes_is_recorded_once_and_resumes_from_its_last_whole_epoch(tmp_path):
    settings = [part for key, value in ERA.items() for part in ("--set", f"{key}={value}")]
    command = ("-m", "strnn_viz", "train", "demo", "--runs", tmp_path, "--name", "joint", "--set", "dropout=0.2")
    torchrun(*command, *settings)
    run = Run(tmp_path / "joint")
    assert (run.status, run.epochs) == ("finished", [0, 1, 2])
    whole = [(row["valid_loss"], row["train_loss"]) for row in run.rows[1:]]
    # As a process killed in its second epoch would have left it.
    about = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(about | {"status": "training"}))
    (run.path / "checkpoints" / "000002.safetensors").unlink()
    torchrun("-m", "strnn_viz", "train", "--resume", run.path)
    again = Run(tmp_path / "joint")
    assert (again.status, again.epochs) == ("finished", [0, 1, 2])
    assert [(row["valid_loss"], row["train_loss"]) for row in again.rows[1:]] == whole
