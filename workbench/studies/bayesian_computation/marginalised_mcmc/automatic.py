"""A small program that integrates conjugate latents out of a model graph by reversing its edges.

The method is that of Lai et al. (2023), arXiv 2302.00564: go through the latents from the last to the first; one whose
children are all conjugate to it has the edges to them reversed, child by child, so that it ends with no child that is
still sampled; it is taken out and later drawn from its conditional. This table holds three pairs: normal-normal,
beta-binomial and gamma-Poisson. The published code has normal-normal, beta-binomial (and Bernoulli) and gamma with
gamma or exponential, and reads real programs; this one reads dictionaries of `Node`.
"""

from typing import NamedTuple

import numpy as np

from workbench.studies.bayesian_computation.marginalised_mcmc.expressions import (
    as_expression,
    as_line,
    evaluate,
    is_constant,
    size,
    sqrt,
)
from workbench.studies.bayesian_computation.marginalised_mcmc.nodes import LOG_DENSITIES, Node, check_model, node

__all__ = ["Node", "Rewritten", "log_density", "marginalise", "node", "operations", "recover", "reverse_edge"]


class Rewritten(NamedTuple):
    """What `marginalise` returns: the model, the latents taken out in that order, and the number of edges reversed."""

    model: dict
    removed: tuple
    reversals: int


def marginalise(model, keep=(), order="last first"):
    """Integrate out every latent all of whose children are conjugate to it.

    Parameters
    ----------
    model : dict of str to Node
        Each node's arguments name earlier nodes, or free hyperparameters that are no node at all.
    keep : names of latents to leave in
    order : "last first" or "first first"
        Of the sweep. Lai et al.'s published code takes the last first; on a chain of T states that reverses
        T (T + 1)/2 edges, and the first first, as Kalman's filter does, 2 T - 1 (derived here).

    Returns
    -------
    Rewritten

    Raises
    ------
    ValueError
        For a node that names a later one, or an unknown order.
    """
    check_model(model)
    if order not in ("last first", "first first"):
        raise ValueError(f"order must be 'last first' or 'first first', got {order!r}")
    nodes, active, removed, reversals = dict(model), list(model), [], 0
    for name in list(model) if order == "first first" else list(model)[::-1]:
        if nodes[name].observed is not None or name in keep:
            continue
        latent, changed, lines = nodes[name], {}, {}
        for child in active:
            if child != name and _depends(nodes[child], name):
                reversed_edge = reverse_edge(name, latent, child, nodes[child], lines)
                if reversed_edge is None:
                    break
                changed[child], latent = reversed_edge
        else:
            nodes.update(changed, **{name: latent})
            active.remove(name)
            removed.append(name)
            reversals += len(changed)
    return Rewritten(nodes, tuple(removed), reversals)


def reverse_edge(name, latent, child_name, child, lines=None):
    """p(latent) p(child | latent) written as p(child) p(latent | child), for the pairs in `RULES`.

    ``lines`` (a dict) is what `as_line` remembers of this latent from one child to the next.

    Returns
    -------
    (child, latent) : the two new nodes, or None where the pair is not conjugate: another family, a mean that is not a
        straight line in the latent, a scale that depends on it, or another number of groups.
    """
    rule = RULES.get((latent.family, child.family))
    if rule is None or latent.groups != child.groups:
        return None
    return rule(name, latent, as_expression(child_name), child, {} if lines is None else lines)


def _normal_normal(name, latent, value, child, lines):
    (mean, sd), (line, noise) = latent.arguments, (as_line(child.arguments[0], name, lines), child.arguments[1])
    if line is None or name in noise.names:
        return None
    slope, intercept = line
    total = sqrt(slope**2 * sd**2 + noise**2)
    predicted = slope * mean + intercept
    gain = slope * sd**2 / total**2
    updated = (mean + gain * (value - predicted), sd * noise / total)
    return child._replace(arguments=(predicted, total)), latent._replace(arguments=updated)


def _beta_binomial(name, latent, value, child, lines):
    (a, b), (trials, probability) = latent.arguments, child.arguments
    if probability.operation != "variable" or name in trials.names:  # only p itself, no function of it
        return None
    marginal = child._replace(family="beta_binomial", arguments=(trials, a, b))
    return marginal, latent._replace(arguments=(a + value, b + (trials - value)))


def _gamma_poisson(name, latent, value, child, lines):
    (shape, rate), line = latent.arguments, as_line(child.arguments[0], name, lines)
    if line is None or not is_constant(line[1], 0.0):
        return None
    exposure = line[0]
    marginal = child._replace(family="gamma_poisson", arguments=(shape, exposure / rate))
    return marginal, latent._replace(arguments=(shape + value, rate + exposure))


RULES = {
    ("normal", "normal"): _normal_normal,
    ("beta", "binomial"): _beta_binomial,
    ("gamma", "poisson"): _gamma_poisson,
}


def log_density(rewritten, values):
    """log density of all nodes that are left, summed over their groups.

    Parameters
    ----------
    rewritten : Rewritten, or a model (dict)
    values : dict of str to array
        Hyperparameters of shape (B, 1), remaining latents of shape (B, groups).

    Returns
    -------
    array (B,)
    """
    model, removed = (rewritten, ()) if isinstance(rewritten, dict) else rewritten[:2]
    values, known, total = _with_data(model, values), {}, 0.0
    for name, entry in model.items():
        if name not in removed:
            arguments = [evaluate(argument, values, known) for argument in entry.arguments]
            terms = LOG_DENSITIES[entry.family](values[name], *arguments)
            total = total + np.sum(np.broadcast_to(terms, (*terms.shape[:-1], entry.groups)), axis=-1)
    return total


def recover(rewritten, values, generator):
    """Draw the latents that were taken out from their conditionals, the last one taken first.

    Parameters
    ----------
    rewritten : Rewritten
    values : dict, as for `log_density`
    generator : numpy.random.Generator

    Returns
    -------
    dict of str to array (B, groups)
    """
    values, drawn = _with_data(rewritten.model, values), {}
    n = max(np.shape(value)[0] for value in values.values() if np.ndim(value) == 2)
    for name in rewritten.removed[::-1]:
        entry = rewritten.model[name]
        first, second = (np.broadcast_to(evaluate(a, values), (n, entry.groups)) for a in entry.arguments)
        draw = {
            "normal": lambda mean, sd: generator.normal(mean, sd),
            "beta": lambda a, b: generator.beta(a, b),
            "gamma": lambda shape, rate: generator.gamma(shape) / rate,
        }[entry.family]
        values[name] = drawn[name] = draw(first, second)
    return drawn


def operations(rewritten):
    """Number of arithmetic operations in the arguments of the nodes that are left, shared ones counted once."""
    kept = [entry for name, entry in rewritten.model.items() if name not in rewritten.removed]
    return size(argument for entry in kept for argument in entry.arguments)


def _depends(entry, name):
    return any(name in argument.names for argument in entry.arguments)


def _with_data(model, values):
    observed = {name: entry.observed for name, entry in model.items() if entry.observed is not None}
    return {**observed, **values}
