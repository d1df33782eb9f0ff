"""The calculation in the authors' released notebook, which differs from the model's exact utility in one factor."""

import numpy as np

from workbench.studies.decoding.imperfect_verifiers.theory import acceptance, check_budgets


def released_utility(k, weights, p, f, cost):
    """Utility as computed in the repository github.com/benediktstroebl/inference-scaling-limits (2026, commit 11a8f6e).

    Its notebook limits_to_inference_scaling_model.ipynb adds over attempts j the mean reward under the beliefs
    b_i(j) = w_i (1-s_i)^(j-1)/sum, times a chance of getting that far. That chance is sum_i w_i (1-s_i)^(j-1); the
    notebook takes sum_i b_i(j) (1-s_i)^(j-1), so the rejections count twice. The sign of each attempt's worth, and so
    the best budget, is unchanged; its size is not. Read from the code; the consequence was derived for this project.

    Parameters
    ----------
    k : array of int >= 0
    weights, p, f : arrays of shape (n,); f may be a number
    cost : float >= 0

    Returns
    -------
    array of the shape of ``k``

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    weights, p = np.asarray(weights, dtype=float), np.asarray(p, dtype=float)
    k, rejection = check_budgets(k), 1 - acceptance(p, f)
    worth = p - cost * (1 - p) * f
    j = np.arange(int(k.max(initial=0)))[:, None]
    reached = weights * rejection**j
    beliefs = reached / reached.sum(axis=1, keepdims=True)
    terms = np.sum(beliefs * worth, axis=1) * np.sum(beliefs * rejection**j, axis=1)
    return np.concatenate([[0.0], np.cumsum(terms)])[k.astype(int)]
