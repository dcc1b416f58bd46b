"""What machine this is."""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path


def processor() -> str:
    """The name of the processor, as exactly as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
