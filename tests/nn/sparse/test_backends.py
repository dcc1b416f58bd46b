import builtins
import logging
import os
import subprocess
import sys

import pytest
import torch

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import SparseLinear, SparseMatrix, backends, installed, portable, using


def linear():
    return SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))


def test_an_unknown_backend_is_refused():
    with pytest.raises(UsageError, match="no backend of sparse products is called 'cuda'"), using("cuda"):
        pass


def test_other_precisions_are_pytorch_s():
    assert backends.backend(torch.zeros(1, dtype=torch.float64)) is portable
    with using("torch"):
        assert backends.backend(torch.zeros(1)) is portable
        if installed():
            with using("auto"):
                assert backends.backend(torch.zeros(1)) is not portable
        assert backends.backend(torch.zeros(1)) is portable


def test_weights_and_activations_of_different_types_are_refused(backend):
    with pytest.raises((RuntimeError, TypeError), match=r"(?i)type|float|double"):
        linear().double()(torch.ones(2, 5))


def test_the_backend_of_the_forward_pass_is_that_of_the_backward_pass(monkeypatch):
    layer, asked = linear(), []
    real = portable.gradient
    monkeypatch.setattr(portable, "gradient", lambda *args: asked.append(1) or real(*args))
    with using("torch"):
        y = layer(torch.ones(2, 5))
    y.sum().backward()
    assert asked == [1]
    torch.testing.assert_close(layer.weight.values.grad, torch.full((15,), 2.0))


@pytest.fixture
def missing():
    return ModuleNotFoundError("No module named 'numba'", name="numba")


@pytest.fixture
def without_numba(monkeypatch, missing):
    """A Python in which numba cannot be imported."""
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] == "numba" or (name == "strnn_viz.nn.sparse" and "fast" in (args[2] or ())):
            raise missing
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    backends._prepared.cache_clear()
    yield
    backends._prepared.cache_clear()


def test_without_numba_one_line_says_so_and_everything_works(without_numba, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            linear()(torch.ones(2, 5)).sum().backward()
    assert [record.getMessage() for record in caplog.records] == [
        "Sparse layers run on PyTorch's CSR matrices, several times slower than they could: numba is not installed "
        "(pip install 'strnn-viz[fast]')."
    ]
    assert not installed()
    with pytest.raises(UsageError, match="numba is not installed"), using("numba"):
        pass


@pytest.mark.skipif(not installed(), reason="numba is not installed")
def test_more_threads_than_one_give_the_same(monkeypatch):
    layer, x, results = linear(), torch.randn(3, 5), []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(layer(x))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


@pytest.mark.skipif(not installed(), reason="numba is not installed")
def test_preparing_kernels_leaves_pytorch_the_threads_it_has():
    """Numba's pool sets a number of the whole process when it begins; a process where it has not begun yet."""
    code = "import torch; from strnn_viz.nn.sparse import installed; installed(); print(torch.get_num_threads())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2"},
    ).stdout  # fmt: skip
    assert told.strip() == "1"


@pytest.mark.parametrize("missing", [ImportError("Numba needs NumPy 2.3 or less.\nGot NumPy 9.9.")])
def test_a_numba_that_fails_is_told_with_its_reason_and_everything_works(without_numba, caplog):
    with caplog.at_level(logging.WARNING):
        linear()(torch.ones(2, 5)).sum().backward()
    assert [record.getMessage() for record in caplog.records] == [
        "Sparse layers run on PyTorch's CSR matrices, several times slower than they could: numba fails with "
        "ImportError: Numba needs NumPy 2.3 or less. Got NumPy 9.9."
    ]
    with pytest.raises(UsageError, match="cannot be used: numba fails with ImportError"), using("numba"):
        pass


@pytest.fixture
def anew():
    """Kernels are prepared once more, and after the test again."""
    pytest.importorskip("numba")
    backends._prepared.cache_clear()
    yield
    backends._prepared.cache_clear()


@pytest.mark.parametrize("damaged", [1, 2])
def test_machine_code_that_cannot_be_read_is_removed_once(anew, monkeypatch, tmp_path, caplog, damaged):
    from strnn_viz.nn.sparse import compiled, fast

    left = [EOFError("Ran out of input")] * damaged

    def warm_up():
        if left:
            raise left.pop()

    kept = tmp_path / "kernels"
    kept.mkdir()
    (kept / "take.nbi").touch()
    monkeypatch.setattr(compiled, "cache_directory", lambda: kept)
    monkeypatch.setattr(fast, "warm_up", warm_up)
    assert installed() is (damaged == 1)
    assert not kept.exists()
    assert left == []
    assert ("EOFError: Ran out of input." in caplog.text) is (damaged == 2)


def test_a_numba_that_may_not_compile_is_not_used():
    pytest.importorskip("numba")
    code = "from strnn_viz.nn.sparse import installed; print(installed())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert told.stdout.strip() == "False"
    assert "NUMBA_DISABLE_JIT keeps numba from compiling: unset it." in told.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_forked_process_uses_none_of_the_threads_it_lacks():
    """In a process of its own: this one may have any threads by now."""
    pytest.importorskip("numba")
    code = """if True:
        import os, torch
        from strnn_viz.nn.sparse import SparseLinear, SparseMatrix, backends, portable, using
        layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
        layer(torch.ones(2, 5))
        child = os.fork()
        if not child:
            layer(torch.ones(2, 5)).sum().backward()
            assert backends.backend(torch.ones(1)) is portable and not backends.installed()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert backends.backend(torch.ones(1)) is not portable
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=300)
