"""Every experiment at every scale: well-formed, and the paper's own configurations where they stand for the paper."""

from itertools import product

import pytest

from strnn_viz.config import preset
from strnn_viz.errors import ConfigError, UsageError
from strnn_viz.experiments.cost import cost
from strnn_viz.experiments.reproduce import EXPERIMENTS, experiment
from strnn_viz.experiments.scales import SCALES, scale


@pytest.mark.parametrize(("name", "scale"), list(product(EXPERIMENTS, SCALES)))
def test_rows_are_told_apart_and_claims_name_them(name, scale):
    found = experiment(name, scale)
    keys = [row.key for row in found.rows]
    assert len(set(keys)) == len(keys)
    runs = [found.planned(row, 1).name for row in found.rows if row.config is not None]
    assert len(set(runs)) == len(runs)
    assert found.claims
    assert {key for claim in found.claims for pair in claim.pairs for key in pair} <= set(keys)
    assert all(better != worse for claim in found.claims for better, worse in claim.pairs)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_tiny_needs_no_download_and_does_not_depend_on_the_number_of_workers(name):
    for row in experiment(name, "tiny").rows:
        if row.config is not None:
            assert row.config.data.corpus in ("sotu", "sotu-era")
            assert row.config.training.threads == 1


def rows(name, scale="paper", **changes):
    return {row.key: row for row in experiment(name, scale, changes).rows}


def test_table_2_at_the_papers_scale():
    found = rows("table2")
    uniform = found["ST-LSTM, uniform · 33%"]
    assert uniform.config == preset("ptb-paper", density=0.33)
    assert uniform.paper == {"valid": 78.77, "test": 75.84}
    assert found["Dense · 100%"].paper == {"valid": 82.57, "test": 78.57}
    assert found["SNFS, uniform · 20%"].config.sparsity.method == "snfs"
    assert found["RigL, Erdős–Rényi · 20%"].config.sparsity.initialization == "erdos_renyi"
    assert len(found) == 14


def test_table_7_varies_initialization_and_redistribution():
    found = rows("table7")
    row = found["uniform, sparse momentum · ST-RHN"]
    assert (row.paper["valid"], row.paper["test"]) == (73.05, 70.22)
    assert (row.config.model.cell, row.config.sparsity.redistribution) == ("rhn", "momentum")
    assert found["Erdős–Rényi, none · ST-LSTM"].config.sparsity.redistribution == "auto"


@pytest.mark.parametrize(
    ("name", "active", "test", "spread"),
    [("table4", 243_520, 86.0, 0.02), ("table6", 48_704, 85.05, None)],
)
def test_classifiers_have_the_papers_number_of_weights(name, active, test, spread):
    found = rows(name)
    row = found["ST-LSTM · imdb"]
    assert cost(row.config).active == active
    assert (row.paper["test"], row.paper.get("spread")) == (test, spread)
    assert cost(found["Dense · imdb"].config).active == 5_644_288


def test_table_5_shows_what_the_paper_cites_and_trains_none_of_it():
    found = rows("table5", "small")
    assert found["VDCNN · ag-news"].config is None
    assert found["VDCNN · ag-news"].paper == {"test": 91.3}
    assert found["ST-LSTM · ag-news"].paper == {"test": 90.9, "spread": 0.2}


@pytest.mark.parametrize(("name", "absent"), [("table4", 0.957), ("table5", 0.914), ("table6", 0.991)])
def test_tiny_leaves_out_as_large_a_share_as_the_paper(name, absent):
    found = cost(rows(name, "tiny")["ST-LSTM · sotu-era"].config)
    assert 1 - found.active / found.parameters == pytest.approx(absent, abs=0.003)


def test_figures_vary_one_thing():
    found = rows("fig2", "tiny")
    assert [r.x for k, r in found.items() if k.endswith("· sotu")] == [None, 0.1, 0.3, 0.5, 0.7, 0.9]
    assert found["p = 0.7 · sotu"].config.sparsity.prune_rate == 0.7
    sparse = rows("fig3", "tiny")["4.3% of weights · sotu-era"]
    assert (sparse.config.sparsity.density, sparse.x) == (0.043, 1 - 0.043)


def test_changes_hold_in_every_row_but_where_the_row_itself_changes_it():
    found = rows("table2", "tiny", epochs=2, density=0.5)
    assert {row.config.training.epochs for row in found.values()} == {2}
    assert found["ST-LSTM, uniform · 33%"].config.sparsity.density == 0.33


def test_names_that_are_none():
    with pytest.raises(UsageError, match="no experiment is called 'table1'. Experiments: table2"):
        experiment("table1", "tiny")
    with pytest.raises(UsageError, match="no scale is called 'huge'. Scales: tiny, small, paper"):
        experiment("table2", "huge")
    with pytest.raises(ConfigError, match=r"Did you mean training\.epochs"):
        experiment("table2", "tiny", {"epoch": 1})


def test_one_part_of_an_experiment_keeps_its_rows_and_their_claims():
    whole = experiment("table4", "small")
    part = whole.part("imdb")
    assert [row.key for row in part.rows] == ["Dense · imdb", "ST-LSTM · imdb"]
    assert [claim.pairs for claim in part.claims] == [(("ST-LSTM · imdb", "Dense · imdb"),)]
    assert part.stem == "table4-small-imdb"
    assert part.planned(part.rows[0], 2) == whole.planned(part.rows[0], 2)
    with pytest.raises(UsageError, match="no part 'yelp'. Its parts: twitter, imdb"):
        whole.part("yelp")


def test_an_embedding_larger_than_the_budget_is_left_out_of_it_where_units_are_removed():
    rows = {scale: {row.key: row.config for row in experiment("table2", scale).rows} for scale in ("tiny", "paper")}
    assert rows["tiny"]["ISS · 33%"].sparsity.exclude == "embedding.*"
    assert rows["paper"]["ISS · 33%"].sparsity.exclude == ""
    assert {c.sparsity.exclude for key, c in rows["tiny"].items() if "ISS" not in key} == {""}


@pytest.mark.parametrize("name", ["tiny", "small"])
def test_figures_do_not_depend_on_what_is_faster_on_a_machine(name):
    for row in rows("table2", name).values():
        assert (row.config.training.execution, row.config.training.threads) == ("masked", 1)
    assert scale(name, {"execution": "sparse"}).lstm.training.execution == "sparse"
