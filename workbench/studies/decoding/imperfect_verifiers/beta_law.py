"""Problems whose accuracy p follows a Beta(a, b) law, and one false-positive rate f: closed forms.

An attempt is rejected with probability (1-p)(1-f), so j rejections turn Beta(a, b) into Beta(a, b+j): f cancels. All
formulas were derived for this project from the model of Stroebl et al. (2024), arXiv 2411.17501.
"""

import numpy as np
from scipy.special import betaln, hyp2f1

from workbench.studies.decoding.imperfect_verifiers.theory import check_budgets, check_rewards, effective_cost


def beta_accuracy(k, a, b, f):
    """Mean accuracy with a budget of k attempts, sum_{j<k} (1-f)^j B(a+1, b+j)/B(a, b) (derived for this project).

    Parameters
    ----------
    k : array of int >= 0
    a, b : float > 0
    f : float in [0, 1]

    Returns
    -------
    array of the shape of ``k``. Cost: O(max k).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    return _sums(k, a, b, f)[0]


def beta_false_acceptance(k, a, b, f):
    """Mean chance of a wrong answer, f sum_{j<k} (1-f)^j B(a, b+j+1)/B(a, b) (derived); as `beta_accuracy`."""
    return _sums(k, a, b, f)[1]


def beta_utility(k, a, b, f, cost, abstention=0.0):
    """Mean reward, v + (1-v) accuracy - (c+v) false acceptance (derived); as `beta_accuracy` and `theory.utility`."""
    check_rewards(cost, abstention)
    right, wrong = _sums(k, a, b, f)
    return abstention + (1 - abstention) * right - (cost + abstention) * wrong


def beta_ceiling(a, b, f):
    """Mean accuracy at an infinite budget, E[p/s] = a/(a+b) 2F1(1, b; a+b+1; 1-f); 1 for f = 0.

    Derived for this project by Euler's integral. Less than the pooled ratio E[p]/E[s] unless all p are equal (Jensen).
    """
    _check(a, b, f)
    return 1.0 if f == 0 else float(a / (a + b) * hyp2f1(1.0, b, a + b + 1, 1 - f))


def beta_optimal_attempts(a, b, f, cost, abstention=0.0):
    """The best number of attempts, max(0, ceil(a/(c' f) - b)) with the effective cost c' = (c+v)/(1-v).

    Derived for this project: after j rejections the odds of a correct attempt are a/(b+j), and another attempt is worth
    it while they exceed c' f. Infinite if c' f = 0.
    """
    _check(a, b, f)
    rate = effective_cost(cost, abstention) * f
    if rate == 0:
        return np.inf
    # rounding to 9 digits first: where the ratio is whole, the last attempt is worth exactly nothing and is not made
    return float(max(0.0, np.ceil(round(a / rate - b, 9))))


def beta_catch_up_rate(a, b, accuracy_strong):
    """Largest f at which the ceiling reaches a strong model's accuracy in one attempt; 1 if it always does.

    Derived for this project: the root of `beta_ceiling`, which falls from 1 at f = 0 to a/(a+b) at f = 1.

    Parameters
    ----------
    a, b : float > 0
    accuracy_strong : float in (0, 1)
    """
    from scipy.optimize import brentq

    _check(a, b, 0.0)
    if not 0 < accuracy_strong < 1:
        raise ValueError(f"accuracy_strong must lie in (0, 1), got {accuracy_strong}")
    if a / (a + b) >= accuracy_strong:
        return 1.0
    # the ceiling may rise to 1 only at astronomically small f, hence the logarithm
    return float(np.exp(brentq(lambda t: beta_ceiling(a, b, np.exp(t)) - accuracy_strong, -600.0, 0.0, xtol=1e-12)))


def beta_nodes(a, b, n_nodes=300):
    """Nodes p_i and weights that sum to 1, with sum_i w_i g(p_i) = E g(p) for polynomials g of degree < 2 n_nodes.

    Gauss-Jacobi quadrature (Golub and Welsch 1969): for an f that depends on p, where the closed forms end.

    Returns
    -------
    p, weights : arrays of shape (n_nodes,)
    """
    from scipy.special import roots_jacobi

    _check(a, b, 0.0)
    x, weights = roots_jacobi(n_nodes, b - 1, a - 1)
    return (1 + x) / 2, weights / weights.sum()


def _sums(k, a, b, f):
    """Accuracy and false acceptance as sums over attempts."""
    _check(a, b, f)
    k = check_budgets(k)
    if not np.all(np.isfinite(k)):
        raise ValueError("k must be finite here: for an infinite budget use beta_ceiling")
    j = np.arange(int(k.max(initial=0)))
    reached = (1.0 - f) ** j
    right = reached * np.exp(betaln(a + 1, b + j) - betaln(a, b))
    wrong = f * reached * np.exp(betaln(a, b + j + 1) - betaln(a, b))
    index = k.astype(int)
    return tuple(np.concatenate([[0.0], np.cumsum(terms)])[index] for terms in (right, wrong))


def _check(a, b, f):
    for name, value in (("a", a), ("b", b)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a finite number > 0, got {value}")
    if not 0 <= f <= 1:
        raise ValueError(f"f must lie in [0, 1], got {f}")
