"""The words a model knows, each with its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError

UNK, EOS = "<unk>", "<eos>"


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows; a word's id is its place.

    ``<unk>`` is 0, ``<eos>`` is 1, and the others follow, most frequent first, ties in alphabetical order. It is a
    function of the corpus and of ``data.vocabulary`` alone, and in classification of ``data.validation``, which says
    what is left to train on: no seed and no other option changes it.

    It is built from the **training split only**. A word seen in validation or test alone has no training example, so
    to give it an id of its own would cost an embedding row that is never trained and would tell the model something
    about the text it is judged on; such a word is ``<unk>``. A corpus may ask for a minimum count as well: the
    embedded one wants two, so that the words seen once stand for the unknown and ``<unk>`` itself is trained. (Penn
    Treebank has ``<unk>`` in its text already and keeps every word.)

    Attributes
    ----------
    words : tuple of str
        The words by id.
    unk, eos : int
        Ids of ``<unk>``, the unknown word, and ``<eos>``, the end of a sentence.
    """

    words: tuple[str, ...]
    unk: int = field(init=False)
    eos: int = field(init=False)
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {word: number for number, word in enumerate(self.words)}
        if len(ids) != len(self.words) or UNK not in ids or EOS not in ids:
            raise UsageError(
                f"a vocabulary needs {UNK}, {EOS} and every word once; got {len(self.words)} words, {len(ids)} of them "
                "different. Build it with Vocabulary.from_counts."
            )
        object.__setattr__(self, "_ids", ids)
        object.__setattr__(self, "unk", ids[UNK])
        object.__setattr__(self, "eos", ids[EOS])

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], size: int, minimum: int = 1) -> Vocabulary:
        """The vocabulary of a text.

        Parameters
        ----------
        counts : mapping
            How often each word is in the training split.
        size : int
            Words to keep at most, with ``<unk>`` and ``<eos>``.
        minimum : int
            Words seen less often are left out.

        Raises
        ------
        UsageError
            If `size` leaves no room for a single word.
        """
        if size < 3:
            raise UsageError(f"a vocabulary of {size} is too small: {UNK}, {EOS} and a word make 3. Ask for 3 or more.")
        known = [word for word, count in counts.items() if count >= minimum and word not in (UNK, EOS)]
        known.sort(key=lambda word: (-counts[word], word))
        return cls((UNK, EOS, *known[: size - 2]))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Iterable[str]) -> NDArray[np.int32]:
        """The ids of `words`, (n,) int32; a word that is not known becomes :attr:`unk`."""
        ids, unk = self._ids, self.unk
        return np.fromiter((ids.get(word, unk) for word in words), dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words with these ids.

        Raises
        ------
        UsageError
            If an id is not that of a word.
        """
        words = []
        for number in ids:
            if not 0 <= number < len(self.words):
                raise UsageError(f"no word has the id {number}; this vocabulary has ids 0 to {len(self.words) - 1}.")
            words.append(self.words[number])
        return words
