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
from strnn_viz.topology.degrees import GateDensity, UnitDegrees, degree_order, gate_density, gini, unit_degrees
from strnn_viz.topology.distance_matrix import DistanceMatrix, distance_matrix
from strnn_viz.topology.embedding import Layout, layout
from strnn_viz.topology.graph import to_networkx
from strnn_viz.topology.history import LayerHistory, advance, empty_history, histories, layer_history, movements
from strnn_viz.topology.layers import (
    default_matrix,
    drawn_matrix,
    layer_groups,
    layer_label,
    matrices,
    previous_epoch,
    row_of,
)
from strnn_viz.topology.lives import LifeTable, total_lives
from strnn_viz.topology.magnitudes import Magnitudes, magnitudes, quantile
from strnn_viz.topology.mask_distance import MaskDistances, mask_distances
from strnn_viz.topology.movement import Movement, total_movement
from strnn_viz.topology.nnstd import Distance, LayerDistance, nnstd
from strnn_viz.topology.paths import EffectiveTopology, PathCount, effective_paths, effective_topology
from strnn_viz.topology.pooling import Pooled, crop, full_share, pool
from strnn_viz.topology.power_law import PowerLaw, fit_power_law
from strnn_viz.topology.rewiring import Patch, RewiringEvent, rewiring_event
from strnn_viz.topology.small_world import SmallWorld, any_gate, small_worldness
from strnn_viz.topology.spectrum import Spectrum, spectral_gap
from strnn_viz.topology.survival import Survival, kaplan_meier, survival_by_cohort, survival_curve
from strnn_viz.topology.timeline import Timeline

__all__ = [
    "BORN",
    "DIED",
    "EMPTY",
    "SURVIVED",
    "Changes",
    "Distance",
    "DistanceCurves",
    "DistanceMatrix",
    "EffectiveTopology",
    "GateDensity",
    "LayerDistance",
    "LayerHistory",
    "Layout",
    "LifeTable",
    "Magnitudes",
    "MaskDistances",
    "Movement",
    "Patch",
    "PathCount",
    "Pooled",
    "PowerLaw",
    "RewiringEvent",
    "SmallWorld",
    "Spectrum",
    "Survival",
    "Timeline",
    "UnitDegrees",
    "advance",
    "any_gate",
    "changes",
    "crop",
    "default_matrix",
    "degree_order",
    "distance_curves",
    "distance_matrix",
    "drawn_matrix",
    "effective_paths",
    "effective_topology",
    "empty_history",
    "fit_power_law",
    "full_share",
    "gate_density",
    "gini",
    "hamming_distance",
    "histories",
    "independent_distance",
    "jaccard_distance",
    "kaplan_meier",
    "layer_groups",
    "layer_history",
    "layer_label",
    "layout",
    "magnitudes",
    "mask_distances",
    "matrices",
    "movements",
    "nnstd",
    "pool",
    "previous_epoch",
    "quantile",
    "rewired_share",
    "rewiring_event",
    "row_of",
    "small_worldness",
    "spectral_gap",
    "states",
    "survival_by_cohort",
    "survival_curve",
    "to_networkx",
    "total_lives",
    "total_movement",
    "unit_degrees",
]
