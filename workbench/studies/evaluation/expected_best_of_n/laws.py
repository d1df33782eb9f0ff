"""Laws of a score: draws, and the exact expected best of n independent draws.

Textbook order statistics, worked out for this project; Tang et al. (2020), arXiv 2004.13705, leave the law open.
"""

import numpy as np
from scipy.special import digamma, gammaln, ndtr, ndtri

LAWS = ("uniform", "normal", "exponential", "pareto", "bimodal", "coin")
TAIL = 3.0  # of the Pareto law: P(X > x) = x^-3, so that its fourth moment is infinite
GOOD = 0.1  # of the bimodal law and of the coin: the chance of a good run


def draw(law, shape, generator):
    """Independent scores.

        uniform       on [0, 1]
        normal        mean 0, variance 1
        exponential   mean 1
        pareto        P(X > x) = x^-3 for x >= 1
        bimodal       uniform on [0.3, 0.5], but with probability 0.1 on [0.8, 0.9]: most runs fail
        coin          1 with probability 0.1, else 0: nothing but ties

    Parameters
    ----------
    law : str, one of ``LAWS``
    shape : int or tuple of int
    generator : numpy.random.Generator

    Returns
    -------
    array of that shape. ``ValueError`` for another name. Source: definitions of this project.
    """
    check_law(law)
    u = generator.random(shape)
    if law == "uniform":
        return u
    if law == "normal":
        return ndtri(u)
    if law == "exponential":
        return -np.log1p(-u)
    if law == "pareto":
        return (1 - u) ** (-1 / TAIL)
    if law == "bimodal":
        bad = 1 - GOOD
        return np.where(u < bad, 0.3 + 0.2 * u / bad, 0.8 + 0.1 * (u - bad) / GOOD)
    return (u >= 1 - GOOD).astype(float)


def expected_best(law, n):
    """E max(X_1, ..., X_n) of independent scores, the truth that both estimators are after.

        uniform      n/(n+1)
        exponential  1 + 1/2 + ... + 1/n
        pareto       Gamma(n+1) Gamma(2/3)/Gamma(n+2/3)
        bimodal      0.9 - integral of F^n, piecewise
        coin         1 - 0.9^n
        normal       integral of x n Phi^(n-1) phi

    Parameters
    ----------
    law : str, one of ``LAWS``
    n : array of numbers > 0

    Returns
    -------
    array of the shape of ``n``. Exact, but for the normal law (Gauss-Legendre quadrature, error below 1e-9 for n to
    1000). Derived for this project from the distribution F^n of the maximum.

    Raises
    ------
    ValueError
        For a law that there is not, and for n <= 0.
    """
    check_law(law)
    n = np.asarray(n, dtype=float)
    if np.any(n <= 0):
        raise ValueError("n must be positive")
    if law == "uniform":
        return n / (n + 1)
    if law == "exponential":
        return digamma(n + 1) + np.euler_gamma
    if law == "pareto":
        return np.exp(gammaln(n + 1) + gammaln(1 - 1 / TAIL) - gammaln(n + 1 - 1 / TAIL))
    if law == "bimodal":
        bad = (1 - GOOD) ** n
        return 0.9 - 0.2 * bad / (n + 1) - 0.3 * bad - 0.1 * (1 - bad * (1 - GOOD)) / ((n + 1) * GOOD)
    if law == "coin":
        return 1 - (1 - GOOD) ** n
    x, weight = np.polynomial.legendre.leggauss(400)
    x, weight = 12 * x, 12 * weight
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return (n[..., None] * ndtr(x) ** (n[..., None] - 1) * density * x) @ weight


def check_law(law):
    """``ValueError`` with a sentence for a law that there is not."""
    if law not in LAWS:
        raise ValueError(f"law must be one of {', '.join(LAWS)}, got {law!r}")
