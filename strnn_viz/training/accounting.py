"""What training costs: active weights and floating-point operations, by the convention of Tables 2 and 3.

Only products of weight matrices count, a multiplication and an addition for each active weight and token; looking up a
word's vector costs nothing, biases and gates are left out. A backward pass costs twice a forward one: one product for
the activations, one for the weights. All of it is arithmetic on shapes and counts; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strnn_viz.config import SparsityConfig
from strnn_viz.rules import METHODS
from strnn_viz.runs import LayerInfo


def forward_flops(infos: Iterable[LayerInfo], nnz: Mapping[str, int], passage: int = 0) -> float:
    """FLOPs of one forward pass for one token.

    Parameters
    ----------
    infos : iterable of LayerInfo
        Every weight matrix of the model, masked or not.
    nnz : mapping of str to int
        Active weights of the masked matrices; one that is not named is dense.
    passage : int
        Words of a passage, for a classifier: its output layer is used once for as many. 0 for a language model.

    Returns
    -------
    float
        2 × active weights × uses. An embedding is used only where it is tied, as the decoder; a matrix of a recurrent
        highway network's depth is used once a token, as it is a matrix of its own.
    """
    return sum(2.0 * nnz.get(info.name, info.size) * _uses(info, passage) for info in infos)


def dense_gradient_share(sparsity: SparsityConfig, steps: int) -> float:
    """Share of the steps whose weight gradient is needed at every position, active or not.

    Parameters
    ----------
    sparsity : SparsityConfig
    steps : int
        Optimizer steps between two rewirings.

    Returns
    -------
    float
        1 where regrowth follows momentum (SNFS), which must be kept everywhere at every step;
        ``gradient_batches / steps`` where it follows the gradient (RigL); else 0.
    """
    rules = METHODS[sparsity.method]
    regrow = rules.own("regrow") if sparsity.regrow == "auto" else sparsity.regrow
    if not rules.rewires or regrow == "random":
        return 0.0
    return 1.0 if regrow == "momentum" else min(1.0, sparsity.gradient_batches / max(1, steps))


def training_flops(forward: float, dense: float, share: float = 0.0) -> float:
    """FLOPs of training on one token.

    Parameters
    ----------
    forward : float
        Of one forward pass, f.
    dense : float
        Of one forward pass were every weight active, F.
    share : float
        Share of the steps with a dense weight gradient.

    Returns
    -------
    float
        3 f where the weight gradient is sparse, 2 f + F where it is dense (Evci et al. 2020, appendix H).
    """
    return 2 * forward + (1 - share) * forward + share * dense


class Meter:
    """Adds up what a run has cost so far.

    Parameters
    ----------
    infos : sequence of LayerInfo
        Every weight matrix of the model, masked or not.
    sparsity : SparsityConfig
    steps : int
        Optimizer steps of an epoch.
    passage : int
        Words of a passage, for a classifier.

    Attributes
    ----------
    train_flops, dense_flops : float
        Spent on training so far, and what dense training on the same tokens would have cost. They are all that a
        checkpoint needs to keep.

    Examples
    --------
    >>> meter = Meter([LayerInfo("w", (10, 10))], SparsityConfig(density=0.5), steps=100)
    >>> meter.trained({"w": 50}, tokens=7)
    >>> meter.metrics({"w": 50})["train_flops_relative"]
    0.5
    """

    def __init__(self, infos: Iterable[LayerInfo], sparsity: SparsityConfig, *, steps: int, passage: int = 0) -> None:
        self._infos = tuple(infos)
        self._passage = passage
        self._share = dense_gradient_share(sparsity, sparsity.update_every or steps)
        self._dense = forward_flops(self._infos, {}, passage)
        self.train_flops, self.dense_flops = 0.0, 0.0

    def trained(self, nnz: Mapping[str, int], tokens: int) -> None:
        """Note that `tokens` were trained on with this many active weights; call it before a rewiring changes them."""
        forward = forward_flops(self._infos, nnz, self._passage)
        self.train_flops += tokens * training_flops(forward, self._dense, self._share)
        self.dense_flops += tokens * 3 * self._dense

    def metrics(self, nnz: Mapping[str, int]) -> dict[str, float]:
        """What a snapshot says of its cost.

        Returns
        -------
        dict
            ``active_parameters`` and ``parameters`` (weights of all matrices, those left dense too, without biases),
            ``forward_flops`` (a token), ``forward_flops_relative`` (to the same model dense), ``train_flops`` (so far)
            and ``train_flops_relative`` (to dense training on the same tokens; that of a forward pass before any).
        """
        forward = forward_flops(self._infos, nnz, self._passage)
        relative = forward / self._dense if self._dense else 1.0
        return {
            "active_parameters": float(sum(nnz.get(info.name, info.size) for info in self._infos)),
            "parameters": float(sum(info.size for info in self._infos)),
            "forward_flops": forward,
            "forward_flops_relative": relative,
            "train_flops": self.train_flops,
            "train_flops_relative": self.train_flops / self.dense_flops if self.dense_flops else relative,
        }


def _uses(info: LayerInfo, passage: int) -> float:
    """How often one token is multiplied by a matrix."""
    if info.role == "embedding":
        return 1.0 if info.tied else 0.0
    return 1.0 / passage if passage and info.role == "linear" else 1.0
