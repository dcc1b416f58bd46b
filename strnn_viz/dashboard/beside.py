"""``python -m strnn_viz.dashboard.beside FOLDER PORT``: the explorer as long as whoever started it holds its input."""

from __future__ import annotations

import sys

from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.serve import serve
from strnn_viz.errors import StrnnVizError


def main(folder: str, port: str) -> None:
    """Serve until the standard input ends, then end the trainings started from the page."""
    launcher = Launcher(folder)
    try:
        server = serve(folder, port=int(port), show=False, threaded=True, framed=True, launcher=launcher)
    except StrnnVizError as error:
        sys.exit(str(error))  # whoever started it tells a person
    try:
        while sys.stdin.buffer.read(1024):
            pass
    finally:
        launcher.stop_all()
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
