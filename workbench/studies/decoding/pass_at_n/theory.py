"""Coverage of a policy, the policy that maximises it (water-filling), and the one that the coverage loss learns."""

import numpy as np
from scipy.optimize import brentq

from workbench.studies.decoding.pass_at_n.losses import coverage_loss

CONFUSIONS = np.array([0.5, 0.3, 0.14, 0.06])  # how the chance of an unexpected answer is split
NEARLY_ONE = 1 - 2.0**-53


def right_answers(ambiguity):
    """Chances of five answers to be right: 1-a for the expected one, and a (.5, .3, .14, .06) for four others.

    At a = 0.5: (.5, .25, .15, .07, .03). Chosen for this project; not the paper's.

    Parameters
    ----------
    ambiguity : float in [0, 1], a

    Returns
    -------
    array of shape (5,), sums to 1

    Raises
    ------
    ValueError
        For an ambiguity out of range.
    """
    if not 0 <= ambiguity <= 1:
        raise ValueError(f"ambiguity must lie in [0, 1], got {ambiguity}")
    return np.concatenate([[1 - ambiguity], ambiguity * CONFUSIONS])


def coverage(p, q, n_draws):
    """Expected pass@N, sum_i p_i (1 - (1-q_i)^N): the chance that one of N answers from q is right.

    Chen et al. (2025), arXiv 2502.07154; exact also where (1-q)^N underflows or q is tiny.

    Parameters
    ----------
    p, q : arrays of shape (..., K), broadcast against each other
        Chances to be right, and to be given.
    n_draws : int >= 1 or array, broadcast against the leading shape

    Returns
    -------
    array of shape (...)
    """
    n = check_draws(n_draws)[..., None]
    return np.sum(p * -np.expm1(n * np.log1p(-np.minimum(q, NEARLY_ONE))), axis=-1)


def best_policy(p, n_draws):
    """The policy with the largest coverage: water-filling, q_i = [1 - (lambda/(N p_i))^(1/(N-1))]_+ with sum q = 1.

    Stationarity of the coverage in q_i is N p_i (1-q_i)^(N-1) = lambda; it is concave, so this is the maximum. With
    a_i = p_i^(-1/(N-1)) and the k likeliest answers in use, the multiplier drops out (derived for this project):

        q_i = 1 - (k-1) a_i / sum_{j<=k} a_j,     k the largest with (k-1) a_k < sum_{j<=k} a_j.

    With two answers it is p^(1/(N-1)), normalised: p itself at N = 2. At N = 1 all goes to the likeliest answer (ties
    share); for N -> infinity all answers with p_i > 0 get the same.

    Parameters
    ----------
    p : array of shape (..., K), nonnegative, sums to 1
    n_draws : int >= 1 or array, broadcast against the leading shape of p

    Returns
    -------
    array of shape (..., K), sums to 1. Cost: one sort; no root to find, no power that underflows.

    Raises
    ------
    ValueError
        For p that is no distribution, or n_draws below 1.
    """
    p, n = check_distribution(p), check_draws(n_draws)[..., None]
    p, n = np.broadcast_arrays(p, n)
    top = p.max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", over="ignore"):
        # relative to the likeliest answer, so that a >= 1 and overflow to infinity means what it should: not in use
        a = np.exp(np.log(top / np.where(p > 0, p, np.nan)) / np.maximum(n - 1, 0.5))
    a = np.where(np.isnan(a), np.inf, a)
    ordered = np.sort(a, axis=-1)
    total = np.cumsum(ordered, axis=-1)
    k = np.sum(np.arange(p.shape[-1]) * ordered < total, axis=-1, keepdims=True)
    level = np.take_along_axis(total, k - 1, axis=-1)
    q = np.maximum(1 - (k - 1) * np.where(np.isinf(a), level, a) / level, 0)
    q = np.where(np.isinf(a), 0, q)
    greedy = (p == top) / np.sum(p == top, axis=-1, keepdims=True)
    return np.where(n == 1, greedy, q / q.sum(axis=-1, keepdims=True))


def loss_optimum(p, n_draws):
    """The policy that the coverage loss learns from unlimited data: argmin_q sum_i p_i (-log(1 - (1-q_i)^N)).

    Not the best policy: the loss is the mean *log* of the chance of success, whose optimum keeps every answer in play.
    It solves p_i F(N, q_i)/q_i = lambda with sum q = 1; at N = 1 it is p, the calibrated policy. Derived for this
    project.

    Parameters
    ----------
    p : array of shape (K,), nonnegative, sums to 1
    n_draws : int >= 1

    Returns
    -------
    array of shape (K,), sums to 1. Cost: a root of a root, some milliseconds.

    Raises
    ------
    ValueError
        As `best_policy`.
    """
    p, n = check_distribution(p), float(check_draws(n_draws))
    possible = p > 0
    if possible.sum() == 1:
        return possible.astype(float)
    log_p = np.log(p[possible])

    def slope(log_q):  # log of F/q, falling in q
        return np.log(n) + (n - 1) * np.log1p(-np.exp(log_q)) + coverage_loss(log_q, n)

    def policy(log_multiplier):
        low, high = np.full_like(log_p, -60.0), np.full_like(log_p, -1e-12)
        for _ in range(60):
            middle = (low + high) / 2
            steep = slope(middle) > log_multiplier - log_p
            low, high = np.where(steep, middle, low), np.where(steep, high, middle)
        return np.exp(middle)

    # lambda = sum p F <= 1, and at the lower end the likeliest answer alone has nearly all the mass
    least = log_p.max() + float(slope(np.log1p(-1e-9)))
    multiplier = brentq(lambda x: policy(x).sum() - 1, least, 1e-3, xtol=1e-13)
    q = np.zeros_like(p)
    q[possible] = policy(multiplier)
    return q / q.sum()


def check_draws(n_draws):
    """``n_draws`` as an array of floats, or ``ValueError`` with a sentence."""
    n = np.asarray(n_draws, dtype=float)
    if not np.all((n >= 1) & (n == np.round(n)) & np.isfinite(n)):
        raise ValueError(f"n_draws must be integers >= 1, got {n_draws}")
    return n


def check_distribution(p):
    """``p`` as an array of floats, or ``ValueError`` with a sentence."""
    p = np.asarray(p, dtype=float)
    if p.ndim == 0 or not np.all(p >= 0) or not np.allclose(p.sum(axis=-1), 1, atol=1e-9):
        raise ValueError("p must be nonnegative and sum to 1 along its last axis")
    return p
