"""The simulator: random numbers, policies against plain Python, calibration, symmetries, invariance, PyTorch."""

import numpy as np
import pytest
from scipy import special, stats

from workbench.montecarlo import mean_and_se
from workbench.studies.bandits import variance_adaptive_ts as vts
from workbench.studies.bandits.variance_adaptive_ts import kernels, sampling

PRIOR = vts.Prior(0.0, 1.0, 4.0, 3.0)
ARMS = vts.gaussian_instances(200, 6, PRIOR, 1)
GAUSSIAN_POLICIES = [name for name in vts.POLICIES if name != "bernoulli_ts"]


def draws(function, key, n, *arguments):
    """n values of a function of a random state, drawn one after the other from the stream with this key."""
    state, values = words(sampling.stream(np.uint64(1), np.uint64(2), np.uint64(key))), []
    for _ in range(n):
        value, state = function(state, *arguments)
        state = words(state)
        values.append(value)
    return values


def words(state):
    return tuple(np.uint64(word) for word in state)


# ---- random numbers


def reference_xoshiro(state):
    """xoshiro256++ 1.0 in plain Python integers."""
    mask, s = 2**64 - 1, [int(word) for word in state]
    while True:
        total = (s[0] + s[3]) & mask
        yield (((total << 23) | (total >> 41)) + s[0]) & mask
        t = (s[1] << 17) & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = ((s[3] << 45) | (s[3] >> 19)) & mask


def test_the_bits_are_those_of_xoshiro256plusplus():
    state, found = words((1, 2, 3, 4)), []
    for _ in range(4):
        word, state = sampling.bits(state)
        state = words(state)
        found.append(int(word))
    assert found == [41943041, 58720359, 3588806011781223, 3591011842654386]
    expected = reference_xoshiro(sampling.stream(np.uint64(1), np.uint64(2), np.uint64(3)))
    assert [int(word) for word in draws(sampling.bits, 3, 200)] == [next(expected) for _ in range(200)]


def test_streams_of_neighbouring_keys_are_unrelated():
    values = np.array([draws(sampling.normal, key, 2000) for key in range(8)])
    correlation = np.corrcoef(values)[np.triu_indices(8, 1)]
    assert np.max(np.abs(correlation)) < 4 / np.sqrt(2000)


@pytest.mark.parametrize("shape", [0.3, 1.0, 2.5, 40.0])
def test_gamma_draws(shape):
    values = np.exp(draws(sampling.log_gamma_draw, 4, 20_000, shape))
    assert stats.kstest(values, stats.gamma(shape).cdf).pvalue > 1e-3


def test_normal_draws_and_their_tails():
    values = np.array(draws(sampling.normal, 5, 200_000))
    assert stats.kstest(values, "norm").pvalue > 1e-3
    for edge in (2.5, 3.6541528853610088):  # the second is where the ziggurat's base strip begins
        for tail in (values > edge, values < -edge):
            p = stats.norm.sf(edge)
            assert abs(tail.mean() - p) < 4 * np.sqrt(p / values.size)
    assert stats.kstest(values[values > 3] - 3, lambda x: 1 - stats.norm.sf(3 + x) / stats.norm.sf(3)).pvalue > 1e-3


def test_student_quantiles():
    z = 0.0
    for t in range(1, 10_001):
        tail = 1 / (t + 1)
        z = kernels.next_normal_quantile(z, tail)
        if t not in (1, 2, 3, 10, 100, 1000, 10_000):
            continue
        assert z == pytest.approx(-special.ndtri(tail), abs=1e-10)
        for dof, tolerance in ((2.0, 2e-3), (2.5, 4e-5), (5.0, 1e-5), (10.5, 1e-6), (4000.0, 1e-10)):
            exact = -special.stdtrit(dof, tail)
            assert kernels.student_quantile(dof, tail, z) == pytest.approx(exact, rel=tolerance, abs=1e-9)


# ---- policies


