"""Pooled cells against a plain loop over blocks."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strnn_viz.topology import BORN, DIED, EMPTY, SURVIVED, crop, full_share, pool
from strnn_viz.topology.pooling import CODES, LEVELS, MIXES


def draw(shape: tuple[int, int], seed: int = 0, shares: tuple[float, ...] = (0.7, 0.2, 0.06, 0.04)) -> np.ndarray:
    return np.random.default_rng(seed).choice(4, size=shape, p=shares).astype(np.uint8)


def decode(code: int) -> tuple[int, tuple[int, int, int]]:
    level, mix = divmod(code - 1, len(MIXES))
    return level + 1, tuple(MIXES[mix].tolist())


def expected(block: np.ndarray, full: float) -> int:
    """The code of one block, spelled out."""
    count = {state: int((block == state).sum()) for state in (SURVIVED, BORN, DIED)}
    total = sum(count.values())
    if not total:
        return 0
    level = min(LEVELS, max(1, ceil(LEVELS * sqrt(total / (block.size * full)))))
    present = sum(n > 0 for n in count.values())
    parts = {s: (n > 0) + (5 - present) * n / total for s, n in count.items()}
    born = ceil(parts[BORN] - 0.5)
    died = ceil(parts[DIED] - 0.5) if count[SURVIVED] else 5 - born
    mix = MIXES.tolist().index([5 - born - died, born, died])
    return 1 + (level - 1) * len(MIXES) + mix


def test_there_are_253_codes_in_a_byte() -> None:
    assert CODES == 253
    assert len({tuple(m) for m in MIXES.tolist()}) == len(MIXES) == 21
    assert (MIXES.sum(axis=1) == 5).all()
    assert (MIXES >= 0).all()


@settings(max_examples=60, deadline=None)
@given(
    gate_rows=st.integers(1, 23),
    gates=st.integers(1, 4),
    columns=st.integers(1, 40),
    most=st.tuples(st.integers(1, 50), st.integers(1, 30)),
    seed=st.integers(0, 1000),
)
def test_every_cell_is_that_of_its_block(
    gate_rows: int, gates: int, columns: int, most: tuple[int, int], seed: int
) -> None:
    what = draw((gate_rows * gates, columns), seed, (0.4, 0.3, 0.2, 0.1))
    breaks = [gate_rows * i for i in range(1, gates)]
    found = pool(what, *most, breaks=breaks, density=0.5)
    assert found.codes.shape == (len(found.rows) - 1, len(found.columns) - 1)
    assert found.codes.dtype == np.uint8
    assert len(found.rows) - 1 <= max(most[0], gates)
    assert len(found.columns) - 1 <= most[1]
    assert (found.rows[0], found.rows[-1], found.columns[0], found.columns[-1]) == (0, gate_rows * gates, 0, columns)
    assert set(breaks) <= set(found.rows.tolist())
    for axis in (found.rows, found.columns):
        sizes = np.diff(axis)
        assert sizes.min() >= 1
        assert sizes.max() - sizes.min() <= 1
    for r in range(found.codes.shape[0]):
        for c in range(found.codes.shape[1]):
            block = what[found.rows[r] : found.rows[r + 1], found.columns[c] : found.columns[c + 1]]
            assert found.codes[r, c] == expected(block, found.full)


def test_tall_blocks_are_counted_beyond_a_byte() -> None:
    what = np.full((2000, 3), BORN, np.uint8)
    what[:1000] = DIED
    found = pool(what, 2, 3, density=1.0)
    assert [decode(c) for c in found.codes[:, 0]] == [(LEVELS, (0, 0, 5)), (LEVELS, (0, 5, 0))]


def test_what_fits_is_exact() -> None:
    what = draw((40, 30))
    found = pool(what, 40, 30, breaks=(10, 20, 30), density=0.02)
    assert found.exact
    pure = {SURVIVED: (5, 0, 0), BORN: (0, 5, 0), DIED: (0, 0, 5)}
    for state, code in zip(what.ravel().tolist(), found.codes.ravel().tolist(), strict=True):
        assert code == 0 if state == EMPTY else decode(code) == (LEVELS, pure[state])
    assert not pool(what, 39, 30).exact
    assert not pool(what, 40, 29).exact


def test_a_pure_colour_promises_that_nothing_else_happened() -> None:
    what = np.full((10, 1000), SURVIVED, np.uint8)
    what[3, 7] = BORN
    what[5, 400] = DIED
    codes = pool(what, 1, 5, density=0.9).codes[0]
    assert [decode(c)[1] for c in codes] == [(4, 1, 0), (5, 0, 0), (4, 0, 1), (5, 0, 0), (5, 0, 0)]


def test_births_and_deaths_in_balance_are_drawn_in_balance() -> None:
    what = draw((200, 200), 1, (0.6, 0.3, 0.05, 0.05))
    codes = pool(what, 1, 1, density=0.35).codes
    survived, born, died = decode(int(codes[0, 0]))[1]
    assert born == died == 1
    assert survived == 3


def test_an_empty_mask_is_empty() -> None:
    assert not pool(np.zeros((50, 60), np.uint8), 7, 9).codes.any()
    assert not pool(np.zeros((50, 60), np.uint8), 7, 9, density=0.0).codes.any()


def test_parts_denser_and_sparser_than_the_whole_stand_out() -> None:
    rng = np.random.default_rng(3)
    density = np.full((1200, 1200), 0.1)
    density[:300], density[300:600] = 0.05, 0.2
    what = (rng.random(density.shape) < density).astype(np.uint8)
    codes = pool(what, 40, 40, density=float(what.mean())).codes
    levels = np.vectorize(lambda c: decode(int(c))[0])(codes)
    sparse, dense, usual = levels[:10].mean(), levels[10:20].mean(), levels[20:].mean()
    assert usual - sparse > 1.5
    assert dense - usual > 2
    assert dense < LEVELS  # not saturated: denser still would show


def test_the_full_share_leaves_room_above_the_density() -> None:
    assert full_share(0.33, 10_000) == pytest.approx(0.66)
    assert full_share(0.1, 9) == pytest.approx(0.1 + 3 * sqrt(0.09 / 9))  # by chance alone more than twice the density
    assert full_share(0.33, 2) == full_share(0.8, 10_000) == 1.0
    assert full_share(0.0, 10) == 1.0


def test_levels_do_not_depend_on_what_was_rewired() -> None:
    what = draw((400, 400), 4)
    quiet = np.where(np.isin(what, (BORN, DIED)), SURVIVED, what).astype(np.uint8)
    codes = [pool(w, 20, 20, density=0.26).codes for w in (what, quiet)]
    levels = [(c.astype(int) - 1) // len(MIXES) for c in codes]
    assert (levels[0] == levels[1]).all()
    assert (codes[0] != codes[1]).any()


def test_a_small_crop_is_exact_and_says_where_it_lies() -> None:
    what = draw((80, 60))
    found = crop(what, (30, 50), (10, 40), 20, 30, breaks=(20, 40, 60))
    assert found.exact
    assert (found.codes == pool(what, 80, 60).codes[30:50, 10:40]).all()
    assert found.rows.tolist() == list(range(30, 51))
    assert found.columns.tolist() == list(range(10, 41))


def test_a_large_crop_is_pooled_and_keeps_gates_apart() -> None:
    what = draw((80, 60))
    found = crop(what, (10, 70), (0, 60), 12, 12, breaks=(20, 40, 60), density=0.26)
    assert {20, 40, 60} <= set(found.rows.tolist())
    assert found.codes[3, 4] == expected(
        what[found.rows[3] : found.rows[4], found.columns[4] : found.columns[5]], found.full
    )


@pytest.mark.parametrize(
    ("rows", "columns", "shape"),
    [((-5, 3), (58, 99), (3, 2)), ((79, 79), (60, 70), (1, 1)), ((200, 300), (-9, -3), (1, 1))],
)
def test_a_crop_is_cut_to_the_matrix(rows: tuple[int, int], columns: tuple[int, int], shape: tuple[int, int]) -> None:
    assert crop(draw((80, 60)), rows, columns, 50, 50).codes.shape == shape
