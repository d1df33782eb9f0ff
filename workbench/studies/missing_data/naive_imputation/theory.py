"""Risk of a linear predictor on zero-imputed inputs, its optimum, and ridge regression's bias.

Source unless said otherwise: Ayme et al. (2023), arXiv 2301.13585, numbered as in the authors' copy of January 2023.
"""

import numpy as np

LAWS = ("independent", "fixed_count", "all_or_nothing")


def mask_covariance(rates, law="independent"):
    """Covariance matrix V of the mask.

    Parameters
    ----------
    rates : array of shape (d,), in (0, 1]
        rho_j, the probability that column j is observed.
    law : "independent", "fixed_count" or "all_or_nothing"
        Independent columns; exactly rho d columns of d, drawn without replacement (Example 3.9); a row observed
        complete or not at all. The last two need equal rates.

    Returns
    -------
    array of shape (d, d)

    Raises
    ------
    ValueError
        For rates out of range or unequal where they must be equal, and for a count rho d that is not whole.
    """
    rates = check_rates(rates)
    if law not in LAWS:
        raise ValueError(f"law must be one of {', '.join(LAWS)}, got {law!r}")
    d, spread = len(rates), rates * (1 - rates)
    if law == "independent":
        return np.diag(spread)
    if np.ptp(rates) > 0:
        raise ValueError(f"rates must be equal for law {law!r}, got {rates.min():g} to {rates.max():g}")
    if law == "all_or_nothing":
        return np.full((d, d), spread[0])
    if d < 2 or abs(rates[0] * d - round(rates[0] * d)) > 1e-9:
        raise ValueError(f"rates times d must be a whole number and d at least 2, got {rates[0]:g} times {d}")
    return spread[0] * (d * np.eye(d) - 1) / (d - 1)


def imputed_risk(theta, second_moment, coefficients, rates, covariance_of_mask=None):
    """Excess risk E(Y - theta'(P o X))^2 - sigma^2 at any theta.

        (b - H theta)' Sigma (b - H theta) + theta' (V o Sigma) theta,   H = diag(rho)

    Proposition 3.1, for any mask that does not depend on (X, Y).

    Parameters
    ----------
    theta : array of shape (..., d)
    second_moment : array of shape (d, d), Sigma = E XX'
        Not the covariance, if X is not centred.
    coefficients : array of shape (d,), b
    rates : array of shape (d,), in (0, 1]
    covariance_of_mask : array of shape (d, d), optional
        V; that of independent columns if left out.

    Returns
    -------
    array of shape (...). Cost: d^2 for each theta.
    """
    v = mask_covariance(rates) if covariance_of_mask is None else covariance_of_mask
    rates, theta = check_rates(rates), np.asarray(theta, dtype=float)
    gap = coefficients - rates * theta
    return _quadratic(gap, second_moment) + _quadratic(theta, v * second_moment)


def best_imputed(second_moment, coefficients, rates, covariance_of_mask=None):
    """The best linear predictor on imputed inputs, theta = M^-1 H Sigma b with M = (V + rho rho') o Sigma.

    M is the second moment of P o X. Proposition 3.1, minimised; least norm where M is singular. Shape (d,); cost d^3.
    """
    v = mask_covariance(rates) if covariance_of_mask is None else covariance_of_mask
    rates = check_rates(rates)
    moment = (v + np.outer(rates, rates)) * second_moment
    return np.linalg.lstsq(moment, rates * (second_moment @ coefficients), rcond=None)[0]


def imputation_bias(second_moment, coefficients, rates, covariance_of_mask=None):
    """Excess risk of the best linear predictor on imputed inputs (equation (6), for a linear truth). Cost d^3."""
    theta = best_imputed(second_moment, coefficients, rates, covariance_of_mask)
    return float(imputed_risk(theta, second_moment, coefficients, rates, covariance_of_mask))


def ridge_penalties(variances, rates):
    """Penalty of each column of theta' = H theta on complete data: E X_j^2 (1 - rho_j)/rho_j.

    Equal variances L^2 and rates give the paper's lambda = L^2 (1 - rho)/rho (below equation (11)); the weighted form
    is the same substitution in Proposition 3.1, written out for this project.
    """
    rates = check_rates(rates)
    return np.asarray(variances, dtype=float) * (1 - rates) / rates


def ridge_bias(second_moment, coefficients, penalty):
    """min over theta of (b - theta)' Sigma (b - theta) + theta' Lambda theta = b' Sigma (Sigma + Lambda)^-1 Lambda b.

    Equations (12) and (13), with Lambda = diag(penalty) instead of a multiple of the identity.

    Parameters
    ----------
    second_moment : array of shape (d, d)
    coefficients : array of shape (d,)
    penalty : number > 0 or array of shape (d,) of them

    Raises
    ------
    ValueError
        For a penalty that is not positive.
    """
    weights = np.broadcast_to(np.asarray(penalty, dtype=float), np.shape(coefficients))
    if not np.all(weights > 0):
        raise ValueError(f"penalty must be positive, got {np.min(weights):g}")
    shrunk = np.linalg.solve(second_moment + np.diag(weights), weights * coefficients)
    return float(coefficients @ second_moment @ shrunk)


def low_rank_bias(n_features, rank, rate):
    """Imputation bias of the low-rank design with unit signal, (1-rho) r / (rho d + (1-rho) r); any shapes, broadcast.

    The equality case of Theorem 3.2 worked out for this project; Example 3.3 bounds it by (1-rho)/rho r/d. At r = d,
    a flat spectrum, it is 1 - rho at any dimension.
    """
    d, r, rho = (np.asarray(x, dtype=float) for x in (n_features, rank, rate))
    if np.any(rho <= 0) or np.any(rho > 1):
        raise ValueError(f"rate must lie in (0, 1], got {np.min(rho):g} to {np.max(rho):g}")
    if np.any(r < 1) or np.any(r > d):
        raise ValueError("rank must lie in [1, n_features]")
    return (1 - rho) * r / (rho * d + (1 - rho) * r)


def correlated_penalty(covariance_of_mask, rates, largest_variance=1.0):
    """The penalty whose ridge bias bounds the imputation bias of any MCAR mask: L^2 times the top eigenvalue of C.

    C_jk = V_jk/(rho_j rho_k): equations (14) and (15), Proposition 3.7. Cost d^3.
    """
    rates = check_rates(rates)
    return largest_variance * float(np.linalg.eigvalsh(covariance_of_mask / np.outer(rates, rates))[-1])


def check_rates(rates):
    """Rates as an array of shape (d,); ``ValueError`` with a sentence unless all lie in (0, 1]."""
    rates = np.asarray(rates, dtype=float)
    if rates.ndim != 1 or rates.size == 0:
        raise ValueError(f"rates must be a vector with one rate per column, got shape {rates.shape}")
    if not np.all((rates > 0) & (rates <= 1)):
        raise ValueError(f"rates must lie in (0, 1], got {rates.min():g} to {rates.max():g}")
    return rates


def _quadratic(vectors, matrix):
    return np.einsum("...i,ij,...j->...", vectors, matrix, vectors, optimize=True)
