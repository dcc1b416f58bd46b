import pytest

from strnn_viz.config import preset
from strnn_viz.experiments.cost import cost, matrices, resized, steps, trained_tokens
from strnn_viz.training.trainer import Trainer, train

LSTM = preset("ptb-paper")
RHN = preset("ptb-rhn")
TEXT = preset("imdb")


def of(config, **changes):
    return cost(config.replace(changes))


def test_parameters_of_the_papers_lstm():
    assert of(LSTM, method="dense").parameters == 66_000_000
    assert of(LSTM, density=0.33).active == 21_780_000
    assert of(LSTM, density=0.2).active == 13_200_000
    assert cost(resized(LSTM, 700).replace({"method": "dense"})).active == 21_840_000
    assert cost(resized(LSTM, 490).replace({"method": "dense"})).active == 13_641_600
    assert of(LSTM, density=0.2, method="small-dense").active == 478 * 20_000 + 16 * 478**2
    assert cost(LSTM.replace({"method": "iss"}), (373, 315)).active == 21_811_396


def test_flops_of_the_papers_lstm():
    dense = of(LSTM, method="dense")
    assert dense.forward * 700 == 7.14e10
    assert dense.train == 3 * 2 * 51e6 * 929_589 * 100
    assert f"{dense.train:.3g}" == "2.84e+16"
    for density, relative in [(0.33, 0.3344), (0.2, 0.2027)]:
        sparse = of(LSTM, method="set", initialization="erdos_renyi", density=density)
        assert sparse.forward / sparse.dense_forward == pytest.approx(relative, abs=5e-5)
        assert sparse.train / sparse.dense_train == pytest.approx(relative, abs=5e-5)


def test_methods_that_need_dense_gradients_pay_for_them():
    snfs = of(LSTM, method="snfs", density=0.33)
    assert snfs.train / snfs.dense_train == pytest.approx((2 * 0.33 + 1) / 3)
    rigl = of(LSTM, method="rigl", density=0.33)
    assert steps(LSTM) == 1328
    assert rigl.train / rigl.dense_train == pytest.approx(0.33 + 16 / 1328 * 0.67 / 3)


def test_a_method_that_begins_dense_is_counted_epoch_by_epoch():
    gmp = of(LSTM, method="gmp", density=0.4, epochs=4)
    # The density is reached by update 3 of 4: after the first 8/27 of what is to go is left, after the second 1/27.
    assert gmp.train / gmp.dense_train == pytest.approx((1 + 3 * 0.4 + 0.6 * (8 + 1) / 27) / 4)
    assert gmp.forward / gmp.dense_forward == pytest.approx(0.4)


def test_a_method_that_begins_dense_is_counted_update_by_update():
    assert steps(LSTM) == 1328
    gmp = of(LSTM, method="gmp", density=0.4, epochs=2, update_every=600)
    # Twice an epoch: by update 3 of 4 the density is reached. What follows the second update of an epoch is 128 steps.
    left = 600 * (1 + 8 / 27) + 128 / 27 + 600 / 27
    assert gmp.train / gmp.dense_train == pytest.approx(0.4 + 0.6 * left / (2 * 1328))


def test_a_run_that_prunes_costs_what_was_worked_out():
    config = preset(
        "demo", method="gmp", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=3, threads=1, update_every=3,
        execution="masked",
    )  # fmt: skip
    assert steps(config) == Trainer(config).task.steps
    *_, last = train(config)
    found = cost(config)
    assert last.metrics["train_flops_relative"] == pytest.approx(found.train / found.dense_train, rel=2e-3)


def test_the_papers_rhn():
    dense = of(RHN, method="dense")
    assert dense.parameters == 830 * (10_000 + 22 * 830)
    assert f"{dense.forward * 700:.3g}" == "3.28e+10"
    assert f"{dense.train:.2g}" == "2.6e+16"
    assert f"{of(RHN, method='dense', epochs=500).train:.2g}" == "6.5e+16"
    # Every matrix of a tied network is used once a word, so it does not matter where the weights lie.
    assert of(RHN, initialization="erdos_renyi").forward == pytest.approx(of(RHN).forward, rel=1e-5)


@pytest.mark.parametrize(("epsilon", "active"), [(10, 243_520), (2, 48_704), (18, 438_336)])
def test_the_papers_classifier(epsilon, active):
    found = of(TEXT, epsilon=epsilon)
    assert (found.active, found.parameters) == (active, 5_644_288)


def test_a_small_dense_classifier_has_the_weights_that_epsilon_gives_the_sparse_one():
    """Where ε decides, by gate: 12 units make 20,000 × 12 + 8 × 12² weights, the nearest to the sparse 243,520."""
    small = of(TEXT, method="small-dense")
    assert (small.active, small.parameters) == (241_152, 241_152)
    assert of(TEXT, method="small-dense", epsilon=2).active == 40_032


def test_a_classifiers_output_is_dense_and_used_once_a_passage():
    found = of(TEXT, method="dense", initialization="uniform", granularity="matrix", epsilon=0)
    assert found.forward == 2 * (4 * 256 * 512 + 2 * 256 / 100)
    assert found.train == 3 * found.forward * 22_500 * 100 * TEXT.training.epochs


def test_words_trained_on():
    assert trained_tokens(preset("demo", epochs=2)) == 2 * 460_494
    assert trained_tokens(preset("era", epochs=1)) == 5_145 * 100


def test_names_are_the_models_own():
    assert [info.name for info in matrices(preset("demo"))] == [
        "embedding.weight", "lstm.0.weight_ih", "lstm.0.weight_hh", "lstm.1.weight_ih", "lstm.1.weight_hh",
        "decoder.weight",
    ]  # fmt: skip
