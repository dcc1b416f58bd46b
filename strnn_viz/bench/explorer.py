"""How fast the explorer is, and what its viewers cost: scrubbing in Chromium, twenty viewers, two hundred sessions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strnn_viz.bench.crowd import training, visited, watched
from strnn_viz.bench.recorded import record
from strnn_viz.bench.scrub import browser, scrub
from strnn_viz.bench.topology import machine
from strnn_viz.dashboard.address import usable_port, wait_until_up
from strnn_viz.dashboard.serve import serve

#: Told (parts done, parts to do).
Progress = Callable[[int, int], None]

GOALS = {"median": 50.0, "p95": 100.0, "slowdown": 0.05, "grown": 20e6}


def explorer(progress: Progress | None = None, *, quick: bool = False) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    Parameters
    ----------
    progress : callable, optional
    quick : bool
        A small run, few moves, few viewers: a minute or two, to see that it works, with numbers that say little.

    Returns
    -------
    dict
        ``machine``: what it ran on. ``scrub``: one mapping for the ``recorded`` and one for the ``live`` run, as
        :func:`strnn_viz.bench.scrub.scrub` gives them, with ``what`` it was. ``viewers`` as
        :func:`strnn_viz.bench.crowd.watched`, ``sessions`` as :func:`strnn_viz.bench.crowd.visited`.

    Raises
    ------
    UsageError
        If there is no Chromium or no Playwright to drive it with.
    """
    units, epochs, moves = (120, 12, 8) if quick else (1500, 60, 60)
    viewers, pairs, visits, warm = (3, 1, 10, 5) if quick else (20, 5, 200, 100)
    small = {"data.vocabulary": "500", "model.hidden": "32"} if quick else {}
    # In what takes about as long each: what was recorded, the moves of two runs, pairs of epochs, and the sessions.
    sizes = {"record": epochs + 1, "recorded": moves, "live": moves, "watched": 8 * pairs, "visited": moves}
    total, done = sum(sizes.values()), 0

    def begun(part: str) -> Progress:
        """What a part tells; the parts before it are done."""
        before = sum(list(sizes.values())[: list(sizes).index(part)])

        def tell(of_part: int, all_of_it: int) -> None:
            nonlocal done
            done = max(done, before + round(sizes[part] * of_part / all_of_it))
            if progress is not None:
                progress(done, total)

        tell(0, 1)
        return tell

    found: dict[str, Any] = {"machine": machine(), "scrub": {}}
    with browser() as opened, tempfile.TemporaryDirectory(prefix="strnn-viz-bench-") as folder:
        runs = Path(folder)
        name = f"recorded-{units}"
        record(runs / name, units, epochs, progress=begun("record"))
        found["scrub"]["recorded"] = _scrubbed(
            opened, runs, name, moves, f"recorded, {units:,} units, {epochs} epochs", begun("recorded")
        )
        live = runs / "live"
        live.mkdir()
        with training(live, **small) as run:
            found["scrub"]["live"] = _scrubbed(opened, live, run.name, moves, "live demo", begun("live"))
            found["viewers"] = watched(run, viewers, pairs, begun("watched"))
        begun("visited")
        record(runs / "small" / "small", 64, 12)  # so that what a server keeps for all viewers is kept soon
        found["sessions"] = visited(runs / "small", visits, warm)
    if progress is not None:
        progress(total, total)
    return found


def _scrubbed(opened: Any, folder: Path, name: str, moves: int, what: str, progress: Progress) -> dict[str, Any]:
    port = usable_port(0)
    server = serve(folder, port=port, show=False, threaded=True, run=name)
    try:
        wait_until_up(f"http://localhost:{port}/")
        return {"what": what, **scrub(opened, f"http://localhost:{port}/explorer", moves, progress)}
    finally:
        server.stop()


def table(result: dict[str, Any]) -> str:
    """The result of :func:`explorer` as text of a few columns, each number beside its goal."""
    about, viewers, sessions = result["machine"], result["viewers"], result["sessions"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, load {about['load']:.1f} at the beginning; Python "
        f"{about['python']}",
        "",
        f"{'From the slider to the painted masks, ms':<46}{'median':>9}{'p95':>9}{'lost':>6}",
    ]
    for row in result["scrub"].values():
        lines.append(f"{row['what']:<46}{row['median']:>9.0f}{row['p95']:>9.0f}{row['lost']:>6}")
        lines.append(f"{'  text alone, in turn with it':<46}{row['floor_median']:>9.0f}{row['floor_p95']:>9.0f}")
    lines.append(f"{'goal':<46}{GOALS['median']:>9.0f}{GOALS['p95']:>9.0f}{0:>6}")
    alone, watching = (sorted(viewers[kind])[len(viewers[kind]) // 2] for kind in ("alone", "watched"))
    share = "" if viewers["server_share"] is None else f"; the server used {viewers['server_share']:.0%} of a core"
    grown = "unknown" if sessions["grown"] is None else f"{sessions['grown'] / 1e6:,.1f} MB"
    lines += [
        "",
        f"{viewers['viewers']} viewers of a training on one thread: {watching:.2f} s an epoch, {alone:.2f} s without "
        f"them ({viewers['slowdown']:+.1%}; goal at most {GOALS['slowdown']:+.0%}){share}",
        f"{sessions['visits']} sessions opened and closed: {sessions['documents']} documents and "
        f"{sessions['watchers']} watchers left (goal 0 and 0), {sessions['blocks']:+,} of Python's memory blocks in "
        f"use, {grown} more taken from the system (goal below {GOALS['grown'] / 1e6:.0f} MB)",
    ]
    return "\n".join(lines)
