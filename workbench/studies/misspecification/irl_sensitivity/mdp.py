"""Tabular Markov decision processes: random ones, a gridworld, the two-state example, and checks on their shapes.

Definitions as in Skalse & Abate (2024), arXiv 2403.06854.
"""

from typing import NamedTuple

import numpy as np


class World(NamedTuple):
    """One MDP without its discount."""

    transitions: np.ndarray  # (S, A, S), rows tau(.|s, a)
    reward: np.ndarray  # broadcastable to (S, A, S)
    start: np.ndarray  # (S,), distribution of the first state


def check_transitions(transitions):
    """Transitions as a float array of shape (..., S, A, S); ``ValueError`` unless every row is a distribution."""
    transitions = np.asarray(transitions, dtype=float)
    if transitions.ndim < 3 or transitions.shape[-1] != transitions.shape[-3] or transitions.size == 0:
        raise ValueError(f"transitions must have the shape (..., S, A, S), got {transitions.shape}")
    if not np.all(transitions >= 0) or np.max(np.abs(transitions.sum(axis=-1) - 1)) > 1e-9:
        raise ValueError("transitions must be distributions over the last axis: entries >= 0 that add up to 1")
    return transitions


def check_discount(discount, name="discount"):
    """A discount (number or array over the batch) in (0, 1) as a float array."""
    discount = np.asarray(discount, dtype=float)
    if not np.all((discount > 0) & (discount < 1)):
        raise ValueError(f"{name} must lie in (0, 1), got {discount}")
    return discount


def check_temperature(temperature, name="temperature"):
    """The temperature as an array; ``ValueError`` with a sentence where it is not positive and finite."""
    temperature = np.asarray(temperature, dtype=float)
    if not np.all((temperature > 0) & np.isfinite(temperature)):
        raise ValueError(f"{name} must be positive and finite, got {temperature}")
    return temperature


def expected_reward(transitions, reward):
    """r(s, a) = E over s' ~ tau(.|s, a) of R(s, a, s').

    Parameters
    ----------
    transitions : array (..., S, A, S)
    reward : array, broadcastable to the shape of ``transitions``
        So a reward of the state is ``w[:, None, None]``, of the state entered ``w``, of state and action
        ``r[..., None]``. Values at impossible transitions (probability 0) do not count, even infinite ones.

    Returns
    -------
    array (..., S, A)
    """
    reward = np.asarray(reward, dtype=float)
    if reward.ndim and reward.shape[-1] == 1:  # does not depend on s'
        return np.broadcast_to(reward[..., 0], np.broadcast_shapes(reward.shape[:-1], transitions.shape[:-1])).copy()
    with np.errstate(invalid="ignore"):
        return np.sum(np.where(transitions > 0, transitions * reward, 0.0), axis=-1)


def random_transitions(n_mdps, n_states, n_actions, seed, *, concentration=0.3):
    """Independent rows from a symmetric Dirichlet law, shape (n_mdps, S, A, S); small concentrations are sparse."""
    for name, value, least in (("n_mdps", n_mdps, 1), ("n_states", n_states, 1), ("n_actions", n_actions, 1)):
        if int(value) != value or value < least:
            raise ValueError(f"{name} must be an integer >= {least}, got {value}")
    if not concentration > 0:
        raise ValueError(f"concentration must be positive, got {concentration}")
    weights = np.random.default_rng(seed).standard_gamma(concentration, (n_mdps, n_states, n_actions, n_states))
    weights[..., 0] += np.finfo(float).tiny * (weights.sum(axis=-1) == 0)  # all underflowed: possible, if unlikely
    return weights / weights.sum(axis=-1, keepdims=True)


def gridworld(side, slip):
    """A side x side grid: four moves, replaced with probability ``slip`` by a uniformly random move.

    Walls keep the walker in place. The reward depends on the state alone: +1 in the far corner, -1 in the centre,
    -0.04 elsewhere. The walk starts in the near corner.

    Parameters
    ----------
    side : int >= 2
    slip : float in [0, 1)

    Returns
    -------
    World
        S = side^2 states, row by row; A = 4.
    """
    if int(side) != side or side < 2:
        raise ValueError(f"side must be an integer >= 2, got {side}")
    if not 0 <= slip < 1:
        raise ValueError(f"slip must lie in [0, 1), got {slip}")
    row, column = np.divmod(np.arange(side**2), side)
    moves = np.zeros((side**2, 4, side**2))
    for a, (down, right) in enumerate([(-1, 0), (1, 0), (0, -1), (0, 1)]):
        target = np.clip(row + down, 0, side - 1) * side + np.clip(column + right, 0, side - 1)
        moves[np.arange(side**2), a, target] = 1
    transitions = (1 - slip) * moves + slip * moves.mean(axis=1, keepdims=True)
    reward = np.full(side**2, -0.04)
    reward[(side // 2) * side + side // 2] = -1
    reward[-1] = 1
    return World(transitions, reward[:, None, None], np.eye(side**2)[0])


def two_state():
    """Two states, actions stay and switch, reward 1 on arriving in state 1; starts anywhere."""
    transitions = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    return World(transitions, np.array([0.0, 1.0]), np.array([0.5, 0.5]))


def is_trivial(transitions):
    """Whether the action never matters to the next state; shape of the batch."""
    transitions = check_transitions(transitions)
    return np.max(np.abs(transitions - transitions[..., :1, :]), axis=(-3, -2, -1)) < 1e-12


def reachable(transitions, start):
    """States that some policy reaches with positive probability, boolean of shape (S,)."""
    transitions = check_transitions(transitions)
    step = np.any(transitions > 0, axis=1)
    found = np.asarray(start) > 0
    while True:
        grown = found | np.any(step[found], axis=0)
        if np.array_equal(grown, found):
            return found
        found = grown


def restrict(world, states):
    """The MDP on a set of states that no transition leaves, e.g. the reachable ones, on which alone returns depend.

    Parameters
    ----------
    world : World
    states : boolean array (S,)

    Raises
    ------
    ValueError
        If some transition or the start leaves the set.
    """
    transitions = check_transitions(world.transitions)
    inside = transitions[states][:, :, states]
    if np.max(np.abs(inside.sum(axis=-1) - 1), initial=0) > 1e-9 or np.sum(world.start[states]) < 1 - 1e-9:
        raise ValueError("states must be closed: a transition or the start leaves them")
    reward = np.broadcast_to(world.reward, transitions.shape)
    return World(inside, reward[states][:, :, states], world.start[states])
