"""A Bayesian observer: the posterior over rewards from demonstrations, under a right or a wrong model of the agent.

Not in the paper (Skalse & Abate (2024), arXiv 2403.06854): an illustration, derived for this project.
"""

import warnings

import numpy as np

from workbench import nuts
from workbench.studies.misspecification.irl_sensitivity.mdp import (
    check_discount,
    check_temperature,
    check_transitions,
)


def demonstrate(log_probabilities, n_per_state, seed):
    """Counts of actions when each state is visited ``n_per_state`` times, integers of shape (S, A)."""
    if int(n_per_state) != n_per_state or n_per_state < 1:
        raise ValueError(f"n_per_state must be a positive integer, got {n_per_state}")
    return np.random.default_rng(seed).multinomial(int(n_per_state), np.exp(log_probabilities))


def mce_likelihood(transitions, counts, discount, temperature):
    """The log-likelihood of demonstrations under an MCE model with a reward of the state, and its exact gradient.

    log pi = (Q - V)/alpha and dV/dw = (I - gamma P_pi)^-1, so one more S x S solve gives all derivatives.

    Parameters
    ----------
    transitions : array (S, A, S)
    counts : array (S, A), demonstrated actions
    discount, temperature : float

    Returns
    -------
    function
        From w, array (S,), to (log-likelihood, gradient (S,)). Each call starts Newton's method for the soft values
        where the last one ended, which is near in a sampler: about 0.2 ms for small MDPs.
    """
    n_states = len(transitions)
    value = np.zeros(n_states)
    identity = np.eye(n_states)
    visits = counts.sum(axis=-1, keepdims=True)

    def evaluate(reward):
        nonlocal value
        for _ in range(200):
            q = reward[:, None] + discount * (transitions @ value)
            top = q.max(axis=-1, keepdims=True)
            weights = np.exp((q - top) / temperature)
            total = weights.sum(axis=-1, keepdims=True)
            policy = weights / total
            matrix = identity - discount * np.einsum("sa,sat->st", policy, transitions)
            soft = top + temperature * np.log(total)
            step = np.linalg.solve(matrix, soft[:, 0] - value)
            value = value + step
            if np.max(np.abs(step)) <= 1e-12 * (temperature + np.max(np.abs(value))):
                break
        else:
            raise ValueError("soft policy iteration did not converge")
        log_likelihood = np.sum(counts * (q - soft)) / temperature
        # d log pi(a|s) = (dw(s) + gamma P dV - dV(s))/alpha; what depends on s alone cancels in the surplus
        surplus = np.einsum("sa,sat->t", counts - visits * policy, transitions)
        return log_likelihood, discount * np.linalg.solve(matrix.T, surplus) / temperature

    return evaluate


def posterior(transitions, counts, *, observer_discount, temperature, prior_sd=1.0, n_draws=300, n_tune=300, seed):
    """Sample the posterior over rewards w(s) of an observer who takes the agent to be of maximal causal entropy.

    Prior: w Gaussian with standard deviation ``prior_sd``, restricted to mean zero over the states, since a constant
    changes no policy. Likelihood: the observed actions, with the policy that the observer's model (its transitions, its
    discount) gives for w. Sampled by NUTS (PyMC) with an exact gradient.

    Parameters
    ----------
    transitions : array (S, A, S), as the observer believes
    counts : integer array (S, A), demonstrated actions
    observer_discount : float in (0, 1)
    temperature : float > 0
    prior_sd : float > 0
    n_draws, n_tune : int
    seed : int

    Returns
    -------
    array (n_draws, S)
        Draws from one chain, each with mean zero over the states.

    Notes
    -----
    Needs PyMC (the extra ``bayes``). About 2 s for a few states, one chain of 600 steps.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notices of PyMC's own dependencies about their future versions
        import pytensor.tensor as pt
        from pytensor.graph.op import Op

    transitions = check_transitions(transitions)
    gamma, alpha = float(check_discount(observer_discount)), float(check_temperature(temperature))
    counts = np.asarray(counts)
    if counts.shape != transitions.shape[:2]:
        raise ValueError(f"counts must have the shape {transitions.shape[:2]}, got {counts.shape}")
    if not prior_sd > 0:
        raise ValueError(f"prior_sd must be positive, got {prior_sd}")

    evaluate = mce_likelihood(transitions, counts, gamma, alpha)

    class Gradient(Op):
        itypes, otypes = [pt.dvector], [pt.dvector]

        def perform(self, node, inputs, outputs):
            outputs[0][0] = evaluate(inputs[0])[1]

    class LogLikelihood(Op):
        itypes, otypes = [pt.dvector], [pt.dscalar]

        def perform(self, node, inputs, outputs):
            outputs[0][0] = np.asarray(evaluate(inputs[0])[0])

        def grad(self, inputs, gradients):
            return [gradients[0] * Gradient()(inputs[0])]

    n_states = len(transitions)
    # an orthonormal basis of the rewards with mean zero
    basis = np.linalg.qr(np.concatenate([np.ones((n_states, 1)), np.eye(n_states)[:, 1:]], axis=1))[0][:, 1:]
    with nuts.quiet_pymc() as pm, pm.Model():
        along = pm.Normal("along", 0.0, prior_sd, shape=n_states - 1)
        pm.Potential("demonstrations", LogLikelihood()(pt.dot(basis, along)))
        trace = nuts.sample(pm, n_draws, n_tune=n_tune, seed=seed)
    return trace.posterior["along"].values[0] @ basis.T
