"""Questions with a random right answer, and policies that answer them: many replications at once."""

import numpy as np

from workbench.best_of_n import pass_at
from workbench.montecarlo import streams
from workbench.studies.decoding.pass_at_n.theory import NEARLY_ONE, check_distribution, check_draws


def simulate_hits(p, policies, n_draws, *, n_replications, seed):
    """Chance of success of each policy at right answers drawn from p, given the answer: 1 - (1-q_y)^N.

    All policies face the same answers, so their differences are paired. The mean is the coverage (Chen et al., 2025,
    arXiv 2502.07154); the N draws are averaged over in closed form.

    Parameters
    ----------
    p : array of shape (K,)
    policies : array of shape (M, K)
    n_draws : int >= 1
    n_replications : int
    seed : int or list of int

    Returns
    -------
    array of shape (n_replications, M)

    Raises
    ------
    ValueError
        For p that is no distribution, or n_draws below 1.
    """
    p, n = check_distribution(p), check_draws(n_draws)
    (answer_stream,) = streams(seed, 1)
    given = np.asarray(policies, dtype=float)[:, _draw(p, n_replications, answer_stream)].T
    return -np.expm1(n * np.log1p(-np.minimum(given, NEARLY_ONE)))


def simulate_pass_at(p, q, n_draws, *, n_pool, n_replications, seed):
    """Pass@N of single questions, estimated as in practice: from a pool of B answers, by 1 - C(B-c, N)/C(B, N).

    Estimator: M. Chen et al. (2021), arXiv 2107.03374, in `workbench.best_of_n.pass_at`. Its mean is the coverage.

    Parameters
    ----------
    p : array of shape (K,)
    q : array of shape (K,), or (n_replications, K): a policy for each question
    n_draws : int in [1, n_pool]
    n_pool : int, B
    n_replications : int
    seed : int or list of int

    Returns
    -------
    array of shape (n_replications,)

    Raises
    ------
    ValueError
        For p that is no distribution, or sizes out of range.
    """
    p = check_distribution(p)
    answer_stream, pool_stream = streams(seed, 2)
    right = _draw(p, n_replications, answer_stream)
    q = np.broadcast_to(q, (n_replications, len(p)))
    chance = np.take_along_axis(q, right[:, None], axis=1)[:, 0]
    return pass_at(n_draws, n_pool, pool_stream.binomial(n_pool, np.clip(chance, 0, 1)))


def memorise(p, n_labels, *, n_replications, seed):
    """What cross-entropy learns for each question alone when it has seen n_labels right answers to it: their shares.

    The minimiser of -sum_i c_i log q_i is q = c/m. One label makes confidence 1. Derived for this project.

    Parameters
    ----------
    p : array of shape (K,)
    n_labels : int >= 1, m
    n_replications : int
    seed : int or list of int

    Returns
    -------
    array of shape (n_replications, K)

    Raises
    ------
    ValueError
        For p that is no distribution, or n_labels below 1.
    """
    p = check_distribution(p)
    if int(n_labels) != n_labels or n_labels < 1:
        raise ValueError(f"n_labels must be a positive integer, got {n_labels}")
    (label_stream,) = streams(seed, 1)
    return label_stream.multinomial(n_labels, p, size=n_replications) / n_labels


def _draw(p, size, stream):
    return stream.choice(len(p), size=size, p=p)
