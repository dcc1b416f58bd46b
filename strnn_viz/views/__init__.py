"""One plot a file: pure functions of a run and an epoch that return HoloViews elements. No panel, no torch."""

from strnn_viz.topology import layer_groups
from strnn_viz.views.adjacency import adjacency, adjacency_title
from strnn_viz.views.ages import age_map, age_pyramid, ages_title
from strnn_viz.views.degrees import degree_distribution, degree_title
from strnn_viz.views.distance import connectivity_distance, distance_title
from strnn_viz.views.distance_map import distance_map, distance_map_title
from strnn_viz.views.distance_path import distance_path
from strnn_viz.views.ego import ego_network, ego_title
from strnn_viz.views.explanations import EXPLANATIONS, Explanation, explanation
from strnn_viz.views.gates import gate_density_strip, gate_density_title
from strnn_viz.views.learning import learning_curves, learning_title, run_measure, scale
from strnn_viz.views.magnitude_map import magnitude_map
from strnn_viz.views.magnitudes import magnitudes, magnitudes_title
from strnn_viz.views.masks import LEGEND, active_words, mask_evolution, mask_title
from strnn_viz.views.nnstd import nnstd_distance, nnstd_title
from strnn_viz.views.off_page import off_page
from strnn_viz.views.prune_rate import prune_rate, prune_rate_title
from strnn_viz.views.rewiring import FRAMES, REWIRING_LEGEND, event_of, explained_matrix, rewiring_frame
from strnn_viz.views.rewiring_words import no_rewiring, patch_words, rewiring_title, rewiring_words
from strnn_viz.views.summaries import summary
from strnn_viz.views.survival import survival_curves, survival_title
from strnn_viz.views.turnover import turnover, turnover_title

__all__ = [
    "EXPLANATIONS",
    "FRAMES",
    "LEGEND",
    "REWIRING_LEGEND",
    "Explanation",
    "active_words",
    "adjacency",
    "adjacency_title",
    "age_map",
    "age_pyramid",
    "ages_title",
    "connectivity_distance",
    "degree_distribution",
    "degree_title",
    "distance_map",
    "distance_map_title",
    "distance_path",
    "distance_title",
    "ego_network",
    "ego_title",
    "event_of",
    "explained_matrix",
    "explanation",
    "gate_density_strip",
    "gate_density_title",
    "layer_groups",
    "learning_curves",
    "learning_title",
    "magnitude_map",
    "magnitudes",
    "magnitudes_title",
    "mask_evolution",
    "mask_title",
    "nnstd_distance",
    "nnstd_title",
    "no_rewiring",
    "off_page",
    "patch_words",
    "prune_rate",
    "prune_rate_title",
    "rewiring_frame",
    "rewiring_title",
    "rewiring_words",
    "run_measure",
    "scale",
    "summary",
    "survival_curves",
    "survival_title",
    "turnover",
    "turnover_title",
]
