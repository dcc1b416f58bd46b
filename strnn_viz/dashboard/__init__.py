"""The explorer: the only part of the package that knows Panel.

Names are loaded on first use, so that a notebook that only watches a run does not load what a served page needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strnn_viz.dashboard.hub import RunHub, RunState
    from strnn_viz.dashboard.launcher import Launcher
    from strnn_viz.dashboard.notebook import Watch, watch
    from strnn_viz.dashboard.serve import make_app, shared

__all__ = ["Launcher", "RunHub", "RunState", "Watch", "make_app", "shared", "watch"]

_HOMES = {
    "Launcher": "launcher",
    "RunHub": "hub",
    "RunState": "hub",
    "Watch": "notebook",
    "make_app": "serve",
    "shared": "serve",
    "watch": "notebook",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"strnn_viz.dashboard.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
