"""What a configuration costs; for the paper's own, all of Table 2 or 3 beside what follows from its definitions."""

from __future__ import annotations

from typing import Any

from strnn_viz.config import RunConfig
from strnn_viz.experiments.cost import Cost, cost, resized, trained_tokens
from strnn_viz.experiments.paper import DENSE_FLOPS, TABLE2, TABLE3, LanguageRow
from strnn_viz.reports.tables import Parts, make_table
from strnn_viz.training.accounting import forward_flops

_WINDOW = 700  # words of the paper's forward pass: 20 streams of 35
_SAME = 0.0015  # ratios that agree to what the paper prints

#: Sizes of LSTM layers left by ISS (Wen et al. 2018, Table 1), which keeps the word vectors.
_ISS = (373, 315)
_SMALL = {0.33: 700, 0.2: 490}


def flops(config: RunConfig) -> dict[str, Any]:
    """Parameters and FLOPs of a configuration, by matrix and in all."""
    found = cost(config)
    rows = []
    for info in found.matrices:
        nnz = found.nnz.get(info.name, info.size)
        passage = config.data.passage if config.task == "classification" else 0
        forward = forward_flops([info], {info.name: nnz}, passage)
        rows.append({"name": info.name, "shape": list(info.shape), "masked": info.name in found.nnz, "active": nnz,
                     "parameters": info.size, "forward_flops": forward})  # fmt: skip
    table = _table_of(config)
    return {
        "matrices": rows,
        "active_parameters": found.active,
        "parameters": found.parameters,
        "forward_flops": found.forward,
        "forward_flops_relative": found.forward / found.dense_forward,
        "train_flops": found.train,
        "train_flops_relative": None if not found.train or not found.dense_train else found.train / found.dense_train,
        "trained_tokens": trained_tokens(config),
        "paper": None if table is None else _beside(table, config),
    }


def flops_tables(value: dict[str, Any]) -> Parts:
    """The same as tables."""
    table = make_table("matrix", "shape", "active", "of", "density", "FLOPs a word")
    for row in value["matrices"]:
        table.add_row(
            row["name"], "{:,} × {:,}".format(*row["shape"]), f"{row['active']:,}", f"{row['parameters']:,}",
            f"{row['active'] / row['parameters']:.1%}" if row["masked"] else "dense", f"{row['forward_flops']:,.0f}",
        )  # fmt: skip
    spent, tokens = value["train_flops"], value["trained_tokens"]
    parts: Parts = [
        table,
        f"Weights: {value['active_parameters']:,} of {value['parameters']:,} active "
        f"({value['active_parameters'] / value['parameters']:.2%}); biases are dense and not counted.",
        f"A forward pass: {value['forward_flops']:,.0f} FLOPs a word, {value['forward_flops_relative']:.4f} of the "
        "dense model's.",
        "Training: how much depends on the size of the corpus, which is not known beforehand."
        if spent is None
        else f"Training: {spent:.3g} FLOPs for {tokens:,} words, {value['train_flops_relative']:.4f} of dense training "
        "on the same words.",
    ]
    return parts if value["paper"] is None else [*parts, *_paper_tables(value["paper"])]


def _paper_tables(value: dict[str, Any]) -> Parts:
    table = make_table("what it is", "initialization", "weights (M)", "paper", "train", "paper", "test", "paper")
    for row in value["rows"]:
        table.add_row(
            row["label"], row["initialization"], f"{row['millions']:.2f}", f"{row['paper']['millions']:.1f}",
            f"{row['train']:.4f}", f"{row['paper']['train']:.3f}", f"{row['test']:.4f}", f"{row['paper']['test']:.3f}",
        )  # fmt: skip
    dense = value["dense"]
    return [
        "",
        f"[bold]{value['title']}[/]: ours beside the paper's; FLOPs are relative to the dense model's: training "
        f"takes {dense['train']:.3g} (paper {dense['paper_train']:.2g}) and a forward pass over {_WINDOW} words "
        f"{dense['test']:.3g} (paper {dense['paper_test']:.2g}).",
        table,
        "What of the paper does not follow from its own definitions:",
        *(f"• {line}" for line in value["differs"]),
    ]


