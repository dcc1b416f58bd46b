"""The benchmark of a training step at a size for tests."""

from __future__ import annotations

import json

import pytest
import torch

from strnn_viz.bench.models import LanguageModel, optimizer_of, random_text, training_step
from strnn_viz.bench.step import step, table


@pytest.fixture(scope="module")
def result() -> dict:
    return step(hidden=16, words=50, batch=4, steps=3, sparsities=(0.5, 0.9), repeats=2)


def test_masked_and_every_sparsity_have_a_row(result: dict) -> None:
    assert [(r["backend"], r["sparsity"]) for r in result["rows"]] == [
        ("masked", 0.5),
        ("sparse", 0.5),
        ("sparse", 0.9),
    ]
    for row in result["rows"]:
        assert (row["hidden"], row["batch"], row["steps"]) == (16, 4, 3)
        assert row["speedup"] > 0  # its interval may reach below, of two repeats on a busy machine
        assert row["low"] <= row["speedup"] <= row["high"]
    assert [(r["backend"], r["hidden"]) for r in result["break_even"]] == [("sparse", 16)]


def test_the_dense_arm_is_what_is_said(result: dict) -> None:
    assert result["machine"]["dense"] == ("mkldnn_rnn_layer" if torch.backends.mkldnn.is_available() else "")


def test_values_are_plain_and_the_table_has_them_all(result: dict) -> None:
    assert json.loads(json.dumps(result)) == result
    text = table(result)
    assert text.count("×") == 3
    assert f"{1 / result['rows'][0]['speedup'] - 1:+.1%} against a dense one" in text
    assert max(map(len, text.splitlines())) <= 120


def test_dense_and_sparse_models_take_the_same_step() -> None:
    """Three steps of the sparse model lead where those of its dense twin, with masked gradients, lead."""
    sparse, dense = LanguageModel(30, 8, 0.6), LanguageModel(30, 8, 0.0)
    with torch.no_grad():
        for name, parameter in dense.named_parameters():
            twin = sparse.get_submodule(name) if parameter.ndim == 2 else sparse.get_parameter(name)
            parameter.copy_(twin.to_dense() if parameter.ndim == 2 else twin)
    masks = {name: p.detach() != 0 for name, p in dense.named_parameters() if p.ndim == 2}
    for name, mask in masks.items():
        dense.get_parameter(name).register_hook(lambda g, mask=mask: g * mask)
    text = random_text(30, 5, 3)
    for model in (sparse, dense):
        optimizer = optimizer_of(model)
        for _ in range(3):
            training_step(model, optimizer, text, clip=0.1)
    for name, mask in masks.items():
        ours = sparse.get_submodule(name).to_dense()
        torch.testing.assert_close(ours, dense.get_parameter(name).detach(), rtol=1e-4, atol=1e-6)
        assert not ours[~mask].any()
