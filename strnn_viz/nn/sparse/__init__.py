"""Layers whose cost and memory grow with the weights they have, not with those they could have."""

from strnn_viz.nn.sparse.backends import BACKENDS, installed, using
from strnn_viz.nn.sparse.convert import dense_state_dict, to_sparse
from strnn_viz.nn.sparse.drawing import draw_without_replacement
from strnn_viz.nn.sparse.embedding import SparseEmbedding
from strnn_viz.nn.sparse.gru import SparseGRULayer
from strnn_viz.nn.sparse.linear import SparseLinear
from strnn_viz.nn.sparse.lstm import SparseLSTMLayer, SparseStackedLSTM
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.pattern import Pattern
from strnn_viz.nn.sparse.rhn import SparseRHNLayer
from strnn_viz.nn.sparse.shares import Share

__all__ = [
    "BACKENDS",
    "Pattern",
    "Share",
    "SparseEmbedding",
    "SparseGRULayer",
    "SparseLSTMLayer",
    "SparseLinear",
    "SparseMatrix",
    "SparseRHNLayer",
    "SparseStackedLSTM",
    "dense_state_dict",
    "draw_without_replacement",
    "installed",
    "to_sparse",
    "using",
]
