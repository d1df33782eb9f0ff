"""Distance, regret, transformations and observers: against brute-force projections, limits and invariances."""

import numpy as np
import pytest

from workbench.studies.misspecification import irl_sensitivity as irl

GAMMA = 0.9
TAU = irl.random_transitions(5, 4, 3, 1)
R, OTHER = np.random.default_rng(2).standard_normal((2, *TAU.shape))


def brute_force(transitions, reward, gamma):
    """What is left of R off the span of shapings and redistributions, in all S A S coordinates."""
    s, a, _ = transitions.shape
    columns = [(irl.shaping(np.eye(s)[i], gamma) * np.ones((s, a, s))).ravel() for i in range(s)]
    for i in range(s):
        for j in range(a):
            for direction in np.eye(s):
                noise = np.zeros((s, a, s))
                noise[i, j] = direction - transitions[i, j] * (transitions[i, j] @ direction) / np.sum(
                    transitions[i, j] ** 2
                )
                columns.append(noise.ravel())
    basis = np.array(columns).T
    return (reward.ravel() - basis @ np.linalg.lstsq(basis, reward.ravel(), rcond=1e-12)[0]).reshape(s, a, s)


@pytest.mark.parametrize("i", range(3))
def test_closed_form_is_the_orthogonal_projection(i):
    tau = TAU[i].copy()
    tau[0, 0] = [0, 1, 0, 0]  # impossible transitions too
    found = irl.canonical_reward(tau, R[i], GAMMA)
    np.testing.assert_allclose(found, brute_force(tau, R[i], GAMMA), atol=1e-10)
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(irl.coordinates(tau, R[i], GAMMA)))


@pytest.mark.parametrize("canonical", ["minimal", "value"])
def test_canonical_form_is_equivalent_idempotent_and_sees_nothing_that_policies_do_not(canonical):
    found = irl.canonical_reward(TAU, R, GAMMA, canonical=canonical)
    np.testing.assert_allclose(irl.canonical_reward(TAU, found, GAMMA, canonical=canonical), found, atol=1e-12)
    rng = np.random.default_rng(3)
    start = np.full(4, 0.25)
    returns = [
        irl.policy_value(TAU, irl.expected_reward(TAU, r), policy, GAMMA) @ start
        for policy in rng.dirichlet(np.ones(3), (20, 5, 4))
        for r in (R, found)
    ]
    shift = np.array(returns[1::2]) - np.array(returns[::2])
    np.testing.assert_allclose(shift - shift[0], 0, atol=1e-12)  # equal up to a constant: same order
    for gamma in (0.2, 0.9999):
        same = irl.random_equivalent(TAU, R, gamma, 4, size=10)
        assert np.max(irl.distance(TAU, gamma, R, same, canonical=canonical)) < 1e-9
    assert irl.distance(TAU, GAMMA, R, R + 100.0, canonical=canonical) == pytest.approx(np.zeros(5), abs=1e-10)
    assert irl.distance(TAU, GAMMA, R, -R, canonical=canonical) == pytest.approx(np.ones(5))


def test_two_forms_differ_between_zero_and_one_only_by_a_bounded_factor():
    ratio = irl.distance(TAU, GAMMA, R, OTHER) / irl.distance(TAU, GAMMA, R, OTHER, canonical="value")
    assert np.all((ratio > 0.5) & (ratio < 2)) and np.any(np.abs(ratio - 1) > 1e-3)


@pytest.mark.parametrize("canonical", ["minimal", "value"])
def test_trivial_rewards_are_zero_however_large_their_shaping(canonical):
    shaped = irl.shaping(1e4 * np.random.default_rng(5).standard_normal((5, 4)), GAMMA) * np.ones(TAU.shape)
    assert not np.any(irl.coordinates(TAU, shaped, GAMMA, canonical=canonical))
    np.testing.assert_allclose(irl.distance(TAU, GAMMA, R, shaped, canonical=canonical), 0.5)
    np.testing.assert_allclose(irl.distance(TAU, GAMMA, shaped, np.zeros(TAU.shape), canonical=canonical), 0)
    # rewards that only the tiniest scale separates from zero are not trivial
    np.testing.assert_allclose(irl.distance(TAU, GAMMA, 1e-12 * R, -1e-12 * R, canonical=canonical), 1)


