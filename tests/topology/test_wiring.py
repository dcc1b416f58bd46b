"""Which units matrices connect, walking up a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.topology.wiring import wire
from tests.synthetic import layer_infos
from tests.topology.planted import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_sets_of_units_are_those_of_the_model(name: str) -> None:
    model = MODELS[name]
    wiring = wire(model.infos)
    assert sorted(wiring.sets.values()) == sorted(model.sizes.values())
    for matrix, rows, columns in zip(wiring.matrices, model.rows, model.columns, strict=True):
        if matrix.transposed:
            rows, columns = columns[0], ()
        assert bool(matrix.out) == bool(rows)
        assert [wiring.sets[c] for c in matrix.columns] == [model.sizes[c] for c in columns]
        assert (matrix.out in matrix.columns) == (rows in columns and rows != "")


def test_a_language_model() -> None:
    wiring = wire(layer_infos(hidden=24, vocabulary=120))
    assert dict(wiring.sets) == {"Embedding": 24, "LSTM layer 1": 24, "LSTM layer 2": 24}
    found = [(m.layer, m.out, m.columns) for m in wiring.matrices]
    first, second = "LSTM layer 1", "LSTM layer 2"
    assert found == [
        ("Embedding", "Embedding", ()),
        (first, first, ("Embedding",)),
        (first, first, (first,)),
        (second, second, (first,)),
        (second, second, (second,)),
        ("Decoder", "", (second,)),
    ]


def test_columns_keep_their_order_where_what_is_below_is_not_recorded() -> None:
    infos = [LayerInfo("a", (8, 5)), LayerInfo("c", (3, 12))]  # from 12 to 8 units there is a dense layer
    assert [m.columns for m in wire(infos).matrices] == [(), ()]


def test_an_embedding_tied_to_a_decoder_of_other_size_has_units_of_its_own() -> None:
    infos = layer_infos()
    tied = replace(infos[0], shape=(120, 10), tied=("decoder.weight",))
    inputs = replace(infos[1], shape=(96, 10))
    assert "Embedding" in wire([tied, inputs, *infos[2:]]).sets


def test_gates_of_one_group_must_fit() -> None:
    infos = layer_infos()
    with pytest.raises(UsageError, match="leads to 25 units, and another matrix of LSTM layer 1 to 24"):
        wire([infos[0], infos[1], replace(infos[2], shape=(100, 24))])
