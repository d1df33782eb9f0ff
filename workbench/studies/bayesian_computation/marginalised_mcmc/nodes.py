"""The nodes of a model graph: families, their log densities, and the check that a graph has no cycle.

A graph is a dictionary from names to nodes in an order in which every node names earlier ones only. Textbook densities;
no theorem. Used by `automatic`, after Lai et al. (2023), arXiv 2302.00564.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln

from workbench.studies.bayesian_computation.marginalised_mcmc.expressions import as_expression

# family: names of its arguments
FAMILIES = {
    "normal": ("mean", "sd"),
    "student": ("mean", "sd", "degrees"),
    "beta": ("a", "b"),
    "binomial": ("trials", "probability"),
    "beta_binomial": ("trials", "a", "b"),
    "gamma": ("shape", "rate"),
    "poisson": ("mean",),
    "gamma_poisson": ("shape", "odds"),
}


class Node(NamedTuple):
    """A random variable: its family, the formulas of its arguments, its value if observed, its number of groups."""

    family: str
    arguments: tuple
    observed: np.ndarray | None = None
    groups: int = 1


def node(family, *arguments, observed=None, groups=None):
    """A checked :class:`Node`; strings among the arguments are variables. No theorem.

    ``groups`` is taken from ``observed`` if that is given. ``ValueError`` for an unknown family or a wrong number of
    arguments.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {family!r}")
    if len(arguments) != len(FAMILIES[family]):
        raise ValueError(f"{family} takes {', '.join(FAMILIES[family])}; got {len(arguments)} arguments")
    if observed is not None:
        observed = np.atleast_1d(np.asarray(observed, dtype=float))
        groups = observed.size
    return Node(family, tuple(as_expression(a) for a in arguments), observed, groups or 1)


def check_model(model):
    """``ValueError`` for a node that names itself or a later one."""
    for place, (name, entry) in enumerate(model.items()):
        later = set(list(model)[place:])
        named = set().union(*(argument.names for argument in entry.arguments)) & later
        if named:
            raise ValueError(f"node {name!r} names {sorted(named)[0]!r}, which must come before it")


def _student(x, mean, sd, degrees):
    constant = gammaln((degrees + 1) / 2) - gammaln(degrees / 2) - 0.5 * np.log(degrees * np.pi)
    return constant - np.log(sd) - (degrees + 1) / 2 * np.log1p(((x - mean) / sd) ** 2 / degrees)


def _log_choose(n, k):
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


LOG_DENSITIES = {
    "normal": lambda x, mean, sd: -0.5 * np.log(2 * np.pi) - np.log(sd) - 0.5 * ((x - mean) / sd) ** 2,
    "student": _student,
    "beta": lambda x, a, b: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b),
    "binomial": lambda x, n, p: _log_choose(n, x) + x * np.log(p) + (n - x) * np.log1p(-p),
    "beta_binomial": lambda x, n, a, b: _log_choose(n, x) + betaln(a + x, b + n - x) - betaln(a, b),
    "gamma": lambda x, shape, rate: shape * np.log(rate) - gammaln(shape) + (shape - 1) * np.log(x) - rate * x,
    "poisson": lambda x, mean: x * np.log(mean) - mean - gammaln(x + 1),
    "gamma_poisson": lambda x, shape, odds: (
        gammaln(shape + x) - gammaln(shape) - gammaln(x + 1) + x * np.log(odds) - (shape + x) * np.log1p(odds)
    ),
}
