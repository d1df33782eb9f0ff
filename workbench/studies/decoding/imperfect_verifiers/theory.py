"""One problem, or finitely many with weights: accuracy, ceiling, utility, the best number of attempts.

The model is that of Stroebl et al. (2024), arXiv 2411.17501; the formulas follow from it in a line each and were
derived for this project. Here p is the accuracy of one attempt, f the chance that a wrong attempt is accepted.
"""

import numpy as np


def acceptance(p, f):
    """Chance that one attempt is accepted, s = p + (1-p) f (derived for this project).

    Parameters
    ----------
    p, f : arrays in [0, 1], broadcast against each other

    Raises
    ------
    ValueError
        For values out of range; the same in every function of this module.
    """
    p, f = _shares(p=p, f=f)
    return p + (1 - p) * f


def accuracy(k, p, f):
    """Chance that the answer after at most k attempts is there and correct, (p/s) (1 - (1-s)^k).

    Derived for this project from the model of arXiv 2411.17501: the i-th attempt is reached with probability
    (1-s)^(i-1).

    Parameters
    ----------
    k : array of int >= 0, or np.inf
    p, f : arrays in [0, 1]
        All three are broadcast against each other.
    """
    return np.asarray(p) * _expected_attempts(k, p, f)


def false_acceptance(k, p, f):
    """Chance that the answer after at most k attempts is there and wrong, ((1-p) f/s) (1 - (1-s)^k); as `accuracy`."""
    return (1 - np.asarray(p)) * np.asarray(f) * _expected_attempts(k, p, f)


def ceiling(p, f):
    """Accuracy at an infinite budget, p/s: also the share of correct ones among the accepted; 0 where p = f = 0.

    Derived for this project; in odds, p/(1-p) divided by f.
    """
    return accuracy(np.inf, p, f)


def utility(k, p, f, cost, abstention=0.0):
    """Mean reward with a budget of k attempts: 1 for correct, -cost for wrong, ``abstention`` for no answer.

        v + [(p (1-v) - (c+v)(1-p) f)/s] (1 - (1-s)^k)

    Derived for this project; with v = 0 the rewards are those of arXiv 2411.17501.

    Parameters
    ----------
    k, p, f : as in `accuracy`
    cost : float >= 0
    abstention : float in [-cost, 1)
        Worth of no answer; at -cost a wrong answer is no worse than none.
    """
    check_rewards(cost, abstention)
    v = abstention
    return v + (1 - v) * accuracy(k, p, f) - (cost + v) * false_acceptance(k, p, f)


def effective_cost(cost, abstention):
    """The cost that stands for both: (c+v)/(1-v), with utility_v(c) = v + (1-v) utility_0(effective cost).

    Derived for this project: an answer is compared with abstaining, so v is the new zero and 1 - v the new unit.
    """
    check_rewards(cost, abstention)
    return (cost + abstention) / (1 - abstention)


def mixed_utility(k, weights, p, f, cost, abstention=0.0):
    """Utility of one budget for a mix of problems, sum_i w_i utility(k, p_i, f_i).

    Parameters
    ----------
    k : array of int >= 0, or np.inf, of shape (...)
    weights, p, f : arrays of shape (n,), or numbers for p and f
        The weights are nonnegative and sum to 1.

    Returns
    -------
    array of shape (...). Derived for this project. Cost: one power per budget and problem.
    """
    weights = _weights(weights)
    return utility(np.asarray(k, dtype=float)[..., None], p, f, cost, abstention) @ weights


