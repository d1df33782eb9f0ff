"""The expected best of n runs, from a pool of B: the plug-in and the unbiased estimator, and what each gets wrong.

Raphael Tang, Jaejun Lee, Ji Xin, Xinyu Liu, Yaoliang Yu and Jimmy Lin, "Showing Your Work Doesn't Always Work", ACL
2020, arXiv 2004.13705; on the estimator of Dodge, Gururangan, Card, Schwartz and Smith, "Show Your Work", 2019, arXiv
1909.03004.

Model: B independent scores X_1 ... X_B of one law F, such as the validation scores of B random hyperparameter
settings. Wanted is the expected best of n of them, E max(X_1 ... X_n), as a function of the budget n.
"""

from workbench.studies.evaluation.expected_best_of_n.laws import LAWS, Law, below, discrete, law
from workbench.studies.evaluation.expected_best_of_n.simulation import (
    basic_intervals,
    covers,
    draw_pools,
    percentile_intervals,
    resampled_weights,
)
from workbench.studies.evaluation.expected_best_of_n.theory import (
    above_truth,
    bias_and_variance,
    different_runs,
    expected_best,
    expected_plug_in,
    mean_squared_error,
    plug_in,
    plug_in_weights,
    pool_below_truth,
)

__all__ = [
    "LAWS",
    "Law",
    "above_truth",
    "basic_intervals",
    "below",
    "bias_and_variance",
    "covers",
    "different_runs",
    "discrete",
    "draw_pools",
    "expected_best",
    "expected_plug_in",
    "law",
    "mean_squared_error",
    "percentile_intervals",
    "plug_in",
    "plug_in_weights",
    "pool_below_truth",
    "resampled_weights",
]
