"""Laws of a score, each by its quantile function, and as a fine staircase on which integrals over scores are sums.

Derived for this project, but for the two truncated normal laws, which are those of the code that Tang et al. (2020),
arXiv 2004.13705, publish (castorini/meanmax).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, gammaln, ndtr, ndtri, xlog1py, xlogy

LAWS = ("small", "big", "uniform", "normal", "exponential", "pareto", "bimodal", "accuracy")


class Law(NamedTuple):
    """A law of one score X.

    ``quantile`` maps levels in (0, 1) to scores. ``scores`` (N,) ascending and ``shares`` (N,), the P(X < score), are
    the staircase. It is exact for laws with ``atoms``, whose scores are finitely many numbers, and fine for continuous
    ones. Derived for this project.
    """

    name: str
    quantile: Callable
    scores: np.ndarray
    shares: np.ndarray
    atoms: bool

    @property
    def levels(self):
        """F between one of the scores and the next, shape (N - 1,): for continuous laws the middle of the step."""
        return self.shares[1:] if self.atoms else 0.5 * (self.shares[1:] + self.shares[:-1])


def law(name):
    """One of the named laws.

        small, big    normal (0.5, 0.1) cut to [0, 0.6] and normal (0.25, 0.2) cut to [0, 0.75]: the paper's code
        uniform       on [0, 1]
        normal        mean 0, variance 1
        exponential   mean 1
        pareto        P(X > x) = x^-3 for x >= 1: the fourth moment is infinite
        bimodal       uniform on [0.3, 0.5] with probability 0.9, else on [0.8, 0.9]: most runs fail
        accuracy      Binomial(20, 0.7)/20: the share correct of 20 examples, with many ties

    Parameters
    ----------
    name : str, one of ``LAWS``

    Returns
    -------
    Law

    Raises
    ------
    ValueError
        For a name that is not in ``LAWS``. Source: derived for this project; the first two as said above.
    """
    if name in ("small", "big"):
        mean, sd, top = (0.5, 0.1, 0.6) if name == "small" else (0.25, 0.2, 0.75)
        low, high = ndtr(-mean / sd), ndtr((top - mean) / sd)
        return _continuous(name, lambda u: mean + sd * ndtri(low + u * (high - low)))
    if name == "uniform":
        return _continuous(name, lambda u: u)
    if name == "normal":
        return _continuous(name, ndtri)
    if name == "exponential":
        return _continuous(name, lambda u: -np.log1p(-u))
    if name == "pareto":
        return _continuous(name, lambda u: np.exp(-np.log1p(-u) / 3))
    if name == "bimodal":
        return _continuous(name, lambda u: np.where(u < 0.9, 0.3 + 0.2 * u / 0.9, 0.8 + (u - 0.9)), gap=0.9)
    if name == "accuracy":
        k = np.arange(21)
        log = gammaln(21) - gammaln(k + 1) - gammaln(21 - k) + xlogy(k, 0.7) + xlog1py(20 - k, -0.7)
        return discrete(k / 20, np.exp(log), name)
    raise ValueError(f"law must be one of {', '.join(LAWS)}, got {name!r}")


def discrete(values, probabilities=None, name="discrete"):
    """A law on finitely many scores, such as the scores of all runs of a finished search.

    Parameters
    ----------
    values : array (K,), finite; repeated values are allowed
    probabilities : array (K,), nonnegative, sum 1; all equal if left out
    name : str

    Returns
    -------
    Law

    Raises
    ------
    ValueError
        For probabilities that are none. Derived for this project. Cost: one sort.
    """
    values = np.asarray(values, dtype=float)
    share = np.full(values.size, 1 / max(1, values.size)) if probabilities is None else np.asarray(probabilities)
    if values.ndim != 1 or not values.size or not np.all(np.isfinite(values)):
        raise ValueError("values must be a non-empty vector of finite numbers")
    if share.shape != values.shape or np.any(share < 0) or abs(share.sum() - 1) > 1e-9:
        raise ValueError("probabilities must be nonnegative, one per value, and sum to 1")
    order = np.argsort(values)
    scores, levels = values[order], np.cumsum(share[order])
    levels = np.minimum(levels[:-1], 1.0)
    shares = np.concatenate([[0.0], levels])
    return Law(name, lambda u: scores[np.searchsorted(levels, u, side="right")], scores, shares, True)


def below(law, score):
    """P(X < score): exact for laws with atoms, else by interpolation between the steps (error about 1e-5).

    Parameters
    ----------
    law : Law
    score : array

    Returns
    -------
    array of the shape of ``score``. Derived for this project.
    """
    if law.atoms:
        return np.append(law.shares, 1.0)[np.searchsorted(law.scores, score, side="left")]
    return np.interp(score, law.scores, law.shares)


def _continuous(name, quantile, gap=None):
    """Staircase with steps even on the logit scale: both tails are resolved to 1e-15, trapezoid error about 1e-5."""
    ends = expit(np.linspace(-36, 34, 4001))
    if gap is not None:  # across a gap in the support F is exactly the level of the gap
        ends = np.sort(np.concatenate([ends, [gap - 1e-12, gap + 1e-12]]))
    return Law(name, quantile, quantile(ends), ends, False)
