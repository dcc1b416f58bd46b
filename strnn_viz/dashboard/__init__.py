"""The explorer: the only part of the package that knows Panel.

Names are loaded on first use: a notebook shows the page of a process beside it, and loads none of what that needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strnn_viz.dashboard.hub import RunHub, RunState
    from strnn_viz.dashboard.launcher import Launcher
    from strnn_viz.dashboard.notebook import Shown, explore
    from strnn_viz.dashboard.serve import make_app, shared

__all__ = ["Launcher", "RunHub", "RunState", "Shown", "explore", "make_app", "shared"]

_HOMES = {
    "Launcher": "launcher",
    "RunHub": "hub",
    "RunState": "hub",
    "Shown": "notebook",
    "explore": "notebook",
    "make_app": "serve",
    "shared": "serve",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"strnn_viz.dashboard.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