def naive_index(name, t, x, prior):
    """A policy's index of an arm from the list of its rewards, written from the definition."""
    n, mean, variance, log_t = len(x), np.mean(x), np.var(x), np.log(t)
    if name == "ucb1":
        return mean + np.sqrt(2 * log_t / n)
    if name == "ucb_tuned":
        return mean + np.sqrt(log_t / n * min(16 / 4, variance + 16 * np.sqrt(2 * log_t / n)))
    if name == "ucb_v":
        return mean + np.sqrt(2 * variance * log_t / n) + 3 * (1 / 3) * 4 * log_t / n
    after = vts.posterior(prior, n, mean, n * variance)
    return stats.t(2 * after.alpha, after.mean, np.sqrt(after.beta / (after.alpha * after.kappa))).isf(1 / (t + 1))


@pytest.mark.parametrize("name", ["ucb1", "ucb_tuned", "ucb_v", "bayes_ucb"])
def test_index_policies_choose_as_defined(name):
    n_rounds = 60
    arms, rewards = vts.watch(ARMS, name, n_rounds, seed=2)
    for r in range(4):
        paid = [[] for _ in range(6)]
        for t in range(1, n_rounds + 1):
            if name == "bayes_ucb":
                empty = stats.t(8, 0, np.sqrt(3 / 4)).isf(1 / (t + 1))
                index = [naive_index(name, t, x, PRIOR) if x else empty for x in paid]
            else:
                index = [naive_index(name, t, x, PRIOR) if x else 1e9 for x in paid]
            assert index[arms[r, t - 1]] > max(index) - 1e-4  # Hill's quantile is good to 1e-5
            paid[arms[r, t - 1]].append(rewards[r, t - 1])


def plain_thompson(name, arms, n_rounds, rng):
    """Regret of a Thompson sampler, all instances at once, from sums of rewards alone."""
    shape, rows = arms.means.shape, np.arange(arms.means.shape[0])
    n, total, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    regret = np.zeros(shape[0])
    forced = {"ts20": 1, "ts14": 5}.get(name, 0)
    for t in range(n_rounds):
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = total / n
            s = squares - total * mean
        if t < forced * shape[1]:
            arm = (rows, np.full(shape[0], t % shape[1]))
        else:
            if name in ("varts", "scale"):
                s, mean = np.where(n > 1, s, 0), np.where(n > 0, mean, 0)
                p = arms.prior
                beta = p.beta + s / 2 + p.kappa * n * (mean - p.mean) ** 2 / (2 * (p.kappa + n))
                spread = beta if name == "varts" else 1 / beta
                theta = (p.kappa * p.mean + n * mean) / (p.kappa + n) + np.sqrt(
                    spread / ((p.alpha + n / 2) * (p.kappa + n))
                ) * rng.standard_t(2 * p.alpha + n)
            elif name == "ts14":  # a = -1: N + 2 a - 1 = N - 3 degrees of freedom
                theta = mean + np.sqrt(s / (n * (n - 3))) * rng.standard_t(n - 3)
            elif name == "ts20":
                theta = mean + rng.standard_normal(shape) / np.sqrt(n)
            else:
                f = {"ts_known": 1, "ts_over": 5, "ts_under": 0.2}[name]
                v = 1 / (arms.prior.kappa / arms.sds**2 + n / (f * arms.sds) ** 2)
                theta = v * total / (f * arms.sds) ** 2 + np.sqrt(v) * rng.standard_normal(shape)
            arm = (rows, theta.argmax(axis=1))
        x = arms.means[arm] + arms.sds[arm] * rng.standard_normal(shape[0])
        n[arm] += 1
        total[arm] += x
        squares[arm] += x * x
        regret += arms.means.max(axis=1) - arms.means[arm]
    return regret


@pytest.mark.parametrize("name", ["varts", "scale", "ts_known", "ts_over", "ts_under", "ts14", "ts20"])
def test_thompson_samplers_against_plain_numpy(name):
    arms = vts.gaussian_instances(1500, 6, PRIOR, 3)
    given = vts.policy("varts", rate_as_scale=True) if name == "scale" else name
    compiled = vts.simulate(arms, [given], 150, seed=4)[:, 0, 0]
    difference, se = mean_and_se(compiled - plain_thompson(name, arms, 150, np.random.default_rng(5)))
    assert abs(difference) < 4 * se


