"""The command line: thin words around the library."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.console import Console
from rich.table import Table

from strnn_viz import config as configuration
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.ports import free_port

if TYPE_CHECKING:
    from strnn_viz.runs import Run
    from strnn_viz.training.recording import Recording

_TOKEN = "STRNN_VIZ_TOKEN"  # environment variable
_BENCHES = ("topology", "kernels", "step", "memory", "update", "snapshots", "peers", "explorer")
_RUNS = click.option(
    "--runs",
    "folder",
    default="runs",
    envvar="STRNN_VIZ_RUNS",
    show_default=True,
    metavar="DIR",
    help="Directory that holds the runs.",
)
_WORKERS = click.option(
    "--workers",
    type=click.IntRange(0, 1024),
    default=0,
    metavar="N",
    help="Runs trained at once; 1: one after another, without Dask.  [default: as many as fit]",
)
_SCHEDULER = click.option(
    "--scheduler",
    default="",
    metavar="ADDRESS",
    help="Dask scheduler to train on, such as tcp://host:8786. Its workers must share the file system that "
    "--runs is on, under the same path.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class _Group(click.Group):
    """A group whose commands end with one sentence and the right exit code where a user made a mistake."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StrnnVizError as error:
            Console(stderr=True, soft_wrap=True, highlight=False).print(f"[bold red]Error:[/] {_escape(str(error))}")
            ctx.exit(error.exit_code)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="strnn-viz", prog_name="strnn-viz")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A microscope for dynamic sparse training of recurrent networks.

    Without a command: open the explorer in a browser; if there is no run yet, the demo starts training in it.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(explore, folder="runs", start_demo=True)


@main.command()
@click.argument("source", metavar="[PRESET|FILE.toml]", required=False)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a value; may be repeated.")
@_RUNS
@click.option(
    "--name", metavar="NAME", help="Name of the run.  [default: the preset, its method and its initialization]"
)
@click.option("--resume", metavar="DIR", help="Continue the run in this directory exactly where it stopped.")
@click.option("--watch", is_flag=True, help="Show the run in the explorer while it trains.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def train(
    source: str | None,
    changes: tuple[str, ...],
    folder: str,
    name: str | None,
    resume: str | None,
    watch: bool,
    quiet: bool,
) -> None:
    """Train a sparse network and record how its topology evolves.

    PRESET is one of those that `strnn-viz presets` lists; the default is demo. Keys for --set are listed by
    `strnn-viz presets --keys`, for example --set sparsity.density=0.1 --set seed=3.
    """
    from strnn_viz.runs import check_name, free_name, run_name
    from strnn_viz.training.recording import Recording

    _check_watching(watch)
    if resume is not None:
        if source or changes or name:
            raise UsageError(
                "--resume continues a run with the configuration it has: give it without a preset, --set or --name."
            )
        recording = Recording(resume, resume=True)
    else:
        source = source or "demo"
        config = configuration.preset(source).replace(_assignments(changes))
        name = name or free_name(folder, run_name(source, config))
        recording = Recording(Path(folder) / check_name(name), config)
    from strnn_viz.progress import show

    with _watching(recording.path, watch and recording.records), _interrupts(recording):
        show(recording, quiet=quiet or not recording.records)


@main.command()
@click.argument("run", metavar="RUN")
@click.option("--epoch", type=int, metavar="N", help="Epoch to go on from.  [default: the one before the newest]")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a value; may be repeated.")
@click.option("--name", metavar="NAME", help="Name of the new run.  [default: RUN, the epoch and what is changed]")
@_RUNS
@click.option("--watch", is_flag=True, help="Show the run in the explorer while it trains.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def fork(
    run: str, epoch: int | None, changes: tuple[str, ...], name: str | None, folder: str, watch: bool, quiet: bool
) -> None:
    """Train a new run that goes on from an epoch of another one, with some values changed.

    RUN is a name in the directory of runs, or the path of a run; the fork is recorded beside it. With nothing changed
    it repeats RUN exactly from that epoch on. For example: strnn-viz fork demo-uniform --epoch 12 --set prune_rate=0.2
    """
    from strnn_viz.reports.runs import find_run
    from strnn_viz.runs import Run, check_name, forks, free_name
    from strnn_viz.training import forking

    _check_watching(watch)
    parent = Run(find_run(run, folder).path.resolve())
    if epoch is None:
        if len(parent.epochs) < 2:
            raise UsageError(f"{parent.name} has no epoch before its newest to go on from yet. Give one with --epoch.")
        epoch = parent.epochs[-2]
    values = _assignments(changes)
    config = forks.forked_config(parent, epoch, values)
    home = parent.path.parent
    name = name or free_name(home, forks.fork_name(parent, epoch, {key: config.get(key) for key in values}))
    recording = forking.fork(home / check_name(name), parent, epoch, values)
    from strnn_viz.progress import show

    if not quiet:
        told = forks.words(Run(recording.path), parent)
        Console(highlight=False, soft_wrap=True).print(f"{_escape(recording.path.name)}: {_escape(told)}")
    with _watching(recording.path, watch), _interrupts(recording):
        show(recording, quiet=quiet)


