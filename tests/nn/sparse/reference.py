"""Dense matrices of masked weights, and what counts as equal to them."""

from __future__ import annotations

import torch


def masked(shape, density, generator, scale=0.5, dtype=torch.float32):
    """A dense matrix with exactly ``round(density * places)`` weights, none of them zero."""
    places = shape[0] * shape[1]
    dense = torch.zeros(places, dtype=dtype)
    where = torch.randperm(places, generator=generator)[: round(density * places)]
    values = torch.empty(len(where), dtype=dtype).uniform_(0.05, scale, generator=generator)
    dense[where] = values * (torch.randint(0, 2, (len(where),), generator=generator) * 2 - 1)
    return dense.view(shape)


def close(ours, theirs):
    """Equal to a ten-thousandth of the largest."""
    assert ours.shape == theirs.shape
    largest = float(theirs.detach().abs().max()) if theirs.numel() else 0.0
    torch.testing.assert_close(ours.to(theirs), theirs, rtol=1e-4, atol=1e-5 * max(largest, 1e-3))


def watched(matrix):
    """The list to which a matrix's shares of its gradient go from now on."""
    shares = []
    matrix.observer = shares.append
    return shares


def multiplied_out(shares, shape):
    """The gradient at every place, in three ranges of rows."""
    full, step = torch.zeros(shape), shape[0] // 3 + 1
    for first in range(0, shape[0], step):
        for share in shares:
            share.add_to(full[first : first + step], first)
    return full
