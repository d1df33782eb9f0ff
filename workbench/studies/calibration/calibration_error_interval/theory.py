"""Exact mean and variance of the estimators at any sample size, and the variances of their limits."""

import numpy as np
from scipy.special import gammaln, xlog1py


def binned_squared_error(probabilities, gaps):
    """The target, theta = sum_b p_b |delta_b|^2.

    Parameters
    ----------
    probabilities : array (m,), nonnegative, sums to 1
    gaps : array (m, k) or (m,) for k = 1: mean residuals delta_b

    Returns
    -------
    float. Source: definition, arXiv 2408.08998.
    """
    p, gaps, _ = _checked(2, probabilities, gaps, None)
    return float(p @ np.sum(gaps**2, axis=1))


def mean_debiased(n_samples, probabilities, gaps):
    """E T = sum_b p_b (1 - (1-p_b)^(n-1)) |delta_b|^2, exactly.

    The factor is the chance that a prediction in bin b has company; without lonely predictions T is unbiased. Derived
    for this project (arXiv 2408.08998 states the limit).

    Parameters
    ----------
    n_samples : int >= 2
    probabilities, gaps : as for `binned_squared_error`

    Returns
    -------
    float. Cost: O(m).
    """
    p, gaps, _ = _checked(n_samples, probabilities, gaps, None)
    return float(np.sum(p * (1 - (1 - p) ** (n_samples - 1)) * np.sum(gaps**2, axis=1)))


def mean_plug_in(n_samples, probabilities, gaps, covariances):
    """Exact mean of the plug-in estimate: theta + (1/n) sum_b tr V_b (1 - (1-p_b)^n). Derived for this project.

    Parameters
    ----------
    n_samples : int >= 2
    probabilities, gaps : as for `binned_squared_error`
    covariances : array (m, k, k) or (m,) for k = 1: V_b

    Returns
    -------
    float. Cost: O(m).
    """
    p, gaps, cov = _checked(n_samples, probabilities, gaps, covariances)
    traces = np.trace(cov, axis1=1, axis2=2)
    bias = np.sum(traces * (1 - (1 - p) ** n_samples)) / n_samples
    return float(p @ np.sum(gaps**2, axis=1) + bias)


def variance_debiased(n_samples, probabilities, gaps, covariances):
    """Exact variance of T at any sample size. Derived for this project.

    Given the counts, T is a sum of independent U-statistics, so

        n^2 Var T = sum_b 4 delta_b' V_b delta_b E[N_b; N_b >= 2] + sum_b 2 tr(V_b^2) E[N_b/(N_b - 1); N_b >= 2]
                    + Var(sum_b |delta_b|^2 N_b 1{N_b >= 2})

    for multinomial counts N. At calibration only the middle sum is left. The limits n Var T -> sigma_1^2 off
    calibration and n^2 Var T -> sum_b 2 tr(V_b^2) at it are those of arXiv 2408.08998.

    Parameters
    ----------
    As for `mean_plug_in`.

    Returns
    -------
    float. Cost: O(n m + m^2).
    """
    p, gaps, cov = _checked(n_samples, probabilities, gaps, covariances)
    n, squares = n_samples, np.sum(gaps**2, axis=1)
    counted = n * p * (1 - (1 - p) ** (n - 1))  # E[N; N >= 2] = E N - P(N = 1)
    within = 4 * np.einsum("bi,bij,bj->b", gaps, cov, gaps) @ counted
    within += 2 * np.einsum("bij,bji->b", cov, cov) @ _mean_ratio(n, p)
    # moments of A_b = N_b - 1{N_b = 1}; the diagonal is set apart
    pair = n * (n - 1) * np.outer(p, p)
    rest = np.maximum(1 - p[:, None] - p[None, :], 0)
    second = pair * (1 - (1 - p[:, None]) ** (n - 2) - (1 - p[None, :]) ** (n - 2) + rest ** (n - 2))
    np.fill_diagonal(second, n * (n - 1) * p**2 + counted)
    between = squares @ (second - np.outer(counted, counted)) @ squares
    return float((within + between) / n**2)


def sigma1_squared(probabilities, gaps, covariances):
    """lim n Var T off calibration: sum_b p_b (4 delta_b' V_b delta_b + |delta_b|^4) - theta^2; zero at calibration.

    Source: arXiv 2408.08998, published code (there with the observed means in place of the true ones).

    Parameters
    ----------
    As for `mean_plug_in`, without the sample size.
    """
    p, gaps, cov = _checked(2, probabilities, gaps, covariances)
    squares = np.sum(gaps**2, axis=1)
    return float(p @ (4 * np.einsum("bi,bij,bj->b", gaps, cov, gaps) + squares**2) - (p @ squares) ** 2)


def null_sd(n_samples, covariances):
    """Standard deviation of T at calibration if all m bins are well filled: sqrt(2 sum_b tr V_b^2)/n.

    How the predictions spread over the bins does not matter. The square root of the sum is sigma_0/sqrt(w) of
    arXiv 2408.08998 before bins of volume w become small.

    Parameters
    ----------
    n_samples : int >= 2
    covariances : array (m, k, k), or (m,) for k = 1
    """
    cov = np.asarray(covariances, dtype=float)
    cov = cov[:, None, None] if cov.ndim == 1 else cov
    _check_size(n_samples)
    return float(np.sqrt(2 * np.sum(cov * np.swapaxes(cov, -1, -2))) / n_samples)


def _mean_ratio(n, p):
    """E[N/(N-1); N >= 2] for N binomial(n, p), by summing."""
    count = np.arange(2, n + 1)[:, None]
    log_choose = gammaln(n + 1.0) - gammaln(count + 1.0) - gammaln(n - count + 1.0)
    with np.errstate(divide="ignore"):
        log_power = count * np.log(p)
    mass = np.exp(log_choose + log_power + xlog1py(n - count, -p))
    return np.sum(mass * count / (count - 1), axis=0)


def _check_size(n_samples):
    if int(n_samples) != n_samples or n_samples < 2:
        raise ValueError(f"n_samples must be an integer >= 2, got {n_samples}")


def _checked(n_samples, probabilities, gaps, covariances):
    _check_size(n_samples)
    p, gaps = np.asarray(probabilities, dtype=float), np.asarray(gaps, dtype=float)
    gaps = gaps[:, None] if gaps.ndim == 1 else gaps
    if p.ndim != 1 or np.any(p < 0) or not np.isclose(p.sum(), 1):
        raise ValueError(f"probabilities must be nonnegative and sum to 1, got a sum of {p.sum():g}")
    if len(gaps) != len(p):
        raise ValueError(f"gaps must have one row for each of the {len(p)} bins, got {len(gaps)}")
    if covariances is None:
        return p, gaps, None
    cov = np.asarray(covariances, dtype=float)
    cov = cov[:, None, None] if cov.ndim == 1 else cov
    if cov.shape != (*gaps.shape, gaps.shape[1]):
        raise ValueError(f"covariances must have shape {(*gaps.shape, gaps.shape[1])}, got {cov.shape}")
    return p, gaps, cov
