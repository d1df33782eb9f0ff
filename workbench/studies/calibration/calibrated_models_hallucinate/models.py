"""A family of models from memoriser to smoother, as laws over statements made from the counts of the training data.

Cells (see ``bins``): the M facts one by one, then two cells of false statements, those that the model may guess and the
others. Every model returns (g, size), arrays (R, M + 2). Derived for this project from the setting of Kalai & Vempala
(2023), arXiv 2311.14648.
"""

import numpy as np

from workbench.studies.calibration.calibrated_models_hallucinate.bins import coarse, partition
from workbench.studies.calibration.calibrated_models_hallucinate.theory import law_of, share, whole


def smoother(counts, weight, n_false, *, n_guesses=None, seed=None):
    """Repeat the training data, but guess with probability ``weight``.

    A fact seen c times gets (1 - w) c/n; w is spread evenly over ``n_guesses`` of the statements never seen, chosen at
    random (all of them if left out). w = 0 is the memoriser. Derived for this project.

    Parameters
    ----------
    counts : array of int (R, M)
    weight : float or array (R,), in [0, 1]
    n_false : int >= 1, E
    n_guesses : int, optional
        From 1 to E.
    seed : int or sequence of int
        Needed if ``n_guesses`` is given.

    Returns
    -------
    g, size : arrays (R, M + 2). Cost: O(R M), and a sort of M with ``n_guesses``.
    """
    counts, w = _counts(counts), share("weight", weight)
    false = int(whole("n_false", n_false, 1))
    rows, n_facts = counts.shape
    unseen = counts == 0
    chosen, chosen_false = unseen, np.full(rows, false)
    if n_guesses is not None:
        if not 1 <= n_guesses <= false:
            raise ValueError(f"n_guesses must lie in [1, {false}], got {n_guesses}")
        rng = np.random.default_rng(seed)
        chosen_false = rng.hypergeometric(false, unseen.sum(axis=1), n_guesses)
        rank = np.argsort(np.argsort(np.where(unseen, rng.random(counts.shape), 2.0), axis=1), axis=1)
        chosen = unseen & (rank < (n_guesses - chosen_false)[:, None])
    guess = np.broadcast_to(w, rows) / (chosen.sum(axis=1) + chosen_false)
    g = np.zeros((rows, n_facts + 2))
    g[:, :n_facts] = np.broadcast_to(1 - w, rows)[:, None] * counts / counts.sum(axis=1, keepdims=True)
    g[:, :n_facts] += chosen * guess[:, None]
    g[:, n_facts] = np.where(chosen_false > 0, guess, 0.0)
    return g, _sizes(n_facts, chosen_false, false)


def calibrated(counts, facts, n_false, *, n_believable=None):
    """Calibrated without error: all statements seen equally often share their true probability evenly.

    It knows the law of the facts, but not which unseen statement is one. Where the facts are not arbitrary,
    ``n_believable`` < E false statements are left that it cannot rule out. Derived for this project.

    Parameters
    ----------
    counts : array of int (R, M)
    facts : array (M,), the law p
    n_false : int >= 1, E
    n_believable : int, optional
        From 0 to E.

    Returns
    -------
    g, size : arrays (R, M + 2). Cost: O(R M).
    """
    counts, p = _counts(counts), law_of(facts)
    false = int(whole("n_false", n_false, 1))
    believable = false if n_believable is None else int(whole("n_believable", n_believable, 0))
    if believable > false:
        raise ValueError(f"n_believable must lie in [0, {false}], got {n_believable}")
    rows, n_facts = counts.shape
    size = _sizes(n_facts, np.full(rows, believable), false)
    times = np.ones(size.shape)
    times[:, :n_facts] += counts
    times[:, -1] = 0  # known to be false: a class of their own
    classes = partition(times)
    truth = np.zeros(size.shape)
    truth[:, :n_facts] = p
    return coarse(size * truth, classes) / np.maximum(coarse(size, classes), 1), size


def good_turing(counts, n_false):
    """A learner that knows no law: the facts seen c times share (c+1) N_(c+1)/n, as Good (1953) estimates.

    N_c is the number of facts seen c times; the unseen statements share N_1/n. Where N_(c+1) = 0 for c >= 1, the facts
    keep their share c N_c/n; then all is scaled to one. Derived for this project.

    Parameters
    ----------
    counts : array of int (R, M)
    n_false : int >= 1, E

    Returns
    -------
    g, size : arrays (R, M + 2). Cost: O(R (M + largest count)).
    """
    counts, false = _counts(counts), int(whole("n_false", n_false, 1))
    rows, n_facts = counts.shape
    width = int(counts.max()) + 2
    flat = counts + width * np.arange(rows)[:, None]
    number = np.bincount(flat.ravel(), minlength=rows * width).reshape(rows, width).astype(float)
    times = np.arange(width)
    above = np.zeros((rows, width))
    above[:, :-1] = times[1:] * number[:, 1:]
    mass = np.where((above > 0) | (times == 0), above, times * number)
    number[:, 0] += false
    mass[number == 0] = 0.0
    each = mass / np.maximum(number, 1) / mass.sum(axis=1, keepdims=True)
    g = np.zeros((rows, n_facts + 2))
    g[:, :n_facts] = np.take_along_axis(each, counts, axis=1)
    g[:, n_facts] = each[:, 0]
    return g, _sizes(n_facts, np.full(rows, false), false)


def blend(first, second, weight):
    """The mixture (1 - weight) first + weight second of two models with the same cells. Derived for this project.

    Parameters
    ----------
    first, second : (g, size) of two models
    weight : float in [0, 1]

    Returns
    -------
    g, size : arrays (R, M + 2). Cost: O(R M).
    """
    w = float(share("weight", weight))
    if not np.array_equal(first[1], second[1]):
        raise ValueError("the two models must have the same cells: the same false statements that they may guess")
    return (1 - w) * first[0] + w * second[0], first[1]


def _sizes(n_facts, chosen_false, false):
    size = np.ones((len(chosen_false), n_facts + 2))
    size[:, n_facts], size[:, n_facts + 1] = chosen_false, false - chosen_false
    return size


def _counts(counts):
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.size == 0 or counts.min() < 0 or np.any(counts.sum(axis=1) == 0):
        raise ValueError("counts must be an array (replications, facts) of occurrences >= 0 with some in every row")
    return counts
