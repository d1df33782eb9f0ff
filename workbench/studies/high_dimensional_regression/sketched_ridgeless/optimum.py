"""The sketch size that minimises the limiting risk."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import ISOTROPIC, parse_spectrum
from workbench.studies.high_dimensional_regression.sketched_ridgeless.theory import limiting_risk


class Optimum(NamedTuple):
    """Best psi = m/n (0: a vanishing share of the rows), the limiting risk there, and the case of Theorem 3.6."""

    psi: float
    risk: float
    case: str  # "a": sketch to psi < 1; "b": keep next to nothing; "c": keep all rows


def optimal_sketch(phi, signal, noise, *, sketch="orthogonal", spectrum=ISOTROPIC):
    """Minimiser over psi in (0, 1] of the limiting risk for a random signal.

    Isotropic features, orthogonal sketch (Theorem 3.6 of arXiv 2302.01088, first version), SNR = alpha/sigma:

        (a) SNR > 1 and 1 - sigma/(2 alpha) < phi <= alpha/(alpha - sigma):
            m* = p (alpha - sigma)/alpha, risk sigma (2 alpha - sigma) whatever phi
        (b) SNR <= 1 and phi > alpha^2/(alpha^2 + sigma^2):  m* = o(n), risk alpha^2
        (c) otherwise m* = n

    Any other spectrum by numerical minimisation: for c = phi/psi > 1 the limit is a function of c alone, so the best c
    is one number, and the plateau is flat in phi again. (Several bumps are possible for strongly unequal eigenvalues;
    a dense grid over c precedes the refinement.)

    Parameters
    ----------
    phi : float > 0
    signal, noise : float > 0
    sketch, spectrum
        As in the package's table.

    Returns
    -------
    Optimum
    """
    for name, value in (("phi", phi), ("signal", signal), ("noise", noise)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive number, got {value}")

    def risk(psi):
        return float(limiting_risk(phi, psi, signal, noise, sketch=sketch, spectrum=spectrum).total)

    values, shares = parse_spectrum(spectrum)
    keep_all = risk(1.0)
    null = signal**2 * float(shares @ values)
    c, best = _best_undersampling(phi, signal, noise, spectrum)
    if null <= min(best, keep_all):
        return Optimum(0.0, null, "b")
    if best < keep_all and c > phi:
        return Optimum(phi / c, best, "a")
    return Optimum(1.0, keep_all, "c")


def _best_undersampling(phi, signal, noise, spectrum):
    """Best c = p/m over c > 1, c >= phi, and the limiting risk there."""
    values, _ = parse_spectrum(spectrum)

    def risk(log_c):
        # psi <= 1 is arbitrary here: for c > 1 only phi/psi matters
        return limiting_risk(1.0, np.exp(-log_c), signal, noise, spectrum=spectrum).total

    lowest = max(np.log(phi), 1e-6)
    if np.all(
        values == values[0]
    ):  # in closed form: c = alpha/(alpha - sigma), with Sigma = x I scaling alpha by sqrt x
        scaled = signal * np.sqrt(values[0])
        log_c = max(lowest, np.log(scaled / (scaled - noise))) if scaled > noise else lowest + 20
        return float(np.exp(log_c)), float(risk(log_c))
    grid = lowest + np.linspace(0, 20, 4001)
    risks = risk(grid)
    i = int(np.argmin(risks))
    if 0 < i < grid.size - 1:
        found = minimize_scalar(risk, bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-12})
        if found.fun <= risks[i]:
            return float(np.exp(found.x)), float(found.fun)
    return float(np.exp(grid[i])), float(risks[i])
