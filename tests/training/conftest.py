from collections import Counter

import numpy as np
import pytest

from strnn_viz.config import RunConfig, preset
from strnn_viz.data.corpus import Corpus
from strnn_viz.data.passages import Passages, PassageSplit
from strnn_viz.data.vocabulary import Vocabulary
from strnn_viz.training import tasks

WORDS = 40
STEPS = 8  # of an epoch, in either task


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    """The embedded corpus with a hundred words, so that an epoch takes a fraction of a second."""
    return preset("demo", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=3, seed=4, threads=1,
                  execution="masked")  # fmt: skip


@pytest.fixture
def small_corpora(monkeypatch):
    """Text of a language with some order in it: after each word comes one of three. An epoch takes milliseconds."""
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary.from_counts(Counter({f"w{i:02}": WORDS - i for i in range(WORDS - 2)}), WORDS)
    following = rng.integers(2, WORDS, (WORDS, 3))

    def text(n):
        words = [2]
        while len(words) < n:
            words.append(int(following[words[-1], rng.integers(3)]))
        return np.array(words, dtype=np.int32)

    corpus = Corpus("sotu", "A test", vocabulary, text(8 * 4 * STEPS), text(80), text(80), "", "")

    def split(n):
        labels = rng.integers(0, 2, n)
        words = np.stack([text(6) for _ in range(n)])
        words[:, 3] = np.where(labels == 1, 5, 6)
        return PassageSplit(words.astype(np.int32), labels.astype(np.int64))

    passages = Passages(
        "sotu-era", "A test", vocabulary, ("a", "b"), split(8 * STEPS - 3), split(16), split(16), "", ""
    )
    monkeypatch.setattr(tasks, "load_corpus", lambda *_: corpus)
    monkeypatch.setattr(tasks, "load_passages", lambda *_: passages)


def small_config(**changes) -> RunConfig:
    """A run of three epochs on `small_corpora`."""
    return RunConfig().replace(
        {"vocabulary": WORDS, "hidden": 6, "layers": 1, "dropout": 0.2, "batch_size": 8, "bptt": 4, "epochs": 3,
         "threads": 1, "density": 0.7, "prune_rate": 0.5, "lr": 0.5, "seed": 3, "device": "cpu"} | changes
    )  # fmt: skip
