"""What is exported computes what was evaluated, sparsely and in plain PyTorch."""

from __future__ import annotations

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import strnn_viz
from strnn_viz import export
from strnn_viz.cli import main
from strnn_viz.errors import RunError, UsageError
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import SparseEmbedding, SparseLSTMLayer, using
from strnn_viz.runs import RunWriter, files
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.tasks import make_task
from tests.training.conftest import WORDS, small_config
from tests.training.test_recording import record

pytestmark = pytest.mark.usefixtures("small_corpora", "torch_kernels")


@pytest.fixture
def torch_kernels():
    with using("torch"):
        yield


def plain_outputs(state, config, words):
    """Logits of PyTorch's own layers; words of shape (time, batch)."""
    m = config.model
    embedding, lstm = nn.Embedding(WORDS, m.hidden), nn.LSTM(m.hidden, m.hidden, m.layers)
    last = "decoder" if config.task == "language modelling" else "output"
    linear = nn.Linear(m.hidden, WORDS if last == "decoder" else 2)
    for name, module in {"embedding": embedding, "lstm": lstm, last: linear}.items():
        module.load_state_dict({k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")})
    y, _ = lstm(embedding(words))
    return linear(y if last == "decoder" else y[-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": 2, "forget_bias": 1.0},
        {"tied": True, "execution": "sparse"},
        {"exclude": "lstm.0.weight_ih,decoder.*"},
        {"exclude": "embedding.*,lstm.*"},
        {"method": "gmp"},
        {"corpus": "sotu-era", "passage": 6, "layers": 2},
    ],
    ids=lambda c: " ".join(f"{k}={v}" for k, v in c.items()),
)
def test_both_forms_give_the_same_outputs_and_what_the_run_recorded(tmp_path, changes):
    config = small_config(**changes)
    run = record(tmp_path / "run", config)
    for epoch in (1, 3):
        exported = export(run, epoch)
        words = torch.randint(WORDS, (7, 5), generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            out = exported.module(words) if config.task == "language modelling" else exported.module(words.t())
            logits = out[0] if isinstance(out, tuple) else out
            torch.testing.assert_close(logits, plain_outputs(exported.state_dict, config, words), rtol=1e-5, atol=1e-5)
        for name, layer in run[epoch].layers.items():
            stored = exported.module.get_submodule(name)
            assert stored.nnz == layer.nnz
        task = make_task(config, Ranks())
        task.model = exported.module
        assert task.evaluate()["valid_loss"] == pytest.approx(run[epoch].metrics["valid_loss"], rel=1e-5)
    if "exclude" not in changes:
        assert type(exported.module.lstm[0]) is SparseLSTMLayer
        assert type(exported.module.embedding) is SparseEmbedding


def test_a_recurrent_highway_network_keeps_its_names(tmp_path):
    config = small_config(cell="rhn", depth=2, tied=True)
    exported = export(record(tmp_path / "run", config))
    assert exported.epoch == 3
    dense = LanguageModel(WORDS, config.model).eval()
    dense.load_state_dict(exported.state_dict)
    words = torch.randint(WORDS, (7, 5), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(exported.module(words)[0], dense(words)[0], rtol=1e-5, atol=1e-5)


def test_averaged_weights_are_exported_where_they_were_evaluated(tmp_path):
    config = small_config(method="selfish", algorithm="asgd", patience=1, lr=8.0, lr_decay=1.0, epochs=4)
    run = record(tmp_path / "run", config)
    assert files.read_arrays(files.epoch_file(run.path / files.CHECKPOINTS, 4))[1]["averaging"]
    task = make_task(config, Ranks())
    task.model = export(run, 4).module  # nothing is pruned after the last epoch
    assert task.evaluate()["valid_loss"] == pytest.approx(run[4].metrics["valid_loss"], rel=1e-5)


def test_an_epoch_without_a_checkpoint_is_refused_and_those_with_one_are_named(tmp_path):
    run = record(tmp_path / "run", small_config(checkpoints="last"))
    with pytest.raises(UsageError, match=r"run has no checkpoint of epoch 1. It has those of epochs 3\."):
        export(run, 1)
    assert export(tmp_path / "run").epoch == 3
    RunWriter(tmp_path / "new", small_config()).close()
    with pytest.raises(UsageError, match="new has no checkpoint yet, which holds the biases of its model"):
        export(tmp_path / "new")


def test_what_was_not_trained_here_or_does_not_fit_is_refused(tmp_path):
    RunWriter(tmp_path / "theirs", None).close()
    with pytest.raises(RunError, match="was recorded elsewhere"):
        export(tmp_path / "theirs", 0)
    run = record(tmp_path / "run", small_config(epochs=1))
    path = files.epoch_file(run.path / files.CHECKPOINTS, 1)
    arrays, header = files.read_arrays(path)
    del arrays["dense/lstm.0.bias/value"]
    files.write_whole(path, files.array_bytes(arrays, header))
    with pytest.raises(RunError, match="checkpoint of epoch 1 does not fit the model of run .*Export another epoch"):
        export(run, 1)


def test_one_part_alone_and_the_public_name(tmp_path):
    exported = export(record(tmp_path / "run", small_config(epochs=1)), 1)
    nn.LSTM(6, 6).load_state_dict(exported.part("lstm"))
    assert set(exported.part("decoder")) == {"weight", "bias"}
    assert "export" in dir(strnn_viz)


def test_the_command_line_writes_the_weights(tmp_path):
    run = record(tmp_path / "run", small_config(epochs=1))
    out = tmp_path / "weights.pt"
    told = CliRunner().invoke(main, ["export", str(run.path), str(out), "--epoch", "1"])
    assert (told.exit_code, "the weights of epoch 1." in told.output) == (0, True)
    loaded = torch.load(out, weights_only=True)
    expected = export(run, 1).state_dict
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(value, loaded[key]) for key, value in expected.items())
    for arguments, code, says in (
        ([], 2, "exists already"),
        (["--force", "--view", "masks"], 2, "--layer and --view are for pictures and tables"),
        (["--force", "--epoch", "7"], 2, "has no checkpoint of epoch 7"),
    ):
        refused = CliRunner().invoke(main, ["export", str(run.path), str(out), *arguments])
        assert (refused.exit_code, says in refused.stderr) == (code, True)


@pytest.mark.parametrize("changes", [{}, {"layers": 2, "cell": "rhn", "depth": 2}], ids=["lstm", "rhn"])
def test_what_iss_leaves_of_a_run_is_a_smaller_dense_model_of_the_same_outputs(tmp_path, changes):
    config = small_config(method="iss", exclude="embedding.*", density=0.4, **changes)
    exported = export(record(tmp_path / "run", config))
    smaller = exported.compact()
    full = LanguageModel(WORDS, exported.module.config)
    sizes = [sum(w.numel() for w in model.recurrent.parameters()) for model in (smaller, full)]
    assert sizes[0] < sizes[1]
    words = torch.randint(WORDS, (7, 5), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(smaller(words)[0], exported.module(words)[0], rtol=1e-5, atol=1e-5)
