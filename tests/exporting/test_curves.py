import csv
import math

import pytest

from strnn_viz.errors import UsageError
from strnn_viz.exporting import export_run
from strnn_viz.exporting.curves import TABLES
from strnn_viz.runs import Run


@pytest.fixture
def table(tmp_path):
    def read(run: Run, view: str, **options) -> list[dict[str, str]]:
        with export_run(run, tmp_path / f"{view}.csv", view=view, **options).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


def test_curves_have_the_numbers_of_the_run(language, table):
    rows = table(language, "learning")
    told = {(row["series"], int(float(row["epoch"]))): float(row["perplexity"]) for row in rows}
    expected = {("validation", row["epoch"]): row["valid_perplexity"] for row in language.rows}
    expected |= {("train", row["epoch"]): row["train_perplexity"] for row in language.rows if row["epoch"]}
    assert told == pytest.approx(expected)


def test_magnitudes_count_every_active_weight(language, table):
    rows = table(language, "magnitudes", epoch=3, layer="lstm.0.weight_hh")
    nnz = language.layer(3, "lstm.0.weight_hh").nnz
    assert sum(int(row["survived"]) + int(row["born"]) for row in rows) == nnz
    assert sum(int(row["born"]) for row in rows) == language.rows[3]["layers"]["lstm.0.weight_hh"]["born"] > 0


def test_survival_degrees_and_ages_add_up(language, table):
    name = "lstm.0.weight_hh"
    degrees = table(language, "degrees", epoch=4, layer=name)
    nnz = language.layer(4, name).nnz
    assert [sum(int(r["degree"]) for r in degrees if r["direction"] == way) for way in ("in", "out")] == [nnz, nnz]
    assert sum(int(row["connections"]) for row in table(language, "age-pyramid", epoch=4, layer=name)) == nnz
    survival = table(language, "survival", epoch=4, layer=name)
    first = [row for row in survival if row["born_from"] == row["born_to"] == "0"]
    assert int(first[0]["at_risk"]) == language.layer(0, name).nnz
    survived = math.prod(1 - int(row["died"]) / int(row["at_risk"]) for row in first)
    assert float(first[-1]["survival"]) == pytest.approx(survived)
    assert 0 < survived < 1


@pytest.mark.parametrize("view", TABLES)
@pytest.mark.parametrize("kind", ["language", "classifier", "dense"])
def test_every_table_is_written_of_every_run(request, table, view, kind):
    rows = table(request.getfixturevalue(kind), view)
    assert rows
    assert all(None not in row and None not in row.values() for row in rows)


def test_what_is_no_curve_is_told(language, tmp_path):
    with pytest.raises(
        UsageError, match="there is no table of a view 'masks'. Did you mean magnitudes\\? Tables: learning, prune-rate"
    ):
        export_run(language, tmp_path / "a.csv", view="masks")
    with pytest.raises(UsageError, match="--view is for .png, .svg and .csv: a.gif shows the masks as a movie"):
        export_run(language, tmp_path / "a.gif", view="masks")
    with pytest.raises(UsageError, match="a.csv holds every epoch"):
        export_run(language, tmp_path / "a.csv", epoch=1)
    assert list(tmp_path.iterdir()) == []