def test_impossible_transitions_do_not_count():
    two = irl.two_state()
    reward = np.random.default_rng(6).standard_normal((2, 2, 2))
    garbage = np.where(two.transitions > 0, reward, np.inf)
    assert irl.distance(two.transitions, GAMMA, reward, garbage) < 1e-12


def test_absorbing_states_keep_their_shaping():
    tau = TAU.copy()
    tau[:, 0] = np.eye(4)[0]
    assert np.max(irl.distance(tau, GAMMA, R, R + irl.shaping(np.arange(4.0), GAMMA))) < 1e-12
    kept = irl.shaping(np.arange(1.0, 5.0), GAMMA) * np.ones(TAU.shape)
    kept[:, 0] = 0  # the mistake of leaving the absorbing state unshaped
    assert np.min(irl.distance(tau, GAMMA, R, R + kept)) > 0.01


def test_unreachable_states_are_removed():
    tau = np.zeros((3, 2, 3))
    tau[:2, :, :2] = irl.two_state().transitions
    tau[2, :, 0] = 1
    start = np.array([1.0, 0, 0])
    inside = irl.reachable(tau, start)
    assert inside.tolist() == [True, True, False]
    reward = np.zeros((3, 2, 3))
    reward[..., 1] = 1
    other = reward.copy()
    other[2, 1] += 5
    assert irl.distance(tau, GAMMA, reward, other) > 0.1
    small, small_other = (irl.restrict(irl.World(tau, r, start), inside) for r in (reward, other))
    assert irl.distance(small.transitions, GAMMA, small.reward, small_other.reward) < 1e-12
    with pytest.raises(ValueError, match="closed"):
        irl.restrict(irl.World(tau, reward, start), np.array([True, False, False]))


@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.5, 0.707])
def test_extremal_transformation(tolerance):
    found = irl.extremal(TAU, R, GAMMA, tolerance, OTHER)
    np.testing.assert_allclose(irl.distance(TAU, GAMMA, R, found), tolerance, atol=1e-9)
    change = irl.coordinates(TAU, R - found, GAMMA)
    size = np.sin(2 * np.arcsin(tolerance)) * np.linalg.norm(irl.coordinates(TAU, R, GAMMA), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(change, axis=-1), size, atol=1e-12)
    with pytest.raises(ValueError, match="tolerance"):
        irl.extremal(TAU, R, GAMMA, np.sqrt(0.5), OTHER)


def test_beyond_a_right_angle_the_bound_is_not_tight():
    """Rays at 120 degrees are at distance 1 from a unit vector, not sin(120 degrees) = 0.866."""
    angle = np.deg2rad(120)
    ray = np.linspace(0, 3, 3001)[:, None] * np.array([np.cos(angle), np.sin(angle)])
    assert np.min(np.linalg.norm(ray - [1, 0], axis=1)) == pytest.approx(1)


def test_worst_case_regret_against_all_pairs_of_deterministic_policies():
    """The linear programme is a relaxation that no pair of policies exceeds, and mixtures attain it."""
    tau, r1, r2 = TAU[0], R[0], OTHER[0]
    start = np.full(4, 0.25)
    rng = np.random.default_rng(7)
    policies = np.concatenate([np.eye(3)[rng.integers(3, size=(400, 4))], rng.dirichlet(np.ones(3), (400, 4))])
    j1, j2 = (irl.policy_value(tau, irl.expected_reward(tau, r), policies, GAMMA) @ start for r in (r1, r2))
    best, least = (
        sign * irl.hard_values(tau, sign * irl.expected_reward(tau, r1), GAMMA).value @ start for sign in (1, -1)
    )
    lost = np.where(j2[None] >= j2[:, None], j1[:, None] - j1[None], 0) / (best - least)
    found = irl.worst_case_regret(tau, r1, r2, GAMMA, start)
    assert lost.max() <= found + 1e-9 and found - lost.max() < 0.1
    assert irl.worst_case_regret(tau, r1, irl.random_equivalent(tau, r1, GAMMA, 3), GAMMA, start) < 1e-9
    assert irl.worst_case_regret(tau, r1, -r1, GAMMA, start) == pytest.approx(1)
    assert irl.worst_case_regret(tau, np.zeros_like(r1), r2, GAMMA, start) == 0
    average = irl.average_regret(tau, r1, r2, GAMMA, start, policies[:30])
    pairs = [lost[i, j] for i in range(30) for j in range(30) if i != j and lost[i, j] > 0]
    assert average == pytest.approx(2 * np.sum(pairs) / (30 * 29))
    assert irl.average_regret(tau, r1, r1, GAMMA, start, policies[:30]) == 0


