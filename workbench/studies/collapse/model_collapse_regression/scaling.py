"""Power laws: exponents of the error, the crossover, and the ridge that is best after n generations."""

import numpy as np
from scipy.optimize import minimize_scalar

from workbench.studies.collapse.model_collapse_regression.spectra import critical_exponent
from workbench.studies.collapse.model_collapse_regression.theory import ridge_error


def optimal_ridge(generation, eigenvalues, signal_squared, n_samples, n_generator_samples, noise, generator_noise):
    """Ridge that minimises the test error after ``generation`` generations, and that error: the collapse-aware ridge.

    Arguments as in :func:`ridge_error`; needs T_0 >= d + 2. A grid over log ridge precedes a bounded refinement.
    Cost: O(d) per evaluation, about 100 evaluations.

    Returns
    -------
    ridge, error : float, float
    """

    data = (eigenvalues, signal_squared, n_samples, n_generator_samples, noise, generator_noise)

    def error(log_ridge):
        return ridge_error(generation, *data, np.exp(log_ridge)).total

    top = np.log(10 * eigenvalues.max())
    grid = np.linspace(top - 28, top, 57)
    i = int(np.clip(np.argmin(error(grid)), 1, grid.size - 2))
    found = minimize_scalar(error, bounds=(grid[i - 1], grid[i + 1]), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x)), float(found.fun)


def error_exponent(spectrum_exponent, source_exponent, *, noise_free):
    """Exponent of T in the error at the best ridge: -2 r_ beta on noise-free clean data, -2 r_ ell_crit otherwise.

    r_ = min(r, 1). The second, slow rate is that of noisy labels and of synthetic ones (T_0 of the order of T), even
    if the last fit is noise-free. Power-law section of arXiv 2402.07712.
    """
    r = min(source_exponent, 1.0)
    return -2 * r * (spectrum_exponent if noise_free else critical_exponent(spectrum_exponent, source_exponent))


def crossover_samples(generation, spectrum_exponent, source_exponent, generator_noise, phi0):
    """Sample size near which synthetic labels turn the fast rate into the slow one (noise-free last fit).

    T_x = [n sigma_0^2 phi_0/(1-phi_0)]^(-1/(2 r_ beta)), phi_0 = d/T_0 < 1; derived for this project from the
    limiting error.
    """
    level = generation * generator_noise**2 * phi0 / (1 - phi0)
    return level ** (-1 / (2 * min(source_exponent, 1.0) * spectrum_exponent))