def optimal_attempts(weights, p, f, cost, abstention=0.0, max_attempts=2000):
    """The smallest budget of the largest utility: 0 for never answering, np.inf if every finite budget can be bettered.

    If f is the same for all problems the k-th attempt is worth it as long as the odds of a correct attempt, given k-1
    rejections, exceed f times the effective cost. These odds only fall, so there is at most one peak; it is neither 0
    nor infinite if the odds of the mean of p lie above, and those of the smallest p below (derived for this project).
    With f that differs between problems there may be several peaks; all budgets are compared.

    Parameters
    ----------
    weights, p, f : as in `mixed_utility`
    cost, abstention : as in `utility`
    max_attempts : int >= 1

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Also if the best budget is finite but larger than ``max_attempts``.
    """
    if int(max_attempts) != max_attempts or max_attempts < 1:
        raise ValueError(f"max_attempts must be a positive integer, got {max_attempts}")
    check_rewards(cost, abstention)
    weights, s = _weights(weights), acceptance(p, f)
    tried = 1 / np.where(s == 0, np.inf, s)
    gain = weights * ((1 - abstention) * np.asarray(p) - (cost + abstention) * (1 - np.asarray(p)) * f) * tried
    k = np.arange(int(max_attempts) + 1)[:, None]
    # what lies ahead of a budget, utility(inf) - utility(k): the best budget has the least of it
    ahead = (1 - s) ** k @ gain
    # far out only the slowest problems are left, and their sign decides, however small the rest has become
    least = np.min(s, where=s > 0, initial=1.0)
    slowest = (s > 0) & (s <= least * (1 + 1e-12))
    if least < 1 and np.sum(gain[slowest]) > 0 and np.min(ahead) > -1e-15:
        return np.inf
    best = int(np.argmax(ahead <= np.min(ahead) + 1e-13))
    if best == max_attempts:
        raise ValueError(f"the best budget exceeds max_attempts = {max_attempts}")
    return float(best)


def catch_up_rate(p_weak, accuracy_strong):
    """Largest f at which resampling a weak model reaches a strong model's accuracy in one attempt: a ratio of odds.

        f* = [p_w/(1-p_w)] / [a/(1-a)],   capped at 1

    For a weak model with the same p on every problem; derived for this project from p/s >= a.

    Parameters
    ----------
    p_weak, accuracy_strong : arrays in (0, 1)
    """
    p, a = _shares(p_weak=p_weak, accuracy_strong=accuracy_strong)
    if np.any(p * a * (1 - p) * (1 - a) == 0):
        raise ValueError("p_weak and accuracy_strong must lie in (0, 1): odds of 0 or infinity have no ratio")
    return np.minimum(1.0, p / (1 - p) / (a / (1 - a)))


def check_rewards(cost, abstention):
    """``ValueError`` with a sentence for rewards out of range."""
    if not (np.isfinite(cost) and cost >= 0):
        raise ValueError(f"cost must be a finite number >= 0, got {cost}")
    if not -cost <= abstention < 1:
        raise ValueError(f"abstention must lie in [-cost, 1) = [{-cost:g}, 1), got {abstention}")


def check_budgets(k):
    """Budgets as floats; ``ValueError`` with a sentence unless they are integers >= 0, or infinite."""
    k = np.asarray(k, dtype=float)
    finite = k[np.isfinite(k)]
    if np.any(np.isnan(k)) or np.any(k < 0) or np.any(finite != np.round(finite)):
        raise ValueError("k must be integers >= 0, or infinity")
    return k


def _expected_attempts(k, p, f):
    """Mean number of attempts made, sum_{i<k} (1-s)^i = (1 - (1-s)^k)/s; k itself where nothing is ever accepted."""
    k = check_budgets(k)
    k, s = np.broadcast_arrays(k, acceptance(p, f))
    with np.errstate(divide="ignore", invalid="ignore"):
        # log1p and expm1 keep the digits of small s; an infinite budget gives exp(-inf) = 0, s = 1 log(0) = -inf
        tried = np.where(k == 0, 0.0, -np.expm1(k * np.log1p(-s)) / s)
    # s = 0 needs p = 0 and f = 0: any finite number does, as nothing is accepted
    return np.where(s == 0, np.where(np.isfinite(k), k, 0.0), tried)


def _shares(**named):
    values = []
    for name, value in named.items():
        value = np.asarray(value, dtype=float)
        if not np.all((value >= 0) & (value <= 1)):
            raise ValueError(f"{name} must lie in [0, 1], got {value if value.ndim == 0 else value.tolist()}")
        values.append(value)
    return values


def _weights(weights):
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 1 or np.any(weights < 0) or abs(weights.sum() - 1) > 1e-9:
        raise ValueError("weights must be a list of nonnegative numbers that sum to 1")
    return weights
