"""A progress bar for work that turns out to be long; what is done within two seconds shows none."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def bar_after(
    text: str, *, seconds: float = 2.0, console: Console | None = None
) -> Iterator[Callable[[int, int], None]]:
    """Give a function to call with (done, total), which shows a bar once some seconds have passed.

    Parameters
    ----------
    text : str
        What is being done.
    seconds : float
        How long to stay silent.
    console : rich Console, optional
        Where to; by default the standard error, so that printed results stay clean. Nothing is shown where it is no
        terminal.

    Examples
    --------
    >>> with bar_after("Reading masks") as progress:  # doctest: +SKIP
    ...     rows = movements(run, progress=progress)
    """
    console = console or Console(stderr=True)
    begun = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    with contextlib.ExitStack() as stack:
        bar: Progress | None = None

        def tell(done: int, total: int) -> None:
            nonlocal bar
            if bar is None and console.is_terminal and done < total and time.monotonic() - begun >= seconds:
                bar = stack.enter_context(Progress(*columns, console=console, transient=True, refresh_per_second=5))
                bar.add_task(text, total=total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done, total=total)

        yield tell
