"""Recorded runs: one directory each, written by :class:`RunWriter` and read by :class:`Run`, without torch."""

from strnn_viz.runs.control import Control, Progress, send, wanted
from strnn_viz.runs.listing import check_name, free_name, list_runs, run_name
from strnn_viz.runs.lock import is_being_written
from strnn_viz.runs.measure import ACCURACY, PERPLEXITY, Measure, measure_of
from strnn_viz.runs.run import Parent, Run
from strnn_viz.runs.snapshot import (
    LOG10_EDGES,
    Churn,
    LayerInfo,
    LayerSnapshot,
    Snapshot,
    capture,
    total_churn,
)
from strnn_viz.runs.writer import RunWriter

__all__ = [
    "ACCURACY",
    "LOG10_EDGES",
    "PERPLEXITY",
    "Churn",
    "Control",
    "LayerInfo",
    "LayerSnapshot",
    "Measure",
    "Parent",
    "Progress",
    "Run",
    "RunWriter",
    "Snapshot",
    "capture",
    "check_name",
    "free_name",
    "is_being_written",
    "list_runs",
    "measure_of",
    "run_name",
    "send",
    "total_churn",
    "wanted",
]
