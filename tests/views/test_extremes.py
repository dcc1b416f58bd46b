"""Metrics as large and as small as numbers go, of runs that diverged or that a stranger made: axes hold them all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.runs import Run, files
from strnn_viz.views.compared_learning import compared_learning
from strnn_viz.views.learning import learning_curves
from strnn_viz.views.off_page import off_page
from tests.synthetic import make_run


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324, 0, None, 2**63])
def test_curves_of_any_numbers_are_drawn(tmp_path: Path, value: float | None) -> None:
    make_run(tmp_path / "run", preset("demo", epochs=2), epochs=2, hidden=4)
    path = tmp_path / "run" / files.METRICS
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    changed = [row | {key: value for key in row if key not in ("epoch", "step", "layers")} for row in rows]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in changed))
    run = Run(tmp_path / "run")
    assert run.epochs == [0, 1, 2]
    assert run.rows[1]["valid_perplexity"] == {1e308: None, -1e308: None, 5e-324: 0.0}.get(value, value)
    for element in (learning_curves(run, 2), compared_learning([run, run], 2)):
        off_page(element)
