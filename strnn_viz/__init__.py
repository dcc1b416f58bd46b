"""strnn-viz: a microscope for dynamic sparse training of recurrent networks.

The names below are stable. Importing this package imports neither the dashboard's libraries nor, until a name that
needs it is used, torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from strnn_viz.config import RunConfig, preset, presets
from strnn_viz.runs import Run, RunWriter, Snapshot

if TYPE_CHECKING:
    from strnn_viz.dashboard import explore
    from strnn_viz.importing import record
    from strnn_viz.sparsity import METHODS, Method, SparseTraining
    from strnn_viz.training import train
    from strnn_viz.training.export import export

__version__ = "0.1.0"

__all__ = [
    "METHODS",
    "Method",
    "Run",
    "RunConfig",
    "RunWriter",
    "Snapshot",
    "SparseTraining",
    "explore",
    "export",
    "preset",
    "presets",
    "record",
    "train",
]

#: Names that need torch or are seldom needed, and where they live: loaded on first use, so that a replay works without.
_LATER = {
    "explore": "strnn_viz.dashboard",
    "export": "strnn_viz.training.export",
    "record": "strnn_viz.importing",
    "METHODS": "strnn_viz.sparsity",
    "Method": "strnn_viz.sparsity",
    "SparseTraining": "strnn_viz.sparsity",
    "train": "strnn_viz.training",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
