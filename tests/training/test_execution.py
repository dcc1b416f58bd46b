"""Which form of execution is chosen, why, and that the choice stays."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from strnn_viz.config import RunConfig, preset
from strnn_viz.errors import ConfigError, RunError, UsageError
from strnn_viz.nn.sparse import SparseMatrix, using
from strnn_viz.progress import show
from strnn_viz.rules import METHODS
from strnn_viz.runs import Run, files
from strnn_viz.sparsity.methods import find_method, why_not_stored
from strnn_viz.training import Recording, Trainer, measuring
from strnn_viz.training.execution import Execution
from strnn_viz.training.forking import fork
from strnn_viz.training.measuring import Times
from strnn_viz.training.ranks import Ranks
from tests.training.conftest import small_config

BY = "PyTorch's CSR matrices"
pytestmark = pytest.mark.usefixtures("small_corpora", "torch_kernels")


@pytest.fixture
def torch_kernels():
    with using("torch"):
        yield


@pytest.fixture
def measured(monkeypatch):
    """Set what measurements give; tells how many there were."""
    told = {"times": Times(2.0, 1.0, BY), "count": 0}

    def times(*_):
        told["count"] += 1
        return told["times"]

    monkeypatch.setattr(measuring, "times", times)
    return told


def is_sparse(trainer) -> bool:
    return any(isinstance(module, SparseMatrix) for module in trainer.model.modules())


def test_the_usual_is_masked_and_two_presets_measure():
    assert RunConfig().training.execution == "masked"
    assert [preset(name).training.execution for name in ("demo", "ptb-small", "ptb-paper")] == [
        "auto",
        "auto",
        "masked",
    ]
    with pytest.raises(ConfigError, match="is not one of auto, masked, sparse. Did you mean sparse"):
        RunConfig().replace({"execution": "sparce"})


@pytest.mark.parametrize(("times", "form"), [(Times(2.0, 1.0, BY), "sparse"), (Times(1.0, 2.0, BY), "masked"),
                                             (Times(1.0, 1.0, BY), "masked")])  # fmt: skip
def test_auto_takes_the_faster(measured, times, form):
    measured["times"] = times
    trainer = Trainer(small_config(execution="auto"))
    assert trainer.execution.form == form
    assert is_sparse(trainer) is (form == "sparse")
    assert f"step takes {times.sparse:g} ms with {BY}, " in trainer.execution.reason
    assert f"masked {times.masked:g} ms, as measured on this machine." in trainer.execution.reason


def test_what_is_asked_for_is_not_measured(measured):
    assert is_sparse(Trainer(small_config(execution="sparse")))
    assert not is_sparse(Trainer(small_config()))
    assert measured["count"] == 0


def test_times_are_told_without_exponents(measured):
    measured["times"] = Times(98765.4, 1174.6, BY)
    reason = Trainer(small_config(execution="auto")).execution.reason
    assert reason.startswith(f"A training step takes 1170 ms with {BY}, masked 98800 ms, as measured")


def test_a_norm_over_dense_gradients_needs_them(measured):
    dense = {"clip": "dense", "clip_norm": 1.0}
    auto = Trainer(small_config(execution="auto", **dense))
    assert auto.execution.form == "masked"
    assert auto.execution.reason.startswith("With optimizer.clip = dense the norm is that of the gradients of all")
    with pytest.raises(UsageError, match="sparse cannot be. With optimizer.clip = dense .* Set it to masked or auto"):
        Trainer(small_config(execution="sparse", **dense))
    forked = Trainer(small_config(execution="auto", **dense), Execution("sparse", "it was faster"))
    assert forked.execution == auto.execution
    assert measured["count"] == 0
    assert is_sparse(Trainer(small_config(execution="sparse", **dense | {"clip_norm": 0.0})))  # nothing is clipped


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_refused_where_it_cannot_be_and_auto_says_why(measured, method):
    reason = why_not_stored(find_method(method))
    if reason is None:
        assert small_config(method=method, execution="sparse").training.execution == "sparse"
        assert is_sparse(Trainer(small_config(method=method, execution="auto")))
        return
    with pytest.raises(ConfigError, match=f"execution = sparse makes no sense with sparsity.method = {method}: every"):
        small_config(method=method, execution="sparse")
    assert Trainer(small_config(method=method, execution="auto")).execution == Execution("masked", reason)
    assert measured["count"] == 0


def test_a_method_that_needs_something_dense_says_so(measured):
    for execution in ("auto", "sparse"):
        reason = Trainer(small_config(method="snfs", execution=execution)).execution.reason
        assert "keeps a dense momentum of" in reason


def test_several_processes_stay_masked(measured, monkeypatch):
    monkeypatch.setattr(Ranks, "join", classmethod(lambda cls: cls(0, 2)))
    monkeypatch.setattr(Ranks, "wrap", lambda self, model, device: model)
    auto = Trainer(small_config(execution="auto"))
    assert auto.execution.form == "masked"
    assert "2 processes train this run together" in auto.execution.reason
    with pytest.raises(UsageError, match="execution = sparse cannot be. 2 processes train .* Set it to masked or auto"):
        Trainer(small_config(execution="sparse"))
    resumed = Trainer(small_config(execution="auto"), Execution("sparse", "it was faster alone"))
    assert resumed.execution == auto.execution
    assert measured["count"] == 0


def test_the_choice_is_written_into_the_run_told_and_kept_on_resume(tmp_path, measured):
    console = Console(file=io.StringIO(), width=300)
    recording = Recording(tmp_path / "run", small_config(execution="auto"))
    recording.stop = True
    show(recording, console=console)
    chosen = recording.trainer.execution
    assert Run(tmp_path / "run").about["execution"] == {"form": "sparse", "reason": chosen.reason}
    assert f"Execution: sparse. {chosen.reason}\n" in console.file.getvalue()
    assert Run(tmp_path / "run").config.training.execution == "auto"
    measured["times"] = Times(1.0, 2.0, BY)
    resumed = Recording(tmp_path / "run", resume=True)
    assert resumed.trainer.execution == chosen
    assert measured["count"] == 1
    list(resumed.events())
    assert Run(tmp_path / "run").about["execution"]["form"] == "sparse"


def test_a_run_resumed_by_several_processes_tells_of_the_form_it_goes_on_in(tmp_path, measured, monkeypatch):
    recording = Recording(tmp_path / "run", small_config(execution="auto"))
    recording.writer.close()
    assert Run(tmp_path / "run").about["execution"]["form"] == "sparse"
    monkeypatch.setattr(Ranks, "join", classmethod(lambda cls: cls(0, 2)))
    monkeypatch.setattr(Ranks, "wrap", lambda self, model, device: model)
    monkeypatch.setattr(Ranks, "tell", lambda self, value: value)
    resumed = Recording(tmp_path / "run", resume=True)
    resumed.writer.close()
    assert Run(tmp_path / "run").about["execution"] == resumed.trainer.execution.to_dict()
    assert resumed.trainer.execution.form == "masked"


def test_a_fork_keeps_the_choice_unless_what_it_is_about_changes(tmp_path, measured):
    list(Recording(tmp_path / "run", small_config(execution="auto")).events())
    parent = Run(tmp_path / "run")
    measured["times"] = Times(1.0, 2.0, BY)
    forms = []
    for i, changes in enumerate(({"lr": 0.1}, {"density": 0.1}, {"execution": "sparse"})):
        forked = fork(tmp_path / f"fork{i}", parent, 1, changes)
        forms.append(forked.trainer.execution.form)
        forked.writer.close()
    assert forms == ["sparse", "masked", "sparse"]


def test_a_configured_choice_says_nothing_on_the_terminal(tmp_path):
    console = Console(file=io.StringIO(), width=300)
    show(Recording(tmp_path / "run", small_config(epochs=1)), console=console)
    assert "Execution" not in console.file.getvalue()


@pytest.mark.parametrize(
    "told", [7, {"form": "fast", "reason": ""}, {"form": "sparse"}, {"form": "sparse", "reason": 3}]
)
def test_a_run_that_tells_of_no_choice_there_is_is_refused(tmp_path, told):
    recording = Recording(tmp_path / "run", small_config())
    recording.writer.close()
    path = tmp_path / "run" / files.RUN
    path.write_text(json.dumps(json.loads(path.read_text()) | {"execution": told}))
    with pytest.raises(RunError, match="run.json says execution = .*: expected the form masked or sparse"):
        Recording(tmp_path / "run", resume=True)
