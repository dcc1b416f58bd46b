import math

from strnn_viz.runs import ACCURACY, PERPLEXITY, measure_of


def test_the_metrics_say_what_a_run_is_judged_by():
    assert measure_of({"valid_accuracy": 0.5, "valid_loss": 1.0}) is ACCURACY
    assert measure_of({"valid_perplexity": 80.0}) is PERPLEXITY
    assert measure_of({}) is PERPLEXITY


def test_values_in_words():
    values = (78.57, 99.94, 99.96, 12345.6, math.inf, None, math.nan)
    assert [PERPLEXITY.text(v) for v in values] == ["78.6", "99.9", "100", "12,346", "∞", "–", "–"]
    assert [ACCURACY.text(v) for v in (0.8531, 1.0, None)] == ["85.3%", "100.0%", "–"]


def test_the_best_epoch_is_the_first_of_equal_ones_and_never_the_untrained_one():
    rows = [{"epoch": e, "valid_accuracy": a, "valid_perplexity": 10 - a} for e, a in enumerate([9, 1, 3, 3, None, 2])
            if a is not None]  # fmt: skip
    assert ACCURACY.best(rows)["epoch"] == PERPLEXITY.best(rows)["epoch"] == 2
    assert ACCURACY.best(rows[:1]) is None
