"""A stream of tokens cut for truncated backpropagation through time; the one module here that needs torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strnn_viz.errors import UsageError

#: Target of a place that holds no token; `torch.nn.functional.cross_entropy` leaves it out by default.
IGNORE = -100


class LanguageModelBatches:
    """The standard contiguous batches of language modelling, with no token dropped.

    The model reads ``<eos>`` and then every token but the last; it is asked for every token. So each of the n tokens
    is a target exactly once, the first one too. Both streams are cut into `batch_size` contiguous columns of
    ``ceil(n / batch_size)`` rows, read side by side, and the rows into steps of `bptt`, the last of which may be
    shorter. A step carries on where the one before it stopped: the hidden state is to be carried over, detached.

    Where n does not fill the columns, the rest (the end of the last column, and whole columns if n is small) reads
    ``<eos>`` and has the target :data:`IGNORE`. The first column is always full, so no step is without a target.

    Parameters
    ----------
    tokens : array, (n,) of int
        The stream.
    batch_size : int
        Columns, at most n.
    bptt : int
        Rows in a step.
    eos : int
        Id of ``<eos>``.

    Attributes
    ----------
    tokens : int
        How many tokens are predicted in one pass: n. (A mean loss over the whole stream is a sum divided by this.)

    Raises
    ------
    UsageError
        If there are fewer tokens than columns, or a size is below 1.
    """

    def __init__(self, tokens: NDArray[np.integer], batch_size: int, bptt: int, eos: int) -> None:
        stream = np.asarray(tokens)
        if stream.ndim != 1:
            raise UsageError(f"tokens have the shape {stream.shape}; expected one stream, (n,). Join them first.")
        if batch_size < 1 or bptt < 1:
            raise UsageError(f"batch_size = {batch_size} and bptt = {bptt}: both must be at least 1. Raise them.")
        count = stream.size
        if count < batch_size:
            raise UsageError(
                f"{count} tokens cannot be read in {batch_size} streams side by side: each needs one token at least. "
                f"Set training.batch_size to {count} or less, or use a longer text."
            )
        rows = -(-count // batch_size)
        inputs = np.full(rows * batch_size, eos, dtype=np.int64)
        inputs[1:count] = stream[:-1]
        targets = np.full(rows * batch_size, IGNORE, dtype=np.int64)
        targets[:count] = stream
        self.tokens = count
        self.bptt = bptt
        self._inputs = torch.from_numpy(inputs.reshape(batch_size, rows).T.copy())
        self._targets = torch.from_numpy(targets.reshape(batch_size, rows).T.copy())

    def __len__(self) -> int:
        """Count the steps of one pass."""
        return -(-self._inputs.shape[0] // self.bptt)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of one step, each (time, batch) int64; any step at any time, so a run can resume.

        Raises
        ------
        IndexError
            If there is no such step.
        """
        if not -len(self) <= step < len(self):
            raise IndexError(f"step {step} of {len(self)}: expected 0 to {len(self) - 1}")
        start = step % len(self) * self.bptt
        rows = slice(start, start + self.bptt)
        return self._inputs[rows], self._targets[rows]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every step in order."""
        return (self[step] for step in range(len(self)))


class PassageBatches:
    """Passages cut into batches, in an order that may differ from one pass to the next.

    Parameters
    ----------
    words : array, (n, passage) of int
        Word ids.
    labels : array, (n,) of int
    batch_size : int
        Passages in a batch; the last batch may have fewer.

    Raises
    ------
    UsageError
        If there are no passages, or the batch size is below 1.
    """

    def __init__(self, words: NDArray[np.integer], labels: NDArray[np.integer], batch_size: int) -> None:
        if not len(labels) or batch_size < 1:
            raise UsageError(f"{len(labels)} passages in batches of {batch_size}: both must be at least 1.")
        self.batch_size = batch_size
        self._words = torch.from_numpy(np.asarray(words, dtype=np.int64))
        self._labels = torch.from_numpy(np.array(labels, dtype=np.int64))

    def __len__(self) -> int:
        """Count the batches of one pass."""
        return -(-len(self._labels) // self.batch_size)

    @property
    def passages(self) -> int:
        """Number of passages."""
        return len(self._labels)

    def order(self, *seed: int) -> Tensor:
        """A random order of all passages, (n,) int64: the same for the same numbers."""
        return torch.from_numpy(np.random.default_rng(seed).permutation(len(self._labels)))

    def batch(self, step: int, order: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return words (batch, passage) and labels (batch,) of one step, in the given order or as they are.

        Raises
        ------
        IndexError
            If there is no such step.
        """
        if not 0 <= step < len(self):
            raise IndexError(f"step {step} of {len(self)}: expected 0 to {len(self) - 1}")
        rows = slice(step * self.batch_size, (step + 1) * self.batch_size)
        chosen = rows if order is None else order[rows]
        return self._words[chosen], self._labels[chosen]
