"""The best of n runs: a curve that is often reported, why it is too low, and what to report instead.

Tang, Lee, Xin, Liu, Yu and Lin, "Showing Your Work Doesn't Always Work", ACL 2020, arXiv 2004.13705; on the curve of
Dodge et al., "Show Your Work: Improved Reporting of Experimental Results", EMNLP 2019, arXiv 1909.03004.

Model: B runs of a random search have independent scores. How good would the best of n be, in the mean? The plug-in
draws n times with replacement from the B scores; the unbiased estimator averages over all subsets of size n.
"""

from workbench.best_of_n import expected_maximum, pass_at, subset_weights
from workbench.studies.evaluation.expected_best_of_n import laws, simulation, theory
from workbench.studies.evaluation.expected_best_of_n.laws import draw, expected_best
from workbench.studies.evaluation.expected_best_of_n.simulation import bootstrap_covers, estimates, simulate
from workbench.studies.evaluation.expected_best_of_n.theory import (
    bias_and_variance,
    distinct_draws,
    leading_bias,
    mean_plug_in,
    plug_in_weights,
)

__all__ = [
    "bias_and_variance",
    "bootstrap_covers",
    "distinct_draws",
    "draw",
    "estimates",
    "expected_best",
    "expected_maximum",
    "laws",
    "leading_bias",
    "mean_plug_in",
    "pass_at",
    "plug_in_weights",
    "simulate",
    "simulation",
    "subset_weights",
    "theory",
]
