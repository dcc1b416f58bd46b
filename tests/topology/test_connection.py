"""What is known of one connection, counted by hand from the masks."""

from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, capture
from strnn_viz.topology import BORN, DIED, EMPTY, SURVIVED
from strnn_viz.topology.connection import Block, Connection, block, connection
from tests.synthetic import make_run

#: One row of five positions at five epochs.
LIVES = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 0], [1, 0, 0, 1, 1], [1, 0, 1, 1, 0]], dtype=bool)


@pytest.fixture
def lived(tmp_path: Path) -> Run:
    info = LayerInfo("w", (1, 5), "linear", "Layer")
    with RunWriter(tmp_path / "lived", RunConfig()) as writer:
        before = None
        for epoch, row in enumerate(LIVES):
            values = np.arange(1, 6, dtype=np.float32)[row] * (-1) ** epoch
            layer = capture(info, row[None], values, before)
            writer.append(Snapshot(epoch, epoch, {}, {"w": layer}))
            before = layer.bits
    return Run(tmp_path / "lived")


@pytest.mark.parametrize(
    ("epoch", "column", "expected"),
    [
        (4, 0, Connection(SURVIVED, 1.0, 0, True, 0)),
        (4, 1, Connection(EMPTY, None, None, False, 0)),
        (4, 2, Connection(BORN, 3.0, 4, False, 2)),
        (3, 2, Connection(DIED, None, 2, False, 1)),
        (3, 3, Connection(BORN, -4.0, 3, False, 0)),
        (4, 4, Connection(DIED, None, 3, False, 1)),
        (0, 4, Connection(SURVIVED, 5.0, 0, True, 0)),
        (2, 4, Connection(DIED, None, 0, True, 0)),
    ],
)
def test_a_connection_up_to_an_epoch(lived: Run, epoch: int, column: int, expected: Connection) -> None:
    assert connection(lived, "w", epoch, 0, column) == expected


def test_weights_are_those_of_the_matrix(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=2, hidden=9)
    name = "lstm.0.weight_hh"
    dense, mask = run[2].weight(name), run[2].mask(name)
    for row, column in ((0, 0), (3, 8), (17, 5), (35, 8)):
        found = connection(run, name, 2, row, column)
        assert found.weight == (pytest.approx(dense[row, column]) if mask[row, column] else None)


def test_a_block_is_counted_in_any_order(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=3, hidden=9)
    now, before = (run[e].mask("lstm.0.weight_hh") for e in (3, 2))
    rows, columns = np.array([30, 2, 7]), np.array([8, 0])
    part = np.ix_(rows, columns)
    found = block(run, "lstm.0.weight_hh", 3, rows, columns)
    assert found == Block(
        survived=int((now & before)[part].sum()), born=int((now & ~before)[part].sum()),
        died=int((before & ~now)[part].sum()), positions=6,
    )  # fmt: skip
    assert found.active == now[part].sum()


def test_what_is_not_there_is_named(lived: Run) -> None:
    with pytest.raises(UsageError, match="1 rows and 5 columns, none at 0, 5"):
        connection(lived, "w", 4, 0, 5)
    with pytest.raises(UsageError, match="'v' is not one matrix of run lived|no layer 'v'"):
        connection(lived, "v", 4, 0, 0)
    with pytest.raises((UsageError, RunError), match="no epoch 9"):
        connection(lived, "w", 9, 0, 0)
