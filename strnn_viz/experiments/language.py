"""Tables 2, 3 and 7: language models."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from strnn_viz.config import RunConfig
from strnn_viz.experiments.cost import matrices
from strnn_viz.experiments.experiment import Claim, Experiment, Row
from strnn_viz.experiments.paper import TABLE2, TABLE3, TABLE7, LanguageRow
from strnn_viz.experiments.scales import Scale

WORDS = {"erdos_renyi": "Erdős–Rényi", "uniform": "uniform", "momentum": "sparse momentum", "none": "none"}

Pair = tuple[str, str]


def table2(scale: Scale) -> Experiment:
    """Stacked LSTMs: every method at 33% and 20% of the weights."""
    rows = tuple(_row(row, scale.lstm) for row in TABLE2)
    both, uniform, er = ("33%", "20%"), "ST-LSTM, uniform", "ST-LSTM, Erdős–Rényi"
    dense = "Dense · 100%"
    claims = (
        Claim("Sparse is better than dense at equal epochs, also at 20% of the weights",
              tuple((f"{st} · {d}", dense) for d in both for st in (uniform, er))),
        Claim("A small dense network is no substitute for a sparse one",
              tuple((f"{st} · {d}", f"Small dense · {d}") for d in both for st in (uniform, er))),
        Claim("Regrowing at random is better than by gradient or momentum",
              tuple((better, f"{worse} · {d}") for d in both for better, worse in (
                  (f"{er} · {d}", "RigL, Erdős–Rényi"), (f"SET, Erdős–Rényi · {d}", "RigL, Erdős–Rényi"),
                  (f"{uniform} · {d}", "SNFS, uniform")))),
        Claim("Uniform is better than Erdős–Rényi", tuple((f"{uniform} · {d}", f"{er} · {d}") for d in both)),
        Claim("ST-LSTM is better than SET", tuple((f"{er} · {d}", f"SET, Erdős–Rényi · {d}") for d in both)),
        Claim("ST-LSTM and SET are better than the dense-to-sparse ISS",
              tuple((f"{st} · 33%", "ISS · 33%") for st in (uniform, er, "SET, Erdős–Rényi"))),
        Claim("SNFS and RigL are worse than ISS",
              tuple(("ISS · 33%", f"{st} · 33%") for st in ("SNFS, uniform", "RigL, Erdős–Rényi"))),
    )  # fmt: skip
    about = _about(scale, scale.lstm) + _of_iss(rows)
    return Experiment("table2", scale.name, "Table 2: stacked LSTM", about, rows, claims)


def table3(scale: Scale) -> Experiment:
    """Recurrent highway networks at 47.2% of the weights."""
    rows = tuple(_row(row, scale.rhn) for row in TABLE3)
    sparse = ("ST-RHN, uniform · 47.2%", "ST-RHN, Erdős–Rényi · 47.2%")
    claims = (
        Claim("Sparse is better than dense at equal epochs", tuple((st, "Dense · 100%") for st in sparse)),
        Claim("A small dense network is no substitute for a sparse one",
              tuple((st, "Small dense · 47.2%") for st in sparse)),
        Claim("ST-RHN is better than the dense-to-sparse ISS", tuple((st, "ISS · 47.2%") for st in sparse)),
        Claim("Uniform is better than Erdős–Rényi", (sparse,)),
    )  # fmt: skip
    about = _about(scale, scale.rhn) + _of_iss(rows)
    return Experiment("table3", scale.name, "Table 3: RHN", about, rows, claims)


def table7(scale: Scale) -> Experiment:
    """Weights moved between matrices, or not."""
    rows, claims = [], []
    for cell, words, density in (("lstm", "ST-LSTM", 0.33), ("rhn", "ST-RHN", 0.472)):
        pairs: list[Pair] = []
        for start in ("erdos_renyi", "uniform"):
            for redistribution in ("momentum", "none"):
                label = f"{WORDS[start]}, {WORDS[redistribution]}"
                valid, test = TABLE7[cell, start, redistribution]
                config = getattr(scale, cell).replace(
                    {"method": "st-rnn", "density": density, "initialization": start,
                     "redistribution": "auto" if redistribution == "none" else redistribution}
                )  # fmt: skip
                rows.append(Row(label, words, config, {"valid": valid, "test": test}))
            moved, stayed = rows[-2].key, rows[-1].key
            pairs.append((moved, stayed) if cell == "lstm" else (stayed, moved))
        better = "better" if cell == "lstm" else "worse"
        claims.append(Claim(f"{words} is {better} where weights are moved between matrices", tuple(pairs)))
    about = f"{_about(scale, scale.lstm)} {_about(scale, scale.rhn)}"
    title = "Table 7: cross-layer parameter reallocation"
    return Experiment("table7", scale.name, title, about, tuple(rows), tuple(claims))


def dense(config: RunConfig) -> RunConfig:
    """The same with every weight active."""
    return config.replace(
        {"method": "dense", "initialization": "uniform", "granularity": "matrix", "epsilon": 0.0, "density": 1.0}
    )


def _row(row: LanguageRow, base: RunConfig) -> Row:
    fixed = row.initialization == "dense"
    changes: dict[str, Any] = {"method": row.method, "density": row.density}
    changes["initialization"] = "uniform" if fixed else row.initialization
    if row.method == "iss" and not base.model.tied:
        infos = {info.name: info.size for info in matrices(base)}
        if infos["embedding.weight"] >= row.density * sum(infos.values()):
            # No unit can be removed from a word's vector: an embedding as large as the budget is left out of it.
            changes["exclude"] = "embedding.*"
    label = row.label if fixed else f"{row.label}, {WORDS[row.initialization]}"
    part = f"{100 * row.density:g}%"
    return Row(label, part, base.replace(changes), {"valid": row.valid_perplexity, "test": row.test_perplexity})


def _of_iss(rows: Sequence[Row]) -> str:
    if not any(row.config is not None and row.config.sparsity.exclude for row in rows):
        return ""
    return " ISS removes hidden units, of which a word's vector has none: here its embedding stays dense, and counts."


def _about(scale: Scale, config: RunConfig) -> str:
    model = config.model
    depth = f", depth {model.depth}, tied" if model.cell == "rhn" else ""
    return (
        f"{model.cell.upper()} of {model.layers} × {model.hidden} units{depth}, on {config.data.corpus} with "
        f"{config.data.vocabulary:,} words, {config.training.epochs} epochs; scale {scale.name}: {scale.about}."
    )


def ordered(better: Sequence[str], worse: Sequence[str]) -> tuple[Pair, ...]:
    """Every pair of one of the better and one of the worse."""
    return tuple(product(better, worse))
