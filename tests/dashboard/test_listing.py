from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard import listing
from strnn_viz.dashboard.branches import Branch
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import make_run


def test_what_a_run_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "era", preset("era", method="rigl", seed=7), epochs=2, hidden=8, accuracy=True)
    words = listing.what(run)
    assert words.startswith("Classification of which years")
    assert words.endswith("· RigL, Erdős–Rényi · seed 7")
    assert "seed 7" in listing.searched(run)
    assert "rigl" in listing.searched(run)


def test_how_it_went(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one", preset("demo", epochs=4), epochs=4, hidden=8)
    told = listing.course(run)
    best = 120 + 900 * 2.718281828 ** (-2)
    assert f"best perplexity <b>{best:.0f}</b>" in told
    assert "at epoch 4 · density 20.0%" in told
    assert told.count("<polyline") == 1


def test_a_line_has_its_lowest_at_the_bottom() -> None:
    drawn = listing.curve([(0, 100.0), (5, 10.0), (10, 1.0)], log=True)
    assert '<polyline points="4.0,4.0 66.0,20.0 128.0,36.0" />' in drawn
    assert '<circle cx="128.0" cy="36.0"' in drawn
    assert listing.curve([(0, 1.0)], log=True) == ""
    assert "nan" not in listing.curve([(0, 1.0), (1, float("nan")), (2, 1.0), (3, 0.0)], log=True)


def test_how_it_is_doing(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "one", preset("demo")) as writer:
        writer.status("failed", "<b>no</b> reason\nand a trace")
    told = listing.standing(Run(tmp_path / "one"), RunHub(tmp_path).state("one"))
    assert '<span class="failed">⚠</span> failed · no epoch was recorded' in told
    assert '<p class="error">&lt;b&gt;no&lt;/b&gt; reason</p>' in told
    assert "trace" not in told


def test_names_and_origins_are_text(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "<b>", preset("demo")):
        told = listing.title(Run(tmp_path / "<b>"), Branch("<i>", 3, "<u>"))
    assert "<b>" not in told.replace("<h2>", "")
    assert "↳ fork of &lt;i&gt; at epoch 3: &lt;u&gt;" in told
    assert 'href="./explorer?run=%3Cb%3E"' in told


@pytest.mark.parametrize(("written", "told"), [("2026-11-05T08:03:00", "5 Nov 2026, 08:03"), ("soon", "soon")])
def test_when_it_began(written: str, told: str) -> None:
    assert listing.when(written) == told
