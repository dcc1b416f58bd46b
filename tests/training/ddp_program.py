"""Train one configuration, alone or as one of the processes that torchrun started, and write what came of it."""

import json
import sys
from pathlib import Path

from strnn_viz.config import RunConfig
from strnn_viz.runs import Snapshot
from strnn_viz.training import Trainer


def main() -> None:
    config = RunConfig.from_dict(json.loads(sys.argv[1]))
    trainer = Trainer(config)
    told = [
        {
            "metrics": dict(event.metrics),
            "masks": {name: layer.bits.tobytes().hex() for name, layer in event.layers.items()},
            "churn": {name: repr(layer.churn) for name, layer in event.layers.items()},
        }
        for event in trainer.events()
        if isinstance(event, Snapshot)
    ]
    Path(f"{sys.argv[2]}-{trainer.ranks.rank}-of-{trainer.ranks.size}.json").write_text(json.dumps(told))


main()
