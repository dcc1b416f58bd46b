"""Two to eight runs side by side: one cursor, one zoom, what differs, and Erdős–Rényi vs uniform with one button."""

from strnn_viz.dashboard.compare.page import Comparison, asked_runs

__all__ = ["Comparison", "asked_runs"]
