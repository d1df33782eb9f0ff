"""Transformations of rewards: those that change no policy's rank, and the largest that a tolerance allows.

Potential shaping and S'-redistribution as in Skalse & Abate (2024), arXiv 2403.06854.
"""

import numpy as np

from workbench.studies.misspecification.irl_sensitivity.mdp import check_discount, expected_reward
from workbench.studies.misspecification.irl_sensitivity.starc import canonical_reward


def shaping(potential, discount):
    """Potential shaping F(s, a, s') = gamma Phi(s') - Phi(s), to be added to a reward.

    On an absorbing state it is (gamma - 1) Phi, not zero. A constant potential adds a constant.

    Parameters
    ----------
    potential : array (..., S)
    discount : float in (0, 1), or an array over the batch

    Returns
    -------
    array (..., S, 1, S)
    """
    potential = np.asarray(potential, dtype=float)
    gamma = check_discount(discount)[..., None, None, None]
    return gamma * potential[..., None, None, :] - potential[..., :, None, None]


def redistribution(transitions, noise):
    """S'-redistribution: ``noise`` less its mean under tau(.|s, a), to be added to a reward; shape (..., S, A, S)."""
    return noise - expected_reward(transitions, noise)[..., None]


def random_equivalent(transitions, reward, discount, seed, *, size=1.0):
    """A reward that orders all policies as ``reward`` does: shaped, redistributed and scaled at random.

    Potential and redistribution are Gaussian of standard deviation ``size``, the factor is log-normal.
    """
    rng = np.random.default_rng(seed)
    potential = size * rng.standard_normal(transitions.shape[:-2])
    noise = size * rng.standard_normal(transitions.shape)
    factor = np.exp(rng.standard_normal(transitions.shape[:-3]))[..., None, None, None]
    return factor * (reward + shaping(potential, discount) + redistribution(transitions, noise))


def extremal(transitions, reward, discount, tolerance, direction):
    """The transformation t of proposition P3 at its bound: |R - t(R)| = |c(R)| sin(2 arcsin tolerance).

    t(R) = R - sin(theta) w, with theta = 2 arcsin(tolerance) and w of norm |c(R)| chosen so that R - sin(theta) w is
    orthogonal to w: then t(R) lies at angle theta from R, which is STARC distance sin(theta/2) = tolerance exactly.

    Parameters
    ----------
    transitions : array (..., S, A, S)
    reward : array broadcastable to ``transitions``
    discount : float or array
    tolerance : float in [0, 1/sqrt(2))
        In the halved distance. At 90 degrees t(R) vanishes, and beyond no such bound is tight.
    direction : array (..., S, A, S)
        Any reward: the plane in which to turn.

    Returns
    -------
    array (..., S, A, S)
        A reward of canonical form; its distance to ``reward`` is ``tolerance``.
    """
    if not 0 <= tolerance < np.sqrt(0.5):
        raise ValueError(f"tolerance must lie in [0, 1/sqrt(2)), got {tolerance}")
    angle = 2 * np.arcsin(tolerance)
    own = canonical_reward(transitions, reward, discount)
    other = canonical_reward(transitions, direction, discount)
    square = np.sum(own**2, axis=(-3, -2, -1), keepdims=True)
    other = other - own * np.sum(own * other, axis=(-3, -2, -1), keepdims=True) / square
    other *= np.sqrt(square / np.sum(other**2, axis=(-3, -2, -1), keepdims=True))
    return own - np.sin(angle) * (np.sin(angle) * own - np.cos(angle) * other)
