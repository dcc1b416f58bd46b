"""``strnn-viz train`` and ``fork`` with a model so small that an epoch takes a moment."""

import sys

from strnn_viz.cli import main

SMALL = {"vocabulary": 100, "hidden": 8, "batch_size": 512, "bptt": 90, "threads": 1, "epochs": 400}

changes = (
    []
    if "--resume" in sys.argv or sys.argv[1] == "fork"
    else [part for k, v in SMALL.items() for part in ("--set", f"{k}={v}")]
)
main([*sys.argv[1:], *changes])