@main.command("runs")
@_RUNS
@_JSON
def list_(folder: str, as_json: bool) -> None:
    """List the recorded runs, newest first."""
    from strnn_viz import reports

    _print(reports.runs.runs(folder), as_json, reports.runs.runs_table)


@main.command()
@click.argument("run", metavar="RUN")
@_RUNS
@_JSON
def show(run: str, folder: str, as_json: bool) -> None:
    """Show one run: its epochs, metrics, layers, and what was born and died.

    RUN is a name in the directory of runs, or the path of a run.
    """
    from strnn_viz import reports

    _print(reports.runs.run(reports.runs.find_run(run, folder)), as_json, reports.runs.run_tables)


@main.command()
@click.option("--keys", is_flag=True, help="List every key of the configuration, with its range and default.")
@_JSON
def presets(keys: bool, as_json: bool) -> None:
    """List the configurations that come with the package."""
    from strnn_viz import reports

    if keys:
        _print(reports.presets.keys(), as_json, reports.presets.keys_table)
    else:
        _print(reports.presets.presets(), as_json, reports.presets.presets_table)


@main.command()
@click.argument("what", nargs=-1, metavar="[NAME | get NAME]")
@click.option("--path", default="", metavar="DIR", help="Look here for corpora.  [default: $STRNN_VIZ_DATA]")
@click.option("--to", envvar="STRNN_VIZ_DATA", default="data", metavar="DIR",
              help="Download into a folder of this one.  [default: $STRNN_VIZ_DATA, or data]")  # fmt: skip
@_JSON
def data(what: tuple[str, ...], path: str, to: str, as_json: bool) -> None:
    """List the corpora, or tell of one: what is found, with counts, and how to get what is not.

    `strnn-viz data get NAME` downloads one that has a public address.
    """
    from strnn_viz import reports

    match what:
        case ():
            _print(reports.corpora.data(path), as_json, reports.corpora.data_table)
        case ("get", name):
            _print(reports.corpora.get(name, to), as_json, reports.corpora.get_lines)
        case (name,) if name != "get":
            _print(reports.corpora.corpus(name, path), as_json, reports.corpora.corpus_table)
        case _:
            raise UsageError(f"strnn-viz data {' '.join(what)!r} asks for no one corpus. Write NAME, or get NAME.")


@main.command()
@click.argument("a", metavar="RUN[@EPOCH]")
@click.argument("b", metavar="RUN[@EPOCH]")
@_RUNS
@_JSON
def distance(a: str, b: str, folder: str, as_json: bool) -> None:
    """Tell how far two recorded topologies are apart, whatever the order of their units.

    Without an epoch, the newest of the run is meant.
    """
    from strnn_viz import reports

    _print(reports.distances.distance(a, b, folder), as_json, reports.distances.distance_table)


@main.command("import")
@click.argument("source", metavar="DIR")
@click.option("--name", metavar="NAME", help="Name of the new run.  [default: that of the directory]")
@click.option(
    "--kind",
    type=click.Choice(["auto", "npz", "state_dict"]),
    default="auto",
    show_default=True,
    help="What the directory holds for each epoch.",
)
@click.option(
    "--masks", metavar="DIR", help="Masks of state_dicts.  [default: what is in them, or weights that are not 0]"
)
@_RUNS
def import_(
    source: str, name: str | None, kind: Literal["auto", "npz", "state_dict"], masks: str | None, folder: str
) -> None:
    """Turn sparse training recorded elsewhere into a run: SciPy npz or PyTorch state_dicts by epoch."""
    from strnn_viz.importing import import_run
    from strnn_viz.runs import check_name, free_name
    from strnn_viz.waiting import bar_after

    path = Path(folder) / check_name(name or free_name(folder, Path(source).resolve().name))
    with bar_after("Reading epochs") as progress:
        run = import_run(source, path, kind, masks=masks, progress=progress)
    click.echo(
        f"Imported {len(run)} epochs of {len(run.layers)} layers. See them with: strnn-viz explore --runs {folder}"
    )


