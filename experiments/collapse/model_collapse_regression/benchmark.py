"""Cost of a chain of generators, side by side. Run it with the project's Python.

  fits     one generator: seconds per replication of the batched simulation (without drawing random numbers) against the
           time that LAPACK and BLAS need for the flops stated in its docstring, T_0 d^2 + d^3/3
  chains   accumulating n fits: rank updates against the naive loop, numpy.linalg.lstsq on all rows stacked so far
Rounds alternate; medians are shown. One BLAS thread.
"""

import time

import numpy as np
from scipy.linalg.lapack import dpotrf
from threadpoolctl import threadpool_limits

from workbench.studies.collapse import accumulate_or_replace as ar
from workbench.studies.collapse.model_collapse_regression import simulation


def seconds(function, *arguments, **options):
    started = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - started


def one_generator(d, t, count, rounds=7):
    """Seconds per fit of our solver, and of bare matrix multiplication and Cholesky on the same sizes."""
    rng = np.random.default_rng(0)
    design, labels = rng.standard_normal((count, t, d)), rng.standard_normal((count, t, 1))
    gram = [x.T @ x for x in design]

    def bare():
        for x, g in zip(design, gram, strict=True):
            x.T @ x
            dpotrf(g, lower=1)

    ours, floor = [], []
    for _ in range(rounds):
        ours.append(seconds(simulation._fit, design, labels, 0.0) / count)
        floor.append(seconds(bare) / count)
    return np.median(ours), np.median(floor)


def naive_chain(n_fits, d, t, rng):
    truth = weights = rng.standard_normal(d)
    rows, labels, errors = [], [], []
    for _ in range(n_fits):
        x = rng.standard_normal((t, d))
        rows.append(x)
        labels.append(x @ weights + rng.standard_normal(t))
        weights = np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels), rcond=None)[0]
        errors.append(np.sum((weights - truth) ** 2))
    return errors


def main():
    with threadpool_limits(limits=1, user_api="blas"):
        print(f"{'one generator':28}{'ms per fit':>12}{'LAPACK, ms':>12}{'ratio':>8}")
        for d, t in ((50, 100), (100, 200), (200, 400), (400, 800)):
            ours, floor = one_generator(d, t, max(4, 4_000_000 // (t * d) // 20))
            print(f"d = {d}, T0 = {t:<16}{1e3 * ours:12.3f}{1e3 * floor:12.3f}{ours / floor:8.2f}")
        print(f"\n{'accumulate, n fits':28}{'ms per chain':>12}{'naive, ms':>12}{'ratio':>8}")
        for n_fits, d, t in ((10, 20, 40), (10, 100, 200), (30, 100, 200)):
            rng = np.random.default_rng(0)
            count = 20
            options = dict(regime="accumulate", fresh_design=True, n_replications=count, seed=0)
            ours, naive = [], []
            for _ in range(3):
                ours.append(seconds(ar.simulate_test_error, n_fits, d, t, 1.0, **options) / count)
                naive.append(seconds(naive_chain, n_fits, d, t, rng))
            a, b = np.median(ours), np.median(naive)
            print(f"n = {n_fits}, d = {d}, T = {t:<10}{1e3 * a:12.2f}{1e3 * b:12.2f}{b / a:8.1f}")


if __name__ == "__main__":
    main()
