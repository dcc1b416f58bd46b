"""Directories of runs: which there are, and what a new one may be called."""

from __future__ import annotations

import os
import re
from pathlib import Path

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.rules import METHODS
from strnn_viz.runs import files
from strnn_viz.runs.run import Run


def list_runs(folder: str | os.PathLike[str]) -> tuple[list[Run], list[str]]:
    """Every run in a directory, newest first, and a sentence for each that cannot be read."""
    paths, problems = run_directories(folder)
    runs = []
    for path in paths:
        try:
            runs.append(Run(path))
        except RunError as error:
            problems[path.name] = str(error)
    newest = sorted(runs, key=lambda run: str(run.about.get("created", "")), reverse=True)
    return newest, list(problems.values())


def run_directories(folder: str | os.PathLike[str]) -> tuple[list[Path], dict[str, str]]:
    """What looks like a run in a directory of runs, by name, and by name a sentence for each that is not to be opened.

    A link to another run of the same directory is a run; one that leads out of it is not, for what is listed can be
    shown to others, resumed and steered.
    """
    paths: list[Path] = []
    problems: dict[str, str] = {}
    root = Path(folder)
    try:
        found = sorted(root.iterdir()) if root.is_dir() else []
    except OSError as error:
        return [], {root.name: f"{root} cannot be read: {error.strerror or error}. Give read access to it."}
    inside = root.resolve()
    for path in found:
        shown = path.name if path.name.isprintable() else ascii(path.name)
        name = str(path) if path.name.isprintable() else f"{shown} in {root}"
        try:
            (path / files.RUN).lstat()  # whatever it is: what cannot be read as one is told of when it is opened
            leads = path.resolve() if path.is_symlink() else None
        except PermissionError:
            problems[shown] = f"{name} cannot be looked into. Give read access to it, if it is a run."
            continue
        except OSError:
            continue  # nothing of the kind, or a link to itself
        if leads is not None and leads.parent != inside:
            problems[shown] = f"{name} is a link that leads out of {root}; it is not opened. Copy the run into {root}."
        elif not path.name.isprintable():
            problems[shown] = f"{name} cannot be shown as the name of a run. Rename the directory."
        else:
            paths.append(path)
    return paths, problems


def run_name(source: str, config: RunConfig) -> str:
    """What a new run is called: ``demo-uniform``, ``demo-rigl-erdos_renyi``, ``demo-dense``.

    The method is left out where it is that of the paper, the initialization where the method has none.

    Parameters
    ----------
    source : str
        The preset, or the path of a configuration file.
    config : RunConfig
    """
    sparsity = config.sparsity
    method = "" if sparsity.method == "st-rnn" else sparsity.method
    first = "" if "initialization" in METHODS[sparsity.method].fixed else sparsity.initialization
    return "-".join(filter(None, [Path(source).stem, method, first]))


def check_name(name: str) -> str:
    """A run's name, if it can be one: it becomes the name of a directory.

    Raises
    ------
    UsageError
        If it could not, or could lead out of the directory of runs.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", name):
        raise UsageError(
            f"{name!r} cannot name a run. Use letters, digits, dots, dashes and underscores, beginning with a letter "
            "or a digit, at most 100 characters."
        )
    return name


def free_name(folder: str | os.PathLike[str], name: str) -> str:
    """`name`, or `name` with the first number from 2 on that is not taken in `folder`."""
    taken = {p.name for p in Path(folder).iterdir()} if Path(folder).is_dir() else set()
    return next(n for n in [name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))] if n not in taken)
