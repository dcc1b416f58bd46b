"""All pairs: the same numbers as one by one, computed once, kept by content, told of as they come."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.topology.distance_cache import DistanceCache, default_folder
from strnn_viz.topology.distance_matrix import DistanceMatrix, distance_matrix
from strnn_viz.topology.nnstd import nnstd
from tests.synthetic import make_run, snapshots
from tests.topology.planted import exactly

module = import_module("strnn_viz.topology.distance_matrix")  # its function has the same name

ALL = [s for s in snapshots(4, hidden=10) if s.epoch != 1]  # epoch 1 has the topology of epoch 0


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """The pairs that are computed and not taken from a cache."""
    pairs: list[frozenset[str]] = []

    def counted(a, b, *, ties):
        pairs.append(frozenset((a.digest, b.digest)))
        return original(a, b, ties=ties)

    original = module.distance
    monkeypatch.setattr(module, "distance", counted)
    return pairs


def same(a: DistanceMatrix, b: DistanceMatrix) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("raw", "normalized", "identity"))


def test_every_entry_is_the_distance_of_its_pair() -> None:
    matrix = distance_matrix(ALL, cache=False)
    for i, a in enumerate(ALL):
        for j, b in enumerate(ALL):
            found = nnstd(a, b)
            assert matrix.raw[i, j] == pytest.approx(found.raw, abs=1e-12)
            assert matrix.normalized[i, j] == pytest.approx(found.normalized, abs=1e-12)
            assert matrix.identity[i, j] == pytest.approx(found.identity, abs=1e-12)
            assert [m[i, j] for m in matrix.layers.values()] == pytest.approx([layer.raw for layer in found.layers])
    assert list(matrix.layers) == ["Embedding", "LSTM layer 1", "LSTM layer 2", "Decoder"]
    np.testing.assert_array_equal(matrix.raw, matrix.raw.T)
    assert (np.diagonal(matrix.raw) == 0).all()
    assert matrix.raw[0, 3] > matrix.raw[0, 1] > 0.1


def test_one_thread_or_many(tmp_path: Path) -> None:
    assert same(distance_matrix(ALL, cache=False, workers=1), distance_matrix(ALL, cache=False, workers=3))


def test_what_is_known_is_not_computed_again(tmp_path: Path, computed: list[frozenset[str]]) -> None:
    first = distance_matrix(ALL[:3], cache=tmp_path)
    assert len(computed) == 3
    assert same(distance_matrix(ALL[:3], cache=tmp_path), first)
    assert len(computed) == 3
    grown = distance_matrix(ALL[::-1], cache=tmp_path)  # one more, and in another order
    assert len(computed) == 6
    assert len(set(computed)) == 6
    np.testing.assert_array_equal(grown.raw[::-1, ::-1][:3, :3], first.raw)
    distance_matrix(ALL[:3], cache=tmp_path, ties="identity")  # other distances
    distance_matrix(ALL[:3], cache=tmp_path, pin_outputs=False)
    assert len(computed) == 12
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".json"]


def test_a_topology_seen_twice_is_compared_once(computed: list[frozenset[str]]) -> None:
    matrix = distance_matrix([ALL[0], ALL[1], ALL[0]], cache=False)
    assert len(set(computed)) == len(computed) == 2
    assert matrix.raw[0, 2] == 0
    assert matrix.raw[0, 1] == matrix.raw[1, 2]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": 1, "to": 3}', b'{"format": 0, "to": {}}', b"\xff"])
def test_a_damaged_cache_is_computed_anew(tmp_path: Path, damage: bytes, computed: list[frozenset[str]]) -> None:
    first = distance_matrix(ALL[:2], cache=tmp_path)
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(damage)
    assert same(distance_matrix(ALL[:2], cache=tmp_path), first)
    assert len(computed) == 2
    assert same(distance_matrix(ALL[:2], cache=tmp_path), first)
    assert len(computed) == 2


def test_a_damaged_entry_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    good = {"raw": [0.5], "expected": [0.6], "identity": [0.7]}
    rows = {"b": good, "c": {"raw": [1]}, "d": good | {"raw": [1, 2]}, "e": good | {"raw": ["x"]}, "f": 3}
    path.write_text(json.dumps({"format": 1, "to": rows}))
    cache = DistanceCache(tmp_path, 1)
    assert cache.get("b", "a") == good
    assert [cache.get("a", other) for other in "cdef"] == [None] * 4


def test_two_writers_keep_what_the_other_wrote(tmp_path: Path) -> None:
    entry = {"raw": [0.1], "expected": [0.2], "identity": [0.3]}
    one, other = DistanceCache(tmp_path, 1), DistanceCache(tmp_path, 1)
    for cache, name in ((one, "b"), (other, "c")):
        assert cache.get("a", name) is None
        cache.put("a", name, entry)  # type: ignore[arg-type]
        cache.write()
    assert DistanceCache(tmp_path, 1).get("a", "b") == DistanceCache(tmp_path, 1).get("c", "a") == entry


def test_a_cache_that_cannot_be_written_is_said_and_costs_no_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(RuntimeWarning, match="distances are computed but not kept.*Give another cache"):
        found = distance_matrix(ALL[:2], cache=tmp_path / "file" / "cache")
    assert same(found, distance_matrix(ALL[:2], cache=False))


def test_the_default_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    distance_matrix(ALL[:2])
    assert len(list((tmp_path / "strnn-viz" / "distances").rglob("*.json"))) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home" / ".cache" / "strnn-viz" / "distances"


def test_what_was_done_before_an_interruption_is_kept(
    tmp_path: Path, computed: list[frozenset[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            cancelled.set()
            super().shutdown(wait=wait)

    counted = module.distance

    def held(*pair, ties):
        """The third pair is under way until the others are cancelled, however fast or slow the machine is."""
        assert len(computed) < 2 or cancelled.wait(60)
        return counted(*pair, ties=ties)

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    threads = threading.active_count()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, "ThreadPoolExecutor", Pool)
        patched.setattr(module, "distance", held)
        distance_matrix(ALL, cache=tmp_path, progress=interrupt, workers=1)
    done = len(computed)
    assert 2 <= done <= 3
    assert threading.active_count() <= threads
    distance_matrix(ALL, cache=tmp_path)
    assert len(computed) <= 6 + done - 2


def test_progress_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[int, int]] = []
    distance_matrix(ALL[:3], cache=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    told.clear()
    distance_matrix(ALL, cache=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 6), (4, 6), (5, 6), (6, 6)]
    distance_matrix(ALL, cache=tmp_path)
    assert capsys.readouterr() == ("", "")


def test_a_run_is_compared_without_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", epochs=3, hidden=10)
    expected = distance_matrix(list(run), cache=False)
    monkeypatch.setattr(type(run), "__getitem__", lambda *_: pytest.fail("a whole snapshot was read"))
    assert same(distance_matrix(run, cache=False), expected)


def test_few_and_stacks() -> None:
    assert distance_matrix([], cache=False).raw.shape == (0, 0)
    assert distance_matrix(ALL[:1], cache=False).normalized.tolist() == [[0.0]]
    rng = np.random.default_rng(0)
    stacks = [[exactly(rng, (8, 8), 20), exactly(rng, (3, 8), 9)] for _ in range(3)]
    matrix = distance_matrix(stacks, cache=False)
    assert matrix.raw[2, 1] == nnstd(stacks[1], stacks[2]).raw
    assert list(matrix.layers) == ["layer 1", "layer 2"]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    mask = np.ones((3, 2), dtype=bool)
    with pytest.raises(UsageError, match="only networks of one architecture"):
        distance_matrix([[mask], [mask], [np.ones((3, 4), dtype=bool)]], cache=False)
    with pytest.raises(UsageError, match="workers must be at least 1"):
        distance_matrix(ALL, cache=False, workers=0)
