"""Bad input becomes a sentence. Nothing here is from a paper; derived for this project."""

import numpy as np


def check_counts(counts):
    """Observations per task as an integer array (K,), all at least 1; ``ValueError`` otherwise."""
    values = np.atleast_1d(np.asarray(counts, dtype=float))
    if values.ndim != 1 or not np.all(np.isfinite(values)) or np.any(values != np.round(values)) or np.any(values < 1):
        raise ValueError(f"counts must be a list of integers >= 1, one per task, got {counts}")
    return values.astype(int)


def check_integer(name, value, low):
    """An integer at least ``low``; ``ValueError`` otherwise."""
    if not np.isfinite(value) or int(value) != value or value < low:
        raise ValueError(f"{name} must be an integer >= {low}, got {value}")
    return int(value)


def check_positive(name, value):
    """Finite numbers above 0 (array or scalar); ``ValueError`` otherwise."""
    if not np.all(np.isfinite(value)) or np.any(np.asarray(value) <= 0):
        raise ValueError(f"{name} must be a finite number > 0, got {value}")


def check_not_negative(name, value):
    """Finite numbers >= 0 (array or scalar); ``ValueError`` otherwise."""
    if not np.all(np.isfinite(value)) or np.any(np.asarray(value) < 0):
        raise ValueError(f"{name} must be a finite number >= 0, got {value}")


def check_prior(common_sd, assumed_sd):
    """The learner's two standard deviations: finite, not negative, not both 0."""
    check_not_negative("common_sd", common_sd)
    check_not_negative("assumed_sd", assumed_sd)
    if common_sd == 0 and assumed_sd == 0:
        raise ValueError("common_sd and assumed_sd are both 0: a prior without spread learns nothing")


def check_truth(means, true_sd, n_tasks):
    """``ValueError`` unless the true task means are given, or their spread, and not both."""
    if (means is None) == (true_sd is None):
        raise ValueError("give either means or true_sd, and not both")
    if means is not None and np.shape(means) != (n_tasks,):
        raise ValueError(f"means must hold one number per task, shape ({n_tasks},), got shape {np.shape(means)}")
    if true_sd is not None:
        check_not_negative("true_sd", true_sd)