@main.command()
@click.argument("run", metavar="RUN")
@click.argument("out", metavar="OUT", type=click.Path())
@click.option(
    "--epoch", type=int, metavar="N", help="Epoch of a picture, or that a replay opens at.  [default: newest]"
)
@click.option("--layer", metavar="NAME", help="One layer, or one matrix of it, as `strnn-viz show RUN` names them.")
@click.option(
    "--view", metavar="NAME", help="What a picture or a table shows; a wrong name lists them.  [default: masks; all]"
)
@click.option("--force", is_flag=True, help="Write over OUT if it is there.")
@_RUNS
def export(
    run: str, out: str, epoch: int | None, layer: str | None, view: str | None, force: bool, folder: str
) -> None:
    """Write a run to a file to share; the ending of OUT says what.

    .html is a replay of the run that opens from disk, without a server or a network; .gif and .mp4 are the masks as a
    movie (.mp4 needs ffmpeg); .csv has a row an epoch, with every metric, and nnz, born and died of every matrix, or
    with --view what a view draws at an epoch; .png and .svg are a view at an epoch (all but the masks as .png need
    Chromium); .pt holds the weights of an epoch, dense, for plain PyTorch: torch.load gives a state_dict.

    RUN is a name in the directory of runs, or the path of a run.
    """
    from strnn_viz import reports
    from strnn_viz.waiting import bar_after

    if Path(out).suffix.lower() == ".pt":
        if layer or view:
            raise UsageError(f"--layer and --view are for pictures and tables: {out} holds all weights of an epoch.")
        _write_weights(reports.runs.find_run(run, folder), Path(out), epoch, force)
        return
    try:
        from strnn_viz.exporting import export_run

        with bar_after("Exporting epochs") as progress:
            found = reports.runs.find_run(run, folder)
            path = export_run(found, out, epoch=epoch, layer=layer, view=view, force=force, progress=progress)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"this export needs {error.name}, which is not installed. Install it with: pip install "
            "'strnn-viz[dashboard]'"
        ) from error
    click.echo(f"Wrote {path} ({path.stat().st_size / 1e6:,.2f} MB).")


def _write_weights(run: Run, out: Path, epoch: int | None, force: bool) -> None:
    import torch

    from strnn_viz.exporting.out import replacing
    from strnn_viz.training.export import export

    with replacing(out, force) as part:
        exported = export(run, epoch)
        torch.save(exported.state_dict, part)
    click.echo(f"Wrote {out} ({out.stat().st_size / 1e6:,.2f} MB): the weights of epoch {exported.epoch}.")


@main.command()
@click.argument("what", type=click.Choice(_BENCHES))
@click.option("--quick", is_flag=True, help="Of the explorer only: a minute or two, to see that it works.")
@click.option(
    "--hidden", type=click.IntRange(1), metavar="UNITS", help="Of step, update, snapshots and peers: instead of 1500."
)
@_JSON
def bench(what: str, quick: bool, hidden: int | None, as_json: bool) -> None:
    """Measure this machine: each comparison in one run, on the same data.

    The explorer is measured in Chromium, driven by Playwright, and takes about a quarter of an hour.
    """
    from strnn_viz.waiting import bar_after

    if quick and what != "explorer":
        raise UsageError(f"--quick is for the explorer. Give bench {what} without it.")
    if hidden is not None and what not in ("step", "update", "snapshots", "peers"):
        raise UsageError(f"--hidden is for step, update, snapshots and peers. Give bench {what} without it.")
    options: dict[str, Any] = ({"quick": True} if quick else {}) | ({"hidden": hidden} if hidden else {})
    try:
        measured = import_module(f"strnn_viz.bench.{what}")
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    with bar_after("Measuring", seconds=0) as progress:
        result = getattr(measured, what)(progress, **options)
    _print(result, as_json, lambda value: [measured.table(value)])


