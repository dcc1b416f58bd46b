"""Dynamic sparse training: first topology, what is pruned, what is regrown, and the engine that does it."""

from strnn_viz.sparsity.engine import SparseTraining
from strnn_viz.sparsity.methods import METHODS, Method
from strnn_viz.sparsity.rewiring import Rewiring

__all__ = ["METHODS", "Method", "Rewiring", "SparseTraining"]
