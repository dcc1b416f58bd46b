"""How a person steers a run they did not start: a small file the training process looks at between two steps.

It holds what is wanted, not what was clicked, so a message cannot be lost, doubled or overtaken.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from strnn_viz.errors import RunError
from strnn_viz.runs.files import CONTROL, PROGRESS, read_json, to_json, write_whole
from strnn_viz.runs.refusal import is_number

_MOST = 1e12  # seconds, or tokens in one: beyond it a number is none a trainer told


@dataclass(frozen=True)
class Control:
    """What is wanted of a training process.

    Attributes
    ----------
    state : str
        ``"run"``, ``"pause"`` or ``"stop"``.
    pause_after : int or None
        Pause by itself once this epoch is recorded; how one steps through a run epoch by epoch.
    """

    state: str = "run"
    pause_after: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far training is within an epoch.

    Attributes
    ----------
    epoch : int
        The epoch under way, counted from 1.
    epochs : int
        Epochs the run will have.
    step, steps : int
        Optimizer steps done in this epoch, and how many it has.
    tokens_per_second : float
        Recent speed; nan while unknown.
    epoch_seconds : float
        Seconds one epoch takes, evaluation included; nan while unknown.
    remaining_seconds : float
        Seconds until the run is done; nan while unknown.
    train_loss : float
        Mean training loss of this epoch so far, in nats a prediction; nan while unknown.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    tokens_per_second: float = float("nan")
    epoch_seconds: float = float("nan")
    remaining_seconds: float = float("nan")
    train_loss: float = float("nan")


def send(path: Path, control: Control) -> None:
    """Say what is wanted of the process that trains the run at `path`."""
    write_whole(Path(path) / CONTROL, to_json(asdict(control)), durable=False)


def wanted(path: Path) -> Control:
    """What is wanted of the process that trains the run at `path`; to run, where nothing was said."""
    try:
        values = read_json(Path(path) / CONTROL)
        state, after = values["state"], values["pause_after"]
    except (RunError, KeyError):
        return Control()
    if state not in ("run", "pause", "stop") or not (after is None or isinstance(after, int)):
        return Control()
    return Control(state, after)


def write_progress(path: Path, progress: Progress) -> None:
    """Tell readers how far training is; replaced a few times a second, so not forced to the disk."""
    write_whole(Path(path) / PROGRESS, to_json(asdict(progress)), durable=False)


def read_progress(path: Path) -> Progress | None:
    """How far the run at `path` last was within an epoch; None where it never said."""
    try:
        values = read_json(Path(path) / PROGRESS)
        whole = {k: int(values.pop(k)) for k in ("epoch", "epochs", "step", "steps")}
        if min(whole.values()) < 0 or not all(v is None or (is_number(v) and abs(v) < _MOST) for v in values.values()):
            return None
        rest: dict[str, Any] = {k: float("nan") if v is None else float(v) for k, v in values.items()}
        return Progress(**whole, **rest)
    except (RunError, KeyError, TypeError, ValueError):
        return None
