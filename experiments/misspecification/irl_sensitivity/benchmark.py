"""Solving 10 000 random MDPs (S = 32, A = 4, discount 0.95) to 1e-10, side by side with QuantEcon. Run it with the
project's Python.

The peer is installed outside the environment, and found through PEER:

    python -m pip install --target DIR quantecon --no-deps
    PEER=DIR python experiments/misspecification/irl_sensitivity/benchmark.py

  batched          all at once (``hard_values``, policy iteration, exact up to rounding)
  policy           QuantEcon's DiscreteDP in a loop, its default method, policy iteration
  modified policy  the same with modified policy iteration, epsilon = 1e-10
Each QuantEcon solve includes making the DiscreteDP. Compilation is done before; rounds alternate; medians are shown.
All three must give the same values.
"""

import os
import sys
import time

import numpy as np

from workbench.studies.misspecification import irl_sensitivity as irl

N_MDPS, N_STATES, N_ACTIONS, DISCOUNT = 10_000, 32, 4, 0.95


def main(rounds=3):
    sys.path.append(os.environ.get("PEER", ""))
    try:
        from quantecon.markov import DiscreteDP
    except ImportError:
        sys.exit("QuantEcon is not installed; see the head of this file")
    transitions = irl.random_transitions(N_MDPS, N_STATES, N_ACTIONS, 1)
    expected = np.random.default_rng(2).standard_normal((N_MDPS, N_STATES, N_ACTIONS))

    def loop(method):
        return np.array(
            [
                DiscreteDP(r, tau, DISCOUNT).solve(method, epsilon=1e-10).v
                for r, tau in zip(expected, transitions, strict=True)
            ]
        )

    methods = {
        "batched": lambda: irl.hard_values(transitions, expected, DISCOUNT).value,
        "policy": lambda: loop("policy_iteration"),
        "modified policy": lambda: loop("modified_policy_iteration"),
    }
    irl.hard_values(transitions[:1000], expected[:1000], DISCOUNT)
    for method in ("policy_iteration", "modified_policy_iteration"):
        DiscreteDP(expected[0], transitions[0], DISCOUNT).solve(method)
    seconds, values = {name: [] for name in methods}, {}
    for _ in range(rounds):
        for name, method in methods.items():
            started = time.perf_counter()
            values[name] = method()
            seconds[name].append(time.perf_counter() - started)
    base = np.median(seconds["batched"])
    print(f"{'method':18}{'seconds':>10}{'ratio':>8}{'largest difference':>21}")
    for name, found in values.items():
        difference = np.max(np.abs(found - values["batched"]))
        print(f"{name:18}{np.median(seconds[name]):10.3f}{np.median(seconds[name]) / base:8.1f}{difference:21.1e}")
        assert difference < 1e-10, f"{name} disagrees"


if __name__ == "__main__":
    main()
