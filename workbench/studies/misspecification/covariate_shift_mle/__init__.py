"""Covariate shift: whether to weight the likelihood when the features of the target differ from those of the source.

Jiawei Ge, Shange Tang, Jianqing Fan, Cong Ma and Chi Jin, "Maximum Likelihood Estimation is All You Need for
Well-Specified Covariate Shift", ICLR 2024, arXiv 2311.15961.

Model: n source rows X ~ N(0, I), target rows X ~ N(0, diag(ratios)), and Y given X by the same law in both, with
parameter theta: linear (Y = X'theta + noise), logistic, or phase retrieval (Y = (X'theta)^2 + noise), with noise of
variance 1. A source covariance of I costs no generality: estimators and risks do not change when X is replaced by AX
and theta by A^-T theta, so ``ratios`` stand for the eigenvalues of Sigma_S^-1 Sigma_T.

An estimator minimises the source rows' loss -log f(y|x) weighted by min(w, clip)^power, with w the density ratio of
target to source: power 0 is maximum likelihood (MLE), power 1 without clip the weighted one (MWLE). Its excess target
risk is the mean of -log f under the target less that of the best parameter, in nats.

``theory`` has the limits, ``misspecified`` a linear model with cubic terms left out, ``fitting`` the estimators,
``risk`` the exact excess risk of a fit, ``simulation`` the experiments.
"""

from workbench.studies.misspecification.covariate_shift_mle.fitting import fit
from workbench.studies.misspecification.covariate_shift_mle.misspecified import (
    crossover,
    misspecified_terms,
    pseudo_true,
)
from workbench.studies.misspecification.covariate_shift_mle.risk import excess_risk
from workbench.studies.misspecification.covariate_shift_mle.simulation import (
    conditional_risk,
    log_weights,
    ridge_risk,
    simulate_estimates,
    simulate_risk,
)
from workbench.studies.misspecification.covariate_shift_mle.theory import (
    MODELS,
    clipped_limit,
    exact_linear_risk,
    information,
    limiting_risk,
    shift,
    tilt,
)

__all__ = [
    "MODELS",
    "clipped_limit",
    "conditional_risk",
    "crossover",
    "exact_linear_risk",
    "excess_risk",
    "fit",
    "information",
    "limiting_risk",
    "log_weights",
    "misspecified_terms",
    "pseudo_true",
    "ridge_risk",
    "shift",
    "simulate_estimates",
    "simulate_risk",
    "tilt",
]