@pytest.mark.parametrize("alpha", [0.6, 1.2, 30.0])
@pytest.mark.parametrize("leader", [0, 5])
def test_arms_win_as_often_as_their_posteriors_say(alpha, leader):
    """Shortcuts change no probability: the compiled choice from given posteriors against plain draws."""
    mean, kappa = np.array([0.0, 0.1, -0.2, 0.2, 0.0, -0.5]), np.array([1.0, 6.0, 3.0, 1.0, 2.0, 0.5])
    shapes, rates = alpha * np.array([1.0, 1.0, 2.0, 1.0, 3.0, 1.0]), np.array([1.0, 2.0, 3.0, 1.0, 2.0, 1.0]) * alpha
    arms = np.zeros((6, 8))
    for i in range(6):
        scale = kernels._scale(kernels.NORMAL_GAMMA, kappa[i], shapes[i], rates[i], 0.0, False)
        arms[i, :7] = mean[i], kappa[i], shapes[i], rates[i], *scale
    chosen = draws(kernels.normal_gamma_arm, 6, 60_000, leader, arms, np.empty(6, np.int64))
    rng = np.random.default_rng(7)
    precision = rng.gamma(shapes, 1 / rates, (600_000, 6))
    theta = mean + rng.standard_normal((600_000, 6)) / np.sqrt(kappa * precision)
    share = np.bincount(theta.argmax(axis=1), minlength=6) / 600_000
    assert stats.chisquare(np.bincount(chosen, minlength=6), 60_000 * share).pvalue > 1e-3


def test_common_variance_is_the_known_one_where_all_are_equal():
    rng = np.random.default_rng(6)
    arms = vts.fixed_gaussian(rng.normal(0, 2, (50, 5)), 2.0, PRIOR, 2.0, 2.0)
    both = vts.simulate(arms, ["ts_common", "ts_known"], 200, seed=7)[:, :, 0]
    # the names, and so the streams, differ: the same law, not the same numbers
    difference, se = mean_and_se(both[:, 0] - both[:, 1])
    assert abs(difference) < 4 * se
    stated = vts.simulate(arms, ["ts_common", vts.policy("ts_common", sd=2.0)], 200, seed=7)[:, :, 0]
    assert np.array_equal(stated[:, 0], stated[:, 1])


def test_bernoulli_thompson_sampling_counts_successes():
    arms = vts.bounded_instances("bernoulli", 400, 4, 8)
    compiled = vts.simulate(arms, ["bernoulli_ts"], 200, seed=9)[:, 0, 0]
    rng, rows = np.random.default_rng(10), np.arange(400)
    wins, losses, regret = np.ones((400, 4)), np.ones((400, 4)), np.zeros(400)
    for _ in range(200):
        arm = (rows, rng.beta(wins, losses).argmax(axis=1))
        won = rng.random(400) < arms.means[arm]
        wins[arm] += won
        losses[arm] += ~won
        regret += arms.means.max(axis=1) - arms.means[arm]
    difference, se = mean_and_se(compiled - regret)
    assert abs(difference) < 4 * se


# ---- properties


def test_calibration_under_adaptive_pulls():
    """Where the arms come from the prior, the truth's rank in the posterior is uniform, whatever the policy pulled."""
    arms = vts.gaussian_instances(2000, 3, PRIOR, 11)
    pulled, rewards = vts.watch(arms, "varts", 40, seed=12)
    ranks_mean, ranks_precision = [], []
    for i in range(3):
        mine = pulled == i
        n = mine.sum(axis=1)
        mean = np.where(mine, rewards, 0).sum(axis=1) / np.maximum(n, 1)
        squares = (np.where(mine, rewards - mean[:, None], 0) ** 2).sum(axis=1)
        after = vts.posterior(PRIOR, n, mean, squares)
        scale = np.sqrt(after.beta / (after.alpha * after.kappa))
        ranks_mean.append(stats.t.cdf((arms.means[:, i] - after.mean) / scale, 2 * after.alpha))
        ranks_precision.append(stats.gamma.cdf(arms.sds[:, i] ** -2.0 * after.beta, after.alpha))
    for ranks in (*ranks_mean, *ranks_precision):
        assert stats.kstest(ranks, "uniform").pvalue > 1e-3


