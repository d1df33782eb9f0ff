"""Models and bins against a world written out statement by statement; the inequality behind the wall in every run."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.calibration import calibrated_models_hallucinate as cm

BINS = [("levels", None), ("factor", 3.0), ("factor", 1e9), ("width", 0.1), ("width", 0.02)]


def models(counts, p, false):
    memoriser, oracle = cm.smoother(counts, 0.0, false), cm.calibrated(counts, p, false)
    singletons = (counts == 1).sum(axis=1) / counts.sum(axis=1)
    return {
        "memoriser": memoriser,
        "calibrated": oracle,
        "blend": cm.blend(memoriser, oracle, 0.3),
        "good-turing": cm.good_turing(counts, false),
        "smoother": cm.smoother(counts, 0.2, false),
        "smoother at the singleton share": cm.smoother(counts, singletons, false),
        "guesser": cm.smoother(counts, 0.4, false, n_guesses=min(9, false), seed=5),
        "informed": cm.calibrated(counts, p, false, n_believable=false // 7),
    }


@pytest.mark.parametrize("bins", BINS, ids=str)
@pytest.mark.parametrize(
    "p, n", [(cm.fact_law(30), 20), (cm.fact_law(30), 70), (cm.fact_law(50, "zipf"), 60), (cm.fact_law(3), 400)]
)
@pytest.mark.parametrize("false", [10, 500])
def test_the_inequality_holds_in_every_run(bins, p, n, false):
    counts = cm.draw_counts(p, n, n_replications=60, seed=[3, n])
    for name, model in models(counts, p, false).items():
        np.testing.assert_allclose(np.sum(model[0] * model[1], axis=1), 1, err_msg=name)
        np.testing.assert_allclose(model[1].sum(axis=1), len(p) + false)
        assert np.all(model[0] >= 0) and np.all(model[1] >= 0)
        found = cm.evaluate(model, counts, p, bins=bins)
        floor = found["missing"] - found["miscalibration"] - found["guessed_right"] - found["mixed"]
        assert np.all(found["hallucination"] - floor > -1e-10), name
        gap = cm.evaluate(model, counts, p, bins=bins, compare="gap")["miscalibration"]
        assert np.all(gap <= found["miscalibration"] + 1e-12)
        if bins[0] == "levels":
            np.testing.assert_allclose(gap, found["miscalibration"], atol=1e-12)


@pytest.mark.parametrize("bins", BINS, ids=str)
@pytest.mark.parametrize("compare", ["distance", "gap"])
def test_cells_equal_statements_written_out(bins, compare):
    p, false = cm.fact_law(25, "zipf", 0.8), 40
    counts = cm.draw_counts(p, 30, n_replications=4, seed=4)
    for name, (g, size) in models(counts, p, false).items():
        found = cm.evaluate((g, size), counts, p, bins=bins, compare=compare)
        for r in range(4):
            each = np.repeat(g[r], size[r].astype(int))
            truth = np.concatenate([p, np.zeros(false)])
            bin_of = [_bin(x, bins) for x in each]
            gap = distance = mixed = 0.0
            for b in set(bin_of):
                inside = np.array([c == b for c in bin_of])
                gap += abs(truth[inside].sum() - each[inside].sum()) / 2
                distance += np.abs(each[inside] - truth[inside].mean()).sum() / 2
                unseen = np.concatenate([counts[r] == 0, np.ones(false, bool)])
                mixed += truth[inside & unseen].sum() - truth[inside].sum() * np.mean(unseen[inside])
            expected = gap if compare == "gap" else distance
            assert found["miscalibration"][r] == pytest.approx(expected, abs=1e-12), name
            assert found["mixed"][r] == pytest.approx(mixed, abs=1e-12), name
            assert found["hallucination"][r] == pytest.approx(each[25:].sum()), name


def _bin(x, bins):
    kind, step = bins
    if kind == "levels":
        return float(f"{x:.10e}")
    if kind == "factor":
        return None if x == 0 else int(np.floor(np.log(x) / np.log(step) + 1e-9))
    return int(np.floor(x / step))


@pytest.mark.parametrize("bins", [("width", 0.1), ("factor", 2.0)], ids=str)
def test_the_inequality_is_an_equality_for_the_memoriser_and_mixing_only_helps_with_uniform_facts(bins):
    """For n <= M the memoriser says too much of every seen fact and too little of all else, whatever the bins."""
    p, false = cm.fact_law(30), 40
    counts = cm.draw_counts(p, 25, n_replications=50, seed=11)
    found = cm.evaluate(cm.smoother(counts, 0.0, false), counts, p, bins=bins)
    np.testing.assert_allclose(found["miscalibration"], found["missing"] - found["mixed"])
    for model in models(counts, p, false).values():
        assert np.max(cm.evaluate(model, counts, p, bins=bins)["mixed"]) < 1e-12


def test_a_random_world_loses_at_most_facts_per_falsehood():
    """Given the counts, guessed_right + mixed has mean at most M/(N-K); here over the guesses of a bold guesser."""
    p, false = cm.fact_law(30), 60
    counts = np.repeat(cm.draw_counts(p, 30, n_replications=1, seed=5), 4000, axis=0)
    found = cm.evaluate(cm.smoother(counts, 0.9, false, n_guesses=5, seed=6), counts, p)
    seen = (counts[0] > 0).sum()
    mean, se = mean_and_se(found["hallucination"])
    assert abs(mean - 0.9 * false / (30 + false - seen)) < 4.5 * se
    loss, loss_se = mean_and_se(found["guessed_right"] + found["mixed"])
    assert loss + 4.5 * loss_se < 30 / (30 + false - seen)


def test_memoriser_up_to_as_many_samples_as_facts():
    p = cm.fact_law(50)
    for n in (10, 49, 50):
        counts = cm.draw_counts(p, n, n_replications=40, seed=7)
        found = cm.evaluate(cm.smoother(counts, 0.0, 1000), counts, p)
        np.testing.assert_allclose(found["miscalibration"], found["missing"], atol=1e-12)
        assert np.all(found["hallucination"] == 0)


def test_ruling_out_falsehoods_goes_below_the_wall():
    p = cm.fact_law(50)
    counts = cm.draw_counts(p, 50, n_replications=40, seed=8)
    found = cm.evaluate(cm.calibrated(counts, p, 5000, n_believable=0), counts, p)
    assert np.all(found["hallucination"] == 0) and np.max(found["miscalibration"]) < 1e-12


def test_good_turing_by_hand():
    counts = np.array([[0, 0, 0, 1, 1, 1, 2, 2, 3]])
    g, size = cm.good_turing(counts, 7)
    # classes 0 to 3 share 3, 4, 3 and (nothing above it: its own) 3, of 13
    np.testing.assert_allclose(g[0] * 13, [0.3] * 3 + [4 / 3] * 3 + [1.5] * 2 + [3.0] + [0.3, 0.0])
    np.testing.assert_array_equal(size[0], [1] * 9 + [7, 0])


def test_draws():
    p = cm.fact_law(20, "zipf")
    counts = cm.draw_counts(p, 60, copies=3, n_replications=2000, seed=9)
    assert np.all(counts.sum(axis=1) == 60) and np.all(counts % 3 == 0)
    mean, se = mean_and_se(counts / 60)
    assert np.max(np.abs(mean - p) / se) < 4.5
    np.testing.assert_array_equal(counts, cm.draw_counts(p, 60, copies=3, n_replications=2000, seed=9))


COUNTS = np.array([[2, 1, 0]])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cm.draw_counts([0.5, 0.5], 7, copies=2, n_replications=1, seed=0), "copies must divide n_samples = 7"),
        (lambda: cm.draw_counts([0.5, 0.5], 7, n_replications=0, seed=0), "n_replications must be a whole number >= 1"),
        (lambda: cm.smoother(COUNTS, -0.1, 5), "weight must lie in"),
        (lambda: cm.smoother(COUNTS, 0.1, 0), "n_false must be a whole number >= 1, got 0"),
        (lambda: cm.smoother(COUNTS, 0.1, 5, n_guesses=6, seed=0), "n_guesses must lie in \\[1, 5\\], got 6"),
        (lambda: cm.smoother(np.zeros((1, 3), int), 0.1, 5), "counts must be an array"),
        (
            lambda: cm.calibrated(COUNTS, cm.fact_law(3), 5, n_believable=6),
            "n_believable must lie in \\[0, 5\\], got 6",
        ),
        (lambda: cm.blend(cm.smoother(COUNTS, 0, 5), cm.smoother(COUNTS, 0, 6), 0.5), "the same cells"),
        (lambda: cm.partition(np.ones((1, 2)), "deciles"), "kind must be 'levels', 'factor' or 'width'"),
        (lambda: cm.partition(np.ones((1, 2)), "levels", 2), "step must be left out"),
        (lambda: cm.partition(np.ones((1, 2)), "factor", 1), "step must be greater than 1"),
        (lambda: cm.partition(np.ones((1, 2)), "width", 0), "step must lie in \\(0, 1\\]"),
        (
            lambda: cm.evaluate(cm.smoother(COUNTS, 0, 5), COUNTS, cm.fact_law(3), compare="kl"),
            "compare must be 'distance' or 'gap', got 'kl'",
        ),
        (lambda: cm.evaluate(cm.smoother(COUNTS, 0, 5), COUNTS, cm.fact_law(4)), "must share their shapes"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