def _table_of(config: RunConfig) -> str | None:
    """Which table a configuration is the model of."""
    model, data = config.model, config.data
    if (data.corpus, data.vocabulary) != ("ptb", 10_000):
        return None
    if (model.cell, model.layers, model.hidden, model.tied) == ("lstm", 2, 1500, False):
        return "table2"
    shape = (model.cell, model.layers, model.hidden, model.depth, model.tied)
    return "table3" if shape == ("rhn", 1, 830, 10, True) else None


def _beside(table: str, config: RunConfig) -> dict[str, Any]:
    """Every row of a table: what our counts give, and the paper's numbers."""
    plain = config.replace(
        {"initialization": "uniform", "granularity": "matrix", "epsilon": 0.0, "prune": "auto", "regrow": "auto",
         "redistribution": "auto", "schedule": "auto", "update_every": 0, "exclude": "", "method": "st-rnn"}
    )  # fmt: skip
    dense = cost(plain.replace({"method": "dense"}))
    rows = [_row(row, table, plain, dense) for row in (TABLE2 if table == "table2" else TABLE3)]
    paper_train, paper_test = DENSE_FLOPS[table]
    assert dense.train is not None
    return {
        "title": "Table 2, stacked LSTM" if table == "table2" else "Table 3, RHN",
        "dense": {"train": dense.train, "paper_train": paper_train, "test": dense.forward * _WINDOW,
                  "paper_test": paper_test},
        "rows": rows,
        "differs": [*_dense_words(table, dense.train, config.training.epochs), *_row_words(rows)],
    }  # fmt: skip


def _row(row: LanguageRow, table: str, plain: RunConfig, dense: Cost) -> dict[str, Any]:
    start = row.initialization if row.initialization != "dense" else "uniform"
    config = plain.replace({"method": row.method, "density": row.density, "initialization": start})
    if table == "table2" and row.method == "small-dense":
        found = cost(resized(config, _SMALL[row.density]).replace({"method": "dense"}))
    else:
        found = cost(config, _ISS if table == "table2" and row.method == "iss" else ())
    assert found.train is not None
    assert dense.train is not None
    return {
        "label": row.label,
        "initialization": row.initialization,
        "density": row.density,
        "millions": found.active / 1e6,
        "train": found.train / dense.train,
        "test": found.forward / dense.forward,
        "paper": {"millions": row.millions, "train": row.train, "test": row.test},
    }


def _dense_words(table: str, train: float, epochs: int) -> list[str]:
    paper, _ = DENSE_FLOPS[table]
    if table == "table2":
        return [f"Dense, training {paper:.2g}: 3 forward passes over 929,589 words in each of {epochs} epochs are "
                f"{train:.3g}; {paper:.2g} is {paper / train * epochs:.0f} epochs' worth."]  # fmt: skip
    return [f"Dense, training {paper:.2g}: that is {paper / train * epochs:.0f} epochs' worth; the {epochs} epochs "
            f"stated are {train:.3g}."]  # fmt: skip


#: Why a row's ratio or count is another one, by its label; {…} are the row's own numbers.
_WHY = {
    "Small dense": "parameters do not shrink like FLOPs: looking up a word is free, and word vectors shrink too",
    "SNFS": "weights that momentum moves between matrices change both, by how much is known only after training; and a "
    "dense weight gradient at every step costs (2 × {test:.3f} + 1) / 3 = {train:.3f}",
    "RigL": "the dense gradient of the batches before each rewiring is counted here",
    "ISS": "training depends on when units are removed (here on a cubic schedule); {test:.3f} is what the sizes left "
    "cost",
    "ST-RHN": "every matrix of a tied network is used once a word, so the same number of weights costs the same "
    "wherever they lie",
}  # fmt: skip


def _row_words(rows: list[dict[str, Any]]) -> list[str]:
    found = []
    for row in rows:
        paper = row["paper"]
        wrong = []
        if abs(row["millions"] - paper["millions"]) > 0.06:
            wrong.append(f"{paper['millions']:.1f}M weights, counted {row['millions']:.2f}M"
                         + (" for 490 units (477 would fit)" if row["label"] == "Small dense" else ""))  # fmt: skip
        for key in ("train", "test"):
            if abs(row[key] - paper[key]) > _SAME:
                wrong.append(f"{key} {paper[key]:.3f}, counted {row[key]:.3f}")  # noqa: PERF401
        if wrong:
            why = _WHY.get(row["label"], "").format(**row)
            name = f"{row['label']} at {row['density']:.1%}".replace(".0%", "%")
            found.append(f"{name}: {'; '.join(wrong)}{' – ' + why if why else ''}.")
    return found
