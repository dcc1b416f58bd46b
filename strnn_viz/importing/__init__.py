"""Runs of topologies that were not trained here: recorded as they come, or read from files others have written."""

from strnn_viz.importing.read import KINDS, import_run
from strnn_viz.importing.record import record

__all__ = ["KINDS", "import_run", "record"]
