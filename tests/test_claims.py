"""Checks and verdicts: level and power by simulation, the slope against numpy, and everything that must not pass."""

import numpy as np
import pytest

from workbench.claims import Control, claim, equivalence_test, identity_test, ordering_test, slope_test, z_test


def make(check=None, **changes):
    values = dict(
        source="Theorem 1",
        check=check or z_test(),
        theory=1.0,
        simulated=1.01,
        se=0.01,
        control=Control("off by a tenth", theory=1.1),
    )
    return claim("name", "statement", **{**values, **changes})


def test_confirmed_when_it_passes_and_the_control_is_rejected():
    made = make()
    assert made.verdict == "confirmed" and made.control["rejected"]
    assert (made.theory, made.simulated, made.se) == (1.0, 1.01, 0.01)
    assert made.control["theory"] == 1.1


def test_undecided_when_the_control_is_not_rejected_however_well_it_fits():
    made = make(simulated=1.0, se=0.05)
    assert made.verdict == "undecided" and not made.control["rejected"]


def test_not_confirmed_when_it_fails_whatever_the_control_does():
    assert make(simulated=1.1).verdict == "not confirmed"
    assert make(simulated=2.0).verdict == "not confirmed"


@pytest.mark.parametrize("n_values", [1, 10])
def test_z_test_keeps_its_level(n_values):
    """Of 4000 true claims at level 0.05 about 200 fail, over any number of values: within 4.5 standard errors."""
    rng = np.random.default_rng(0)
    check = z_test(level=0.05)
    failed = sum(not check.apply(0.0, rng.standard_normal(n_values), 1.0).passed for _ in range(4000))
    assert abs(failed - 200) < 4.5 * np.sqrt(4000 * 0.05 * 0.95)


def test_equivalence_test_keeps_its_level_and_noise_does_not_help():
    """A difference of exactly the margin is asserted to be smaller at most as often as the level."""
    rng = np.random.default_rng(5)
    check = equivalence_test(3.0, level=0.05)
    asserted = sum(check.apply(0.0, 3 + rng.standard_normal(), 1.0).passed for _ in range(4000))
    assert abs(asserted - 200) < 4.5 * np.sqrt(4000 * 0.05 * 0.95)
    assert check.apply(0.0, 0.1, 1.0).passed and not check.apply(0.0, 0.1, 3.0).passed
    per_value = equivalence_test([1.0, 5.0], level=0.05)
    assert per_value.apply(0.0, [0.1, 3.0], 0.5).passed and not per_value.apply(0.0, [3.0, 0.1], 0.5).passed
    with pytest.raises(ValueError, match="margin must be positive and finite, got 0"):
        equivalence_test(0)


def test_ordering_test_keeps_its_level():
    rng = np.random.default_rng(1)
    check = ordering_test(level=0.05)
    asserted = sum(check.apply(0.0, rng.standard_normal(), 1.0).passed for _ in range(4000))
    assert abs(asserted - 200) < 4.5 * np.sqrt(4000 * 0.05 * 0.95)


def test_z_test_margin_is_relative_to_theory_and_two_sided():
    check = z_test(relative_margin=0.1)
    assert check.apply([100, -100], [109, -91], 1e-9).passed
    assert not check.apply([100, -100], [111, -100], 1e-9).passed
    assert "margin 0.1" in check.description


def test_z_test_reports_the_worst_value():
    outcome = z_test().apply([1, 2, 3], [1, 2.5, 3.1], [0.1, 0.1, 0.1])
    assert (outcome.theory, outcome.simulated) == (2, 2.5) and not outcome.passed
    assert "+5.0 se" in outcome.detail


def test_ordering_needs_every_value_above_the_bound():
    assert ordering_test().apply(0, [1, 2], 0.1).passed
    assert not ordering_test().apply(0, [1, 0.2], 0.1).passed
    assert not ordering_test().apply(0, [-1, 2], 0.1).passed
    assert ordering_test().apply(0.5, [1, 2], 0.1).passed


def test_slope_agrees_with_weighted_least_squares_and_its_error_with_simulation():
    x = np.array([1.0, 2, 4, 8])
    y, se = 3 / x, np.array([0.1, 0.02, 0.03, 0.005])
    outcome = slope_test(x, margin=0.01).apply(-1.0, y, se)
    assert outcome.passed and outcome.simulated == pytest.approx(-1)
    rng = np.random.default_rng(2)
    slopes = []
    for _ in range(2000):
        noisy = y * np.exp(rng.standard_normal(4) * se / y)
        slopes.append(slope_test(x).apply(-1.0, noisy, noisy * se / y).simulated)
    reference = np.polyfit(np.log(x), np.log(noisy), 1, w=y / se)[0]
    assert slopes[-1] == pytest.approx(reference)
    assert np.std(slopes) == pytest.approx(outcome.se, rel=0.08)
    assert np.mean(slopes) == pytest.approx(-1, abs=4.5 * outcome.se / np.sqrt(2000))


def test_slope_rejects_a_near_exponent_and_values_without_a_logarithm():
    x = np.array([10.0, 20, 40])
    made = make(
        slope_test(x, margin=0.05), theory=-1.0, simulated=1 / x, se=0.01 / x, control=Control("1/2", theory=-0.5)
    )
    assert made.verdict == "confirmed"
    assert not slope_test(x).apply(-1.0, [1, 0.5, -0.1], [0.1] * 3).passed


def test_identity_is_relative_for_large_values_and_absolute_for_small():
    check = identity_test(1e-8)
    assert check.apply([1e9, 1e-9], [1e9 + 1, 0.0], None).passed
    assert not check.apply(1.0, 1.0 + 1e-7, None).passed
    assert check.apply(1.0, 1.0, None).se is None


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(se=None), "needs the standard error"),
        (dict(se=0.0), "must be positive"),
        (dict(theory=np.nan), "theory has values that are not finite"),
        (dict(simulated=[1.0, np.inf]), "simulated has values that are not finite"),
        (dict(theory=[], simulated=[], se=[]), "nothing to compare"),
        (dict(control=Control("nothing changed")), "the control changes neither"),
        (dict(control=Control("no number", theory=np.nan)), "claim 'name': theory has values that are not finite"),
    ],
)
def test_what_could_not_fail_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_levels_and_slopes_out_of_range_are_refused():
    for build in (z_test, ordering_test, lambda level: slope_test([1, 2, 3], level)):
        with pytest.raises(ValueError, match="level must lie in"):
            build(1.5)
    with pytest.raises(ValueError, match="at least 3 positive"):
        slope_test([1, 2])
    with pytest.raises(ValueError, match="2 simulated values for 3"):
        slope_test([1, 2, 3]).apply(-1, [1, 2], [0.1, 0.1])


def test_claims_are_plain_data():
    import json

    data = make(identity_test(1e-3), simulated=np.float64(1.0), theory=np.float32(1.0)).to_dict()
    assert json.loads(json.dumps(data)) == data
