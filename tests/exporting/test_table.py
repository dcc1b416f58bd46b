import csv

import pytest

from strnn_viz.exporting import export_run
from strnn_viz.runs import Run, files
from tests.synthetic import make_run


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["language", "classifier", "dense"])
def test_every_number_is_that_of_the_run(exported, name, tmp_path):
    run = Run(exported / name)
    rows = read(export_run(run, tmp_path / "out.csv"))
    assert len(rows) == len(run.rows)
    for told, row in zip(rows, run.rows, strict=True):
        metrics = {key: value for key, value in row.items() if key != "layers"}
        moves = {f"{m}.{k}": row["layers"][m][k] for m in run.layers for k in ("nnz", "born", "died")}
        expected = metrics | moves
        assert set(expected) <= set(told)
        for key, text in told.items():
            if expected.get(key) is None:
                assert text == ""  # epoch 0 has no training metrics
            else:
                assert float(text) == expected[key]
    born_dense = [int(row["lstm.0.weight_hh.nnz"]) for row in rows]
    assert (len(set(born_dense)) > 1) == (name == "dense")


def test_columns_begin_with_the_epoch_and_keep_to_a_layer(language, tmp_path):
    rows = read(export_run(language, tmp_path / "out.csv", layer="Decoder"))
    assert list(rows[0])[:2] == ["epoch", "step"]
    assert list(rows[0])[-3:] == ["decoder.weight.nnz", "decoder.weight.born", "decoder.weight.died"]
    assert not any(name.startswith("lstm") for name in rows[0])


def test_what_a_recovered_row_does_not_say_is_counted_in_the_snapshot(tmp_path):
    run = make_run(tmp_path / "run", epochs=2, hidden=8)
    nnz = [run.layer(e, "decoder.weight").nnz for e in run.epochs]
    metrics = run.path / files.METRICS
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text(lines[0] + "{torn\n" + lines[2])
    rows = read(export_run(Run(run.path), tmp_path / "out.csv"))
    assert [int(row["decoder.weight.nnz"]) for row in rows] == nnz
