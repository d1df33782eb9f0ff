"""The four models as graphs for `automatic.marginalise`; free hyperparameters are named h1 and h2 as elsewhere.

The state model is unrolled, one node for each time, so that the rewriting has to find its way along the chain; the
models are those of Lai et al. (2023), arXiv 2302.00564, and "pumps" of BUGS.
"""

from workbench.studies.bayesian_computation.marginalised_mcmc.automatic import node
from workbench.studies.bayesian_computation.marginalised_mcmc.expressions import as_expression, exp


def graph(problem):
    """A dictionary of nodes: ``latents`` and ``y``, or ``x0``, ``y0``, ``x1``, ... for state.

    Parameters
    ----------
    problem : Problem
    """
    h1, h2, y, n = as_expression("h1"), as_expression("h2"), problem.y, problem.y.size
    latents = as_expression("latents")
    if problem.model == "schools":
        return {
            "latents": node("normal", h1, exp(h2), groups=n),
            "y": node("normal", latents, problem.scale, observed=y),
        }
    if problem.model == "trials":
        kappa = 1.0 + exp(h2)
        m = 1.0 / (1.0 + exp(-h1))
        return {
            "latents": node("beta", m * kappa, (1.0 - m) * kappa, groups=n),
            "y": node("binomial", problem.scale, latents, observed=y),
        }
    if problem.model == "counts":
        return {
            "latents": node("gamma", exp(h1), exp(h2), groups=n),
            "y": node("poisson", latents * problem.scale, observed=y),
        }
    nodes, previous = {}, h1
    for t in range(n):
        nodes[f"x{t}"] = node("normal", previous, exp(h2))
        previous = as_expression(f"x{t}")
        nodes[f"y{t}"] = node("normal", previous, problem.scale[t], observed=y[t])
    return nodes
