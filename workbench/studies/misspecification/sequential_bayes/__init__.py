"""Sequential Bayesian inference for continual learning: exact inference does not forget, a wrong model does.

Kessler, Cobb, Rudner, Zohren and Roberts, "On Sequential Bayesian Inference for Continual Learning", 2023,
arXiv 2301.01828: the analytic part (misspecification, imbalance) and the prototype classifier, on raw pixels.

Model: task k has mean mu_k and brings n_k observations with known noise sigma. The learner takes the means to be
Gaussian with covariance omega^2 11' + tau_a^2 I: one shared mean for tau_a = 0, separate means for omega = 0, partial
pooling in between. It meets the tasks one at a time, and each posterior is the prior of the next. The same for Bayesian
linear regression, and for prototypes of classes on scikit-learn's digits.
"""

from workbench.studies.misspecification.sequential_bayes.digits_stream import class_incremental
from workbench.studies.misspecification.sequential_bayes.prototypes import absorb, log_joint, start
from workbench.studies.misspecification.sequential_bayes.reference import nuts_moments
from workbench.studies.misspecification.sequential_bayes.regression import (
    joint_posterior,
    posterior_as_prior,
    regression_error,
    simulate_propagation,
    simulate_regression,
)
from workbench.studies.misspecification.sequential_bayes.simulation import simulate_task_means, squared_errors
from workbench.studies.misspecification.sequential_bayes.theory import (
    coverage,
    pooled_error,
    right_pooling,
    task_errors,
    two_task_error,
    two_task_forgetting,
)

__all__ = [
    "absorb",
    "class_incremental",
    "coverage",
    "joint_posterior",
    "log_joint",
    "nuts_moments",
    "pooled_error",
    "posterior_as_prior",
    "regression_error",
    "right_pooling",
    "simulate_propagation",
    "simulate_regression",
    "simulate_task_means",
    "squared_errors",
    "start",
    "task_errors",
    "two_task_error",
    "two_task_forgetting",
]
