"""A classifier of texts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from strnn_viz.config import ModelConfig
from strnn_viz.nn.models import WordModel, uninitialized


class TextClassifier(WordModel):
    """Embedding, recurrent layers and a linear layer that reads the last hidden state (Liu et al. 2021, §4.2).

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    classes : int
    config : ModelConfig
    sizes : sequence of int, optional
        Hidden units of each layer, where they differ.
    """

    def __init__(self, words: int, classes: int, config: ModelConfig, sizes: Sequence[int] | None = None) -> None:
        super().__init__(words, config, sizes)
        self.classes = classes
        self.output = uninitialized(nn.Linear, self.sizes[-1], classes)

    def forward(self, words: Tensor) -> Tensor:
        """Score the classes of each text.

        Parameters
        ----------
        words : Tensor of int64, shape (batch, time)
            Texts of one length; shorter ones are padded in front, so that all end at the last step.

        Returns
        -------
        Tensor, shape (batch, classes)
            Logits.
        """
        y, _ = self.read(words.t())
        logits: Tensor = self.output(y[-1])
        return logits
