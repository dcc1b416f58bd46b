"""Where this user's caches lie, as the operating system would have it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The directory for what can be made anew; it may not exist yet.

    ``$XDG_CACHE_HOME/strnn-viz`` where that is set, whatever the system. Else ``~/.cache/strnn-viz``,
    ``~/Library/Caches/strnn-viz`` on macOS, and ``%LOCALAPPDATA%/strnn-viz`` on Windows.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given:
        return Path(given) / "strnn-viz"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "strnn-viz"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "strnn-viz"
    return Path.home() / ".cache" / "strnn-viz"
