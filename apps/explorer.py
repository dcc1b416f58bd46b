"""The explorer under ``panel serve apps/explorer.py``; the directory of runs is $STRNN_VIZ_RUNS, or ``runs``."""

import os

from strnn_viz.dashboard import make_app, shared

hub, launcher = shared(os.environ.get("STRNN_VIZ_RUNS", "runs"))
make_app(hub, launcher)().servable(title="strnn-viz")
