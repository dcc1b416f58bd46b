"""``python -m strnn_viz`` is ``strnn-viz``."""

from strnn_viz.cli import main

main(prog_name="strnn-viz")
