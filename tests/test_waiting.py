import io

from rich.console import Console

from strnn_viz.waiting import bar_after


def shown(seconds: float, terminal: bool) -> str:
    out = io.StringIO()
    with bar_after("Reading masks", seconds=seconds, console=Console(file=out, force_terminal=terminal)) as progress:
        for i in range(1, 4):
            progress(i, 3)
    return out.getvalue()


def test_only_long_work_shows_a_bar_and_only_in_a_terminal():
    text = shown(0, terminal=True)
    assert "Reading masks" in text
    assert "3/3" in text
    assert shown(60, terminal=True) == ""
    assert shown(0, terminal=False) == ""
