"""Thompson sampling when the arms' variances differ and are unknown.

Saha and Kveton, "Only Pay for What Is Uncertain: Variance-Adaptive Thompson Sampling", ICLR 2024, arXiv 2303.09033.

K arms, n rounds; pulling arm i pays N(mu_i, sigma_i^2). Prior, independently for each arm: lambda_i = 1/sigma_i^2 ~
Gamma(shape alpha, *rate* beta), mu_i | lambda_i ~ N(mean, 1/(kappa lambda_i)). Bayes regret is the mean, over prior,
rewards and policy, of the sum of mu_{A*} - mu_{A_t}. Bernoulli and beta rewards break the model's assumptions.

``prior`` has the Normal-Gamma law, ``instances`` the bandits, ``policies`` the algorithms by name, ``simulation`` the
compiled simulator (``sampling`` and ``kernels`` are its inner loops), ``torch_simulation`` the same for a GPU,
``bounds`` the regret bounds, ``reference`` independent routes to an arm's posterior.
"""

from workbench.studies.bandits.variance_adaptive_ts.bounds import (
    best_arm_variance,
    bound_known_variance,
    bound_unknown_variance,
    expected_bound_known_variance,
)
from workbench.studies.bandits.variance_adaptive_ts.instances import (
    LAWS,
    Instances,
    bounded_instances,
    fixed_gaussian,
    gaussian_instances,
)
from workbench.studies.bandits.variance_adaptive_ts.policies import POLICIES, TITLES, Policy, policy
from workbench.studies.bandits.variance_adaptive_ts.prior import (
    Prior,
    estimate_prior,
    mean_sd,
    mean_variance,
    posterior,
    posterior_step,
    sample_arms,
)
from workbench.studies.bandits.variance_adaptive_ts.reference import (
    closed_form_moments,
    nuts_moments,
    quadrature_moments,
)
from workbench.studies.bandits.variance_adaptive_ts.simulation import simulate, watch
from workbench.studies.bandits.variance_adaptive_ts.torch_simulation import simulate_torch

__all__ = [
    "LAWS",
    "POLICIES",
    "TITLES",
    "Instances",
    "Policy",
    "Prior",
    "best_arm_variance",
    "bound_known_variance",
    "bound_unknown_variance",
    "bounded_instances",
    "closed_form_moments",
    "estimate_prior",
    "expected_bound_known_variance",
    "fixed_gaussian",
    "gaussian_instances",
    "mean_sd",
    "mean_variance",
    "nuts_moments",
    "policy",
    "posterior",
    "posterior_step",
    "quadrature_moments",
    "sample_arms",
    "simulate",
    "simulate_torch",
    "watch",
]
