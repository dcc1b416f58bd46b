"""What the command line tells: plain values for JSON, and tables made of them. One file for each thing told of.

Those that need torch, :mod:`~strnn_viz.reports.flops` and :mod:`~strnn_viz.reports.experiments`, are imported only by
who asks for them.
"""

from strnn_viz.reports import corpora, distances, presets, runs

__all__ = ["corpora", "distances", "presets", "runs"]
