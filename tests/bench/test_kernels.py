"""The benchmark of kernels at a size for tests."""

from __future__ import annotations

import json

import pytest
import torch

from strnn_viz.bench.kernels import kernels, table
from strnn_viz.nn.sparse import installed


@pytest.fixture(scope="module")
def result() -> dict:
    return kernels(shapes=[(16, 4, 3), (24, 3, 2)], sparsities=(0.5, 0.9), repeats=3)


def test_every_shape_backend_and_sparsity_has_a_row(result: dict) -> None:
    backends = ["numba", "torch"] if installed() else ["torch"]
    assert [(r["hidden"], r["batch"], r["steps"], r["backend"], r["sparsity"]) for r in result["rows"]] == [
        (*shape, backend, sparsity)
        for shape in ((16, 4, 3), (24, 3, 2))
        for backend in backends
        for sparsity in (0.5, 0.9)
    ]
    for row in result["rows"]:
        assert row["ms"] > 0
        assert row["dense_ms"] > 0
        assert row["low"] <= row["speedup"] <= row["high"]


def test_the_dense_arm_is_what_is_said(result: dict) -> None:
    on = torch.backends.mkldnn.is_available()
    assert result["machine"]["dense"] == ("mkldnn_rnn_layer" if on else "")
    before = torch.backends.mkldnn.set_flags(False)
    try:
        other = kernels(shapes=[(8, 2, 2)], sparsities=(0.5,), repeats=1)
    finally:
        torch.backends.mkldnn.set_flags(before[0])
    assert other["machine"]["dense"] == ""
    assert "not oneDNN" in table(other)


def test_values_are_plain_and_the_table_has_them_all(result: dict) -> None:
    assert json.loads(json.dumps(result)) == result
    text = table(result)
    assert text.count("×") == len(result["rows"])
    assert result["machine"]["isa"] in text
    assert max(map(len, text.splitlines())) <= 120


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    kernels(lambda done, total: told.append((done, total)), shapes=[(8, 2, 2)], sparsities=(0.5,), repeats=1)
    arms = 3 if installed() else 2
    assert told == [(i, 2 * arms) for i in range(2 * arms + 1)]