def test_the_chosen_arm_has_the_law_of_the_best_arm():
    """P(A_t = leader) = P(A* = leader), where the leader is the arm with the largest posterior mean."""
    arms = vts.gaussian_instances(4000, 4, PRIOR, 13)
    pulled, rewards = vts.watch(arms, "varts", 30, seed=14)
    means = np.zeros((4000, 4))
    for i in range(4):
        mine = pulled[:, :29] == i
        means[:, i] = np.where(mine, rewards[:, :29], 0).sum(axis=1) / (mine.sum(axis=1) + 1)
    leader = means.argmax(axis=1)
    difference, se = mean_and_se((pulled[:, 29] == leader).astype(float) - (arms.means.argmax(axis=1) == leader))
    assert abs(difference) < 4 * se


@pytest.mark.parametrize("name", GAUSSIAN_POLICIES)
def test_results_depend_on_neither_threads_nor_batches(name):
    def part(rows):
        moved = {field: getattr(ARMS, field)[rows] for field in ("means", "sds", "mean_sds")}
        others = (ARMS.prior, ARMS.typical_sd, ARMS.reward_range)
        return vts.Instances("gaussian", moved["means"], moved["sds"], 0.0, others[0], moved["mean_sds"], *others[1:])

    whole = vts.simulate(ARMS, [name], 80, seed=15, n_threads=1)
    assert np.array_equal(whole, vts.simulate(ARMS, ["varts", name], 80, seed=15, n_threads=3)[:, 1:])
    pieces = [
        vts.simulate(part(slice(a, b)), [name], 80, seed=15, first_instance=a)
        for a, b in ((0, 7), (7, 120), (120, 200))
    ]
    assert np.array_equal(whole, np.concatenate(pieces))


def test_rewards_are_common_to_all_policies():
    kth = {}
    for name in ("varts", "ucb1"):
        arms, rewards = vts.watch(ARMS, name, 100, seed=16)
        kth[name] = [rewards[0][arms[0] == i] for i in range(6)]
    for one, other in zip(*kth.values(), strict=True):
        k = min(len(one), len(other))
        assert np.array_equal(one[:k], other[:k])


def test_watching_and_checkpoints_show_the_same_run():
    marks = [1, 10, 33, 100]
    regret = vts.simulate(ARMS, ["varts"], 100, checkpoints=marks, seed=17)[:, 0]
    arms, _ = vts.watch(ARMS, "varts", 100, seed=17)
    gaps = ARMS.means.max(axis=1, keepdims=True) - np.take_along_axis(ARMS.means, arms, axis=1)
    assert np.allclose(np.cumsum(gaps, axis=1)[:, np.array(marks) - 1], regret)
    shorter = vts.simulate(ARMS, ["varts"], 33, seed=17)[:, 0, 0]
    assert np.array_equal(shorter, regret[:, 2])


@pytest.mark.parametrize("name", [name for name in GAUSSIAN_POLICIES if name != "ts20"])
def test_scale_equivariance(name):
    big = vts.gaussian_instances(50, 5, vts.Prior(2.0, 1.0, 4.0, 48.0), 18)
    small = vts.gaussian_instances(50, 5, vts.Prior(0.5, 1.0, 4.0, 3.0), 18)
    found = [vts.simulate(arms, [name], 200, seed=19)[:, 0, 0] for arms in (small, big)]
    assert found[1] == pytest.approx(4 * found[0], rel=1e-12)


def test_regret_of_an_arm_that_is_never_best():
    """Bounds that hold for every run: at least nothing, at most the largest gap in every round."""
    regret = vts.simulate(ARMS, GAUSSIAN_POLICIES, 50, seed=20)[:, :, 0]
    assert np.all(regret >= 0) and np.all(regret <= 50 * np.ptp(ARMS.means, axis=1)[:, None] * (1 + 1e-12))


