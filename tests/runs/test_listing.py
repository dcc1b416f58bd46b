"""What runs are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.errors import UsageError
from strnn_viz.runs import check_name, free_name, run_name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "demo-uniform"),
        ({"initialization": "erdos_renyi"}, "demo-erdos_renyi"),
        ({"method": "rigl", "initialization": "erdos_renyi"}, "demo-rigl-erdos_renyi"),
        ({"method": "gmp"}, "demo-gmp-uniform"),
        ({"method": "dense"}, "demo-dense"),  # there is no first topology to choose
        ({"method": "iss"}, "demo-iss"),
    ],
)
def test_a_new_run_is_called_after_what_sets_it_apart(changes: dict[str, str], name: str) -> None:
    assert run_name("demo", preset("demo", **changes)) == name
    assert run_name("/some/where/demo.toml", preset("demo", **changes)) == name
    assert check_name(name) == name


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    assert free_name(tmp_path, "a") == "a"
    (tmp_path / "a").mkdir()
    (tmp_path / "a-2").mkdir()
    assert free_name(tmp_path, "a") == "a-3"


@pytest.mark.parametrize("name", ["", "../a", "-a", "a b", "a" * 101])
def test_names_that_could_lead_out_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a run"):
        check_name(name)
