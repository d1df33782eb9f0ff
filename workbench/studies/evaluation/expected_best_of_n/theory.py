"""Exact mean, variance and mean squared error of both estimators of the expected best of n, for any law of the scores.

The two estimators and the fact that the plug-in is biased are from Tang et al. (2020), arXiv 2004.13705, where the
plug-in is that of Dodge et al. (2019), arXiv 1909.03004. The exact moments were derived for this project: drawing n of
B runs with replacement meets D different ones, and given D = d the draws are a random subset of size d. So the plug-in
is the average of the unbiased estimators of smaller n,

    V_n = sum_d P(D = d) U_d,      D the number of different runs among n draws with replacement.
"""

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from workbench.best_of_n import subset_weights
from workbench.studies.evaluation.expected_best_of_n.laws import below


def plug_in_weights(n_pool, n):
    """Weights of the sorted pool (ascending) in the plug-in estimator, (i/B)^n - ((i-1)/B)^n.

    The expected best of n draws from the empirical law of the pool, that is with replacement. Source: the estimator of
    Dodge et al. (2019), arXiv 1909.03004, as criticised by Tang et al. (2020), arXiv 2004.13705.

    Parameters
    ----------
    n_pool : int, B >= 1
    n : int >= 1, also larger than B

    Returns
    -------
    array of shape (B,), nonnegative, sums to 1

    Raises
    ------
    ValueError
        For sizes out of range; the same in every function of this module.
    """
    check_counts(n_pool=n_pool, n=n)
    return np.diff((np.arange(n_pool + 1) / n_pool) ** float(n))


def plug_in(scores, n):
    """The plug-in estimate of E max of n independent draws, from B scores along the last axis; biased low for n > 1.

    Parameters
    ----------
    scores : array of shape (..., B)
    n : int >= 1

    Returns
    -------
    array of shape (...). Source as in `plug_in_weights`. Cost: one sort.
    """
    scores = np.asarray(scores, dtype=float)
    return np.sort(scores, axis=-1) @ plug_in_weights(scores.shape[-1], n)


def different_runs(n_pool, n):
    """Law of the number of different runs among n draws with replacement from B: P(D = d) for d = 1 ... B.

    The occupancy law, by its recursion P_{k+1}(d) = P_k(d) d/B + P_k(d-1) (B-d+1)/B (classical; used here as derived
    for this project in the module's docstring).

    Returns
    -------
    array of shape (B,). Cost: O(n B).
    """
    check_counts(n_pool=n_pool, n=n)
    share, d = np.zeros(n_pool + 1), np.arange(n_pool + 1)
    share[0] = 1.0
    for _ in range(int(n)):
        share = share * d / n_pool + np.concatenate([[0.0], share[:-1] * (n_pool - d[:-1]) / n_pool])
    return share[1:]


def expected_best(law, n):
    """E max of n independent scores, max(support) - integral of F(x)^n dx.

    Parameters
    ----------
    law : Law
    n : array of numbers > 0; broken ones too

    Returns
    -------
    array of the shape of ``n``. Textbook formula on the staircase of `laws.Law`; derived for this project.
    """
    n = np.asarray(n, dtype=float)
    if np.any(~(n > 0)):
        raise ValueError(f"n must be positive, got {n.tolist()}")
    return law.scores[-1] - law.levels ** n[..., None] @ np.diff(law.scores)


def expected_plug_in(law, n_pool, n):
    """Mean of the plug-in, sum_d P(D = d) E max of d (derived for this project).

    Since D <= n, and D < n with positive probability for n > 1, it is at most E max of n; for n > B too, where it tends
    to the expected best of the whole pool.

    Returns
    -------
    float. Cost: one pass over the staircase for each d.
    """
    return float(different_runs(n_pool, n) @ expected_best(law, np.arange(1, n_pool + 1)))


def bias_and_variance(law, n_pool, n, estimator):
    """Exact bias and variance of an estimator of E max of n from B independent scores (derived for this project).

    With G(k) the estimator's mass on the k lowest ranks and K(x) the number of scores <= x, the estimate is
    const - integral of G(K(x)) dx. For a subset S of size d and x <= y, P(all of S <= x) = F(x)^d, and K(y) is then
    d + Binomial(B-d, F(y)). Hence, the same for every S,

        variance = 2 int int_{x<y} sum_d P(D=d) F(x)^d {E G(d + Bin(B-d, F(y))) - E G(Bin(B, F(y)))} dx dy.

    Parameters
    ----------
    law : Law
    n_pool : int, B
    n : int >= 1; at most B for the unbiased estimator
    estimator : "unbiased" or "plug-in"

    Returns
    -------
    bias, variance : floats. Infinite moments (tails x^-2 and heavier) come out as large finite numbers.
        Cost: O(B) per step of the staircase and per size d that occurs; under 0.1 s for B = 50.
    """
    if estimator == "unbiased":
        subset_weights(n_pool, n)  # checks the sizes
        sizes = np.eye(n_pool)[n - 1]
    elif estimator == "plug-in":
        sizes = different_runs(n_pool, n)
    else:
        raise ValueError(f"estimator must be 'unbiased' or 'plug-in', got {estimator!r}")
    width, share = np.diff(law.scores), law.levels
    occurring = np.flatnonzero(sizes > 1e-14) + 1
    mass = np.zeros(n_pool + 1)
    for d in occurring:
        mass[1:] += sizes[d - 1] * np.cumsum(subset_weights(n_pool, int(d)))
    without = _mean_mass(mass, share, 0)
    variance = 0.0
    for d in occurring:
        step = share ** float(d) * width
        left = np.cumsum(step) - 0.5 * step  # integral over x < y, half of the step at y itself
        variance += 2 * sizes[d - 1] * np.sum(left * (_mean_mass(mass, share, int(d)) - without) * width)
    bias = 0.0 if estimator == "unbiased" else expected_plug_in(law, n_pool, n) - float(expected_best(law, n))
    return bias, float(variance)


def mean_squared_error(law, n_pool, n, estimator):
    """Variance plus squared bias; arguments and source as in `bias_and_variance` (derived for this project)."""
    bias, variance = bias_and_variance(law, n_pool, n, estimator)
    return variance + bias**2


def pool_below_truth(law, n_pool, n):
    """Chance that the best of the whole pool is below the expected best of n, F(E max of n)^B.

    One minus it bounds the coverage of every interval that ends at or below the best score of the pool, and so of every
    percentile interval of the bootstrap (derived for this project). Defined for any n >= 1.
    """
    check_counts(n_pool=n_pool, n=n)
    return float(below(law, expected_best(law, n)) ** n_pool)


def above_truth(law, n):
    """Chance that the best of n fresh scores exceeds its own expectation, 1 - F(E max of n)^n.

    The share of "negative errors" that the exact truth would score when it is compared with fresh maxima, as the
    released code of arXiv 2004.13705 does with estimates (derived for this project; for laws without atoms).
    """
    check_counts(n=n)
    return float(1 - below(law, expected_best(law, n)) ** n)


def check_counts(**named):
    """``ValueError`` with a sentence unless each is a positive integer. Derived for this project."""
    for name, value in named.items():
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value}")


def _mean_mass(mass, share, d):
    """E G(d + Binomial(B - d, share)) for every share: shape of ``share``."""
    rest = mass.size - 1 - d
    j = np.arange(rest + 1)
    log = gammaln(rest + 1) - gammaln(j + 1) - gammaln(rest - j + 1)
    return np.exp(log + xlogy(j, share[:, None]) + xlog1py(rest - j, -share[:, None])) @ mass[d:]
