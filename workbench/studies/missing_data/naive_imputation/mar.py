"""Missing at random: a first column, never hidden, decides how many of the others are seen.

The paper, Ayme et al. (2023), arXiv 2301.13585, assumes masks that do not depend on X. Here the rate is
s(X_0) = ``inside`` where |X_0| < threshold and ``outside`` beyond; given X_0 the columns are hidden independently.
All moments derived for this project.
"""

import numpy as np
from scipy.special import ndtr

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.missing_data.naive_imputation.sgd_theory import check_sgd

HALF_OF_THE_VARIANCE = 1.5382  # threshold beyond which the square of a standard Gaussian has half of its mean


def mar_moments(covariance, coefficients, inside, outside, *, depends_on_x=True, threshold=HALF_OF_THE_VARIANCE):
    """Second moments M = E xx' and g = E xY of the imputed input x = P o X, for centred Gaussian X.

        E f(X_0) X_j X_k = Sigma_jk E f + c_j c_k (E f X_0^2 - E f),   c = Sigma e_0,

    with f = s^2 for two hidden columns, f = s for one of them with itself, with X_0 or with Y. The excess risk of theta
    is b' Sigma b - 2 theta'g + theta' M theta, the imputation bias b' Sigma b - g' M^-1 g.

    Parameters
    ----------
    covariance : array of shape (d, d)
        Column 0 is the one that decides; its variance must be 1.
    coefficients : array of shape (d,)
    inside, outside : float in (0, 1]
    depends_on_x : bool
        If false, the mask has the same law but reads an independent copy of X_0: MCAR with dependent columns.
    threshold : float > 0

    Returns
    -------
    moment : array of shape (d, d)
    cross : array of shape (d,)

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check(covariance, inside, outside, threshold)
    beyond = 2 * ndtr(-threshold)  # probability, and the share of the variance, of |X_0| beyond the threshold
    share = beyond + 2 * threshold * np.exp(-(threshold**2) / 2) / np.sqrt(2 * np.pi) if depends_on_x else beyond
    c = covariance[:, 0]

    def tilted(power):
        mean = inside**power * (1 - beyond) + outside**power * beyond
        return covariance * mean + np.outer(c, c) * (inside**power * (1 - share) + outside**power * share - mean)

    once, moment = tilted(1), tilted(2)
    np.fill_diagonal(moment, np.diag(once))
    moment[0], moment[:, 0] = once[0], once[:, 0]
    moment[0, 0] = covariance[0, 0]
    cross = once @ coefficients
    cross[0] = c @ coefficients
    return moment, cross


def mar_moments_of_mask(n_features, inside, outside, *, threshold=HALF_OF_THE_VARIANCE):
    """The mask's own rates (d,) and covariance matrix (d, d): the same whether it depends on X or on a copy.

    Rates E s for the hidden columns and 1 for column 0; covariances Var s off the diagonal. Derived for this project.
    """
    beyond = 2 * ndtr(-threshold)
    rate = inside * (1 - beyond) + outside * beyond
    rates = np.r_[1.0, np.full(n_features - 1, rate)]
    v = np.full((n_features, n_features), (inside - outside) ** 2 * beyond * (1 - beyond))
    v[0], v[:, 0] = 0.0, 0.0
    np.fill_diagonal(v, rates * (1 - rates))
    return rates, v


@one_blas_thread
def simulate_mar_risk(
    theta,
    factor,
    coefficients,
    noise,
    inside,
    outside,
    *,
    depends_on_x=True,
    threshold=HALF_OF_THE_VARIANCE,
    n_samples,
    n_replications,
    seed,
):
    """Mean excess risk over new rows under the mask of `mar_moments`; see `simulate_risk`. Derived for this project.

    Returns
    -------
    array of shape (n_replications, k) for theta of shape (k, d) and a factor of shape (d, m).
    """
    check(factor @ factor.T, inside, outside, threshold)
    check_sgd(n_samples, 1.0, noise)
    theta, (d, m) = np.atleast_2d(theta), factor.shape
    x_stream, copy_stream, mask_stream, noise_stream = streams(seed, 4)
    result, done = np.empty((n_replications, len(theta))), 0
    for count in batches(n_replications, n_samples * (3 * d + m)):
        x = x_stream.standard_normal((count, n_samples, m)) @ factor.T
        copy = copy_stream.standard_normal((count, n_samples, 1))
        decides = x[..., :1] if depends_on_x else copy
        rate = np.where(np.abs(decides) < threshold, inside, outside)
        mask = mask_stream.random((count, n_samples, d), dtype=np.float32) < rate
        mask[..., 0] = True
        error = noise * noise_stream.standard_normal((count, n_samples, 1))
        gap = (x @ coefficients)[..., None] - (x * mask) @ theta.T
        result[done : done + count] = np.mean(gap * (gap + 2 * error), axis=1)
        done += count
    return result


def check(covariance, inside, outside, threshold):
    """``ValueError`` with a sentence for arguments out of range."""
    for name, rate in (("inside", inside), ("outside", outside)):
        if not 0 < rate <= 1:
            raise ValueError(f"{name} must lie in (0, 1], got {rate}")
    if not threshold > 0:
        raise ValueError(f"threshold must be positive, got {threshold}")
    if abs(covariance[0, 0] - 1) > 1e-9:
        raise ValueError(f"the variance of the deciding column must be 1, got {covariance[0, 0]:g}")
