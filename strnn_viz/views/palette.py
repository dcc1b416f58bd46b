"""The colours, each of which means one thing everywhere, and the colours of pooled mask cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strnn_viz.topology.pooling import CODES, FIFTHS, LEVELS, MIXES

SURVIVED = "#7A8A99"
BORN = "#009E73"
DIED = "#D55E00"
THRESHOLD = "#E69F00"
#: Runs in the order they are compared: uniform is always the first, Erdős–Rényi the second.
RUNS = ("#0072B2", "#CC79A7", "#56B4E9", "#F0E442")
#: Opacity of a full cell that survived, so that births and deaths stand out of the mass of what stays.
SURVIVED_OPACITY = 0.55
#: Annotations: as far in contrast from white as from a dark card (4.3 to 1), so it needs no theme.
MUTED = "#73797F"


def _linear(colour: str) -> NDArray[np.float64]:
    """A hex colour as linear light, three numbers from 0 to 1 (IEC 61966-2-1)."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _hex(light: NDArray[np.float64], alpha: float) -> str:
    """The inverse of :func:`_linear`, with opacity."""
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(v)):02x}" for v in [*value, alpha])


def _code_colours() -> tuple[str, ...]:
    # Linear light is what the eye would mix if every position were a dot too small to see.
    light = np.stack([_linear(c) for c in (SURVIVED, BORN, DIED)])
    weight = MIXES * np.array([SURVIVED_OPACITY, 1, 1]) / FIFTHS
    mixed, opacity = weight @ light / weight.sum(axis=1, keepdims=True), weight.sum(axis=1)
    levels = range(1, LEVELS + 1)
    cells = [_hex(m, o * level / LEVELS) for level in levels for m, o in zip(mixed, opacity, strict=True)]
    return ("#00000000", *cells)


#: Colour of every code of :class:`strnn_viz.topology.Pooled`, as #rrggbbaa: the level is the opacity, so that empty is
#: transparent and both themes work.
CODE_COLOURS = _code_colours()

assert len(CODE_COLOURS) == CODES
