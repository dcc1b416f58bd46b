"""A table or figure of the paper, from its runs to its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.experiments.conduct import run_sweep
from strnn_viz.experiments.experiment import Experiment, Row
from strnn_viz.experiments.figures import fig2, fig3
from strnn_viz.experiments.language import table2, table3, table7
from strnn_viz.experiments.results import RowResult, Verdict, read_row, verdicts
from strnn_viz.experiments.scales import Scale, scale
from strnn_viz.experiments.sweep import Outcome, Planned, is_finished
from strnn_viz.experiments.texts import table4, table5, table6
from strnn_viz.runs import list_runs

EXPERIMENTS: dict[str, Callable[[Scale], Experiment]] = {
    e.__name__: e for e in (table2, table3, table4, table5, table6, table7, fig2, fig3)
}


@dataclass(frozen=True)
class Reproduction:
    """An experiment with what its runs say.

    Attributes
    ----------
    experiment : Experiment
    seeds : int
    changes : mapping
        Values that were changed against the scale's own.
    results : tuple of RowResult
        In the order of the experiment's rows.
    verdicts : tuple of Verdict
    outcome : Outcome
        How the sweep ended.
    """

    experiment: Experiment
    seeds: int
    changes: Mapping[str, Any]
    results: tuple[RowResult, ...]
    verdicts: tuple[Verdict, ...]
    outcome: Outcome

    @property
    def complete(self) -> bool:
        """Whether every row that can be trained has a finished run for each seed."""
        return all(len(r.found) == self.seeds for r in self.results if r.row.config is not None)


def experiment(name: str, scale_name: str, changes: Mapping[str, Any] | None = None) -> Experiment:
    """An experiment by its name, at a scale.

    Raises
    ------
    UsageError
        If either has no such name, or a value cannot be changed so.
    """
    if name not in EXPERIMENTS:
        raise UsageError(f"no experiment is called {name!r}. Experiments: {', '.join(EXPERIMENTS)}.")
    found = EXPERIMENTS[name](scale(scale_name, changes))
    if not found.rows:
        raise UsageError(f"{name} has no rows at scale {scale_name}: none of its corpora belongs to it.")
    return found


def reproduce(
    chosen: Experiment,
    folder: str | os.PathLike[str],
    *,
    seeds: int = 1,
    changes: Mapping[str, Any] | None = None,
    scheduler: str = "",
    workers: int = 0,
    console: Console | None = None,
) -> Reproduction:
    """Train what is missing of an experiment, resume what was interrupted, and compare it with the paper.

    A run with the very configuration that is needed is used, also when another experiment trained it.

    Parameters
    ----------
    chosen : Experiment
    folder : path-like
        Directory of the runs.
    seeds : int
        Runs of each row, with the seeds from 1 on.
    changes : mapping
        What was changed in the experiment, to be told with it.
    scheduler, workers, console
        As of :func:`~strnn_viz.experiments.conduct.run_sweep`.

    Raises
    ------
    RunError
        If a run of the same name has another configuration.
    """
    problems = _missing(chosen)
    known = {run.config: run.name for run in reversed(list_runs(folder)[0]) if run.config and not run.problems}
    names: dict[tuple[str, int], str] = {}
    plan: dict[str, Planned] = {}
    for row in chosen.rows:
        for seed in range(1, seeds + 1) if row.config else ():
            wanted = chosen.planned(row, seed)
            name = known.setdefault(wanted.config, wanted.name)
            own = Planned(name, wanted.config)
            if row.key in problems and not is_finished(own, folder):
                continue  # cannot be trained here; what was trained where it could be is read all the same
            names[row.key, seed], plan[name] = name, own
    outcome = Outcome()
    if plan:
        outcome = run_sweep(list(plan.values()), folder, scheduler=scheduler, workers=workers, console=console)
    results = tuple(_result(row, seeds, names, outcome, problems, Path(folder)) for row in chosen.rows)
    told = tuple(verdicts(chosen, results))
    return Reproduction(chosen, seeds, changes or {}, results, told, outcome)


def _result(
    row: Row, seeds: int, names: Mapping[tuple[str, int], str], outcome: Outcome, problems: Mapping[str, str],
    folder: Path,
) -> RowResult:  # fmt: skip
    runs = {seed: names[row.key, seed] for seed in range(1, seeds + 1) if (row.key, seed) in names}
    finished = {seed: folder / name for seed, name in runs.items() if name in outcome.finished}
    why = [problems[row.key]] if row.key in problems and len(runs) < seeds else []
    why += [f"seed {seed}: {outcome.failed[name]}" for seed, name in runs.items() if name in outcome.failed]
    why += [f"seed {seed}: stopped" for seed, name in runs.items() if name in outcome.stopped]
    return read_row(row, finished, " ".join(why))


def _missing(chosen: Experiment) -> dict[str, str]:
    """Why rows cannot be trained, by key: a corpus that is not here, with how to get it."""
    from strnn_viz.data.corpus import SOURCES
    from strnn_viz.data.passages import PASSAGES

    asked: dict[tuple[str, str], str] = {}
    found = {}
    for row in chosen.rows:
        if row.config is None:
            continue
        corpus, path = row.config.data.corpus, row.config.data.path
        if (corpus, path) not in asked:
            source = SOURCES.get(corpus) or PASSAGES[corpus]
            try:
                source.locate(path)
                asked[corpus, path] = ""
            except StrnnVizError as error:
                asked[corpus, path] = f"{error} See: strnn-viz data {corpus}"
        if asked[corpus, path]:
            found[row.key] = asked[corpus, path]
    return found
