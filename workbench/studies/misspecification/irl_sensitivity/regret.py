"""Exact regret: what is lost by following one reward when another is true."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import bmat

from workbench.studies.misspecification.irl_sensitivity.behaviour import TIE
from workbench.studies.misspecification.irl_sensitivity.mdp import check_discount, check_transitions, expected_reward
from workbench.studies.misspecification.irl_sensitivity.solve import hard_values, policy_value


class Regret(NamedTuple):
    """Regret of optimising a wrong reward, as a share of the best less the worst return; arrays over the batch."""

    worst: np.ndarray  # the worst choice among its optimal policies
    average: np.ndarray  # ties broken uniformly at random


def optimised_regret(transitions, reward, inferred, discount, start):
    """Regret under ``reward`` of the policies that are optimal for ``inferred``.

    Exact: the worst optimal policy is found by solving the MDP again, with the true reward negated and only the
    actions allowed that are optimal for ``inferred`` (ties up to 1e-9 of the largest value).

    Parameters
    ----------
    transitions : array (..., S, A, S)
    reward, inferred : arrays broadcastable to ``transitions``
    discount : float in (0, 1), or an array over the batch
    start : array (S,), distribution of the first state

    Returns
    -------
    Regret
        Zero where the true reward is trivial.
    """
    transitions = check_transitions(transitions)
    true = expected_reward(transitions, reward)
    wrong = hard_values(transitions, expected_reward(transitions, inferred), discount).action_value
    slack = TIE * np.max(np.abs(wrong), axis=(-2, -1), keepdims=True)
    chosen = wrong >= np.max(wrong, axis=-1, keepdims=True) - slack
    best = hard_values(transitions, true, discount).value @ start
    span = best + hard_values(transitions, -true, discount).value @ start
    worst = best + hard_values(transitions, -true, discount, allowed=chosen).value @ start
    uniform = chosen / np.sum(chosen, axis=-1, keepdims=True)
    average = best - policy_value(transitions, true, uniform, discount) @ start
    scale = np.where(span > 1e-11 * (1 + np.abs(best)), span, np.inf)
    return Regret(worst / scale, average / scale)


def worst_case_regret(transitions, reward, other, discount, start):
    """The regret of the soundness theorem: max J1(pi1) - J1(pi2) over pairs with J2(pi2) >= J2(pi1), normalised.

    A linear programme over the two policies' occupancy measures: whoever trusts ``other`` (J2) may prefer pi2 to pi1,
    and this is the most it can cost under ``reward`` (J1), as a share of max J1 - min J1. Theorem on soundness and
    completeness, arXiv 2309.15257.

    Parameters
    ----------
    transitions : array (S, A, S), one MDP
    reward, other : arrays broadcastable to ``transitions``
    discount : float in (0, 1)
    start : array (S,)

    Returns
    -------
    float in [0, 1]
    """
    transitions = check_transitions(transitions)
    n_states, n_actions = transitions.shape[:2]
    gamma = float(check_discount(discount))
    one = _normalised(expected_reward(transitions, reward).ravel())
    two = _normalised(expected_reward(transitions, other).ravel())
    flow = np.repeat(np.eye(n_states), n_actions, axis=1) - gamma * transitions.reshape(-1, n_states).T
    mass = (1 - gamma) * np.asarray(start, dtype=float)
    found = linprog(
        np.concatenate([-one, one]),
        A_ub=np.concatenate([two, -two])[None],
        b_ub=[0.0],
        A_eq=bmat([[flow, None], [None, flow]], format="csr"),
        b_eq=np.concatenate([mass, mass]),
        bounds=(0, None),
        method="highs",
    )
    if found.status != 0:
        raise ValueError(f"the linear programme failed: {found.message}")
    expected = one.reshape(n_states, n_actions)
    span = (hard_values(transitions, expected, gamma).value + hard_values(transitions, -expected, gamma).value) @ start
    return float(-found.fun / ((1 - gamma) * span)) if span > 1e-9 else 0.0


def average_regret(transitions, reward, other, discount, start, policies):
    """Mean over ordered pairs of given policies of the regret when ``other`` chooses between them, normalised.

    Parameters
    ----------
    transitions : array (S, A, S)
    reward, other : arrays broadcastable to ``transitions``
    discount : float in (0, 1)
    start : array (S,)
    policies : array (n, S, A), n >= 2

    Returns
    -------
    float in [0, 1]
        Regret is the return lost under ``reward`` (0 if the better one is chosen) over max J1 - min J1.
    """
    transitions = check_transitions(transitions)
    true = expected_reward(transitions, reward)
    judged = [
        policy_value(transitions, r, np.asarray(policies), discount) @ start
        for r in (true, expected_reward(transitions, other))
    ]
    lost = judged[0][:, None] - judged[0][None, :]  # pair (i, j): j chosen instead of i
    chosen = judged[1][None, :] >= judged[1][:, None]
    off_diagonal = ~np.eye(len(lost), dtype=bool)
    span = (hard_values(transitions, true, discount).value + hard_values(transitions, -true, discount).value) @ start
    return float(np.mean((np.maximum(lost, 0) * chosen)[off_diagonal]) * 2 / span) if span > 1e-12 else 0.0


def _normalised(vector):
    scale = np.max(np.abs(vector))
    return vector / scale if scale > 0 else vector
