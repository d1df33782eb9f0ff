"""The compiled loop: one policy on a block of instances, pull by pull. Everything random comes from keyed streams.

VarTS is the algorithm of Saha & Kveton (2024), arXiv 2303.09033; the rivals are named in policies.py.
"""

import math

import numpy as np
from numba import njit

from workbench.studies.bandits.variance_adaptive_ts.sampling import (
    bits,
    gamma_factor,
    log_gamma_draw,
    normal,
    stream,
    uniform,
)

NORMAL_GAMMA, GAUSSIAN, UCB1, UCB_TUNED, UCB_V, BAYES_UCB, BERNOULLI = range(7)
GAUSSIAN_REWARDS, BERNOULLI_REWARDS, BETA_REWARDS = range(3)
# Columns of an arm's row: its posterior, and what its next draws need
MEAN, KAPPA, ALPHA, BETA, SCALE, C, D, SIGN = range(8)


@njit(cache=True, inline="always")
def draw_reward(streams, arm, law, mean, sd, concentration):
    """The next reward of an arm from the arm's own stream: its k-th pull pays the same under every policy."""
    state = streams[arm, 0], streams[arm, 1], streams[arm, 2], streams[arm, 3]
    if law == GAUSSIAN_REWARDS:
        x, state = normal(state)
        x = mean + sd * x
    elif law == BERNOULLI_REWARDS:
        u, state = uniform(state)
        x = 1.0 if u < mean else 0.0
    else:
        one, state = log_gamma_draw(state, concentration * mean)
        other, state = log_gamma_draw(state, concentration * (1.0 - mean))
        x = 1.0 / (1.0 + math.exp(other - one))
    streams[arm, 0], streams[arm, 1], streams[arm, 2], streams[arm, 3] = state
    return x


@njit(cache=True, inline="always")
def normal_gamma_arm(state, leader, arms, rivals):
    """Thompson sampling: per arm lambda ~ Gamma(alpha, rate beta), theta ~ N(mean, 1/(kappa lambda)); the argmax.

    ``scale`` is sqrt(beta/(kappa d)), or sqrt(beta/kappa) for a shape below 1, so that theta is mean + z scale/sqrt(v).
    Work that cannot change the argmax is left out. Once the ``leader`` (the last winner) is drawn, the signs of the
    others' normal numbers are, 64 to a word: an arm with a negative one and a mean below the leader's draw loses
    whatever its normal and its lambda, so they are not drawn. Draws are compared by their signed squares, without a
    root. ``rivals`` has room for one number per arm.
    """
    own, state = normal(state)
    v, state = _factor(state, arms[leader, C], arms[leader, D], arms[leader, ALPHA])
    best, arm, n_rivals, signs = arms[leader, MEAN] + own * arms[leader, SCALE] / math.sqrt(v), leader, 0, np.uint64(0)
    for i in range(arms.shape[0]):
        if i % 64 == 0:
            signs, state = bits(state)
        up = (signs >> np.uint64(i % 64)) & np.uint64(1)
        arms[i, SIGN] = 2.0 * up - 1.0
        rivals[n_rivals] = i  # kept only if counted: no branch that would be mispredicted half of the time
        n_rivals += ((up == 1) | (arms[i, MEAN] > best)) & (i != leader)
    for j in range(n_rivals):
        i = rivals[j]
        z, state = normal(state)
        v, state = _factor(state, arms[i, C], arms[i, D], arms[i, ALPHA])
        reach, gap = arms[i, SIGN] * abs(z) * arms[i, SCALE], best - arms[i, MEAN]
        if reach * abs(reach) > gap * abs(gap) * v:
            best, arm = arms[i, MEAN] + reach / math.sqrt(v), i
    return arm, state


@njit(cache=True, inline="always")
def _factor(state, c, d, alpha):
    """v with d v ~ Gamma(alpha), or v itself for a shape below 1, where it can underflow and is kept positive."""
    if alpha >= 1.0:
        return gamma_factor(state, c, d)
    log_gamma, state = log_gamma_draw(state, alpha)
    return max(1e-300, math.exp(log_gamma)), state


