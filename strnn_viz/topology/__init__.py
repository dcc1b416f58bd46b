"""What a run's topology is and how it moves, as numbers: no torch, no plots."""

from strnn_viz.topology.churn import (
    BORN,
    DIED,
    EMPTY,
    SURVIVED,
    Changes,
    DistanceCurves,
    changes,
    distance_curves,
    hamming_distance,
    independent_distance,
    jaccard_distance,
    rewired_share,
    states,
)
from strnn_viz.topology.layers import default_matrix, layer_groups, layer_label, matrices, previous_epoch, row_of
from strnn_viz.topology.magnitudes import Magnitudes, magnitudes, quantile
from strnn_viz.topology.pooling import Pooled, crop, full_share, pool

__all__ = [
    "BORN",
    "DIED",
    "EMPTY",
    "SURVIVED",
    "Changes",
    "DistanceCurves",
    "Magnitudes",
    "Pooled",
    "changes",
    "crop",
    "default_matrix",
    "distance_curves",
    "full_share",
    "hamming_distance",
    "independent_distance",
    "jaccard_distance",
    "layer_groups",
    "layer_label",
    "magnitudes",
    "matrices",
    "pool",
    "previous_epoch",
    "quantile",
    "rewired_share",
    "row_of",
    "states",
]
