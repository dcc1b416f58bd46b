"""Other packages beside ours, which are played here by modules of their interface."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from strnn_viz.bench.peers import PEERS, peers, table


def module(name: str, **content: object) -> ModuleType:
    made = ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    made.__dict__.update(content)
    return made


def test_without_them_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PEERS.values():
        monkeypatch.setitem(sys.modules, name.partition(".")[0], None)
    result = peers(hidden=8, batch=2, steps=2, sparsities=(0.5, 0.9), repeats=1)
    assert [(r["backend"], r["sparsity"]) for r in result["rows"]] == [("strnn-viz", 0.5), ("strnn-viz", 0.9)]
    assert result["missing"] == {"sparselab": "not installed", "rigl-torch": "not installed"}
    assert json.loads(json.dumps(result)) == result
    assert table(result).splitlines()[-1] == ("Not measured: sparselab (not installed), rigl-torch (not installed).")


def test_installed_ones_run_on_the_same_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    class Linear(nn.Linear):
        def __init__(self, inputs: int, outputs: int, *, sparsity: float) -> None:
            super().__init__(inputs, outputs)
            asked.append(("sparselab", inputs, outputs, sparsity))

    def scheduler(model: nn.Module, optimizer: object, **options: object) -> None:
        asked.append(("rigl-torch", sum(p.numel() for p in model.parameters()), options["dense_allocation"]))

    monkeypatch.setitem(sys.modules, "sparselab", module("sparselab", SparseLinear=Linear))
    monkeypatch.setitem(sys.modules, "rigl_torch", module("rigl_torch", __path__=[]))
    monkeypatch.setitem(sys.modules, "rigl_torch.RigL", module("rigl_torch.RigL", RigLScheduler=scheduler))
    result = peers(hidden=8, batch=2, steps=2, sparsities=(0.75,), repeats=1)
    assert [r["backend"] for r in result["rows"]] == ["strnn-viz", "sparselab", "rigl-torch"]
    assert result["missing"] == {}
    assert asked == [("sparselab", 8, 32, 0.75), ("rigl-torch", 8 * 32 + 32, 0.25)]
    assert "Not measured" not in table(result)


def test_one_that_lacks_something_itself_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sparselab.py").write_text("import torchmissing")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "rigl_torch", None)
    monkeypatch.delitem(sys.modules, "sparselab", raising=False)
    result = peers(hidden=8, batch=2, steps=2, sparsities=(0.5,), repeats=1)
    assert result["missing"] == {"sparselab": "torchmissing is not installed", "rigl-torch": "not installed"}
