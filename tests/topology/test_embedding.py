"""Topologies in the plane: exact where a plane can be, at least stress where not, and still while more are added."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform

from strnn_viz.errors import UsageError
from strnn_viz.topology.embedding import classical, layout, stress


def trajectory(epochs: int = 40, seed: int = 0) -> np.ndarray:
    """Distances along a walk in many dimensions whose steps become smaller, as those of a run do."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(epochs, 40)) * np.linspace(1, 0.1, epochs)[:, None], axis=0)
    apart = squareform(pdist(walk))
    return apart / apart.max()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_points_of_a_plane_come_back(seed: int, n: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 2))
    found = layout(squareform(pdist(points)) if n > 1 else np.zeros((1, 1)))
    assert found.stress < 1e-7
    np.testing.assert_allclose(squareform(pdist(found.points)), squareform(pdist(points)), atol=1e-6)
    np.testing.assert_allclose(found.points.mean(axis=0), 0, atol=1e-9)


def test_stress_is_kruskals_and_as_low_as_a_general_optimizer_makes_it() -> None:
    delta = trajectory(12)
    found = layout(delta)
    apart = squareform(pdist(found.points))
    assert found.stress == pytest.approx(np.sqrt(((apart - delta) ** 2).sum() / (delta**2).sum()), abs=1e-12)
    assert found.stress < stress(delta, classical(delta))
    further = minimize(lambda x: stress(delta, x.reshape(-1, 2)), found.points.ravel(), method="L-BFGS-B")
    assert found.stress - further.fun < 1e-4
    start = minimize(lambda x: stress(delta, x.reshape(-1, 2)), classical(delta).ravel(), method="L-BFGS-B")
    assert found.stress < start.fun + 1e-3


def test_it_is_the_same_every_time() -> None:
    delta = trajectory(15)
    np.testing.assert_array_equal(layout(delta).points, layout(delta.copy()).points)


@pytest.mark.parametrize("n", [10, 20, 39])
def test_what_was_there_stays_when_a_snapshot_is_added(n: int) -> None:
    delta = trajectory()
    before = layout(delta[:n, :n])
    after = layout(delta[: n + 1, : n + 1], previous=before.points)
    shift = np.hypot(*(after.points[:n] - before.points).T)
    assert shift.max() < 0.03  # the largest distance is 1
    fresh = layout(delta[: n + 1, : n + 1])
    assert after.stress < fresh.stress + 0.002
    assert shift.max() < np.hypot(*(fresh.points[:n] - before.points).T).max()


def test_a_whole_run_watched_epoch_by_epoch_arrives_where_it_would_at_once() -> None:
    delta = trajectory()
    points, steps = layout(delta[:3, :3]).points, []
    for n in range(4, 41):
        found = layout(delta[:n, :n], previous=points)
        steps.append(np.hypot(*(found.points[:-1] - points).T).mean())
        points = found.points
    assert found.stress < layout(delta).stress + 0.005
    assert max(steps[6:]) < 0.03  # from ten points on


def test_a_new_point_comes_where_its_distances_say() -> None:
    points = np.random.default_rng(0).normal(loc=(3, -1), size=(9, 2))  # no need to be centred
    delta = squareform(pdist(points))
    found = layout(delta, previous=points[:8])
    np.testing.assert_allclose(found.points, points, atol=1e-6)
    holes = points.copy()
    holes[[0, 4]] = np.nan
    np.testing.assert_allclose(layout(delta, previous=holes).points, points, atol=1e-6)


def test_a_mirrored_and_turned_layout_is_met() -> None:
    delta = trajectory(12)
    found = layout(delta)
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])  # a reflection too
    held = found.points @ turn + [5, 7]
    again = layout(delta, previous=held)
    np.testing.assert_allclose(again.points, held, atol=1e-4)
    assert again.stress == pytest.approx(found.stress, abs=1e-6)


@pytest.mark.parametrize("held", [np.empty((0, 2)), np.full((3, 2), np.nan), [[2.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]])
def test_too_few_old_points_to_place_by(held: np.ndarray) -> None:
    points = np.random.default_rng(0).normal(size=(5, 2))
    found = layout(squareform(pdist(points)), previous=held)
    assert found.stress < 1e-6
    known = np.asarray(held)[np.isfinite(held).all(axis=1)] if len(held) else np.empty((0, 2))
    if len(known):
        np.testing.assert_allclose(found.points[: len(known)].mean(axis=0), known.mean(axis=0), atol=1e-6)


def test_few_points_and_equal_ones() -> None:
    assert layout(np.zeros((0, 0))).points.shape == (0, 2)
    assert layout([[0.0]]).points.tolist() == [[0.0, 0.0]]
    pair = layout([[0, 0.5], [0.5, 0]])
    assert pair.stress < 1e-12
    assert np.hypot(*(pair.points[0] - pair.points[1])) == pytest.approx(0.5)
    same = layout(np.zeros((4, 4)))
    assert (same.stress, np.abs(same.points).max()) == (0, 0)
    twice = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0.0]])
    assert layout(twice).stress < 1e-6


@pytest.mark.parametrize(("wrong", "message"), [
    ([[0, 1]], "square"), ([[0, 1], [2, 0]], "not symmetric"), ([[0, -1], [-1, 0]], "negative entries"),
    ([[0.1, 1], [1, 0]], "not zero on its diagonal"), ([[0, np.nan], [np.nan, 0]], "not finite"),
])  # fmt: skip
def test_what_is_no_distance_matrix_is_refused(wrong: list[list[float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        layout(wrong)


def test_a_previous_layout_of_more_points_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(at most 2, 2\), not \(3, 2\)"):
        layout([[0, 1], [1, 0]], previous=np.zeros((3, 2)))
