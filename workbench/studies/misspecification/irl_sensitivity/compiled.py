"""Policy iteration for many small MDPs, compiled: one pass over each MDP while it is in the processor's cache.

Howard's policy iteration (1960), as solve.py has it for one MDP at a time.
"""

import numba
import numpy as np


@numba.njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True, error_model="numpy")
def policy_iteration(transitions, expected, discount, value, action_value):
    """Fill ``value`` (B, S) and ``action_value`` (B, S, A); returns False if some MDP did not settle.

    I - gamma P_pi is strictly diagonally dominant by rows, so Gaussian elimination needs no pivots.
    """
    n_mdps, n_states, n_actions, _ = transitions.shape
    policy = np.empty(n_states, dtype=np.int64)
    matrix = np.empty((n_states, n_states))
    v = np.empty(n_states)
    for b in range(n_mdps):
        gamma = discount[b]
        v[:] = 0.0
        settled = False
        for iteration in range(1000):
            changed = iteration == 0
            largest = np.max(np.abs(v))
            threshold = largest * min(1e-14 / (1 - gamma), 1e-9)
            for s in range(n_states):
                best, best_q = 0, -np.inf
                for a in range(n_actions):
                    q, row = 0.0, transitions[b, s, a]
                    for t in range(n_states):
                        q += row[t] * v[t]
                    q = expected[b, s, a] + gamma * q
                    action_value[b, s, a] = q
                    if q > best_q:
                        best, best_q = a, q
                if iteration <= 2:  # sweeps of value iteration, in place, find a good policy to start from
                    v[s] = best_q
                    policy[s] = best
                    changed = True
                elif best_q > action_value[b, s, policy[s]] + threshold:
                    policy[s] = best
                    changed = True
            if not changed:
                settled = True
                break
            if iteration >= 2:
                for s in range(n_states):
                    for t in range(n_states):
                        matrix[s, t] = -gamma * transitions[b, s, policy[s], t]
                    matrix[s, s] += 1.0
                    v[s] = expected[b, s, policy[s]]
                for k in range(0, n_states - 1, 2):  # two pivots a pass: half the traffic through the matrix
                    one, two = matrix[k], matrix[k + 1]
                    factor = two[k] / one[k]
                    for t in range(k + 1, n_states):
                        two[t] -= factor * one[t]
                    v[k + 1] -= factor * v[k]
                    inverse_one, inverse_two = 1.0 / one[k], 1.0 / two[k + 1]
                    for i in range(k + 2, n_states):
                        row = matrix[i]
                        by_one = row[k] * inverse_one
                        by_two = (row[k + 1] - by_one * one[k + 1]) * inverse_two
                        for t in range(k + 2, n_states):
                            row[t] -= by_one * one[t] + by_two * two[t]
                        v[i] -= by_one * v[k] + by_two * v[k + 1]
                for k in range(n_states - 1, -1, -1):
                    for t in range(k + 1, n_states):
                        v[k] -= matrix[k, t] * v[t]
                    v[k] /= matrix[k, k]
        if not settled:
            return False
        value[b] = v
    return True
