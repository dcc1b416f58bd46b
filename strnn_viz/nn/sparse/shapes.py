"""Whether tensors fit together: compiled kernels read and write where they are told, also beyond the end of memory."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from strnn_viz.errors import UsageError


def expect(what: str, found: Sequence[int], *expected: int) -> None:
    """Refuse a shape that is not as expected.

    Parameters
    ----------
    what : str
        What has the shape.
    found : sequence of int
    *expected : int

    Raises
    ------
    UsageError
        If it is another one.
    """
    if tuple(found) != expected:
        raise UsageError(f"{what} has shape {tuple(found)}: expected {expected}. Give one that fits the weights.")


def expect_sequence(x: Tensor, state: Sequence[Tensor], names: str, inputs: int, hidden: int) -> None:
    """Refuse what a recurrent layer cannot run over.

    Parameters
    ----------
    x : Tensor
        To be of shape (time, batch, inputs).
    state : sequence of Tensor
        To be one for each of the `names`, a letter each, of shape (batch, hidden).
    names : str
    inputs, hidden : int

    Raises
    ------
    UsageError
        If input or state is of another shape.
    """
    if x.dim() != 3 or x.shape[2] != inputs:
        raise UsageError(
            f"the input of a recurrent layer has shape {tuple(x.shape)}: expected (time, batch, {inputs}). Give one "
            "that fits the weights."
        )
    if len(state) != len(names):
        raise UsageError(f"the state has {len(state)} tensors: expected {len(names)}, ({', '.join(names)}).")
    for name, tensor in zip(names, state, strict=True):
        expect(f"the state {name} of a recurrent layer", tensor.shape, x.shape[1], hidden)
