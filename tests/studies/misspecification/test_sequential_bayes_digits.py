"""Prototypes and the stream of digits: the posterior from scratch, order, who forgets; NUTS on a small posterior."""

import numpy as np
import pytest

from workbench.studies.misspecification import sequential_bayes as sb
from workbench.studies.misspecification.sequential_bayes import digits_stream


def blobs(n=60, pixels=5, seed=1):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return labels[:, None] * 0.4 + 0.2 * rng.standard_normal((n, pixels)), labels


def test_prototype_posterior_is_that_of_a_normal_mean_and_a_dirichlet():
    images, labels = blobs()
    belief = sb.absorb(sb.start(3, 5, prior_sd=0.4, prior_mean=0.1, concentration=2.0), images, labels, within_sd=0.3)
    for c in range(3):
        own = images[labels == c]
        # one pixel is a regression on a constant, with its own prior
        mean, covariance = sb.joint_posterior([0.1], np.array([[0.16]]), [np.ones((len(own), 1))], [own[:, 2]], 0.3)
        assert belief[0][c, 2] / belief[1][c] == pytest.approx(mean[0])
        assert 1 / belief[1][c] == pytest.approx(covariance[0, 0])
        assert belief[2][c] == 2 + len(own)


def test_log_joint_is_the_predictive_density():
    from scipy.stats import multivariate_normal

    images, labels = blobs()
    belief = sb.absorb(sb.start(3, 5), images, labels, within_sd=0.3)
    found = sb.log_joint(belief, images[:4], within_sd=0.3)
    for c in range(3):
        law = multivariate_normal(belief[0][c] / belief[1][c], np.eye(5) * (0.09 + 1 / belief[1][c]))
        expected = law.logpdf(images[:4]) + np.log(21 / 63)
        np.testing.assert_allclose(found[:, c], expected)


def test_prototypes_do_not_depend_on_the_order_and_leave_other_classes_alone():
    images, labels = blobs()
    at_once = sb.absorb(sb.start(3, 5), images, labels)
    belief = sb.start(3, 5)
    for c in (2, 0, 1):
        before = belief
        belief = sb.absorb(belief, images[labels == c], labels[labels == c])
        others = np.arange(3) != c
        np.testing.assert_array_equal(belief[0][others], before[0][others])
    for one, other in zip(belief, at_once, strict=True):
        np.testing.assert_allclose(one, other)


def test_softmax_descent_agrees_with_finite_differences():
    images, labels = blobs()
    features = np.concatenate([images, np.ones((len(images), 1))], axis=1)

    def loss(weights):
        scores = features @ weights
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels])

    weights = np.random.default_rng(2).standard_normal((6, 10))
    step = weights - digits_stream._descend(weights, images, labels, 1, 1.0)
    for index in [(0, 1), (3, 0), (5, 2), (2, 7)]:
        nudge = np.zeros_like(weights)
        nudge[index] = 1e-6
        assert step[index] == pytest.approx((loss(weights + nudge) - loss(weights - nudge)) / 2e-6, abs=1e-7)


def test_who_forgets_on_digits():
    final = {}
    for learner in digits_stream.LEARNERS:
        accuracy = sb.class_incremental(learner, n_splits=2, n_steps=60, seed=3)
        assert accuracy.shape == (2, 5, 5)
        assert np.all(np.isnan(accuracy) == np.triu(np.ones((5, 5), dtype=bool), 1))
        assert np.all(accuracy[:, 0, 0] > 0.95)
        final[learner] = accuracy[:, -1]
    assert np.all(final["softmax"][:, 0] < 0.05) and np.all(final["softmax"][:, -1] > 0.9)
    assert np.all(final["prototypes"] > 0.75) and final["prototypes"].mean() > 0.87
    assert final["softmax on all data"].mean() > final["prototypes"].mean() + 0.02


def test_reversed_order_moves_what_softmax_knows_and_not_what_prototypes_know():
    options = dict(n_splits=1, n_steps=40, seed=4)
    back = tuple(range(9, -1, -1))
    forward, backward = (
        sb.class_incremental("prototypes", order=o, **options)[0, -1] for o in (tuple(range(10)), back)
    )
    np.testing.assert_allclose(backward, forward[::-1])
    softmax = sb.class_incremental("softmax", order=back, **options)[0, -1]
    assert softmax[0] < 0.05 and softmax[-1] > 0.9  # the last pair is now 1 and 0


def test_nuts_agrees_with_the_closed_form():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((6, 2))
    y = X @ [1.0, -1.0] + rng.standard_normal(6)
    prior = np.array([0.5, 0.0]), np.array([[1.0, 0.6], [0.6, 0.8]])
    mean, covariance = sb.posterior_as_prior(*prior, X, y, 1.0)
    values, ses = sb.nuts_moments(*prior, X, y, 1.0, n_draws=800, seed=6)
    z = (values - np.concatenate([mean, np.diag(covariance)])) / ses
    assert np.max(np.abs(z)) < 4.5 and np.all(ses < 0.1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: sb.class_incremental("svm", n_splits=1, seed=0), "learner must be one of"),
        (lambda: sb.class_incremental("softmax", order=[0, 1], n_splits=1, seed=0), "each of the digits 0 ... 9 once"),
        (lambda: sb.class_incremental("softmax", n_splits=0, seed=0), "n_splits must be an integer >= 1, got 0"),
        (lambda: sb.start(1, 5), "n_classes must be an integer >= 2"),
        (lambda: sb.start(3, 5, prior_sd=0), "prior_sd must be a finite number > 0"),
        (lambda: sb.absorb(sb.start(3, 5), np.ones((1, 5)), [3]), r"labels must lie in \[0, 2\], got 3"),
        (lambda: sb.log_joint(sb.start(3, 5), np.ones((1, 5)), within_sd=-1), "within_sd must be"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
