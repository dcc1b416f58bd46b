"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from strnn_viz.errors import StrnnVizError, UsageError


def check_place(out: Path, force: bool = False) -> None:
    """Refuse a place nothing can or should be written to.

    Raises
    ------
    UsageError
        If there is a directory of that name, or no directory to write into, or a file and not `force`.
    """
    if out.is_dir():
        raise UsageError(f"{out} is a directory. Name a file in it, for example {out / 'run.html'}.")
    if not out.parent.is_dir():
        raise UsageError(f"there is no directory {out.parent} to write {out.name} into. Make it first.")
    if out.exists() and not force:
        raise UsageError(f"{out} exists already. Choose another name, or write over it with --force.")


@contextlib.contextmanager
def replacing(out: Path, force: bool = False) -> Iterator[Path]:
    """Give a file to write, which takes the name `out` only once it is complete.

    It lies beside `out`, so that taking the name cannot fail half-way, and is removed if anything goes wrong.

    Raises
    ------
    UsageError
        As :func:`check_place`.
    StrnnVizError
        If it cannot be written, for example because the disk is full.
    """
    check_place(out, force)
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.stem}-", suffix=out.suffix)
        os.close(handle)
        part = Path(name)
        yield part
        part.chmod(0o666 & ~_umask())  # a temporary file is for its owner alone; what is shared is not
        part.replace(out)
    except OSError as error:
        raise StrnnVizError(
            f"cannot write {out}: {error.strerror or error}. Make room, or choose another place."
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
