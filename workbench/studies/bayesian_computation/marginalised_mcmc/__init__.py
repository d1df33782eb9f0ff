"""Marginalised MCMC: integrate out what can be integrated, sample the rest, and draw the integrated part afterwards.

Lai, Burroni, Guan & Sheldon, "Automatically Marginalized MCMC in Probabilistic Programming", 2023, arXiv 2302.00564.

Model: latents z_j given hyperparameters h, data y_j given z_j, the pair conjugate. The plain sampler explores
p(h, z | y), the marginalised one p(h | y) with z_j drawn from p(z_j | h, y). Four such models (`problems`), in the
plain, the non-centred and the marginalised parametrisation (`densities`), by HMC for many chains at once
(`simulation`), by PyMC's NUTS (`nuts`) and by quadrature (`theory`); the rewriting itself is in `automatic`.
"""

from workbench.studies.bayesian_computation.marginalised_mcmc import automatic
from workbench.studies.bayesian_computation.marginalised_mcmc.densities import forms
from workbench.studies.bayesian_computation.marginalised_mcmc.graphs import graph
from workbench.studies.bayesian_computation.marginalised_mcmc.nuts import effective_draws, mean_errors, sample_nuts
from workbench.studies.bayesian_computation.marginalised_mcmc.pooling import (
    FORMS,
    condition_number,
    draws_per_effective_draw,
)
from workbench.studies.bayesian_computation.marginalised_mcmc.problems import MODELS, make, published, typical
from workbench.studies.bayesian_computation.marginalised_mcmc.simulation import (
    cost_per_effective_draw,
    sample,
    simulate_gibbs,
)
from workbench.studies.bayesian_computation.marginalised_mcmc.theory import (
    draw_posterior,
    latent_moments,
    log_marginal,
    log_prior,
    posterior_moments,
    quadrature,
)

__all__ = [
    "FORMS",
    "MODELS",
    "automatic",
    "condition_number",
    "cost_per_effective_draw",
    "draw_posterior",
    "draws_per_effective_draw",
    "effective_draws",
    "forms",
    "graph",
    "latent_moments",
    "log_marginal",
    "log_prior",
    "make",
    "mean_errors",
    "posterior_moments",
    "published",
    "quadrature",
    "sample",
    "sample_nuts",
    "simulate_gibbs",
    "typical",
]
