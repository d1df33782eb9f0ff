"""The plug-in estimator of the expected best of n: its weights, its exact mean, and the exact errors of both.

The plug-in is the curve that Dodge et al. (2019), arXiv 1909.03004, proposed to report, and that Tang et al. (2020),
arXiv 2004.13705, show to be biased. Formulas for its mean and for the errors were derived for this project.
"""

import numpy as np

from workbench.best_of_n import subset_weights
from workbench.studies.evaluation.expected_best_of_n.laws import expected_best


def plug_in_weights(n_pool, n):
    """Weights of the sorted pool in the expected maximum of n draws *with* replacement from it.

    (i/B)^n - ((i-1)/B)^n for the i-th smallest: the law of the maximum under the empirical distribution (Dodge et al.
    2019, arXiv 1909.03004).

    Parameters
    ----------
    n_pool : int, B >= 1
    n : int >= 1, which may exceed B

    Returns
    -------
    array of shape (B,), nonnegative, sums to 1

    Raises
    ------
    ValueError
        For sizes out of range.
    """
    _check(n_pool, n)
    return np.diff((np.arange(n_pool + 1) / n_pool) ** float(n))


def distinct_draws(n_pool, n):
    """The law of D, how many different members of a pool of B are met in n draws with replacement.

    P(D = d) = S(n, d) B!/((B-d)! B^n) with Stirling numbers of the second kind (the occupancy problem); by recursion
    over draws.

    Parameters
    ----------
    n_pool : int, B >= 1
    n : int >= 1

    Returns
    -------
    array of shape (B,): probabilities of 1 ... B. Cost: n B.
    """
    _check(n_pool, n)
    seen = np.arange(n_pool + 1)
    law = np.zeros(n_pool + 1)
    law[0] = 1.0
    for _ in range(n):
        law = law * seen / n_pool + np.concatenate([[0.0], law[:-1] * (n_pool - seen[:-1]) / n_pool])
    return law[1:]


def mean_plug_in(law, n_pool, n):
    """Exact mean of the plug-in: E m(D), m(d) the expected best of d draws and D as in :func:`distinct_draws`.

    Draws with replacement repeat themselves, so the plug-in estimates the best of *fewer* draws: derived for this
    project. Since D <= min(n, B) it is never above m(min(n, B)).

    Parameters
    ----------
    law : str
    n_pool : int, B >= 1
    n : int >= 1
    """
    return float(distinct_draws(n_pool, n) @ expected_best(law, np.arange(1, n_pool + 1)))


def leading_bias(law, n_pool, n):
    """Bias of the plug-in for large B: -(n(n-1)/(2B)) (m(n) - m(n-1)), one repetition at the most; n >= 2.

    Derived for this project.
    """
    _check(n_pool, n)
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n}")
    return -n * (n - 1) / (2 * n_pool) * float(expected_best(law, n) - expected_best(law, n - 1))


def bias_and_variance(law, n_pool, n, estimator):
    """Exact bias and variance of either estimator where the moments of order statistics are known.

    Uniform scores: Cov(X_(i), X_(j)) = i (B+1-j)/((B+1)^2 (B+2)) for i <= j. Exponential scores: the variance of
    X_(min(i,j)), a sum of independent spacings (textbook; Renyi 1953). The mean of both follows from the weights.

    Parameters
    ----------
    law : "uniform" or "exponential"
    n_pool : int, B
    n : int >= 1; at most B for the unbiased one
    estimator : "plug-in" or "unbiased"

    Returns
    -------
    bias, variance : floats. Cost: B^2.

    Raises
    ------
    ValueError
        For another law or estimator, and for sizes out of range.
    """
    if estimator not in ("plug-in", "unbiased"):
        raise ValueError(f"estimator must be 'plug-in' or 'unbiased', got {estimator!r}")
    weights = plug_in_weights(n_pool, n) if estimator == "plug-in" else subset_weights(n_pool, n)
    i = np.arange(1, n_pool + 1)
    low, high = np.minimum.outer(i, i), np.maximum.outer(i, i)
    if law == "uniform":
        mean = i / (n_pool + 1)
        covariance = low * (n_pool + 1 - high) / ((n_pool + 1) ** 2 * (n_pool + 2))
    elif law == "exponential":
        spacing = 1 / (n_pool - i + 1.0)
        mean = np.cumsum(spacing)
        covariance = np.cumsum(spacing**2)[low - 1]
    else:
        raise ValueError(f"law must be 'uniform' or 'exponential', got {law!r}")
    return float(weights @ mean - expected_best(law, n)), float(weights @ covariance @ weights)


def _check(n_pool, n):
    for name, value in (("n_pool", n_pool), ("n", n)):
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value}")
