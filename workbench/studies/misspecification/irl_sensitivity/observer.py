"""What an observer infers: its least-norm reward, a reward of the state alone, and the worst it cannot exclude.

Three sets of dynamics and discounts are kept apart: the agent's (in its policy), the observer's (``observer_*``), and
the metric's (``transitions``, ``discount``: the true ones, under which the inferred reward will be read).
"""

import numpy as np
from scipy.optimize import nnls

from workbench.studies.misspecification.irl_sensitivity.mdp import check_discount, check_transitions, expected_reward
from workbench.studies.misspecification.irl_sensitivity.starc import (
    canonical_reward,
    coordinates,
    row_norms,
    standardise,
)
from workbench.studies.misspecification.irl_sensitivity.transformations import shaping


def least_norm_reward(observer_transitions, explanation, observer_discount):
    """The reward of least norm among all that explain the data, in the observer's eyes; shape (..., S, A, S).

    ``explanation`` is any reward that explains the policy (`explain`). For the models "boltzmann" and "mce" the others
    are its shaped and redistributed versions, under the observer's own transitions and discount.
    """
    return canonical_reward(observer_transitions, explanation, observer_discount)


def state_only_reward(observer_transitions, explanation, observer_discount):
    """The reward of the state alone that fits best: least squares over w(s) and a potential, shape (..., S, 1, 1).

    Minimises the norm of (w + gamma P Phi - Phi - r)/n over w and Phi. If the agent's reward is w(s) and only the
    discount is wrong, the fit is exact: w + (gamma_true/gamma_observer - 1) V, with V the agent's own (soft) values.
    Derived for this project.

    Returns
    -------
    reward : array (..., S, 1, 1)
    residual : array, shape of the batch
        Norm of what is left over.
    """
    transitions = check_transitions(observer_transitions)
    n_states, n_actions = transitions.shape[-3:-1]
    expected = expected_reward(transitions, explanation)
    weight = row_norms(transitions)
    gamma = check_discount(observer_discount)[..., None, None, None]
    state = np.broadcast_to(np.eye(n_states)[:, None, :], transitions.shape)
    design = np.concatenate([state, gamma * transitions - state], axis=-1) / weight[..., None]
    design = design.reshape(design.shape[:-3] + (n_states * n_actions, 2 * n_states))
    target = (expected / weight).reshape(expected.shape[:-2] + (-1, 1))
    design, target = np.broadcast_arrays(design, target)[0], target
    # constants are both a reward and a shaping: the pseudo-inverse takes the smaller solution
    fitted = np.matmul(np.linalg.pinv(design, rcond=1e-13), target)
    residual = np.linalg.norm(np.matmul(design, fitted) - target, axis=(-2, -1))
    return fitted[..., :n_states, 0][..., None, None], residual


def unseen_directions(transitions, discount, observer_transitions, observer_discount):
    """Directions in which the inferred reward may move, in coordinates under the true dynamics and discount.

    The observer cannot tell R from R + F(Phi) + N, F shaping with its own discount and N redistribution with its own
    transitions. Read under the truth these are no longer harmless: shapings become multiples of (difference of
    discounts) Phi(S') plus redistribution, and each wrong row (s, a) leaves r(s, a) free.

    Parameters
    ----------
    transitions, observer_transitions : arrays (S, A, S), one MDP
    discount, observer_discount : float in (0, 1)

    Returns
    -------
    array (S A, k)
        An orthonormal basis; k = 0 if the observer is right, or wrong in nothing that matters.
    """
    n_states, n_actions = transitions.shape[:2]
    potentials = shaping(np.eye(n_states), observer_discount)
    moved = list(coordinates(transitions, potentials, discount))
    wrong = np.max(np.abs(transitions - observer_transitions), axis=-1) > 1e-13
    single = np.eye(n_states * n_actions).reshape(-1, n_states, n_actions, 1)[wrong.ravel()]
    if len(single):
        moved.extend(coordinates(transitions, single, discount))
    basis, size, _ = np.linalg.svd(np.array(moved).T, full_matrices=False)
    return basis[:, size > max(1e-9 * size[0], 1e-12)]


