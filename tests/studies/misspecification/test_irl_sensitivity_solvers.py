"""Solvers, behavioural models and environments: against brute force, and at the edges."""

from itertools import product

import numpy as np
import pytest

from workbench.studies.misspecification import irl_sensitivity as irl
from workbench.studies.misspecification.irl_sensitivity.mdp import check_transitions

SLIPPERY = irl.gridworld(3, 0.2)


def random_case(n=5, s=4, a=3, seed=0):
    tau = irl.random_transitions(n, s, a, seed)
    return tau, np.random.default_rng([seed, 1]).standard_normal((n, s, a))


def test_policy_iteration_finds_the_best_of_all_deterministic_policies():
    tau, r = random_case(3)
    best = np.full((3, 4), -np.inf)
    for choice in product(range(3), repeat=4):
        best = np.maximum(best, irl.policy_value(tau, r, np.eye(3)[list(choice)], 0.9))
    np.testing.assert_allclose(irl.hard_values(tau, r, 0.9).value, best, atol=1e-12)


@pytest.mark.parametrize("gamma", [0.1, 0.9, 0.999, 0.9999])
def test_values_solve_the_bellman_equations(gamma):
    tau, r = random_case(20, 10, 4)
    value, q = irl.hard_values(tau, r, gamma)
    np.testing.assert_allclose(q, r + gamma * np.einsum("bsat,bt->bsa", tau, value), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(q.max(axis=-1), value, rtol=1e-10, atol=1e-10)
    for alpha in (1e-3, 0.5, 100.0):
        soft, q = irl.soft_values(tau, r, gamma, alpha)
        top = q.max(axis=-1)
        bellman = top + alpha * np.log(np.sum(np.exp((q - top[..., None]) / alpha), axis=-1))
        np.testing.assert_allclose(bellman, soft, rtol=1e-10, atol=1e-10)
        slack = 1e-11 * np.max(np.abs(soft))
        assert np.all(soft >= value - slack) and np.all(soft <= value + alpha * np.log(4) / (1 - gamma) + slack)


def test_value_iteration_agrees():
    tau, r = random_case(4, 6, 3)
    hard, soft = np.zeros((2, 4, 6))
    for _ in range(600):
        hard = np.max(r + 0.9 * np.einsum("bsat,bt->bsa", tau, hard), axis=-1)
        soft = 0.3 * np.log(np.sum(np.exp((r + 0.9 * np.einsum("bsat,bt->bsa", tau, soft)) / 0.3), axis=-1))
    np.testing.assert_allclose(irl.hard_values(tau, r, 0.9).value, hard, atol=1e-10)
    np.testing.assert_allclose(irl.soft_values(tau, r, 0.9, 0.3).value, soft, atol=1e-10)


def test_returns_agree_with_simulated_episodes():
    tau, r = random_case(1, 3, 2)
    policy = np.exp(irl.log_policy("mce", tau, r[..., None], 0.8))[0]
    rng = np.random.default_rng(3)
    n, horizon = 4000, 80
    state, total = np.zeros(n, dtype=int), np.zeros(n)
    for t in range(horizon):
        action = (rng.random(n)[:, None] > np.cumsum(policy[state], axis=1)[:, :-1]).sum(axis=1)
        total += 0.8**t * r[0, state, action]
        state = (rng.random(n)[:, None] > np.cumsum(tau[0, state, action], axis=1)[:, :-1]).sum(axis=1)
    expected = irl.policy_value(tau[0], r[0], policy, 0.8)[0]
    assert abs(total.mean() - expected) < 4.5 * total.std(ddof=1) / np.sqrt(n)


def test_batches_discounts_per_mdp_and_blocks_change_nothing(monkeypatch):
    from workbench.studies.misspecification.irl_sensitivity import solve

    tau, r = random_case(7, 5, 3)
    gammas = np.linspace(0.3, 0.95, 7)
    together = irl.hard_values(tau, r, gammas).value
    soft = irl.soft_values(tau, r, gammas, np.linspace(0.1, 2, 7)).value
    monkeypatch.setattr(solve, "BLOCK", 2 * tau[0].size)
    np.testing.assert_allclose(irl.hard_values(tau, r, gammas).value, together, rtol=1e-14)
    np.testing.assert_allclose(irl.soft_values(tau, r, gammas, np.linspace(0.1, 2, 7)).value, soft, rtol=1e-13)
    for i in range(7):
        np.testing.assert_allclose(irl.hard_values(tau[i], r[i], gammas[i]).value, together[i], rtol=1e-13)


def test_restricted_actions_are_respected():
    tau, r = random_case(4)
    allowed = np.zeros(r.shape, dtype=bool)
    allowed[..., 1] = True
    only = irl.hard_values(tau, r, 0.9, allowed=allowed)
    np.testing.assert_allclose(only.value, irl.policy_value(tau, r, allowed.astype(float), 0.9), rtol=1e-12)


def test_zero_rewards_and_ties_give_uniform_policies():
    tau, _ = random_case()
    for behaviour in irl.BEHAVIOURS:
        np.testing.assert_allclose(np.exp(irl.log_policy(behaviour, tau, 0.0, 0.9)), 1 / 3)
    twins = np.repeat(tau[:, :, :1], 3, axis=2)  # three equal actions, one of them paid a little less
    reward = np.zeros((4, 3, 1))
    reward[:, 2] = -1e-3
    np.testing.assert_allclose(np.exp(irl.log_policy("optimal", twins, reward, 0.99))[..., 2], 0)
    np.testing.assert_allclose(np.exp(irl.log_policy("optimal", twins, reward, 0.99))[..., :2], 0.5)


def test_ties_survive_rounding_near_discount_one():
    """A grid without slip has many shortest paths, equal only up to rounding."""
    world = irl.gridworld(5, 0.0)
    policy = np.exp(irl.log_policy("optimal", world.transitions, np.eye(25)[24][:, None, None], 0.9999))
    np.testing.assert_allclose(policy[0], [0, 0.5, 0, 0.5])


def test_absorbing_state_value():
    tau = np.zeros((2, 2, 2))
    tau[0, 0, 0] = tau[0, 1, 1] = 1
    tau[1, :, 1] = 1
    value = irl.hard_values(tau, np.array([[0.0, 0.0], [2.0, 2.0]]), 0.99).value
    np.testing.assert_allclose(value, [0.99 * 200, 200])


@pytest.mark.parametrize("behaviour", irl.BEHAVIOURS)
@pytest.mark.parametrize("temperature", [1e-3, 1.0, 30.0])
def test_explanation_reproduces_the_policy_whatever_the_observer_believes(behaviour, temperature):
    tau, r = random_case(6, 5, 3)
    elsewhere = irl.random_transitions(6, 5, 3, 9)
    seen = irl.log_policy(behaviour, tau, r[..., None], 0.9, temperature)
    reward = irl.explain(behaviour, seen, temperature)
    again = irl.log_policy(behaviour, elsewhere, reward, 0.3, temperature)
    np.testing.assert_allclose(again, seen, rtol=1e-9, atol=1e-9)
    if behaviour != "optimal":  # and the right observer recovers the reward, even from near-deterministic policies
        assert np.max(irl.distance(tau, 0.9, r[..., None], reward)) < 1e-9


def test_boltzmann_and_mce_agree_for_one_state_and_in_the_cold_limit():
    one = np.ones((1, 1, 4, 1))
    reward = np.random.default_rng(1).standard_normal((1, 1, 4, 1))
    np.testing.assert_allclose(irl.log_policy("mce", one, reward, 0.9), irl.log_policy("boltzmann", one, reward, 0.9))
    tau, r = random_case()
    hard, cold = irl.hard_values(tau, r, 0.9).value, irl.soft_values(tau, r, 0.9, 1e-6).value
    np.testing.assert_allclose(cold, hard, atol=1e-4)


def test_a_policy_with_zeros_has_no_inverse_but_a_trembling_one_does():
    seen = irl.log_policy("optimal", *random_case()[:1], np.arange(4.0), 0.9)
    with pytest.raises(ValueError, match="probability 0"):
        irl.explain("mce", seen)
    trembling = irl.tremble(seen, 0.1)
    np.testing.assert_allclose(np.exp(trembling), 0.9 * np.exp(seen) + 0.1 / 3)
    assert np.all(np.isfinite(irl.explain("mce", trembling)))


def test_gridworld():
    assert SLIPPERY.transitions.shape == (9, 4, 9)
    np.testing.assert_allclose(SLIPPERY.transitions.sum(axis=-1), 1)
    assert SLIPPERY.transitions[0, 1, 3] == pytest.approx(0.8 + 0.05)  # down, or slipped to down
    assert SLIPPERY.transitions[0, 0, 0] == pytest.approx(0.8 + 0.1)  # up or left into a wall
    assert SLIPPERY.reward[8, 0, 0] == 1 and SLIPPERY.reward[4, 0, 0] == -1
    assert irl.is_trivial(irl.gridworld(3, 0.999999999999999).transitions) and not irl.is_trivial(SLIPPERY.transitions)
    assert np.all(irl.reachable(SLIPPERY.transitions, SLIPPERY.start))


def test_random_transitions_are_reproducible_distributions():
    one, same = (irl.random_transitions(5, 6, 3, 4, concentration=0.01) for _ in range(2))
    assert np.array_equal(one, same)
    np.testing.assert_allclose(one.sum(axis=-1), 1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: irl.random_transitions(0, 2, 2, 1), "n_mdps must be an integer >= 1, got 0"),
        (lambda: irl.gridworld(1, 0.1), "side must be an integer >= 2, got 1"),
        (lambda: irl.gridworld(3, 1.0), r"slip must lie in \[0, 1\), got 1.0"),
        (lambda: irl.log_policy("rational", SLIPPERY.transitions, 0.0, 0.9), "behaviour must be one of"),
        (lambda: irl.log_policy("mce", SLIPPERY.transitions, 0.0, 1.0), r"discount must lie in \(0, 1\), got 1.0"),
        (lambda: irl.log_policy("mce", SLIPPERY.transitions, 0.0, 0.9, 0.0), "temperature must be positive"),
        (lambda: irl.log_policy("optimal", np.ones((2, 2, 2)), 0.0, 0.9), "add up to 1"),
        (lambda: check_transitions(np.ones((2, 3))), "shape"),
        (lambda: irl.hard_values(SLIPPERY.transitions, np.full((9, 4), np.nan), 0.9), "finite"),
        (lambda: irl.tremble(np.zeros((1, 2)), 1.5), r"size must lie in \[0, 1\]"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_compiled_code_for_many_mdps_gives_the_same_values():
    tau, r = random_case(1000, 5, 3)
    tau[:10, 0], r[10:20] = np.eye(5)[0], 0.0  # absorbing states, all actions tied
    gammas = np.linspace(0.1, 0.9999, 1000)
    many, few = irl.hard_values(tau, r, gammas), [irl.hard_values(tau[i::2], r[i::2], gammas[i::2]) for i in (0, 1)]
    for i in (0, 1):
        np.testing.assert_allclose(many.value[i::2], few[i].value, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(many.action_value[i::2], few[i].action_value, rtol=1e-11, atol=1e-11)
