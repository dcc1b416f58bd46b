"""What does not fit is refused before a compiled kernel reads or writes beyond the end of memory."""

import pytest
import torch

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import (
    SparseGRULayer,
    SparseLinear,
    SparseLSTMLayer,
    SparseMatrix,
    SparseRHNLayer,
)
from strnn_viz.nn.sparse.backends import backend as chosen
from strnn_viz.nn.sparse.pattern import Pattern

LAYERS = {  # of 5 inputs and 3 hidden units: rows for each unit, and how a layer is made of its matrices
    "lstm": (4, SparseLSTMLayer),
    "gru": (3, SparseGRULayer),
    "rhn": (2, lambda ih, hh: SparseRHNLayer(ih, [hh])),
}


def matrix(rows, columns):
    return SparseMatrix.random((rows, columns), 0.5, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    ("x", "state", "says"),
    [
        ((6, 2, 4), (2, 3), r"input of a recurrent layer has shape \(6, 2, 4\): expected \(time, batch, 5\)"),
        ((6, 5), (2, 3), r"input of a recurrent layer has shape \(6, 5\)"),
        ((6, 2, 5), (4, 3), r"state . of a recurrent layer has shape \(4, 3\): expected \(2, 3\)"),
        ((6, 2, 5), (2, 2), r"state . of a recurrent layer has shape \(2, 2\): expected \(2, 3\)"),
        ((6, 2, 5), (6,), r"state . of a recurrent layer has shape \(6,\)"),
    ],
)
def test_a_recurrent_layer_refuses_what_does_not_fit(backend, kind, x, state, says):
    gates, made = LAYERS[kind]
    layer = made(matrix(gates * 3, 5), matrix(gates * 3, 3))
    with pytest.raises(UsageError, match=says):
        layer(torch.ones(x), (torch.zeros(state),) * (2 if kind == "lstm" else 1))


def test_an_lstm_refuses_two_states_of_different_batches(backend):
    layer = SparseLSTMLayer(matrix(12, 5), matrix(12, 3))
    with pytest.raises(UsageError, match=r"state c of a recurrent layer has shape \(1, 3\): expected \(2, 3\)"):
        layer(torch.ones(6, 2, 5), (torch.zeros(2, 3), torch.zeros(1, 3)))
    with pytest.raises(UsageError, match=r"the state has 1 tensors: expected 2, \(h, c\)"):
        layer(torch.ones(6, 2, 5), (torch.zeros(2, 3),))


@pytest.mark.parametrize("kind", LAYERS)
def test_matrices_of_different_layers_make_none(kind):
    gates, made = LAYERS[kind]
    for ih, hh in ((gates * 4, gates * 3), (gates * 3, gates * 4), (gates * 4, gates * 4)):
        with pytest.raises(UsageError, match=r"weight_.h.* has shape"):
            made(matrix(ih, 5), matrix(hh, 3))


def test_a_linear_layer_refuses_an_input_and_a_bias_of_other_widths(backend):
    layer = SparseLinear(matrix(6, 5))
    for wrong in (4, 6):
        with pytest.raises(UsageError, match=rf"has shape \(2, {wrong}\): expected \(2, 5\)"):
            layer(torch.ones(2, wrong))
    layer.bias = torch.nn.Parameter(torch.zeros(1))
    with pytest.raises(UsageError, match=r"bias of a sparse product has shape \(1,\): expected \(6,\)"):
        layer(torch.ones(2, 5))


def test_a_matrix_has_a_value_for_each_of_its_weights():
    with pytest.raises(UsageError, match=r"vector of values has shape \(3,\): expected \(2,\)"):
        SparseMatrix(Pattern.of(torch.tensor([0, 4]), (2, 3)), torch.ones(3))


def test_kernels_refuse_what_does_not_fit_by_themselves():
    pytest.importorskip("numba")
    by, ones = chosen(torch.empty(0)), torch.ones
    pattern = matrix(8, 2).pattern
    values, gates = ones(8), by.multiply(pattern, ones(8), ones(2, 6))
    state, wide = ones(2, 3), ones(2, 6)
    for wrong in (
        lambda: by.multiply(pattern, values, ones(3, 6)),
        lambda: by.multiply(pattern, ones(7), wide),
        lambda: by.multiply(pattern, values, wide, ones(7)),
        lambda: by.multiply_transposed(pattern, values, ones(7, 6)),
        lambda: by.multiply_transposed(pattern, ones(7), ones(8, 6)),
        lambda: by.gradient(pattern, ones(7, 6), wide),
        lambda: by.gradient(pattern, ones(8, 6), ones(1, 6)),
        lambda: by.gradient(pattern, ones(8, 6), ones(2, 5)),
        lambda: by.gradient(pattern, ones(8, 6), wide, ones(7)),
        lambda: by.lstm_forward(pattern, values, gates, ones(3, 3), ones(3, 3)),
        lambda: by.lstm_forward(pattern, values, gates, state, ones(2, 1)),
        lambda: by.lstm_forward(pattern, values, gates, ones(2, 4), ones(2, 4)),
        lambda: by.lstm_backward(pattern, values, gates, ones(2, 5), state, wide, state),
        lambda: by.lstm_backward(pattern, values, gates, wide, state, ones(2, 5), state),
        lambda: by.lstm_backward(pattern, values, gates, wide, state, wide, ones(2, 2)),
    ):
        with pytest.raises(UsageError, match="has shape"):
            wrong()