def worst_distance(truth, inferred, directions):
    """Supremum of the distance over all rewards that an observer cannot exclude.

    With the directions' subspace U and p = |projection of s(R) on U|: for an observer whose model of behaviour is
    right this is sqrt((1 + p)/2), at least 1/sqrt 2, approached as the reward moves to infinity (reached if R lies in
    U). A reward ``inferred`` that already points away from the truth can make it larger. Derived for this project.

    Parameters
    ----------
    truth, inferred : arrays (S A,), coordinates of the true and of one inferred reward
    directions : array (S A, k), orthonormal

    Returns
    -------
    float in [0, 1]; 1/2 if exactly one of the rewards is trivial whatever the direction
    """
    truth = standardise(truth)
    fixed = inferred - directions @ (directions.T @ inferred)
    if np.linalg.norm(fixed) <= 1e-9 * np.linalg.norm(inferred):
        fixed = np.zeros_like(fixed)
    if not np.any(truth):
        return 0.5 if directions.shape[1] or np.any(fixed) else 0.0
    along = truth @ standardise(fixed)
    if directions.shape[1] == 0:
        return float(0.5 * np.linalg.norm(truth - standardise(fixed)))
    cosine = -np.sqrt(np.sum((directions.T @ truth) ** 2) + min(0.0, along) ** 2)
    return float(np.sqrt(max(0.0, (1 - cosine) / 2)))


def worst_potential(transitions, reward, discount):
    """The potential Phi whose Phi(S') points most against the reward: where a wrong discount does the most harm.

    R + k (gamma_observer Phi(s') - Phi(s)) with k (gamma_observer - gamma) -> +infinity approaches the supremum of
    :func:`worst_distance`. One least squares in S unknowns per MDP.

    Returns
    -------
    array (..., S)
        Scaled so that the canonical form of Phi(S') has norm 1; zero if the transitions are trivial.
    """
    transitions = check_transitions(transitions)
    n_states = transitions.shape[-1]
    entry = np.eye(n_states).reshape((n_states,) + (1,) * (transitions.ndim - 1) + (n_states,))
    columns = np.moveaxis(coordinates(transitions, entry, discount), 0, -1)  # (..., S A, S)
    truth = standardise(coordinates(transitions, reward, discount))
    potential = -np.matmul(np.linalg.pinv(columns, rcond=1e-9), truth[..., None])
    size = np.linalg.norm(np.matmul(columns, potential), axis=(-2, -1))[..., None]
    return potential[..., 0] / np.where(size > 1e-9, size, np.inf)


def worst_distance_of_optimal(truth, transitions, discount, log_policy, observer_transitions, observer_discount):
    """:func:`worst_distance` for the model "optimal", whose explanations of a policy form a cone.

    The cone is spanned by -1 at each pair (s, a) that the policy avoids, and by the directions of
    :func:`unseen_directions`. The largest angle to it is found by projecting -R on the cone (non-negative least
    squares); if that projection vanishes, at one of its edges.
    """
    truth = standardise(truth)
    n_states, n_actions = log_policy.shape
    avoided = np.eye(n_states * n_actions)[np.isneginf(log_policy).ravel()].reshape(-1, n_states, n_actions, 1)
    edges = np.zeros((0, truth.size))
    if len(avoided):
        observed = canonical_reward(observer_transitions, -avoided, observer_discount)
        edges = coordinates(transitions, observed, discount)
    free = unseen_directions(transitions, discount, observer_transitions, observer_discount)
    rays = np.concatenate([edges, free.T, -free.T])
    rays = standardise(rays[np.linalg.norm(rays, axis=-1) > 0])
    if not len(rays) or not np.any(truth):
        return 0.5 * float(bool(len(rays)) != bool(np.any(truth)))
    _, left = nnls(rays.T, -truth)
    projection = np.sqrt(max(0.0, 1 - left**2))
    cosine = -projection if projection > 1e-7 else np.min(rays @ truth)
    return float(np.sqrt((1 - cosine) / 2))
