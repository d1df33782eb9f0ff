"""Exact solvers, batched over many MDPs: policy iteration by linear solves, for hard and for soft (entropy) values."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import NamedTuple

import numpy as np

from workbench.montecarlo import one_blas_thread
from workbench.studies.misspecification.irl_sensitivity.mdp import check_discount, check_temperature

MAX_ITERATIONS = 1000
COMPILE_FROM = 1000  # MDPs from which compiled code, spread over the processors, is worth its start-up
BLOCK = 2**18


class Solution(NamedTuple):
    """Values of a batch of MDPs."""

    value: np.ndarray  # (..., S)
    action_value: np.ndarray  # (..., S, A); -inf where an action is not allowed


def policy_value(transitions, expected, policy, discount):
    """V of given policies, (I - gamma P_pi)^-1 r_pi, one linear solve each.

    Parameters
    ----------
    transitions : array (..., S, A, S)
    expected : array (..., S, A), expected rewards r(s, a)
    policy : array (..., S, A), probabilities
    discount : float in (0, 1), or an array over the batch

    Returns
    -------
    array (..., S)
    """
    chain = np.sum(policy[..., None] * transitions, axis=-2)
    gain = np.sum(policy * expected, axis=-1)
    return _solve_chain(chain, gain, check_discount(discount))


def hard_values(transitions, expected, discount, *, allowed=None):
    """Optimal values by policy iteration with exact evaluation, all MDPs at once.

    Parameters
    ----------
    transitions : array (..., S, A, S)
    expected : array (..., S, A), expected rewards r(s, a)
    discount : float in (0, 1), or an array over the batch
    allowed : boolean array (..., S, A), optional
        Actions to choose from; at least one in every state.

    Returns
    -------
    Solution
        Exact up to rounding, about 1e-16 / (1 - gamma) relative to the largest value.

    Notes
    -----
    Each iteration costs one S x S solve per MDP that still improves; a few sweeps of value iteration first save
    about half of them. From 1000 MDPs on, compiled code does the same, spread over the processors (numba; about 20
    us each on one processor for S = 32, A = 4, after a compilation of about 4 s the first time ever). An action
    replaces another only if it is better by more than rounding, so ties cannot cycle.
    """
    solve = _hard_block
    if allowed is None and np.prod(np.shape(transitions)[:-3]) >= COMPILE_FROM:
        solve = _hard_compiled
    return _in_blocks(solve, transitions, expected, discount, allowed)


def soft_values(transitions, expected, discount, temperature):
    """Soft values V = alpha log sum_a exp(Q/alpha), Q = r + gamma P V, by soft policy iteration.

    Policy evaluation with the entropy bonus is Newton's method on the soft Bellman equation: monotone from the second
    step on, and quadratic near the end, so about ten solves suffice even at gamma = 0.9999.

    Parameters
    ----------
    transitions, expected, discount
        As in :func:`hard_values`.
    temperature : float > 0
        alpha, the weight of the entropy; or an array over the batch.

    Returns
    -------
    Solution
    """
    return _in_blocks(_soft_block, transitions, expected, discount, check_temperature(temperature))


@one_blas_thread
def _in_blocks(solve, transitions, expected, discount, extra):
    shape = np.broadcast_shapes(np.shape(transitions)[:-1], np.shape(expected))
    batch, n_states = shape[:-2], shape[-2]
    transitions = np.broadcast_to(transitions, shape + (n_states,)).reshape(-1, *shape[-2:], n_states)
    expected = np.broadcast_to(expected, shape).reshape(-1, *shape[-2:])
    discount = np.broadcast_to(check_discount(discount), batch).reshape(-1)
    if extra is not None:
        extra = np.broadcast_to(extra, batch + np.shape(extra)[len(batch) :]).reshape(len(discount), -1)
    if not np.all(np.isfinite(expected)):
        raise ValueError("expected rewards must be finite")
    size = max(1, BLOCK // max(1, transitions[0].size))
    value, action_value = np.empty((len(discount), n_states)), np.empty(expected.shape)

    def fill(part):
        value[part], action_value[part] = solve(
            transitions[part], expected[part], discount[part], None if extra is None else extra[part]
        )

    parts = [slice(i, i + size) for i in range(0, len(discount), size)]
    if solve is _hard_compiled:  # runs outside Python's lock
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(fill, parts))
    else:
        for part in parts:
            fill(part)
    return Solution(value.reshape(batch + (n_states,)), action_value.reshape(shape))


def _hard_block(transitions, expected, discount, allowed):
    allowed = None if allowed is None else allowed.reshape(expected.shape)
    n_states, n_actions = expected.shape[1:]
    rows = np.ascontiguousarray(transitions).reshape(-1, n_states)
    flat = rows.reshape(len(discount), -1, n_states)

    def q_values(value, index):
        q = expected[index] + discount[index, None, None] * _next(flat[index], value).reshape(expected[index].shape)
        return q if allowed is None else np.where(allowed[index], q, -np.inf)

    everything = slice(None)
    value = np.zeros(expected.shape[:2])
    for _ in range(4):
        value = reduce(np.maximum, np.moveaxis(q_values(value, everything), -1, 0))
    policy = np.argmax(q_values(value, everything), axis=-1)
    action_value = np.empty(expected.shape)
    active = np.arange(len(discount))
    for _ in range(MAX_ITERATIONS):
        chosen = policy[active]
        picked = (active[:, None] * n_states + np.arange(n_states)) * n_actions + chosen
        chain = np.take(rows, picked, axis=0)
        gain = np.take(expected, picked)
        value[active] = _solve_chain(chain, gain, discount[active])
        q = q_values(value[active], active)
        action_value[active] = q
        best = np.argmax(q, axis=-1)
        gap = np.take_along_axis(q, best[..., None], -1) - np.take_along_axis(q, chosen[..., None], -1)
        rounding = 1e-14 * np.max(np.abs(value[active]), axis=-1, keepdims=True) / (1 - discount[active, None])
        better = gap[..., 0] > np.minimum(rounding, 1e-9 * np.max(np.abs(value[active]), axis=-1, keepdims=True))
        policy[active] = np.where(better, best, chosen)
        active = active[np.any(better, axis=-1)]
        if active.size == 0:
            return value, action_value
    raise ValueError("policy iteration did not converge")


def _hard_compiled(transitions, expected, discount, allowed):
    from workbench.studies.misspecification.irl_sensitivity.compiled import policy_iteration

    value, action_value = np.empty(expected.shape[:2]), np.empty(expected.shape)
    if not policy_iteration(np.ascontiguousarray(transitions), expected, discount, value, action_value):
        raise ValueError("policy iteration did not converge")
    return value, action_value


def _soft_block(transitions, expected, discount, temperature):
    alpha = temperature[:, :, None]
    flat = transitions.reshape(len(discount), -1, transitions.shape[-1])
    value = _hard_block(transitions, expected, discount, None)[0]  # a start with the right scale
    for _ in range(MAX_ITERATIONS):
        q = expected + discount[:, None, None] * _next(flat, value).reshape(expected.shape)
        top = np.max(q, axis=-1, keepdims=True)
        weights = np.exp((q - top) / alpha)
        soft = top[..., 0] + alpha[..., 0] * np.log(np.sum(weights, axis=-1))
        residual = np.max(np.abs(soft - value), axis=-1)
        scale = np.max(np.abs(soft), axis=-1) + alpha[:, 0, 0]
        if np.all(residual <= 4e-15 * scale):
            break
        policy = weights / np.sum(weights, axis=-1, keepdims=True)
        # Newton's step: V + (I - gamma P_pi)^-1 (soft(V) - V), exact where the softmax no longer moves
        step = _solve_chain(np.sum(policy[..., None] * transitions, axis=-2), soft - value, discount)
        value = value + step
        if np.all(np.max(np.abs(step), axis=-1) <= 4e-16 * scale):
            break
    else:
        raise ValueError("soft policy iteration did not converge")
    return value, expected + discount[:, None, None] * _next(flat, value).reshape(expected.shape)


def _next(flat, value):
    """E V(S') for every state and action, (batch, S A)."""
    return np.matmul(flat, value[..., None])[..., 0]


def _solve_chain(chain, gain, discount):
    n_states = chain.shape[-1]
    matrix = -np.asarray(discount)[..., None, None] * chain
    matrix[..., np.arange(n_states), np.arange(n_states)] += 1
    return np.linalg.solve(matrix, gain[..., None])[..., 0]
