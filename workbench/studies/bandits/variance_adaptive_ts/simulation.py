"""Simulated regret of many policies on common instances, compiled and in threads; and a single run to look at.

The setting of Saha & Kveton (2024), arXiv 2303.09033.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.studies.bandits.variance_adaptive_ts.instances import LAWS
from workbench.studies.bandits.variance_adaptive_ts.policies import as_policy, beliefs, stream_key

KINDS = ("normal_gamma", "gaussian", "ucb1", "ucb_tuned", "ucb_v", "bayes_ucb", "bernoulli")


def simulate(instances, policies, horizon, *, checkpoints=None, seed=0, n_threads=None, first_instance=0):
    """Pseudo-regret of each policy on the same instances with the same rewards.

    The k-th pull of an arm pays the same to every policy (common random numbers), and every instance has streams of its
    own, addressed by (seed, instance, arm or policy): results do not depend on the number of threads, nor on how the
    instances are cut into calls with ``first_instance``.

    Parameters
    ----------
    instances : Instances, R of them
    policies : names or policies
    horizon : int >= 1
        n, the number of pulls.
    checkpoints : rising rounds in [1, horizon], optional
        Where regret is kept; by default at the horizon alone. Memory grows with their number, not with the horizon.
    seed : int or sequence of ints
    n_threads : int, optional
        By default one for each core.
    first_instance : int
        The number of the first instance, where these are a part of a larger set.

    Returns
    -------
    array of shape (R, len(policies), len(checkpoints))
        sum over rounds up to the checkpoint of mu_{A*} - mu_{A_t}.

    O(R n K) for each policy; about 5 million pulls a second and core for VarTS with ten arms.
    """
    checkpoints = _rounds(horizon, checkpoints)
    policies = [as_policy(given) for given in policies]
    regret = np.empty((len(policies), instances.means.shape[0], checkpoints.size))
    tasks = []
    for given, out in zip(policies, regret, strict=True):
        believed = beliefs(given, instances)
        for block in _blocks(out.shape[0]):
            tasks.append((instances, given, believed, block, checkpoints, seed, first_instance, out[block], _NOTHING))
    with ThreadPoolExecutor(n_threads or os.cpu_count()) as pool:
        list(pool.map(lambda task: _play(*task), tasks))
    return regret.transpose(1, 0, 2)


def watch(instances, given, horizon, *, seed=0, first_instance=0):
    """Arms and rewards of every round, for small numbers of instances: the same runs as :func:`simulate`.

    Returns
    -------
    arms : int array of shape (R, horizon)
    rewards : array of shape (R, horizon)
    """
    checkpoints = _rounds(horizon, None)
    given = as_policy(given)
    n_instances = instances.means.shape[0]
    history = np.empty((n_instances, 2, horizon))
    every = slice(0, n_instances)
    regret = np.empty((n_instances, 1))
    _play(instances, given, beliefs(given, instances), every, checkpoints, seed, first_instance, regret, history)
    return history[:, 0].astype(int), history[:, 1]


_NOTHING = np.empty((0, 0, 0))


def _play(instances, given, believed, block, checkpoints, seed, first_instance, regret, history):
    from workbench.studies.bandits.variance_adaptive_ts.kernels import play  # compiles; only where it is needed

    root, _ = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    play(
        LAWS.index(instances.law),
        instances.concentration,
        np.ascontiguousarray(instances.means[block]),
        np.ascontiguousarray(instances.sds[block]),
        KINDS.index(believed.kind),
        np.ascontiguousarray(believed.prior[:, block]),
        np.ascontiguousarray(believed.noise[block]),
        believed.options,
        believed.forced,
        checkpoints,
        root,
        stream_key(given),
        np.uint64(first_instance + block.start),
        regret,
        history,
    )


def _rounds(horizon, checkpoints):
    if not isinstance(horizon, (int, np.integer)) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of pulls, at least 1, got {horizon}")
    rounds = np.asarray([horizon] if checkpoints is None else checkpoints, dtype=np.int64)
    if rounds.size == 0 or rounds[0] < 1 or rounds[-1] > horizon or np.any(np.diff(rounds) <= 0):
        raise ValueError(f"checkpoints must be rising rounds in [1, {horizon}], got {list(rounds)}")
    return rounds


def _blocks(n_instances, size=50):
    return [slice(start, min(start + size, n_instances)) for start in range(0, n_instances, size)]
