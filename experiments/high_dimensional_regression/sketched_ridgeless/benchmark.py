"""Cost of one simulated risk curve, three ways, side by side. Run it with the project's Python.

The curve has 20 sketch sizes at n = 400, p = 200, as in the paper's Figure 2. All three estimate the same means:
  nested    one factorisation per replication for all sizes below p, no sketch formed (``simulate_risk``)
  per size  the conditional closed form from its definition: a Haar sketch and a pseudo-inverse for each size
  sampled   the estimator itself with 100 test points: the usual simulation
Printed are seconds per replication of the whole curve, and the ratio that decides: time to reach the same standard
error, taken from the spread of each estimator's replications (median over sizes). Rounds alternate; medians are shown.
"""

import time

import numpy as np

from workbench.studies.high_dimensional_regression import sketched_ridgeless as sr

N, P, SIGNAL, NOISE = 400, 200, 10.0, 5.0
SIZES = [m for m in np.round(np.concatenate([np.linspace(0.11, 0.48, 10), np.linspace(0.52, 1, 10)]) * N).astype(int)]


def nested(count, seed):
    return sr.simulate_risk(N, P, SIZES, SIGNAL, NOISE, n_replications=count, seed=seed).total


def per_size(count, seed):
    rng = np.random.default_rng(seed)
    risks = np.empty((count, len(SIZES)))
    for i in range(count):
        design = rng.standard_normal((N, P))
        for k, m in enumerate(SIZES):
            sketch = sr.draw_sketch("orthogonal", m, N, rng)[0]
            risks[i, k] = sr.conditional_risk(design, sketch, SIGNAL, NOISE, np.ones(P)).total
    return risks


def sampled(count, seed):
    return np.stack(
        [
            sr.simulate_end_to_end(N, P, m, SIGNAL, NOISE, n_test=100, n_replications=count, seed=[seed, k])
            for k, m in enumerate(SIZES)
        ],
        axis=1,
    )


def main(rounds=3):
    methods = {"nested": (nested, 40), "per size": (per_size, 4), "sampled": (sampled, 4)}
    seconds = {name: [] for name in methods}
    draws = {name: [] for name in methods}
    for i in range(rounds):
        for name, (method, count) in methods.items():
            started = time.perf_counter()
            draws[name].append(method(count, i))
            seconds[name].append((time.perf_counter() - started) / count)
    cost = {}
    for name in methods:
        curves = np.concatenate(draws[name])
        spread = np.median(curves.std(axis=0, ddof=1) / curves.mean(axis=0))
        cost[name] = (np.median(seconds[name]), spread)
    base, base_spread = cost["nested"]
    print(f"{'method':10}{'s/replication':>15}{'ratio':>8}{'relative sd':>13}{'time to equal error, ratio':>28}")
    for name, (per_replication, spread) in cost.items():
        equal_error = per_replication / base * (spread / base_spread) ** 2
        print(f"{name:10}{per_replication:15.4f}{per_replication / base:8.1f}{spread:13.4f}{equal_error:28.0f}")


if __name__ == "__main__":
    main()
