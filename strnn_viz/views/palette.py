"""The colours, each of which means one thing everywhere, and the colours of pooled mask cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strnn_viz.topology.pooling import CODES, FIFTHS, LEVELS, MIXES

# Each of these stands out 3 to 1 from a white card and from a dark one, and from every other of its set by at least .09
# in OKLab, also to those who see no red, no green or no blue. A shape or a word says the same wherever they are used.
SURVIVED = "#6B7390"
BORN = "#12A48C"
DIED = "#B84B12"
THRESHOLD = "#C18604"
#: Runs in the order they are compared: uniform is always the first, Erdős–Rényi the second.
RUNS = ("#1A7DBE", "#C04290", "#EA7230", "#547248", "#961EFC", "#DE0000", "#9084FC", "#C0848A")
#: Opacity of a full cell that survived, so that births and deaths stand out of the mass of what stays.
SURVIVED_OPACITY = 0.55
#: Annotations: as far in contrast from white as from a dark card (4 to 1), so it needs no theme.
MUTED = "#7A8086"


def _linear(colour: str) -> NDArray[np.float64]:
    """A hex colour as linear light, three numbers from 0 to 1 (IEC 61966-2-1)."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _hex(light: NDArray[np.float64], alpha: float) -> str:
    """The inverse of :func:`_linear`, with opacity."""
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(v)):02x}" for v in [*value, alpha])


def code_colours(stays: str, comes: str, goes: str) -> tuple[str, ...]:
    """A colour, #rrggbbaa, for every code of pooled cells whose pure states have these three."""
    # Linear light is what the eye would mix if every position were a dot too small to see.
    light = np.stack([_linear(c) for c in (stays, comes, goes)])
    weight = MIXES * np.array([SURVIVED_OPACITY, 1, 1]) / FIFTHS
    mixed, opacity = weight @ light / weight.sum(axis=1, keepdims=True), weight.sum(axis=1)
    levels = range(1, LEVELS + 1)
    cells = [_hex(m, o * level / LEVELS) for level in levels for m, o in zip(mixed, opacity, strict=True)]
    return ("#00000000", *cells)


#: Colour of every code of :class:`strnn_viz.topology.Pooled`, as #rrggbbaa: the level is the opacity, so that empty is
#: transparent and both themes work.
CODE_COLOURS = code_colours(SURVIVED, BORN, DIED)

assert len(CODE_COLOURS) == CODES
