"""Attempt after attempt, as it is done: draw an answer, ask the verifier, stop at the first acceptance.

No formula of the theory is used: each attempt is a draw of right or wrong and, if wrong, of accepted or not. The model
is that of Stroebl et al. (2024), arXiv 2411.17501.
"""

import numpy as np

from workbench.montecarlo import streams
from workbench.studies.decoding.imperfect_verifiers.theory import acceptance, check_budgets, check_rewards


def draw_accuracies(a, b, n_problems, *, n_replications, seed):
    """Problems of Beta(a, b) accuracy, new ones for each replication: array of shape (n_replications, n_problems)."""
    (stream,) = streams(seed, 1)
    return stream.beta(a, b, size=(n_replications, n_problems))


def simulate_resampling(p, f, max_attempts, *, n_replications=None, seed):
    """Which attempt was accepted, and was it correct?

    Parameters
    ----------
    p : array of shape (n_problems,), or (n_replications, n_problems) for new problems in each replication
        Accuracy of one attempt, in [0, 1].
    f : number or array that can be broadcast to the shape of ``p``
        Chance that a wrong attempt is accepted, in [0, 1].
    max_attempts : int >= 1
    n_replications : int, only where ``p`` has one axis
    seed : int or list of int

    Returns
    -------
    attempt : int array of shape (n_replications, n_problems), 1 ... max_attempts; max_attempts + 1 for none accepted
    correct : bool array of that shape; False for none accepted

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Two uniform numbers for each attempt made. The budget is a cut-off: the same draws serve every k <= max_attempts,
    so differences between budgets are paired.
    """
    if int(max_attempts) != max_attempts or max_attempts < 1:
        raise ValueError(f"max_attempts must be a positive integer, got {max_attempts}")
    p = np.asarray(p, dtype=float)
    if p.ndim == 1:
        if n_replications is None or n_replications < 1:
            raise ValueError(f"n_replications must be a positive integer for a list of problems, got {n_replications}")
        p = np.broadcast_to(p, (n_replications, p.size))
    acceptance(p, f)  # checks the ranges
    accuracies, rates = p.ravel(), np.broadcast_to(f, p.shape).ravel()
    answer_stream, verifier_stream = streams(seed, 2)
    attempt = np.full(p.size, max_attempts + 1)
    correct = np.zeros(p.size, dtype=bool)
    open_ = np.arange(p.size)
    for number in range(1, int(max_attempts) + 1):
        right = answer_stream.random(open_.size) < accuracies[open_]
        accepted = right | (verifier_stream.random(open_.size) < rates[open_])
        attempt[open_[accepted]] = number
        correct[open_[accepted]] = right[accepted]
        open_ = open_[~accepted]
        if not open_.size:
            break
    return attempt.reshape(p.shape), correct.reshape(p.shape)


def reward(k, attempt, correct, cost=0.0, abstention=0.0):
    """Mean reward over problems with a budget of k attempts; with cost and abstention 0 the accuracy.

    Parameters
    ----------
    k : array of int >= 0, shape (n_budgets,)
    attempt, correct : arrays of shape (n_replications, n_problems)
        From `simulate_resampling`.
    cost, abstention : as in `theory.utility`

    Returns
    -------
    array of shape (n_replications, n_budgets)
    """
    check_rewards(cost, abstention)
    value = np.where(correct, 1.0, -cost)
    return np.stack([np.where(attempt <= n, value, abstention).mean(axis=1) for n in check_budgets(k)], axis=1)


def simulate_benchmark(p, f, n_samples, *, n_replications, seed):
    """Counts on a benchmark: of ``n_samples`` attempts at each problem, how many are correct, how many accepted.

    Parameters
    ----------
    p : array of shape (n_problems,) or (n_replications, n_problems)
    f : number or array that can be broadcast to the shape of ``p``
    n_samples, n_replications : int >= 1
    seed : int or list of int

    Returns
    -------
    n_correct, n_accepted : int arrays of shape (n_replications, n_problems); every correct attempt is accepted
    """
    for name, value in (("n_samples", n_samples), ("n_replications", n_replications)):
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value}")
    acceptance(p, f)
    p = np.asarray(p, dtype=float)
    p = np.broadcast_to(p, (n_replications, p.shape[-1]))
    answer_stream, verifier_stream = streams(seed, 2)
    n_correct = answer_stream.binomial(n_samples, p)
    return n_correct, n_correct + verifier_stream.binomial(n_samples - n_correct, f)
