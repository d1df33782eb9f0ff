"""Arm pulls per second and core, side by side with SMPyBandits 0.9.7 and with the cost of the random numbers alone.

The peer is installed outside the environment, and found through PEER:

    python -m pip install --target DIR SMPyBandits==0.9.7 seaborn tqdm --no-deps
    PEER=DIR python experiments/bandits/variance_adaptive_ts/benchmark.py

  VarTS, UCB1, ...   ``simulate`` on one thread, ten Gaussian arms, 2000 rounds
  floor: ours        ten normals, ten gammas of ten shapes and a reward's normal with our generators, and no more
  floor: numba       the same numbers from numba's own generators, compiled
  floor: numpy       the same numbers from NumPy, in blocks
  peer               SMPyBandits' loop of choice, reward and update: its UCB and its Thompson sampling with a Gaussian
                     posterior (which draws no gammas, and is no reference for regret: its posterior's spread is wrong)
Compilation is done before; rounds alternate; medians are shown.
"""

import os
import sys
import time

import numpy as np
from numba import njit

from workbench.studies.bandits import variance_adaptive_ts as vts
from workbench.studies.bandits.variance_adaptive_ts import sampling

N_ARMS, HORIZON, N_INSTANCES = 10, 2000, 200
PRIOR = vts.Prior(0.0, 1.0, 4.0, 3.0)


@njit
def floor(n_pulls, state, shapes):
    d = shapes - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    total = 0.0
    for _ in range(n_pulls):
        for i in range(shapes.size):
            z, state = sampling.normal(state)
            v, state = sampling.gamma_factor(state, c[i], d[i])
            total += z * v
        z, state = sampling.normal(state)
        total += z
    return total


@njit
def numba_floor(n_pulls, shapes):
    total = 0.0
    for _ in range(n_pulls):
        for i in range(shapes.size):
            total += np.random.standard_normal() * np.random.standard_gamma(shapes[i])  # noqa: NPY002
        total += np.random.standard_normal()  # noqa: NPY002
    return total


def numpy_floor(n_pulls, shapes, block=1000):
    rng = np.random.default_rng(1)
    for _ in range(n_pulls // block):
        rng.standard_normal((block, shapes.size))
        rng.standard_gamma(shapes, (block, shapes.size))
        rng.standard_normal(block)


def peers():
    """SMPyBandits' policies, with a name that SciPy no longer has."""
    import scipy.special

    scipy.special.btdtri = scipy.special.betaincinv
    sys.path.append(os.environ.get("PEER", ""))
    try:
        from SMPyBandits.Arms import Gaussian
        from SMPyBandits.Policies import UCB, Thompson
        from SMPyBandits.Policies.Posterior import Gauss
    except ImportError as error:
        sys.exit(f"SMPyBandits is not installed ({error}); see the head of this file")
    arms = [Gaussian(mean, 0.25) for mean in np.linspace(0.1, 0.9, N_ARMS)]

    def loop(make):
        def run():
            chosen = make()
            chosen.startGame()
            for t in range(HORIZON):
                arm = chosen.choice()
                chosen.getReward(arm, arms[arm].draw(t))
            return HORIZON

        return run

    return {
        "peer: UCB": loop(lambda: UCB(N_ARMS)),
        "peer: Thompson, Gaussian": loop(lambda: Thompson(N_ARMS, posterior=Gauss)),
    }


def main(rounds=7):
    others = peers()
    instances = vts.gaussian_instances(N_INSTANCES, N_ARMS, PRIOR, 1)
    pulls = N_INSTANCES * HORIZON

    def ours(name):
        def run():
            vts.simulate(instances, [name], HORIZON, seed=1, n_threads=1)
            return pulls

        return run

    state = tuple(np.uint64(word) for word in (1, 2, 3, 4))
    shapes = 4 + np.append(np.full(N_ARMS - 1, 30), HORIZON - 30 * (N_ARMS - 1)) / 2  # typical at the horizon

    def floored(function, *arguments):
        def run():
            function(pulls, *arguments)
            return pulls

        return run

    methods = {
        "VarTS": ours("varts"),
        "TS, known variances": ours("ts_known"),
        "UCB1": ours("ucb1"),
        "floor: ours": floored(floor, state, shapes),
        "floor: numba": floored(numba_floor, shapes),
        "floor: numpy": floored(numpy_floor, shapes),
        **others,
    }
    rates = {name: [] for name in methods}
    for name in methods:
        methods[name]()
    for _ in range(rounds):
        for name, method in methods.items():
            started = time.perf_counter()
            done = method()
            rates[name].append(done / (time.perf_counter() - started))
    rate = {name: np.median(values) for name, values in rates.items()}
    print(f"{'one core':26}{'pulls/s':>12}{'VarTS is':>14}")
    for name, value in rate.items():
        print(f"{name:26}{value:12,.0f}{rate['VarTS'] / value:12.2f} x")


if __name__ == "__main__":
    main()
