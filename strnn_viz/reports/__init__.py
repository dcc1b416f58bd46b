"""What the command line tells: plain values for JSON, and tables made of them. One file for each thing told of."""

from strnn_viz.reports import corpora, distances, presets, runs

__all__ = ["corpora", "distances", "presets", "runs"]