def test_regret_of_optimising_a_wrong_reward():
    start = np.full(4, 0.25)
    same = irl.optimised_regret(TAU, R, irl.random_equivalent(TAU, R, GAMMA, 8), GAMMA, start)
    np.testing.assert_allclose(same.worst, 0, atol=1e-9)
    np.testing.assert_allclose(irl.optimised_regret(TAU, R, -R, GAMMA, start).average, 1)
    indifferent = irl.optimised_regret(TAU, R, 0.0, GAMMA, start)  # all policies tie
    np.testing.assert_allclose(indifferent.worst, 1)
    assert np.all((indifferent.average > 0.05) & (indifferent.average < 0.95))
    np.testing.assert_allclose(irl.optimised_regret(TAU, 0.0, R, GAMMA, start).worst, 0)


def test_worst_distance_is_the_supremum_over_sampled_explanations():
    rng = np.random.default_rng(9)
    truth = irl.coordinates(TAU[0], R[0], GAMMA)
    directions = irl.unseen_directions(TAU[0], GAMMA, TAU[0], 0.95)
    bound = irl.worst_distance(truth, truth, directions)
    potentials = rng.standard_normal((3000, 4)) * 10.0 ** rng.uniform(0, 5, (3000, 1))
    sampled = irl.distance(TAU[0], GAMMA, R[0], R[0] + irl.shaping(potentials, 0.95))
    assert sampled.max() <= bound + 1e-9 and sampled.max() > bound - 0.02
    for kept in (truth, -truth, rng.standard_normal(truth.size)):  # any starting point, also one that points away
        bound = irl.worst_distance(truth, kept, directions)
        shifts = rng.standard_normal((3000, directions.shape[1])) * 10.0 ** rng.uniform(-2, 5, (3000, 1))
        points = irl.standardise(kept + shifts @ directions.T)
        assert np.max(np.linalg.norm(points - irl.standardise(truth), axis=1)) / 2 <= bound + 1e-9


def test_unseen_directions():
    assert irl.unseen_directions(TAU[0], GAMMA, TAU[0], GAMMA).shape[1] == 0
    one = irl.unseen_directions(TAU[0], GAMMA, TAU[0], 0.95)
    other = irl.unseen_directions(TAU[0], GAMMA, TAU[0], GAMMA - 1e-3)
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-6)  # the same space for every wrong discount
    flat = np.broadcast_to(TAU[0][:, :1], TAU[0].shape)
    assert irl.unseen_directions(flat, GAMMA, flat, 0.95).shape[1] == 0  # trivial dynamics: nothing is hidden
    row = TAU[0].copy()
    row[1, 2] = 0.25
    assert irl.unseen_directions(TAU[0], GAMMA, row, GAMMA).shape[1] == 1
    assert irl.unseen_directions(TAU[0], GAMMA, np.full_like(row, 0.25), GAMMA).shape[1] == 12 - 4


def test_worst_distance_of_an_optimal_agent_bounds_every_reward_with_the_same_optimum():
    rng = np.random.default_rng(10)
    seen = irl.log_policy("optimal", TAU[0], R[0], GAMMA)
    truth = irl.coordinates(TAU[0], R[0], GAMMA)
    for assumed in (GAMMA, 0.95):
        bound = irl.worst_distance_of_optimal(truth, TAU[0], GAMMA, seen, TAU[0], assumed)
        avoided = np.isneginf(seen)[..., None]
        rewards = -1.0 * avoided * rng.exponential(size=(2000, 4, 3, 1)) ** 4
        rewards = rewards + irl.shaping(10 * rng.standard_normal((2000, 4)), assumed)
        for r in rewards[:5]:
            np.testing.assert_allclose(irl.log_policy("optimal", TAU[0], r, assumed), seen)
        found = irl.distance(TAU[0], GAMMA, R[0], rewards)
        assert found.max() <= bound + 1e-9 and found.max() > bound - 0.25
    uniform = np.full((4, 3), -np.log(3))
    assert irl.worst_distance_of_optimal(truth, TAU[0], GAMMA, uniform, TAU[0], GAMMA) == 0.5


