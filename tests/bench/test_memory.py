"""The benchmark of memory at a size for tests."""

from __future__ import annotations

import json
import subprocess

import pytest

from strnn_viz.bench.memory import memory, table, tell
from strnn_viz.bench.turns import about
from strnn_viz.errors import StrnnVizError
from strnn_viz.nn.sparse import installed

PLACES = 2 * 300 * 40 + 4 * 160 * 40


def test_a_process_of_its_own_counts_weights_and_bytes() -> None:
    result = memory(words=300, hidden=40, sparsities=(0.9,))
    assert json.loads(json.dumps(result)) == result
    (row,) = result["rows"]
    shape = {"backend": "numba" if installed() else "torch", "hidden": 40, "batch": 20, "steps": 35, "sparsity": 0.9}
    assert row == row | shape | {"dense_ms": None, "speedup": None}
    assert row["ms"] > 0
    assert result["machine"]["isa"]
    assert row["weights"] == PLACES // 10
    # Weights, gradients, momentum, 4 bytes by rows and 8 by columns; an embedding needs none by columns. Where rows,
    # columns and blocks of columns begin is little.
    least = 24 * (row["weights"] - 1200) + 16 * 1200
    assert least < row["held"] < 1.1 * least
    assert row["held"] == pytest.approx(row["per_weight"] * row["weights"])
    assert row["peak"] > row["held"]
    text = table(result)
    assert f"{PLACES // 10:,}" in text
    assert max(map(len, text.splitlines())) <= 120


def test_dense_weights_have_a_gradient_and_a_momentum_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    tell(300, 40, 0.0)
    row = json.loads(capsys.readouterr().out)
    assert (row["weights"], row["held"], row["per_weight"]) == (PLACES, 12 * PLACES, 12)
    assert row["backend"] == "dense"
    assert "dense" in table({"machine": about(), "rows": [row]})


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "Traceback ...\nMemoryError: too little")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(StrnnVizError, match=r"sparsity of 0.5 failed: MemoryError: too little"):
        memory(sparsities=(0.5,))
