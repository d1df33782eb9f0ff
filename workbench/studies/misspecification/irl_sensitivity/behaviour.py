"""Behavioural models: what an agent does given its reward, and their exact inverses.

Policies are kept as logarithms, so that near-deterministic ones can still be inverted: at temperature 0.001 a choice
may have probability exp(-1000).
"""

import numpy as np
from scipy.special import log_softmax

from workbench.studies.misspecification.irl_sensitivity.mdp import (
    check_temperature,
    check_transitions,
    expected_reward,
)
from workbench.studies.misspecification.irl_sensitivity.solve import hard_values, soft_values

BEHAVIOURS = ("optimal", "boltzmann", "mce")
TIE = 1e-9  # actions whose values differ by less than this share of the largest value are tied


def log_policy(behaviour, transitions, reward, discount, temperature=1.0):
    """Logarithm of the policy that a behavioural model follows.

    ============  ======================================================================================
    "optimal"     uniform over all optimal actions (ties up to 1e-9 of the largest value); log 0 = -inf
    "boltzmann"   proportional to exp(Q*/temperature), Q* the values of the hard-optimal problem
    "mce"         maximal causal entropy: exp((Q - V)/temperature), Q and V soft values at that temperature
    ============  ======================================================================================

    The last two agree only for a single state: "boltzmann" continues with the hard optimum, "mce" with itself.

    Parameters
    ----------
    behaviour : {"optimal", "boltzmann", "mce"}
    transitions : array (..., S, A, S)
    reward : array broadcastable to ``transitions``
    discount : float in (0, 1), or an array over the batch
    temperature : float > 0, or an array over the batch
        1/beta of "boltzmann", alpha of "mce"; not used by "optimal".

    Returns
    -------
    array (..., S, A)

    Raises
    ------
    ValueError
        For an unknown model, or arguments out of range.

    Notes
    -----
    Section 2 of arXiv 2403.06854. Cost: one solve of the MDP.
    """
    _check_behaviour(behaviour)
    transitions = check_transitions(transitions)
    expected = expected_reward(transitions, reward)
    if behaviour == "mce":
        value, action_value = soft_values(transitions, expected, discount, temperature)
        return log_softmax(action_value / check_temperature(temperature)[..., None, None], axis=-1)
    action_value = hard_values(transitions, expected, discount).action_value
    if behaviour == "boltzmann":
        return log_softmax(action_value / check_temperature(temperature)[..., None, None], axis=-1)
    slack = TIE * np.max(np.abs(action_value), axis=(-2, -1), keepdims=True)
    best = action_value >= np.max(action_value, axis=-1, keepdims=True) - slack
    with np.errstate(divide="ignore"):
        return np.log(best / np.sum(best, axis=-1, keepdims=True))


def explain(behaviour, log_probabilities, temperature=1.0):
    """A reward under which the model produces exactly this policy, whatever the transitions and the discount.

        optimal     -1 where the policy never goes, 0 elsewhere           V* = 0
        boltzmann   temperature (log pi - max log pi)                     V* = 0
        mce         temperature log pi                                    soft V = 0

    Its value function vanishes, so no term with gamma or tau is left: an observer who is wrong about them explains the
    data all the same. All other explanations by the last two models differ from this one by potential shaping and
    S'-redistribution; those by "optimal" form a cone. Derived for this project from the definitions in
    arXiv 2403.06854.

    Parameters
    ----------
    behaviour : {"optimal", "boltzmann", "mce"}
    log_probabilities : array (..., S, A)
    temperature : float > 0, or an array over the batch

    Returns
    -------
    array (..., S, A, 1)

    Raises
    ------
    ValueError
        If the policy excludes an action and the model never does.
    """
    _check_behaviour(behaviour)
    log_probabilities = np.asarray(log_probabilities, dtype=float)
    if behaviour == "optimal":
        return -np.isneginf(log_probabilities).astype(float)[..., None]
    if not np.all(np.isfinite(log_probabilities)):
        raise ValueError(f"a policy with probability 0 cannot come from the model {behaviour!r}")
    if behaviour == "boltzmann":
        log_probabilities = log_probabilities - np.max(log_probabilities, axis=-1, keepdims=True)
    return (check_temperature(temperature)[..., None, None] * log_probabilities)[..., None]


def tremble(log_probabilities, size):
    """The policy that with probability ``size`` in [0, 1] takes a uniformly random action instead."""
    if not 0 <= size <= 1:
        raise ValueError(f"size must lie in [0, 1], got {size}")
    n_actions = np.shape(log_probabilities)[-1]
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log1p(-size) + log_probabilities, np.log(size / n_actions))


def total_variation(log_one, log_other):
    """Largest total variation distance between two policies over the states, shape of the batch."""
    return np.max(0.5 * np.sum(np.abs(np.exp(log_one) - np.exp(log_other)), axis=-1), axis=-1)


def _check_behaviour(behaviour):
    if behaviour not in BEHAVIOURS:
        raise ValueError(f"behaviour must be one of {', '.join(BEHAVIOURS)}, got {behaviour!r}")
