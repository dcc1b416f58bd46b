import sys
from pathlib import Path

import pytest

from strnn_viz.cache import cache_folder


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        ("linux", {}, "home/.cache/strnn-viz"),
        ("linux", {"XDG_CACHE_HOME": "given"}, "given/strnn-viz"),
        ("darwin", {}, "home/Library/Caches/strnn-viz"),
        ("darwin", {"XDG_CACHE_HOME": "given"}, "given/strnn-viz"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/strnn-viz"),
        ("win32", {}, "home/AppData/Local/strnn-viz"),
    ],
)
def test_every_system_has_its_own_place(monkeypatch, system, environment, expected):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, environment.get(name, ""))
    assert cache_folder() == Path(expected)
