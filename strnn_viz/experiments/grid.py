"""Grids: one configuration, some of its values varied, each combination with several seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product

from strnn_viz.config import RunConfig, resolve_key
from strnn_viz.errors import ConfigError, UsageError
from strnn_viz.experiments.sweep import Planned


def grid(prefix: str, base: RunConfig, axes: Mapping[str, Sequence[str]], seeds: int = 1) -> list[Planned]:
    """Every combination of the values of some keys, with every seed.

    Parameters
    ----------
    prefix : str
        What the names of the runs begin with.
    base : RunConfig
        What is not varied.
    axes : mapping of str to sequence of str
        Keys of the configuration, each with its values.
    seeds : int
        Runs of each combination, with the seeds from that of `base` on.

    Returns
    -------
    list of Planned
        Named after the values, such as ``demo-method-rigl-density-0.1-s3``.

    Raises
    ------
    ConfigError
        If a key or value is wrong, or a combination makes no sense; it is named.
    UsageError
        If the seed is among the keys, or a key has no value.
    """
    for key, values in axes.items():
        if resolve_key(key) == "seed":
            raise UsageError("the seed is varied by itself. Ask for several with --seeds.")
        if not values:
            raise UsageError(f"{key} is to be varied but has no value. Give one at least, as in {key}=A,B.")
    planned = []
    for chosen in product(*axes.values()):
        changes = dict(zip(axes, chosen, strict=True))
        words = "-".join(f"{key.rpartition('.')[2]}-{value}" for key, value in changes.items())
        try:
            config = base.replace(changes)
        except ConfigError as error:
            raise ConfigError(f"the combination {words or prefix} cannot be trained: {error}") from error
        for seed in range(config.seed, config.seed + seeds):
            name = re.sub(r"[^A-Za-z0-9._+-]+", "-", "-".join(filter(None, [prefix, words, f"s{seed}"])))
            planned.append(Planned(name, config.replace({"seed": seed})))
    return planned