@main.command()
@click.argument("source", metavar="PRESET|FILE.toml")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a value; may be repeated.")
@_JSON
def flops(source: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Count parameters and FLOPs of a configuration, by the paper's convention, before any training.

    For the paper's own models, ptb-paper and ptb-rhn, all of its Table 2 or 3 stands beside what follows from its
    definitions.
    """
    config = configuration.preset(source).replace(_assignments(changes))
    told = import_module("strnn_viz.reports.flops")
    _print(told.flops(config), as_json, told.flops_tables)


@main.command()
@click.argument("what", metavar="table2|table3|table4|table5|table6|table7|fig2|fig3")
@click.option(
    "--scale",
    default="tiny",
    show_default=True,
    metavar="tiny|small|paper",
    help="tiny: minutes, on the embedded corpus. small: Penn Treebank with 200 units, and IMDB, Twitter and "
    "AG's news. paper: the paper's own sizes; needs a GPU.",
)
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs of each row.")
@click.option("--only", default="", metavar="PART", help="Only one data set, or one density, such as twitter or 33%.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a value in every row, where the row itself does not; may be repeated.",
)
@_RUNS
@_WORKERS
@_SCHEDULER
@_JSON
@click.pass_context
def reproduce(
    ctx: click.Context,
    what: str,
    scale: str,
    seeds: int,
    only: str,
    changes: tuple[str, ...],
    folder: str,
    workers: int,
    scheduler: str,
    as_json: bool,
) -> None:
    """Train a table or figure of the paper and set our numbers beside its own.

    Trains the runs that are missing, resumes those that were interrupted, and saves the table as Markdown and CSV and
    a figure as SVG in the directory of runs. Ctrl-C stops all runs with a checkpoint; the same command goes on.
    """
    from strnn_viz.experiments import reproduce as experiments
    from strnn_viz.experiments.write import save

    values = _assignments(changes)
    chosen = experiments.experiment(what, scale, values)
    made = experiments.reproduce(
        chosen.part(only) if only else chosen,
        folder,
        seeds=seeds,
        changes=values,
        scheduler=scheduler,
        workers=workers,
    )
    told = import_module("strnn_viz.reports.experiments")
    _print(told.reproduction(made, save(made, folder)), as_json, told.reproduction_tables)
    ctx.exit(0 if made.complete else 1)


@main.command()
@click.argument("source", metavar="PRESET|FILE.toml")
@click.option("--vary", "axes", multiple=True, metavar="KEY=A,B,...", help="Train with each of these values.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a value in every run.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs of each combination.")
@_RUNS
@_WORKERS
@_SCHEDULER
@click.pass_context
def sweep(
    ctx: click.Context,
    source: str,
    axes: tuple[str, ...],
    changes: tuple[str, ...],
    seeds: int,
    folder: str,
    workers: int,
    scheduler: str,
) -> None:
    """Train every combination of some values, side by side.

    For example: strnn-viz sweep demo --vary method=st-rnn,rigl,set --vary density=0.1,0.2 --seeds 3. Trains what is
    missing and goes on with what was interrupted. Every run computes on one thread unless --set threads says otherwise.
    """
    from strnn_viz.experiments.conduct import run_sweep
    from strnn_viz.experiments.grid import grid

    base = configuration.preset(source).replace({"threads": 1} | _assignments(changes))
    given = _assignments(axes, "--vary", "density=0.1,0.2")
    varied = {key: [v.strip() for v in values.split(",") if v.strip()] for key, values in given.items()}
    planned = grid(Path(source).stem, base, varied, seeds)
    outcome = run_sweep(planned, folder, scheduler=scheduler, workers=workers)
    for name, why in outcome.failed.items():
        click.echo(f"{name} failed: {why}", err=True)
    click.echo(
        f"{len(outcome.finished)} of {len(planned)} runs are finished. See them with: strnn-viz runs --runs {folder}"
    )
    ctx.exit(1 if outcome.failed or outcome.stopped else 0)


@main.command()
@click.argument("what", metavar="[RUN|DIR]", required=False)
@_RUNS
@click.option("--run", "name", metavar="NAME", help="Run to open first.  [default: the newest]")
@click.option("--port", type=click.IntRange(0, 65535), default=5006, show_default=True, help="0 takes any free port.")
@click.option("--address", default="127.0.0.1", show_default=True, metavar="A", help="Address to listen on.")
@click.option(
    "--token",
    envvar=_TOKEN,
    metavar="TOKEN",
    help="What viewers must show.  [default: $STRNN_VIZ_TOKEN, or else none here, and one made for other addresses]",
)
@click.option("--show/--no-show", default=True, help="Whether to open a browser.")
@click.option("--start-demo", is_flag=True, help="Start training the demo if there is no run yet.")
@click.option("--window", is_flag=True, help="Open a window of its own instead of a browser; closing it ends all.")
def explore(
    folder: str,
    what: str | None = None,
    name: str | None = None,
    port: int = 5006,
    address: str = "127.0.0.1",
    token: str | None = None,
    show: bool = True,
    start_demo: bool = False,
    window: bool = False,
) -> None:
    """Open the explorer: watch runs train, scrub through their epochs, start and steer them.

    RUN is a name in the directory of runs, or the path of a run; DIR another directory of runs.
    """
    if what is not None:
        folder, name = _run_or_folder(what, folder, name)
    if window:
        for sentence in _dashboard("window").show(folder, run=name, start_demo=start_demo):
            click.echo(sentence)
        return
    serve = _dashboard("serve").serve
    serve(folder, run=name, port=port, address=address, token=token, show=show, start_demo=start_demo)


def _run_or_folder(what: str, folder: str, name: str | None) -> tuple[str, str | None]:
    """The directory of runs and the run that a person means by one word."""
    from strnn_viz.runs.files import RUN

    path = Path(what)
    if not lexists(Path(folder) / what / RUN):
        if lexists(path / RUN):
            path = path.resolve()
            folder, what = str(path.parent), path.name
        elif path.is_dir():
            return what, name
    if name not in (None, what):
        raise UsageError(f"both {what!r} and --run {name!r} name a run to open first. Give one of them.")
    return folder, what


def _dashboard(part: str) -> Any:
    """A module of the dashboard, where what it needs is installed."""
    try:
        return import_module(f"strnn_viz.dashboard.{part}")
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error


def _not_installed(error: ModuleNotFoundError) -> UsageError:
    return UsageError(
        f"the explorer needs {error.name}, which is not installed. Install it with: pip install 'strnn-viz[dashboard]'"
    )


def _assignments(changes: tuple[str, ...], option: str = "--set", example: str = "seed=3") -> dict[str, str]:
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"{option} {change!r} has no '='. For example: {option} {example}.")
        values[key.strip()] = value.strip()
    return values


def _print(value: Any, as_json: bool, table: Callable[[Any], list[Table | str]]) -> None:
    if as_json:
        click.echo(json.dumps(value, indent=1, allow_nan=False))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 120)  # a file or a pipe has no edge to wrap at
    for part in table(value):
        console.print(part, soft_wrap=isinstance(part, str))


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


@contextlib.contextmanager
def _interrupts(recording: Recording) -> Iterator[None]:
    """Let Ctrl-C and a polite kill end training after the step under way; a second Ctrl-C ends it at once."""

    def stop(number: int, _: Any) -> None:
        if recording.stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        recording.stop = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_watching(wanted: bool) -> None:
    """Refuse what would keep the explorer from being served, before a run begins."""
    if wanted:
        _dashboard("serve")
        if token := os.environ.get(_TOKEN):
            _dashboard("access").check_token(token)


@contextlib.contextmanager
def _watching(path: Path, wanted: bool) -> Iterator[None]:
    """Serve the explorer beside the training; afterwards go on serving for a person, not for a script."""
    if not wanted:
        yield
        return
    port = free_port(5006)
    url = _dashboard("access").with_token(f"http://localhost:{port}", os.environ.get(_TOKEN))
    person = sys.stdin.isatty() and sys.stdout.isatty()
    command = [sys.executable, "-m", "strnn_viz", "explore", "--runs", str(path.parent), "--run", path.name,
               "--port", str(port), "--show" if person else "--no-show"]  # fmt: skip
    # Its own session: Ctrl-C is for the training, and this function ends the server.
    server = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    Console(highlight=False).print(f"Watch it at [bold]{url}[/]", soft_wrap=True)
    try:
        yield
        if person:
            Console(highlight=False).print(f"The explorer is still at {url} (Ctrl-C ends it).", soft_wrap=True)
            with contextlib.suppress(KeyboardInterrupt):
                server.wait()
    finally:
        server.terminate()
        server.wait()
