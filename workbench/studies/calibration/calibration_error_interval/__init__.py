"""A confidence interval for the l2 expected calibration error, and what it does close to perfect calibration.

Yan Sun, Pratik Chaudhari, Ian J. Barnett and Edgar Dobriban, "A Confidence Interval for the l2 Expected Calibration
Error", 2024, arXiv 2408.08998. The estimator, the two limits and the interval are taken from the overview figure and
the code that the authors publish (github.com/sylydya/CI-ECE); the paper's body was not read.

Model: n independent predictions fall into m bins with probabilities p_b. The residual of a prediction is r = Y - Z in
R^k: which of its k most probable classes came true, minus their stated probabilities. In bin b it has mean delta_b and
covariance V_b. The target is the binned squared error theta = sum_b p_b |delta_b|^2.
"""

from workbench.studies.calibration.calibration_error_interval.bootstrap import bootstrap_interval
from workbench.studies.calibration.calibration_error_interval.estimators import (
    BinSums,
    debiased_estimate,
    plug_in_estimate,
    plug_in_variance,
)
from workbench.studies.calibration.calibration_error_interval.interval import adjusted_interval, covers
from workbench.studies.calibration.calibration_error_interval.scores import (
    sigma0_squared,
    top_k_bin_probabilities,
    wave_bins,
)
from workbench.studies.calibration.calibration_error_interval.simulation import (
    simulate_groups,
    simulate_top_k,
    simulate_wave,
)
from workbench.studies.calibration.calibration_error_interval.theory import (
    binned_squared_error,
    mean_debiased,
    mean_plug_in,
    null_sd,
    sigma1_squared,
    variance_debiased,
)
from workbench.studies.calibration.calibration_error_interval.transition import (
    transition_coverage,
    worst_coverage,
    zero_coverage,
)

__all__ = [
    "BinSums",
    "adjusted_interval",
    "binned_squared_error",
    "bootstrap_interval",
    "covers",
    "debiased_estimate",
    "mean_debiased",
    "mean_plug_in",
    "null_sd",
    "plug_in_estimate",
    "plug_in_variance",
    "sigma0_squared",
    "sigma1_squared",
    "simulate_groups",
    "simulate_top_k",
    "simulate_wave",
    "top_k_bin_probabilities",
    "transition_coverage",
    "variance_debiased",
    "wave_bins",
    "worst_coverage",
    "zero_coverage",
]
