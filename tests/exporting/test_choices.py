import pytest
from click.testing import CliRunner
from PIL import Image

from strnn_viz.cli import main
from strnn_viz.errors import RunError, UsageError
from strnn_viz.exporting import export_run
from strnn_viz.exporting.choices import check_epoch, sheets, whole_sheet
from strnn_viz.runs import LayerInfo, Run, RunWriter, files
from tests import synthetic
from tests.synthetic import make_run


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("a.htm", {}, r"ends in \.htm.*\.html"),
        ("a", {}, "ends in nothing"),
        ("a.png", {"epoch": 99}, "no epoch 99. Epochs: 0 to 5; the nearest is 5"),
        ("a.csv", {"layer": "LSTM laier 2"}, "no layer 'LSTM laier 2'. Did you mean LSTM layer 2?"),
        ("a.png", {"view": "distanse"}, "Did you mean distance?.*one-unit"),
        ("a.html", {"view": "masks"}, "--view is for .png"),
        ("a.gif", {"epoch": 1}, "--epoch is for"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(language, tmp_path, out, options, message):
    with pytest.raises(UsageError, match=message):
        export_run(language, tmp_path / out, **options)
    assert not list(tmp_path.iterdir())


def test_a_run_without_an_epoch_and_one_with_a_damaged_epoch(empty, tmp_path):
    with pytest.raises(UsageError, match="has no epoch yet"):
        export_run(empty, tmp_path / "a.html")
    run = make_run(tmp_path / "run", epochs=2, hidden=8)
    files.epoch_file(run.path / files.SNAPSHOTS, 1).write_bytes(b"\0" * 40)
    with pytest.raises(RunError, match="damaged"):
        check_epoch(Run(run.path), 1)


def test_sheets_hold_all_matrices_two_at_most_and_open_at_the_first_recurrent(language):
    found = sheets(language)
    assert [info.name for sheet in found for info in sheet.matrices] == list(language.layers)
    assert [len(sheet.matrices) for sheet in found] == [1, 2, 2, 1]
    assert whole_sheet(language).label == "LSTM layer 1"
    assert whole_sheet(language, "lstm.1.weight_hh").label == "LSTM layer 2, recurrent"


def test_a_layer_of_many_matrices_of_a_run_recorded_elsewhere(tmp_path, monkeypatch):
    roles = ("input", "recurrent", "recurrent", "recurrent")
    infos = [LayerInfo(f"rhn.{i}", (16, 8), role, "RHN", ("h", "t")) for i, role in enumerate(roles)]
    monkeypatch.setattr(synthetic, "layer_infos", lambda hidden: infos)
    with RunWriter(tmp_path / "rhn", None) as writer:
        writer.append(next(synthetic.snapshots(hidden=8)))
    run = Run(tmp_path / "rhn")
    assert [sheet.label for sheet in sheets(run)] == [
        "RHN, input and recurrent 1",
        "RHN, recurrent 2 and recurrent 3",
    ]
    assert whole_sheet(run, "RHN").matrices == tuple(infos)
    page = export_run(run, tmp_path / "a.html").read_text()
    assert page.count("<option value=") == 2 + 4  # layers and speeds
    with Image.open(export_run(run, tmp_path / "a.gif", layer="rhn")) as movie:
        assert (movie.n_frames, movie.size[1]) == (1, 62 + 2 * (22 + 400 + 24) + 34)


def test_the_command_writes_says_so_and_asks_before_it_overwrites(exported, tmp_path):
    out = tmp_path / "numbers.csv"
    arguments = ["export", "language", str(out), "--runs", str(exported)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"Wrote {out}" in done.output
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 2
    assert "exists already" in " ".join(done.stderr.split())
    assert CliRunner().invoke(main, [*arguments, "--force"], catch_exceptions=False).exit_code == 0
    done = CliRunner().invoke(main, ["export", "langauge", str(out), "--runs", str(exported)], catch_exceptions=False)
    assert done.exit_code == 2
    assert "Did you mean language?" in " ".join(done.stderr.split())