@njit(cache=True, inline="always")
def gaussian_arm(state, arms):
    """Thompson sampling with a stated noise: theta ~ N(mean, scale^2); the argmax."""
    best, arm = -np.inf, 0
    for i in range(arms.shape[0]):
        z, state = normal(state)
        theta = arms[i, MEAN] + z * arms[i, SCALE]
        if theta > best:
            best, arm = theta, i
    return arm, state


@njit(cache=True)
def bernoulli_arm(state, arms):
    """Thompson sampling from Beta(kappa mean, kappa (1 - mean)); the argmax."""
    best, arm = -np.inf, 0
    for i in range(arms.shape[0]):
        one, state = log_gamma_draw(state, arms[i, KAPPA] * arms[i, MEAN])
        other, state = log_gamma_draw(state, arms[i, KAPPA] * (1.0 - arms[i, MEAN]))
        if one - other > best:  # the log odds of the draw
            best, arm = one - other, i
    return arm, state


@njit(cache=True)
def index_arm(code, t, arms, options):
    """UCB1, UCB-Tuned and UCB-V: kappa is the number of pulls, 2 beta the sum of squares about the mean."""
    width, reward_range, zeta, c = options[0], options[1], options[2], options[3]
    best, arm, log_t = -np.inf, 0, math.log(t)
    for i in range(arms.shape[0]):
        share = log_t / arms[i, KAPPA]
        variance = 2.0 * arms[i, BETA] / arms[i, KAPPA]
        if code == UCB1:
            index = arms[i, MEAN] + width * math.sqrt(2.0 * share)
        elif code == UCB_TUNED:
            bound = variance + reward_range**2 * math.sqrt(2.0 * share)
            index = arms[i, MEAN] + math.sqrt(share * min(0.25 * reward_range**2, bound))
        else:
            index = arms[i, MEAN] + math.sqrt(2.0 * variance * zeta * share) + 3.0 * c * reward_range * zeta * share
        if index > best:
            best, arm = index, i
    return arm


@njit(cache=True)
def bayes_ucb_arm(tail, z, arms):
    """The largest posterior quantile at upper tail probability ``tail``, whose standard normal quantile is z."""
    best, arm = -np.inf, 0
    for i in range(arms.shape[0]):
        index = arms[i, MEAN] + math.sqrt(arms[i, BETA] / (arms[i, ALPHA] * arms[i, KAPPA])) * student_quantile(
            2.0 * arms[i, ALPHA], tail, z
        )
        if index > best:
            best, arm = index, i
    return arm


