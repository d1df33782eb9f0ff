"""How far three observers end up from the truth when one thing in their model is wrong.

Experiments of this project on the statements of Skalse & Abate (2024), arXiv 2403.06854, which has none of its own.
"""

from typing import NamedTuple

import numpy as np

from workbench.montecarlo import one_blas_thread
from workbench.studies.misspecification.irl_sensitivity.behaviour import explain, log_policy, tremble
from workbench.studies.misspecification.irl_sensitivity.mdp import check_transitions, random_transitions
from workbench.studies.misspecification.irl_sensitivity.observer import (
    least_norm_reward,
    state_only_reward,
    unseen_directions,
    worst_distance,
    worst_distance_of_optimal,
)
from workbench.studies.misspecification.irl_sensitivity.regret import optimised_regret
from workbench.studies.misspecification.irl_sensitivity.starc import coordinates, distance

ERROR_KINDS = ("discount", "dynamics", "temperature", "behaviour", "perturbation")


class Misreading(NamedTuple):
    """Distances of three inferred rewards from the true one, and the least-norm observer's regret; shape (B,)."""

    least_norm: np.ndarray
    state_only: np.ndarray
    worst: np.ndarray
    regret: np.ndarray


@one_blas_thread
def misread(
    transitions,
    reward,
    log_probabilities,
    discount,
    start,
    *,
    observer_transitions,
    observer_discount,
    observer_behaviour,
    observer_temperature,
):
    """What observers make of given policies, measured under the true dynamics and discount.

    Parameters
    ----------
    transitions : array (B, S, A, S)
        True dynamics, of the agent and of the metric.
    reward : array broadcastable to ``transitions``, the agent's
    log_probabilities : array (B, S, A), the agent's policies
    discount : float, true
    start : array (S,)
    observer_transitions, observer_discount, observer_behaviour, observer_temperature
        The observer's model.

    Returns
    -------
    Misreading
        For "boltzmann" and "mce" the worst is the supremum over all rewards that explain the policy exactly, for
        "optimal" over all that have exactly these optimal actions.

    Notes
    -----
    Cost: one SVD of (S A) x (S + wrong rows) per MDP for the worst, batched QR for the others.
    """
    transitions = check_transitions(transitions)
    observer_transitions = np.broadcast_to(check_transitions(observer_transitions), transitions.shape)
    explanation = explain(observer_behaviour, log_probabilities, observer_temperature)
    least = least_norm_reward(observer_transitions, explanation, observer_discount)
    state, _ = state_only_reward(observer_transitions, explanation, observer_discount)
    truth = coordinates(transitions, reward, discount)
    inferred = coordinates(transitions, least, discount)
    worst = np.empty(len(transitions))
    for i in range(len(transitions)):
        true_and_believed = transitions[i], discount, observer_transitions[i], observer_discount
        if observer_behaviour == "optimal":
            worst[i] = worst_distance_of_optimal(
                truth[i], transitions[i], discount, log_probabilities[i], observer_transitions[i], observer_discount
            )
        else:
            worst[i] = worst_distance(truth[i], inferred[i], unseen_directions(*true_and_believed))
    return Misreading(
        distance(transitions, discount, reward, least),
        distance(transitions, discount, reward, state),
        worst,
        optimised_regret(transitions, reward, least, discount, start).worst,
    )


def error_sizes(error_kind, *, discount, observer_discount, temperature, observer_temperature):
    """Sizes at which a kind of error is tried: a geometric grid that includes the given observer's own error.

    discount       signed difference of discounts, observer's less true
    dynamics       share of another random MDP mixed into every row of the observer's transitions
    temperature    observer's over true
    behaviour      1: the other of "boltzmann" and "mce" assumed ("mce" for an optimal agent); 0: the right one
    perturbation   probability with which the agent's hand slips to a random action, unknown to the observer
    """
    if error_kind == "discount":
        own = observer_discount - discount
        room = min(discount, 1 - discount)
        sizes = [sign * room * share for sign in (-1, 1) for share in (0.01, 0.1, 0.5)]
        return sorted({round(size, 12) for size in [0.0, own, *sizes]})
    if error_kind == "dynamics":
        return [0.0, 0.001, 0.01, 0.1, 0.3]
    if error_kind == "temperature":
        return sorted({1 / 15, 0.5, 1.0, 2.0, 15.0, observer_temperature / temperature})
    if error_kind == "behaviour":
        return [0.0, 1.0]
    if error_kind == "perturbation":
        return [0.0, 0.0001, 0.001, 0.01, 0.1]
    raise ValueError(f"error_kind must be one of {', '.join(ERROR_KINDS)}, got {error_kind!r}")


def sweep(
    n_mdps, n_states, n_actions, *, discount, observer_discount, behaviour, temperature, observer_temperature, seed
):
    """Mean distances and regret over random MDPs with state-only rewards, for each kind and size of error.

    Parameters
    ----------
    n_mdps, n_states, n_actions : int
    discount, observer_discount : float in (0, 1)
    behaviour : {"optimal", "boltzmann", "mce"}, the agent's
    temperature, observer_temperature : float > 0
    seed : int or sequence

    Returns
    -------
    list of dict
        Columns error_kind, error_size, distance_least_norm, distance_state_only, distance_worst, regret. The regret is
        that of optimising the least-norm reward in the true MDP, worst over ties, as a share of the largest possible.
    """
    rng = np.random.default_rng(seed)
    transitions = random_transitions(n_mdps, n_states, n_actions, rng)
    others = random_transitions(n_mdps, n_states, n_actions, rng)
    reward = rng.standard_normal((n_mdps, n_states))[..., None, None]
    start = np.full(n_states, 1 / n_states)
    policy = log_policy(behaviour, transitions, reward, discount, temperature)
    rows = []
    for kind in ERROR_KINDS:
        sizes = error_sizes(
            kind,
            discount=discount,
            observer_discount=observer_discount,
            temperature=temperature,
            observer_temperature=observer_temperature,
        )
        for size in sizes:
            seen = policy
            model = {
                "observer_transitions": transitions,
                "observer_discount": discount,
                "observer_behaviour": behaviour,
                "observer_temperature": temperature,
            }
            if kind == "discount":
                model["observer_discount"] = discount + size
            elif kind == "dynamics":
                model["observer_transitions"] = (1 - size) * transitions + size * others
            elif kind == "temperature":
                model["observer_temperature"] = temperature * size
            elif kind == "behaviour" and size:
                model["observer_behaviour"] = "boltzmann" if behaviour == "mce" else "mce"
                if behaviour == "optimal":  # a policy with zeros comes from no other model: tremble first
                    seen = tremble(policy, 0.01)
            elif kind == "perturbation" and size:
                seen = tremble(policy, size)
            found = misread(transitions, reward, seen, discount, start, **model)
            rows.append(
                {
                    "error_kind": kind,
                    "error_size": float(size),
                    "distance_least_norm": float(np.mean(found.least_norm)),
                    "distance_state_only": float(np.mean(found.state_only)),
                    "distance_worst": float(np.mean(found.worst)),
                    "regret": float(np.mean(found.regret)),
                }
            )
    return rows
