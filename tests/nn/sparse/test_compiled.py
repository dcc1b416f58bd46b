import logging
import shutil
from pathlib import Path

import pytest

pytest.importorskip("numba")

from strnn_viz.nn import sparse
from strnn_viz.nn.sparse import compiled, kernels, recurrence
from strnn_viz.nn.sparse.compiled import SOURCES, cache_directory, digest


@pytest.mark.parametrize("name", SOURCES)
def test_an_edit_of_any_source_leads_to_other_machine_code(name, tmp_path):
    for source in SOURCES:
        shutil.copy(Path(sparse.__file__).parent / f"{source}.py", tmp_path)
    before = digest(tmp_path)
    assert before == digest(Path(sparse.__file__).parent)
    with (tmp_path / f"{name}.py").open("a") as file:
        file.write("# a comment\n")
    assert digest(tmp_path) != before


def test_machine_code_lies_in_the_directory_of_its_sources():
    folder = cache_directory()
    assert folder.name == f"kernels-{digest(Path(sparse.__file__).parent)}"
    for kernel in (kernels.multiply, kernels.gradient, recurrence.lstm_forward, recurrence.lstm_backward):
        assert Path(kernel.stats.cache_path).is_relative_to(folder)


def test_every_module_of_inner_loops_is_watched():
    users = {
        p.stem for p in Path(sparse.__file__).parent.glob("*.py")
        if "import compiled" in p.read_text() or "llvmlite" in p.read_text()
    }  # fmt: skip
    assert users <= set(SOURCES)
    assert users >= {"vectors", "tiles", "cells", "kernels", "recurrence"}


def test_where_nothing_can_be_kept_kernels_are_compiled_all_the_same_and_one_line_says_so(monkeypatch, caplog):
    real = compiled.njit

    def njit(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'take': no locator available for file 'kernels.py'")
        return real(**options)

    monkeypatch.setattr(compiled, "njit", njit)
    compiled._tell_unkept.cache_clear()
    with caplog.at_level(logging.WARNING):
        made = [compiled.compiled(kernel.py_func) for kernel in (kernels.take, kernels.multiply)]
    assert [kernel.stats.cache_path for kernel in made] == [None, None]
    (record,) = caplog.records
    assert "compiled anew at every start" in record.getMessage()
