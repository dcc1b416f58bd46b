"""Tables 4, 5 and 6: classifiers of texts."""

from __future__ import annotations

from collections.abc import Sequence

from strnn_viz.experiments.experiment import Claim, Experiment, Row
from strnn_viz.experiments.language import dense
from strnn_viz.experiments.paper import TABLE4, TABLE5, TABLE5_CITED, TABLE6, Accuracies
from strnn_viz.experiments.scales import Scale

#: Corpora of scale tiny stand for every data set of the paper.
_OWN = "sotu-era"

_SIZES = {
    "tiny": "a quarter of the paper's units on a task made here; it shows the comparison, not the paper's numbers",
    "small": "the paper's own size, on those of its data sets that are free",
    "paper": "the paper's own size",
}


def table4(scale: Scale) -> Experiment:
    """ST-LSTM with ε = 10 and the dense LSTM on four data sets."""
    return _experiment(scale, "table4", "Table 4: text classification, 95.7% of the weights absent", TABLE4, 10.0,
                       "ST-LSTM is better than the dense LSTM", below=("amazon",))  # fmt: skip


def table5(scale: Scale) -> Experiment:
    """ST-LSTM with ε = 20 and the dense LSTM; other classifiers as the paper cites them."""
    found = _experiment(scale, "table5", "Table 5: text classification, 91.4% of the weights absent", TABLE5, 20.0,
                        "ST-LSTM is better than the dense LSTM")  # fmt: skip
    corpora = [corpus for corpus in ("ag-news", "yelp-polarity") if corpus in scale.corpora]
    cited = tuple(
        Row(label, corpus, None, {"test": numbers[("ag-news", "yelp-polarity").index(corpus)]})
        for corpus in corpora
        for label, numbers in TABLE5_CITED.items()
    )
    return Experiment(
        found.name, found.scale, found.title, f"{found.about} The paper says 92.2% are absent; ε = 20 makes it 91.4%.",
        (*cited, *found.rows), found.claims,
    )  # fmt: skip


def table6(scale: Scale) -> Experiment:
    """ST-LSTM with ε = 2."""
    return _experiment(scale, "table6", "Table 6: text classification, 99.1% of the weights absent", TABLE6, 2.0,
                       "ST-LSTM is better than the dense LSTM even so", below=("imdb", "yelp-polarity"))  # fmt: skip


def _experiment(
    scale: Scale, name: str, title: str, table: Accuracies, epsilon: float, claim: str, below: Sequence[str] = ()
) -> Experiment:
    """Rows of a table for the corpora of a scale; on those `below` the paper has the dense LSTM ahead."""
    rows = []
    corpora = [corpus for corpus in scale.corpora if corpus in table["dense"] or corpus == _OWN]
    for corpus in corpora:
        config = scale.text(corpus).replace({"epsilon": epsilon * scale.epsilon})
        for label, method, made in (("Dense", "dense", dense(config)), ("ST-LSTM", "st-rnn", config)):
            test, spread = table[method].get(corpus, (None, None))
            paper = {"test": test, "spread": spread}
            rows.append(Row(label, corpus, made, {k: v for k, v in paper.items() if v is not None}))
    claims = [Claim(claim, tuple((f"ST-LSTM · {c}", f"Dense · {c}") for c in corpora if c not in below))]
    behind = tuple((f"Dense · {c}", f"ST-LSTM · {c}") for c in corpora if c in below)
    if behind:
        claims.append(Claim(f"On {' and '.join(c for c in corpora if c in below)} the dense LSTM is ahead", behind))
    first = scale.text(scale.corpora[0])
    about = (
        f"One-layer LSTM of {first.model.hidden} units, at most {first.data.vocabulary:,} words, passages of "
        f"{first.data.passage}, ε = {epsilon * scale.epsilon:g} by gate; scale {scale.name}: {_SIZES[scale.name]}."
    )
    return Experiment(name, scale.name, title, about, tuple(rows), tuple(c for c in claims if c.pairs))
