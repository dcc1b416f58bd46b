"""What is told of the cell under the pointer."""

from pathlib import Path

import numpy as np
import pytest

from strnn_viz.dashboard.masks_pointer import between, told, under_pointer
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import BORN, DIED, EMPTY, SURVIVED, degree_order
from strnn_viz.topology.connection import Connection
from strnn_viz.views._mask_cells import Look, mask_info

NAME = "lstm.0.weight_hh"


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(folder / "first")


def lines(run: Run, epoch: int, x: float, y: float, name: str = NAME, rows: int = 100, **look: object) -> list[str]:
    info = run.layers[name]
    chosen = Look(**look)
    shown = mask_info(run, epoch, info, max_rows=rows, max_columns=rows, look=chosen)
    return under_pointer(run, epoch, info, shown, chosen.order, x, y)


def test_an_exact_cell_tells_gate_units_weight_and_birth(run: Run) -> None:
    weight, mask = run[5].weight(NAME), run[5].mask(NAME)
    row, column = (int(i[0]) for i in np.nonzero(mask[8:16] & run[0].mask(NAME)[8:16] & run[3].mask(NAME)[8:16]))
    found = lines(run, 5, (column + 0.5) / 8, (8 + row + 0.5) / 32)
    assert found[:2] == ["Gate f", f"Previous unit {column} → unit {row}"]
    assert found[2] == f"Weight {weight[8 + row, column]:+.5g}".replace("-", "\u2212")
    assert found[3].startswith(("In the first topology (epoch 0)", "Born at epoch"))


def test_an_overview_tells_how_many_of_a_block(run: Run) -> None:
    found = lines(run, 3, 0.1, 0.1, rows=4)
    now, before = run[3].mask(NAME)[:8, :2], run[2].mask(NAME)[:8, :2]
    assert found == [
        "Gate i, 8 × 2 positions",
        f"{int(now.sum())} active at epoch 3",
        f"{int((now & ~before).sum())} born, {int((before & ~now).sum())} died",
    ]


def test_in_another_order_the_unit_that_lies_there_is_told(run: Run) -> None:
    rows, columns = degree_order(run[4].mask(NAME), run.layers[NAME])
    found = lines(run, 4, 2.5 / 8, 17.5 / 32, order="degree")
    assert found[:2] == ["Gate g", f"Previous unit {columns[2]} → unit {rows[17] - 16}"]


def test_words_run_across(run: Run) -> None:
    assert lines(run, 4, 70.5 / 120, 3.5 / 8, "decoder.weight", rows=200)[0] == "Unit 3 → word 70"
    assert lines(run, 4, 70.5 / 120, 3.5 / 8, "embedding.weight", rows=200)[0] == "Word 70 → unit 3"
    assert lines(run, 4, 0.5, 0.5, "decoder.weight", rows=4)[0].endswith(" positions")


def test_outside_the_matrix_there_is_nothing_to_tell(run: Run) -> None:
    assert lines(run, 4, 1.0, 0.5) == lines(run, 4, 0.5, -0.01) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Connection(EMPTY, None, None, False, 0), ["No connection, and never was one"]),
        (Connection(SURVIVED, -0.25, 0, True, 0),
         ["Weight \u22120.25", "In the first topology (epoch 0)", "Never regrown"]),
        (Connection(BORN, 0.0, 7, False, 1), ["Weight +0", "Born at epoch 7 (just now)", "Regrown once"]),
        (Connection(DIED, None, 3, False, 2), ["Died by epoch 7", "Last born at epoch 3", "Regrown 2 times"]),
        (Connection(EMPTY, None, 0, True, 0),
         ["No connection at epoch 7", "Was in the first topology (epoch 0)", "Never regrown"]),
    ],
)  # fmt: skip
def test_a_life_in_words(found: Connection, expected: list[str]) -> None:
    assert told(found, 7) == expected


def test_a_matrix_without_gates_has_units_alone() -> None:
    assert between(LayerInfo("fc", (3, 4), "linear"), 2, 1) == ["Input unit 1 → unit 2"]
