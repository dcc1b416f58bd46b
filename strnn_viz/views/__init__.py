"""One plot a file: pure functions of a run and an epoch that return HoloViews elements. No panel, no torch."""

from strnn_viz.topology import layer_groups
from strnn_viz.views.distance import connectivity_distance, distance_title
from strnn_viz.views.learning import learning_curves, learning_title, prune_rate
from strnn_viz.views.magnitudes import magnitudes, magnitudes_title
from strnn_viz.views.masks import LEGEND, mask_evolution, mask_title

__all__ = [
    "LEGEND",
    "connectivity_distance",
    "distance_title",
    "layer_groups",
    "learning_curves",
    "learning_title",
    "magnitudes",
    "magnitudes_title",
    "mask_evolution",
    "mask_title",
    "prune_rate",
]
