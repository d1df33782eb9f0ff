"""The STARC distance between rewards (arXiv 2309.15257), by canonical forms in closed form.

A canonical form c is linear, changes a reward by potential shaping and S'-redistribution only, and is equal for two
rewards exactly if they differ by those. The distance is

    d(R1, R2) = 1/2 | c(R1)/|c(R1)| - c(R2)/|c(R2)| |,        0/0 read as 0,

between 0 (same order of all policies) and 1 (R and -R); sin(theta/2) for rewards at angle theta, 1/2 if exactly one of
them is trivial. Other texts leave out the factor 1/2 and have twice these numbers.
"""

import numpy as np

from workbench.studies.misspecification.irl_sensitivity.mdp import (
    check_discount,
    check_transitions,
    expected_reward,
)
from workbench.studies.misspecification.irl_sensitivity.solve import policy_value

CANONICAL = ("minimal", "value")
ZERO = 1e-11  # canonical forms smaller than this share of the reward itself are rounding


def coordinates(transitions, reward, discount, *, canonical="minimal"):
    """Canonical form in coordinates where its Euclidean norm is the Euclidean norm over (s, a, s').

    "minimal", the element of least norm among all shaped and redistributed versions: with n = |tau(.|s, a)| the rows of
    D = gamma P - E divided by n span the shapings, and what is left of r/n off that span is returned (one QR
    factorisation of S columns; derived for this project).
    "value", the authors' VAL: r + D V, V the values of the uniform policy, constant in s', which multiplies its norm
    by sqrt(S).

    Parameters
    ----------
    transitions : array (..., S, A, S)
    reward : array broadcastable to ``transitions``
    discount : float in (0, 1), or an array over the batch
    canonical : {"minimal", "value"}

    Returns
    -------
    array (..., S A)
        Exactly zero if the reward is trivial: smaller than 1e-11 of the reward's own size.
    """
    transitions = check_transitions(transitions)
    expected = expected_reward(transitions, reward)
    if canonical == "minimal":
        weight = row_norms(transitions)
        basis = shaping_basis(transitions, discount)
        scaled = _flat(expected / weight)
        found = scaled - _apply(basis, _apply(np.swapaxes(basis, -1, -2), scaled))
        # once more: what rounding left inside the span of large shapings
        found = found - _apply(basis, _apply(np.swapaxes(basis, -1, -2), found))
    elif canonical == "value":
        uniform = np.full(expected.shape, 1 / expected.shape[-1])
        value = policy_value(transitions, expected, uniform, discount)
        gamma = check_discount(discount)[..., None, None]
        found = expected + gamma * np.matmul(transitions, value[..., None, :, None])[..., 0] - value[..., None]
        found = _flat(found) * np.sqrt(transitions.shape[-1])
    else:
        raise ValueError(f"canonical must be one of {', '.join(CANONICAL)}, got {canonical!r}")
    size = _size(transitions, reward)
    small = np.linalg.norm(found, axis=-1) <= ZERO * size
    return np.where(small[..., None], 0.0, found)


def canonical_reward(transitions, reward, discount, *, canonical="minimal"):
    """The canonical form itself, shape (..., S, A, S): r_c(s, a) tau(s'|s, a)/n^2 for "minimal", r_c(s, a) for "value".

    Its Euclidean norm over (s, a, s') is that of :func:`coordinates`.
    """
    transitions = check_transitions(transitions)
    found = coordinates(transitions, reward, discount, canonical=canonical)
    found = found.reshape(found.shape[:-1] + transitions.shape[-3:-1])[..., None]
    if canonical == "value":
        return np.broadcast_to(found / np.sqrt(transitions.shape[-1]), found.shape[:-1] + transitions.shape[-1:])
    return found / row_norms(transitions)[..., None] * transitions


def distance(transitions, discount, reward, other, *, canonical="minimal"):
    """STARC distance of two rewards, in [0, 1], shape of the batch.

    Parameters
    ----------
    transitions, discount
        The metric's own, usually the true ones: what the agent or an observer believes does not enter.
    reward, other : arrays broadcastable to ``transitions``
    canonical : {"minimal", "value"}
        Values other than 0 and 1 depend on this choice.

    Notes
    -----
    Only states that can be reached should be in the MDP (`restrict`); returns ignore the others, the distance does not.
    """
    return angle_distance(
        coordinates(transitions, reward, discount, canonical=canonical),
        coordinates(transitions, other, discount, canonical=canonical),
    )


def angle_distance(one, other):
    """Half the distance of two vectors after standardising (zero stays zero), over the last axis."""
    return 0.5 * np.linalg.norm(standardise(one) - standardise(other), axis=-1)


def standardise(vectors):
    """Vectors divided by their norm over the last axis; zero stays zero."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norm > 0, norm, 1.0)


def row_norms(transitions):
    """n(s, a) = |tau(.|s, a)|, between 1/sqrt(S) and 1."""
    return np.linalg.norm(transitions, axis=-1)


def shaping_basis(transitions, discount):
    """Orthonormal basis of the shapings in the coordinates of "minimal", shape (..., S A, S), by QR."""
    n_states, n_actions = transitions.shape[-3:-1]
    gamma = check_discount(discount)[..., None, None, None]
    rows = gamma * transitions - np.eye(n_states)[:, None, :]
    rows = rows / row_norms(transitions)[..., None]
    return np.linalg.qr(rows.reshape(rows.shape[:-3] + (n_states * n_actions, n_states)))[0]


def _size(transitions, reward):
    """Root of the expected square of the reward over impossible transitions excluded, the scale of the zero test."""
    with np.errstate(invalid="ignore", over="ignore"):
        square = np.sum(np.where(transitions > 0, transitions * np.square(reward), 0.0), axis=(-3, -2, -1))
    return np.sqrt(square)


def _flat(values):
    return values.reshape(values.shape[:-2] + (-1,))


def _apply(matrix, vector):
    return np.matmul(matrix, vector[..., None])[..., 0]
