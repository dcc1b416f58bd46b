"""Figures 2 and 3: how much is pruned, and how sparse a network may be. Their text gives the axes and the orders."""

from __future__ import annotations

from strnn_viz.config import RunConfig
from strnn_viz.experiments.experiment import Claim, Experiment, Row
from strnn_viz.experiments.language import dense, ordered
from strnn_viz.experiments.scales import Scale

_RATES = (0.1, 0.3, 0.5, 0.7, 0.9)
_LANGUAGE = (0.05, 0.1, 0.2, 0.33, 0.5, 0.7)  # densities; the paper reaches dense from 0.2 on
_TEXT = (0.009, 0.02, 0.043, 0.1, 0.2, 0.475)  # 0.9% to 47.5%: the interval the paper names


def fig2(scale: Scale) -> Experiment:
    """The prune rate."""
    rows, claims = [], []
    for part, config in _parts(scale):
        rows += [Row("Dense", part, dense(config))]
        rows += [Row(f"p = {p:g}", part, config.replace({"prune_rate": p}), x=p) for p in _RATES]
        high, low = ([f"p = {p:g} · {part}" for p in rates] for rates in ((0.5, 0.7, 0.9), (0.1, 0.3)))
        claims.append(Claim(f"Prune rates from 0.5 to 0.9 are better than lower ones ({part})", ordered(high, low)))
    return Experiment("fig2", scale.name, "Fig. 2: prune rate", _about(scale), tuple(rows), tuple(claims),
                      "prune rate p")  # fmt: skip


def fig3(scale: Scale) -> Experiment:
    """The density."""
    rows, claims = [], []
    for part, config in _parts(scale):
        language = config.task == "language modelling"
        densities = _LANGUAGE if language else _TEXT
        rows += [Row("Dense", part, dense(config))]
        rows += [Row(f"{d:.1%} of weights", part, config.replace({"density": d}), x=1 - d) for d in densities]
        able = [f"{d:.1%} of weights · {part}" for d in densities if d >= 0.2 or not language]
        words = (
            f"Up to 80% sparsity ST-LSTM is better than the dense LSTM ({part})"
            if language
            else f"From 52.5% to 99.1% sparsity ST-LSTM is better than the dense LSTM ({part})"
        )
        claims.append(Claim(words, ordered(able, [f"Dense · {part}"])))
    return Experiment("fig3", scale.name, "Fig. 3: sparsity", _about(scale), tuple(rows), tuple(claims), "sparsity")


def _parts(scale: Scale) -> list[tuple[str, RunConfig]]:
    """A language model and a classifier: Penn Treebank and Twitter in the paper."""
    lstm = scale.lstm.replace({"method": "st-rnn", "density": 0.33})
    text = scale.text(scale.corpora[0])
    return [(lstm.data.corpus, lstm), (text.data.corpus, text.replace({"epsilon": 10.0 * scale.epsilon}))]


def _about(scale: Scale) -> str:
    (first, lstm), (second, text) = _parts(scale)
    return (
        f"{first}: LSTM of {lstm.model.layers} × {lstm.model.hidden} units, 33% of the weights unless the axis says "
        f"otherwise; {second}: one layer of {text.model.hidden} units; scale {scale.name}: {scale.about}."
    )
