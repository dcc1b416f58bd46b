"""Batches: every token predicted exactly once, in order, wherever the stream is cut."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strnn_viz.config import DataConfig
from strnn_viz.data import load_corpus
from strnn_viz.data.batches import IGNORE, LanguageModelBatches, PassageBatches
from strnn_viz.errors import UsageError

EOS = 1


def test_by_hand() -> None:
    batches = LanguageModelBatches(np.arange(10, 17), batch_size=3, bptt=2, eos=EOS)
    assert (len(batches), batches.tokens) == (2, 7)
    (first_in, first_out), (last_in, last_out) = batches
    assert first_in.tolist() == [[EOS, 12, 15], [10, 13, EOS]]
    assert first_out.tolist() == [[10, 13, 16], [11, 14, IGNORE]]
    assert last_in.tolist() == [[11, 14, EOS]]
    assert last_out.tolist() == [[12, 15, IGNORE]]
    assert first_in.dtype == last_out.dtype == torch.int64


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=90), st.integers(1, 12), st.integers(1, 9))
def test_each_token_is_predicted_once(stream: list[int], batch_size: int, bptt: int) -> None:
    tokens = np.array(stream, dtype=np.int32)
    if len(stream) < batch_size:
        with pytest.raises(UsageError):
            LanguageModelBatches(tokens, batch_size, bptt, EOS)
        return
    batches = LanguageModelBatches(tokens, batch_size, bptt, EOS)
    steps = list(batches)
    rows = -(-len(stream) // batch_size)
    assert len(steps) == len(batches) == -(-rows // bptt)
    assert [x.shape[0] for x, _ in steps[:-1]] == [bptt] * (len(steps) - 1)
    inputs = torch.cat([x for x, _ in steps])
    targets = torch.cat([y for _, y in steps])
    assert inputs.shape == targets.shape == (rows, batch_size)
    # Column after column: the two streams, then padding.
    padding = rows * batch_size - len(stream)
    assert targets.T.flatten().tolist() == stream + [IGNORE] * padding
    assert inputs.T.flatten().tolist() == [EOS, *stream[:-1]] + [EOS] * padding
    assert int((targets != IGNORE).sum()) == batches.tokens == len(stream)
    assert all((y != IGNORE).any() for _, y in steps), "a mean over no target would not be a number"
    for number, (x, y) in enumerate(steps):
        again_x, again_y = batches[number]
        assert torch.equal(x, again_x)
        assert torch.equal(y, again_y)


def test_whole_columns_of_padding() -> None:
    batches = LanguageModelBatches(np.array([5, 6, 7, 8, 9]), batch_size=4, bptt=10, eos=EOS)
    inputs, targets = batches[0]
    assert targets.T.tolist() == [[5, 6], [7, 8], [9, IGNORE], [IGNORE, IGNORE]]
    assert inputs.T.tolist() == [[EOS, 5], [6, 7], [8, EOS], [EOS, EOS]]
    # The padding neither counts nor makes the loss infinite.
    logits = torch.zeros(2, 4, 10)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(np.log(10))


def test_fewer_tokens_than_streams() -> None:
    with pytest.raises(UsageError, match=r"3 tokens cannot be read in 20 streams .*batch_size to 3 or less"):
        LanguageModelBatches(np.array([1, 2, 3]), 20, 35, EOS)


@pytest.mark.parametrize(("batch_size", "bptt"), [(0, 3), (3, 0), (-1, 3)])
def test_sizes_below_one(batch_size: int, bptt: int) -> None:
    with pytest.raises(UsageError, match="both must be at least 1"):
        LanguageModelBatches(np.array([1, 2, 3]), batch_size, bptt, EOS)


def test_two_dimensions_are_no_stream() -> None:
    with pytest.raises(UsageError, match=r"the shape \(2, 3\)"):
        LanguageModelBatches(np.zeros((2, 3), dtype=int), 1, 1, EOS)


def test_steps_outside() -> None:
    batches = LanguageModelBatches(np.arange(9), 2, 2, EOS)
    assert torch.equal(batches[-1][1], batches[2][1])
    for step in (3, -4):
        with pytest.raises(IndexError, match=f"step {step} of 3"):
            batches[step]


def test_a_read_only_corpus_is_batched_without_a_warning() -> None:
    corpus = load_corpus(DataConfig())
    batches = LanguageModelBatches(corpus.valid, 20, 35, corpus.vocabulary.eos)
    assert len(batches) == 82  # 56,889 tokens in 20 columns of 2,845 rows
    assert batches.tokens == 56_889
    assert sum(int((y != IGNORE).sum()) for _, y in batches) == 56_889


def test_passages_are_read_once_a_pass_in_an_order_that_repeats() -> None:
    words, labels = np.arange(14).reshape(7, 2), np.arange(7)
    batches = PassageBatches(words, labels, 3)
    assert (len(batches), batches.passages) == (3, 7)
    assert [batches.batch(step)[1].tolist() for step in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]
    order = batches.order(5, 1)
    assert torch.equal(order, batches.order(5, 1))
    assert not torch.equal(order, batches.order(5, 2))
    shuffled = [batches.batch(step, order) for step in range(3)]
    assert torch.equal(torch.cat([y for _, y in shuffled]), order)
    assert torch.equal(torch.cat([x for x, _ in shuffled])[:, 0], 2 * order)


def test_no_passages_and_steps_outside() -> None:
    with pytest.raises(UsageError, match="0 passages in batches of 3"):
        PassageBatches(np.zeros((0, 4), dtype=int), np.zeros(0, dtype=int), 3)
    with pytest.raises(IndexError, match="step 1 of 1: expected 0 to 0"):
        PassageBatches(np.zeros((2, 4), dtype=int), np.zeros(2, dtype=int), 3).batch(1)