def test_least_norm_reward_is_the_smallest_explanation():
    seen = irl.log_policy("mce", TAU, R, GAMMA)
    least = irl.least_norm_reward(TAU, irl.explain("mce", seen), 0.7)
    np.testing.assert_allclose(irl.log_policy("mce", TAU, least, 0.7), seen, atol=1e-10)
    larger = irl.random_equivalent(TAU, least, 0.7, 11, size=0.01)
    scale = np.linalg.norm(larger.reshape(5, -1) / 1, axis=1)
    assert np.all(np.linalg.norm(least.reshape(5, -1), axis=1) < scale * 10)
    shaped = least + irl.shaping(np.arange(4.0), 0.7) + irl.redistribution(TAU, OTHER)
    assert np.all(np.sum(shaped**2, axis=(1, 2, 3)) > np.sum(least**2, axis=(1, 2, 3)))


@pytest.mark.parametrize("behaviour", ["mce", "boltzmann"])
def test_state_only_observer_with_a_wrong_discount_has_a_closed_form(behaviour):
    w = np.random.default_rng(12).standard_normal((5, 4))
    seen = irl.log_policy(behaviour, TAU, w[..., None, None], GAMMA)
    found, residual = irl.state_only_reward(TAU, irl.explain(behaviour, seen), 0.95)
    r = irl.expected_reward(TAU, w[..., None, None])
    value = (irl.soft_values(TAU, r, GAMMA, 1.0) if behaviour == "mce" else irl.hard_values(TAU, r, GAMMA)).value
    expected = w + (GAMMA / 0.95 - 1) * value
    difference = found[:, :, 0, 0] - expected
    np.testing.assert_allclose(difference - difference[:, :1], 0, atol=1e-9)
    np.testing.assert_allclose(residual, 0, atol=1e-10)


def test_discount_reversal_in_the_two_state_example():
    two = irl.two_state()
    for assumed in (0.95, 0.91, 0.9001):
        explanation = irl.explain("mce", irl.log_policy("mce", two.transitions, two.reward, 0.9))
        for share, expected in ((0.99, 0.0), (1.01, 1.0)):
            reward = explanation - share / (assumed - 0.9) * irl.shaping([0.0, 1.0], assumed)
            assert irl.distance(two.transitions, 0.9, two.reward, reward) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("behaviour", irl.BEHAVIOURS)
def test_sweep_columns_and_what_must_be_zero(behaviour):
    rows = irl.sweep(
        4, 4, 2, discount=0.9, observer_discount=0.8, behaviour=behaviour, temperature=1, observer_temperature=3, seed=1
    )
    columns = [
        "error_kind", "error_size", "distance_least_norm", "distance_state_only", "distance_worst", "regret",
    ]  # fmt: skip
    assert all(list(row) == columns for row in rows)
    assert {row["error_kind"] for row in rows} == {"discount", "dynamics", "temperature", "behaviour", "perturbation"}
    assert any(row["error_kind"] == "discount" and row["error_size"] == pytest.approx(-0.1) for row in rows)
    for row in rows:
        assert row["distance_worst"] >= row["distance_least_norm"] - 1e-9
        if behaviour != "optimal" and (row["error_kind"] == "temperature" or row["error_size"] == 0):
            assert max(row[c] for c in columns[2:]) < 1e-9, row
        if behaviour != "optimal" and row["error_kind"] in ("discount", "dynamics") and row["error_size"]:
            assert row["distance_worst"] > 1 - 1e-6  # rewards of the state can always be reversed


def test_bound_test_decides_by_the_worst_value():
    check = irl.bound_test(0.5, 2.0)
    assert check.apply(None, [0.5, 1.0, 2.0], None).passed
    outcome = check.apply(None, [0.5, 2.1], None)
    assert not outcome.passed and outcome.simulated == 2.1 and outcome.theory == 2.0
    with pytest.raises(ValueError, match="finite"):
        check.apply(None, [np.nan], None)