@njit(cache=True)
def student_quantile(dof, tail, z):
    """Student's t at upper tail probability ``tail`` <= 1/2 (Hill 1970, algorithm 396); z is the normal's quantile.

    Relative error below 4e-5 for dof >= 2.5, 2e-3 at dof = 2.
    """
    a = 1.0 / (dof - 0.5)
    b = 48.0 / (a * a)
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * math.sqrt(a * math.pi / 2.0) * dof
    y = (d * 2.0 * tail) ** (2.0 / dof)
    if y > 0.05 + a:
        x = -z
        y = z * z
        if dof < 5.0:
            c += 0.3 * (dof - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x
        y = math.expm1(a * y * y)
    else:
        y = (
            (1.0 / (((dof + 6.0) / (dof * y) - 0.089 * d - 0.822) * (dof + 2.0) * 3.0) + 0.5 / (dof + 4.0)) * y - 1.0
        ) * (dof + 1.0) / (dof + 2.0) + 1.0 / y
    return math.sqrt(dof * y)


@njit(cache=True)
def next_normal_quantile(z, tail):
    """Newton's method for Q(z) = tail from a nearby z."""
    for _ in range(6):
        z += (0.5 * math.erfc(z / math.sqrt(2.0)) - tail) * math.sqrt(2.0 * math.pi) * math.exp(0.5 * z * z)
    return z


@njit(cache=True, nogil=True)
def play(
    law, concentration, means, sds, code, prior, noise, options, forced, checkpoints, root, key, first, regret, history
):
    """Run a policy on instances ``first, first + 1, ...`` to the last checkpoint.

    Parameters
    ----------
    law, concentration, means, sds
        The rewards; means and sds of shape (R, K).
    code : int
        The kind of policy.
    prior : array of shape (4, R, K)
        Mean, kappa, alpha and beta before any pull; kappa = 0 where there is no prior, with ``forced`` pulls per arm.
    noise : array of shape (R, K)
        The standard deviations that a Gaussian policy believes.
    options : array of shape (5,)
        width, range, zeta, c, and 1 if beta is to be mistaken for a scale.
    checkpoints : array of int64, rising
    root, key, first : uint64
        Seed, policy and number of the first instance: together they address every stream.
    regret : array of shape (R, len(checkpoints)), filled
        Pseudo-regret, the sum of the gaps of the pulled arms.
    history : array of shape (R, 2, horizon) or (0, 0, 0), filled
        Arms and rewards of each round where there is room.

    O(R n K) time; O(K) memory beyond the arguments.
    """
    n_instances, n_arms = means.shape
    arms, rivals = np.empty((n_arms, 8)), np.empty(n_arms, np.int64)
    streams = np.empty((n_arms, 4), np.uint64)
    as_scale = options[4] == 1.0
    for r in range(n_instances):
        instance = first + np.uint64(r)
        state = stream(root, instance, key)
        best_mean = means[r, 0]
        for i in range(n_arms):
            streams[i, 0], streams[i, 1], streams[i, 2], streams[i, 3] = stream(root, instance, np.uint64(i))
            for column in range(4):
                arms[i, column] = prior[column, r, i]
            arms[i, SCALE], arms[i, C], arms[i, D] = _scale(
                code, arms[i, KAPPA], arms[i, ALPHA], arms[i, BETA], noise[r, i], as_scale
            )
            best_mean = max(best_mean, means[r, i])
        total, z, j, arm = 0.0, 0.0, 0, 0
        for t in range(1, checkpoints[-1] + 1):
            if t <= forced * n_arms:
                arm = (t - 1) % n_arms
            elif code == NORMAL_GAMMA:
                arm, state = normal_gamma_arm(state, arm, arms, rivals)
            elif code == GAUSSIAN:
                arm, state = gaussian_arm(state, arms)
            elif code == BERNOULLI:
                arm, state = bernoulli_arm(state, arms)
            elif code == BAYES_UCB:
                z = next_normal_quantile(z, 1.0 / (t + 1.0))
                arm = bayes_ucb_arm(1.0 / (t + 1.0), z, arms)
            else:
                arm = index_arm(code, t, arms, options)
            x = draw_reward(streams, arm, law, means[r, arm], sds[r, arm], concentration)
            if history.shape[0] > 0:
                history[r, 0, t - 1] = arm
                history[r, 1, t - 1] = x
            if code == BERNOULLI:
                u, state = uniform(state)
                x = 1.0 if u < x else 0.0
            # the one-observation update: beta takes the old kappa and mean
            step = (x - arms[arm, MEAN]) / (arms[arm, KAPPA] + 1.0)
            arms[arm, BETA] += 0.5 * arms[arm, KAPPA] * step * (x - arms[arm, MEAN])
            arms[arm, MEAN] += step
            arms[arm, KAPPA] += 1.0
            arms[arm, ALPHA] += 0.5
            arms[arm, SCALE], arms[arm, C], arms[arm, D] = _scale(
                code, arms[arm, KAPPA], arms[arm, ALPHA], arms[arm, BETA], noise[r, arm], as_scale
            )
            total += best_mean - means[r, arm]
            if t == checkpoints[j]:
                regret[r, j] = total
                j += 1


@njit(cache=True)
def _scale(code, kappa, alpha, beta, noise, as_scale):
    """What an arm's draws need until its next pull: the scale of theta, and c and d of its gamma draws.

    noise/sqrt(kappa) where the noise is stated, else sqrt(beta/(kappa d)), or sqrt(beta/kappa) for a shape below 1.
    """
    if kappa == 0.0 or code > GAUSSIAN:
        return 0.0, 0.0, 0.0
    if code == GAUSSIAN:
        return noise / math.sqrt(kappa), 0.0, 0.0
    rate = 1.0 / beta if as_scale else beta
    if alpha < 1.0:
        return math.sqrt(rate / kappa), 0.0, 0.0
    d = alpha - 1.0 / 3.0
    return math.sqrt(rate / (kappa * d)), 1.0 / math.sqrt(9.0 * d), d