@pytest.mark.parametrize("law", ["bernoulli", "beta"])
def test_bounded_rewards_have_their_mean_and_spread(law):
    arms = vts.bounded_instances(law, 3, 2, 21, mean_range=(0.1, 0.9))
    pulled, rewards = vts.watch(arms, "ucb1", 20_000, seed=22)
    assert np.all((rewards >= 0) & (rewards <= 1))
    for r in range(3):
        i = np.bincount(pulled[r]).argmax()
        mean, se = mean_and_se(rewards[r][pulled[r] == i])
        assert abs(mean - arms.means[r, i]) < 4.5 * se
        assert np.std(rewards[r][pulled[r] == i]) == pytest.approx(arms.sds[r, i], rel=0.05)


@pytest.mark.parametrize(
    "arms", [ARMS, vts.bounded_instances("bernoulli", 200, 6, 23), vts.bounded_instances("beta", 200, 6, 23)]
)
def test_pytorch_has_the_same_law(arms):
    names = vts.POLICIES if arms.law != "gaussian" else GAUSSIAN_POLICIES
    marks = [30, 100]
    here = vts.simulate(arms, names, 100, checkpoints=marks, seed=24)
    there = vts.simulate_torch(arms, names, 100, checkpoints=marks, seed=24, device="cpu")
    difference, se = mean_and_se(here - there)
    assert np.all(np.abs(difference) < 4.5 * np.maximum(se, 1e-12))
    assert np.array_equal(there, vts.simulate_torch(arms, names, 100, checkpoints=marks, seed=24, device="cpu"))


def test_small_shapes_play_on():
    """A prior with a shape far below one (fitted to rare events) neither hangs nor overflows."""
    arms = vts.bounded_instances("bernoulli", 50, 4, 25, mean_range=(0, 0.02)).with_prior(
        vts.Prior(0.01, 20, 0.01, 1e-4)
    )
    regret = vts.simulate(arms, ["varts", "bayes_ucb"], 200, seed=26)
    assert np.all(np.isfinite(regret))


# ---- bad input


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: vts.simulate(ARMS, ["varts"], 0), "horizon must be a whole number of pulls, at least 1, got 0"),
        (lambda: vts.simulate(ARMS, ["varts"], 10, checkpoints=[5, 5]), "rising rounds in .1, 10."),
        (lambda: vts.simulate(ARMS, ["varts"], 10, checkpoints=[11]), "rising rounds"),
        (lambda: vts.simulate(ARMS, ["bernoulli_ts"], 10), "needs rewards in .0, 1."),
        (lambda: vts.policy("vars"), "unknown policy 'vars'; did you mean 'varts'"),
        (lambda: vts.policy("ucb1", factor=2.0), "has no option 'factor'; its options: width"),
        (lambda: vts.policy("ts_over", factor=0.0), "factor of policy 'ts_over' must be positive"),
        (lambda: vts.policy("ts14", a=np.inf), "a must be finite"),
        (lambda: vts.gaussian_instances(5, 1, PRIOR, 0), "n_arms must be at least 2"),
        (lambda: vts.gaussian_instances(0, 2, PRIOR, 0), "n_instances must be at least 1"),
        (lambda: vts.gaussian_instances(5, 2, vts.Prior(0, 1, 1.0, 1), 0), "only for alpha > 1"),
        (lambda: vts.fixed_gaussian([[0.0, 1.0]], [[0.0, 1.0]], PRIOR, 1.0, 1.0), "must be positive and finite"),
        (lambda: vts.fixed_gaussian([0.0, 1.0], 1.0, PRIOR, 1.0, 1.0), "shape .instances, arms."),
        (lambda: vts.fixed_gaussian([[np.nan, 1.0]], 1.0, PRIOR, 1.0, 1.0), "means must be finite"),
        (lambda: vts.bounded_instances("poisson", 5, 2, 0), "'bernoulli' or 'beta', got 'poisson'"),
        (lambda: vts.bounded_instances("beta", 5, 2, 0, mean_range=(0.5, 0.5)), "low < high"),
        (lambda: vts.bounded_instances("beta", 5, 2, 0, concentration=0), "concentration must be positive"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
