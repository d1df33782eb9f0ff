"""Training sets as counts, and what a model does with them, batched over replications."""

import numpy as np

from workbench.studies.calibration.calibrated_models_hallucinate.bins import coarse, miscalibration, partition
from workbench.studies.calibration.calibrated_models_hallucinate.theory import law_of, whole


def draw_counts(facts, n_samples, *, copies=1, n_replications, seed):
    """How often each fact occurs in a training set of n statements.

    Parameters
    ----------
    facts : array (M,), the law p
    n_samples : int >= 1, n
    copies : int >= 1
        Every draw enters the training set this many times (a corpus with duplicates); must divide n.
    n_replications : int >= 1
    seed : int, sequence of int or numpy.random.Generator

    Returns
    -------
    array of int (n_replications, M), each row summing to n. The setting is that of Kalai & Vempala (2023), arXiv
    2311.14648, with copies = 1.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Cost: O(replications M).
    """
    p, n = law_of(facts), int(whole("n_samples", n_samples, 1))
    copies, rows = int(whole("copies", copies, 1)), int(whole("n_replications", n_replications, 1))
    if n % copies:
        raise ValueError(f"copies must divide n_samples = {n}, got {copies}")
    return copies * np.random.default_rng(seed).multinomial(n // copies, p, size=rows)


def evaluate(model, counts, facts, *, bins=("levels", None), compare="distance"):
    """Where a model stands in the plane of the wall, in each replication.

    Parameters
    ----------
    model : (g, size), arrays (R, M + 2)
    counts : array of int (R, M)
    facts : array (M,), the law p
    bins : (kind, step) of :func:`~.bins.partition`
    compare : "distance" or "gap", see :func:`~.bins.miscalibration`

    Returns
    -------
    dict of arrays (R,)
        ``hallucination`` g(false), ``miscalibration``, ``missing`` (probability of the unseen facts), ``singletons``
        (share of the training data seen once), ``guessed_right`` g(unseen facts), and ``mixed``, what spreading p
        evenly over bins with seen and unseen statements takes away from the unseen: p(B unseen) |B seen|/|B| -
        p(B seen) |B unseen|/|B|, summed over the bins. Never positive for uniform facts.

    Notes
    -----
    In every replication hallucination >= missing - miscalibration - guessed_right - mixed, with ``compare="distance"``
    for any bins (derived for this project). Given the training data, the last two have mean at most M/E together over
    worlds. Cost: one sort of M + 2 cells for each replication.
    """
    g, size = model
    p = law_of(facts)
    n_facts = len(p)
    if counts.shape != (len(g), n_facts) or g.shape != size.shape or g.shape[1] != n_facts + 2:
        raise ValueError(
            f"model, counts and facts must share their shapes, got {g.shape}, {counts.shape}, ({n_facts},)"
        )
    labels = partition(g, *bins)
    truth = np.zeros(g.shape)
    truth[:, :n_facts] = p
    seen = np.zeros(g.shape)
    seen[:, :n_facts] = counts > 0
    seen_share = coarse(size * seen, labels) / np.maximum(coarse(size, labels), 1)
    unseen = counts == 0
    return {
        "hallucination": np.sum((size * g)[:, n_facts:], axis=1),
        "miscalibration": miscalibration(g, truth, size, labels, compare),
        "missing": unseen @ p,
        "singletons": (counts == 1).sum(axis=1) / counts.sum(axis=1),
        "guessed_right": np.sum(g[:, :n_facts] * unseen, axis=1),
        "mixed": np.sum(truth * ((1 - seen) * seen_share - seen * (1 - seen_share)), axis=1),
    }
