"""Tests of statements that are exact inequalities: nothing random is left to estimate.

For the theorems of Skalse & Abate (2024), arXiv 2403.06854.
"""

import numpy as np

from workbench.claims import Check, Outcome


def bound_test(low, high):
    """Every simulated value lies in [low, high]; ``theory`` is not used beyond showing the nearer bound.

    For exact inequalities, where the statement fixes an interval and each compared value is computed to rounding.
    """

    def apply(theory, simulated, se):
        values = np.ravel(np.asarray(simulated, dtype=float))
        if values.size == 0 or not np.all(np.isfinite(values)):
            raise ValueError("simulated must hold finite values, at least one")
        slack = np.minimum(values - low, high - values)
        worst = int(np.argmin(slack))
        bound = low if values[worst] - low <= high - values[worst] else high
        detail = f"{values.size} values between {values.min():.4g} and {values.max():.4g}"
        return Outcome(bool(slack[worst] >= 0), float(bound), float(values[worst]), None, detail)

    return Check(f"every value in [{low:.4g}, {high:.4g}]", apply)
