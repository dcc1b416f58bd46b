"""The sentences of the page that tell how a run is doing. Plain strings: no Panel here."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strnn_viz.dashboard.hub import RunState

#: A sign for each status, so that colour is never the only one.
SIGNS = {
    "training": "●",
    "paused": "❚❚",
    "finished": "✓",
    "stopped": "■",
    "interrupted": "◌",
    "failed": "⚠",
}

SLOW = 20.0  # seconds an epoch takes from which on its own progress is worth a word


def duration(seconds: float) -> str:
    """A time a person can read at a glance: ``4.8 s``, ``1 min 26 s``, ``2 h 5 min``, ``3 d 4 h``.

    Parameters
    ----------
    seconds : float
        Empty text for what is not a finite, positive number.
    """
    if not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit} {rest} {part}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 epoch``, ``1,203 epochs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def status_line(state: RunState) -> str:
    """What a run is doing: ``training · epoch 12 of 30 · 4.8 s each · 1 min 26 s left``."""
    return " · ".join(part for part, _ in status_parts(state))


def status_parts(state: RunState) -> list[tuple[str, str]]:
    """What a run is doing, part by part, each with when it may be left out: empty for never, ``late``, ``spare``."""
    newest, total = state.newest, state.total
    each = duration(state.epoch_seconds)
    parts = [(state.status, "")]
    if newest is None:
        parts.append(("no epoch yet" if state.live else "no epoch was recorded", ""))
    elif state.status == "finished":
        done = count(newest, "epoch") if newest >= total else f"{newest:,} of {count(total, 'epoch')}"
        parts.append((done, ""))
    else:
        parts.append((f"epoch {newest:,} of {total:,}", ""))
    told = state.progress
    if state.live and told and told.steps and not told.epoch_seconds < SLOW:
        parts.append((f"{told.step / told.steps:.0%} of epoch {told.epoch:,}", "spare"))
    if each:
        parts.append((f"{each} each", "spare"))
    if state.status == "training" and (left := duration(state.remaining_seconds)):
        parts.append((f"{left} left", "late"))
    return parts


def status_html(state: RunState) -> str:
    """What a run is doing, for the header: a sign, and words of which those marked give way where it is narrow."""
    sign = f'<span class="{escape(state.status)}">{SIGNS.get(state.status, "")}</span>'
    words = ""
    for part, kind in status_parts(state):
        told = escape(f" · {part}" if words else part)
        words += f'<span class="{kind}">{told}</span>' if kind else told
    return f'<span title="{escape(status_line(state))}">{sign} {words}</span>'


def status_detail(state: RunState) -> str:
    """What went wrong with a run, and what to do; empty where nothing did."""
    if state.status == "failed":
        return f"Training failed: {state.message or 'it gave no reason'}. Resume goes on from the last epoch recorded."
    if state.status == "interrupted":
        return "The training process of this run is gone. Resume continues exactly where it was."
    return ""


def steer_hint(state: RunState | None) -> str:
    """What can be done with a run now, in a sentence."""
    if state is None:
        return "There is no run to steer yet."
    return {
        "paused": "Paused: Resume goes on, Step one epoch pauses again after it.",
        "finished": "This run is finished. Start another above, or fork it.",
        "stopped": "Stopped: Resume continues exactly where it was.",
        "interrupted": "Interrupted: Resume continues exactly where it was.",
        "failed": "Failed: Resume goes on from the last epoch recorded.",
    }.get(state.status, "")


def follow_line(epoch: int | None, newest: int | None, *, live: bool, follow: bool, total: int = 0) -> str:
    """Where the cursor stands against the newest epoch; `total` is how many the run was to have."""
    if epoch is None or newest is None:
        return "no epoch yet"
    if live and follow:
        return "following live"
    behind = newest - epoch
    if behind > 0:
        return f"behind by {count(behind, 'epoch')}"
    if live:
        return "at the newest epoch"
    return "at the last epoch" if newest >= total else "at the newest recorded"


def waiting(state: RunState) -> str:
    """When the views of a run that has no epoch yet will have something to show."""
    if state.live:
        return "It appears once the model is built and has been evaluated, within seconds."
    return "This run ended before its first epoch was recorded: resume it, or start another."
