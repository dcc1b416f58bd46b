import json

import pytest
from click.testing import CliRunner

from strnn_viz.cli import main
from strnn_viz.config import preset
from strnn_viz.reports.flops import flops


def test_a_small_configuration_by_matrix():
    told = flops(preset("demo", vocabulary=100, hidden=10, density=0.5, epochs=2))
    assert [(r["name"], r["active"], r["parameters"], r["forward_flops"]) for r in told["matrices"]][:2] == [
        ("embedding.weight", 500, 1000, 0.0), ("lstm.0.weight_ih", 200, 400, 400.0),
    ]  # fmt: skip
    assert (told["active_parameters"], told["parameters"]) == (1800, 3600)
    assert told["forward_flops"] == 2 * (4 * 200 + 500)
    assert told["train_flops"] == 3 * 2600 * 460_494 * 2
    assert told["train_flops_relative"] == 0.5
    assert told["paper"] is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ptb-paper", {("ST-LSTM", "erdos_renyi", 0.33): (21.78, 0.3344, 0.3344),
                       ("ISS", "dense", 0.33): (21.81, None, 0.1336),
                       ("Small dense", "dense", 0.2): (13.64, 0.1714, 0.1714),
                       ("SNFS", "uniform", 0.2): (13.2, 0.4667, 0.2),
                       ("ST-LSTM", "erdos_renyi", 0.2): (13.2, 0.2027, 0.2027)}),
        ("ptb-rhn", {("Dense", "dense", 1.0): (23.46, 1.0, 1.0), ("ST-RHN", "uniform", 0.472): (11.07, 0.472, 0.472)}),
    ],
)  # fmt: skip
def test_rows_of_the_papers_tables(name, expected):
    rows = {(r["label"], r["initialization"], r["density"]): r for r in flops(preset(name))["paper"]["rows"]}
    for key, (millions, train, test) in expected.items():
        assert rows[key]["millions"] == pytest.approx(millions, abs=0.005)
        assert train is None or rows[key]["train"] == pytest.approx(train, abs=5e-5)
        assert rows[key]["test"] == pytest.approx(test, abs=5e-5)


def test_what_does_not_follow_from_the_papers_definitions_is_listed():
    lstm, rhn = (flops(preset(name))["paper"]["differs"] for name in ("ptb-paper", "ptb-rhn"))
    assert [line.partition(":")[0] for line in lstm] == [
        "Dense, training 3.1e+16", "Small dense at 33%", "SNFS at 33%", "RigL at 33%", "ISS at 33%", "SNFS at 20%",
        "RigL at 20%", "Small dense at 20%",
    ]  # fmt: skip
    assert "13.2M weights, counted 13.64M for 490 units (477 would fit)" in lstm[-1]
    assert "test 0.200, counted 0.134" in lstm[4]
    assert rhn[0] == (
        "Dense, training 6.5e+16: that is 497 epochs' worth; the 200 epochs stated are 2.62e+16."
    )  # 500 epochs give 6.5e16
    assert [line.partition(":")[0] for line in rhn[1:]] == ["ISS at 47.2%", "ST-RHN at 47.2%"]


def test_the_command():
    done = CliRunner().invoke(main, ["flops", "ptb-paper"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "21,780,000 of 66,000,000 active (33.00%)" in done.output
    assert "Table 2, stacked LSTM" in done.output
    told = json.loads(CliRunner().invoke(main, ["flops", "imdb", "--set", "epsilon=2", "--json"]).output)
    assert told["active_parameters"] == 48_704
