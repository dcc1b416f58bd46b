import pytest

from strnn_viz.config import SparsityConfig
from strnn_viz.runs import LayerInfo
from strnn_viz.training.accounting import Meter, dense_gradient_share, forward_flops, training_flops

INFOS = [
    LayerInfo("embedding.weight", (100, 10), "embedding"),
    LayerInfo("lstm.0.weight_ih", (40, 10), "input"),
    LayerInfo("output.weight", (4, 10), "linear"),
]


def test_a_forward_pass_multiplies_twice_for_each_active_weight_and_looks_words_up_for_nothing():
    assert forward_flops(INFOS, {}) == 2 * (400 + 40)
    assert forward_flops(INFOS, {"lstm.0.weight_ih": 100}) == 2 * (100 + 40)


def test_a_tied_embedding_is_the_decoder():
    tied = LayerInfo("embedding.weight", (100, 10), "embedding", tied=("decoder.weight",))
    assert forward_flops([tied], {"embedding.weight": 300}) == 600


def test_a_classifier_uses_its_output_once_a_passage():
    assert forward_flops(INFOS, {}, passage=20) == 2 * (400 + 40 / 20)


@pytest.mark.parametrize(
    ("method", "regrow", "share"),
    [
        ("st-rnn", "auto", 0.0),
        ("set", "auto", 0.0),
        ("rigl", "auto", 0.16),
        ("st-rnn", "gradient", 0.16),
        ("rigl", "random", 0.0),
        ("snfs", "auto", 1.0),
        ("snfs", "gradient", 0.16),  # what it shares out by is then the optimizer's momentum
        ("deepr", "auto", 0.0),
        ("gmp", "auto", 0.0),
        ("static", "auto", 0.0),
        ("dense", "auto", 0.0),
    ],
)
def test_what_needs_a_dense_gradient_and_when(method, regrow, share):
    assert dense_gradient_share(SparsityConfig(method=method, regrow=regrow, gradient_batches=16), 100) == share


def test_more_batches_than_there_are_between_two_rewirings():
    assert dense_gradient_share(SparsityConfig(method="rigl", gradient_batches=16), 10) == 1.0


def test_training_takes_three_passes_or_two_and_a_dense_one():
    assert training_flops(100, 500) == 300
    assert training_flops(100, 500, 1.0) == 700
    assert training_flops(100, 500, 0.25) == 400


def test_a_meter_adds_up_epoch_by_epoch():
    """Dense to sparse: 400 weights for 10 words, then 100 for 30."""
    meter = Meter(INFOS[1:2], SparsityConfig(method="gmp", density=0.25), steps=5)
    name = INFOS[1].name
    assert meter.metrics({name: 400}) == {
        "active_parameters": 400, "parameters": 400, "forward_flops": 800, "forward_flops_relative": 1.0,
        "train_flops": 0.0, "train_flops_relative": 1.0,
    }  # fmt: skip
    meter.trained({name: 400}, 10)
    meter.trained({name: 100}, 30)
    told = meter.metrics({name: 100})
    assert told["train_flops"] == 3 * (800 * 10 + 200 * 30)
    assert told["train_flops_relative"] == 42_000 / (3 * 800 * 40)
    assert (told["active_parameters"], told["forward_flops_relative"]) == (100, 0.25)


def test_a_meter_of_rigl_and_of_snfs():
    (info,) = INFOS[1:2]
    for method, per_word in [("rigl", 3 * 200 + (800 - 200) * 16 / 64), ("snfs", 2 * 200 + 800)]:
        meter = Meter([info], SparsityConfig(method=method, gradient_batches=16), steps=64)
        meter.trained({info.name: 100}, 7)
        assert meter.train_flops == 7 * per_word
        assert meter.dense_flops == 7 * 2400


def test_a_rewiring_every_few_steps_decides_how_often_the_gradient_is_dense():
    meter = Meter(INFOS[1:2], SparsityConfig(method="rigl", gradient_batches=2, update_every=4), steps=1000)
    meter.trained({INFOS[1].name: 100}, 1)
    assert meter.train_flops == 3 * 200 + 600 / 2
