"""In which form a run holds its matrices: dense with masks, or as active weights only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.sparsity.methods import dense_quantity, why_not_stored
from strnn_viz.training import measuring
from strnn_viz.training.making import method_of
from strnn_viz.training.tasks import Task
from strnn_viz.waiting import bar_after

FORMS = ("masked", "sparse")


@dataclass(frozen=True)
class Execution:
    """A choice, and why.

    Attributes
    ----------
    form : str
        ``"masked"`` or ``"sparse"``.
    reason : str
        A sentence; empty where the configuration says so itself and there is nothing to add.
    """

    form: str
    reason: str = ""

    @property
    def words(self) -> str:
        """The choice in one line."""
        return f"Execution: {self.form}. {self.reason}".rstrip()

    def to_dict(self) -> dict[str, str]:
        """As plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_about(cls, about: Mapping[str, Any]) -> Execution | None:
        """What a run says of itself; None where it says nothing.

        Raises
        ------
        RunError
            If that is no choice there is.
        """
        told = about.get("execution")
        if told is None:
            return None
        if not isinstance(told, dict) or told.get("form") not in FORMS or not isinstance(told.get("reason"), str):
            raise RunError(
                f"run.json says execution = {told!r:.60}: expected the form {' or '.join(FORMS)}, with a reason. "
                "Restore it from a copy, or train anew."
            )
        return cls(told["form"], told["reason"])


def choose(
    config: RunConfig, task: Task, device: torch.device, seeds: tuple[int, int], before: Execution | None = None
) -> Execution:
    """Choose as ``training.execution`` says; with ``auto``, what is faster on this machine.

    Parameters
    ----------
    config : RunConfig
    task : Task
    device : torch.device
    seeds : (int, int)
        Of weights and topology, as of :func:`~strnn_viz.training.making.make`.
    before : Execution, optional
        What was chosen when the run began: kept, and nothing is measured, unless it has become impossible: by several
        processes, or by a way to clip gradients that a fork has changed.

    Raises
    ------
    UsageError
        If sparse execution is asked for and cannot be.
    """
    asked, method = config.training.execution, method_of(config)
    hindrance = _hindrance(config, task)
    if before is not None and (before.form == "masked" or hindrance is None):
        return before
    if asked == "masked":
        return Execution("masked")
    if hindrance and asked == "sparse":
        raise UsageError(f"training.execution = sparse cannot be. {hindrance} Set it to masked or auto.")
    if hindrance:
        return Execution("masked", hindrance)
    needs = dense_quantity(method, measuring.places(config, task)) or ""
    if asked == "sparse":
        return Execution("sparse", needs)
    with bar_after("Measuring masked and sparse execution") as progress:
        times = measuring.times(config, task, device, seeds, progress)
    told = f"{_short(times.sparse)} ms with {times.by}, masked {_short(times.masked)} ms"
    if times.sparse < times.masked:
        return Execution("sparse", f"A training step takes {told}, as measured on this machine. {needs}".rstrip())
    return Execution("masked", f"A sparse training step takes {told}, as measured on this machine.")


def _hindrance(config: RunConfig, task: Task) -> str | None:
    """Why a run cannot hold its active weights only, as a sentence; None where it can."""
    if not task.ranks.alone:
        return (
            f"{task.ranks.size} processes train this run together: they exchange gradients, whose size changes with "
            "the topology where only active weights are held."
        )
    hindrance = why_not_stored(method_of(config))
    if hindrance is None and config.optimizer.clip == "dense" and config.optimizer.clip_norm:
        return (
            "With optimizer.clip = dense the norm is that of the gradients of all weights, the inactive ones included, "
            "which layers that hold active weights only do not have."
        )
    return hindrance


def _short(milliseconds: float) -> str:
    """Three digits, never with an exponent."""
    return str(np.format_float_positional(milliseconds, precision=3, fractional=False, trim="-"))
