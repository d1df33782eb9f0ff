"""Exact mean risk of averaged stochastic gradient descent on zero-imputed Gaussian data: a recursion of second moments.

The paper, Ayme et al. (2023), arXiv 2301.13585, bounds this risk (Theorem 4.1) up to a constant. For Gaussian X and
independent masks the mean is exact: one gradient step is linear in (theta, -1), so the second moment of theta after
a step is linear in that before it. All that is needed are fourth moments of masked Gaussians. Derived for this project.
"""

import numpy as np

from workbench.studies.missing_data.naive_imputation.theory import check_rates, mask_covariance


def averaged_sgd_risk(n_steps, step, covariance, coefficients, noise, rates):
    """Mean excess risk E R(mean iterate) - sigma^2 after 1 ... n_steps steps, for centred Gaussian X.

    Start at 0; theta_t = theta_{t-1} + step x_t (y_t - x_t' theta_{t-1}) with x_t = P_t o X_t, each row used once
    (equation (16)); after t steps the estimator is the average of the t + 1 iterates. The risk is that on new imputed
    rows.

    Parameters
    ----------
    n_steps : int >= 1
    step : float > 0
    covariance : array of shape (d, d)
    coefficients : array of shape (d,)
    noise : float >= 0, sigma
    rates : array of shape (d,), in (0, 1]

    Returns
    -------
    array of shape (n_steps,)

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Cost: about ten products of d x d matrices per step.
    """
    rates = check_rates(rates)
    check_sgd(n_steps, step, noise)
    d = len(rates)
    moment = (mask_covariance(rates) + np.outer(rates, rates)) * covariance
    cross = rates * (covariance @ coefficients)
    signal = float(coefficients @ covariance @ coefficients)
    # y as one more column, never hidden: then a step is theta - step x z'(theta, -1) with z = (x, y)
    joint = np.block([[covariance, (covariance @ coefficients)[:, None]], [covariance @ coefficients, signal]])
    joint[d, d] += noise**2
    joint_rates, joint_moment = np.append(rates, 1.0), np.column_stack([moment, cross])

    mean, total_mean = np.zeros(d), np.zeros(d)  # of the iterate, and of the sum of iterates
    second, product, spread = np.zeros((d, d)), np.zeros((d, d)), 0.0  # E theta theta', E sum theta', tr M E sum sum'
    risk = np.empty(n_steps)
    for t in range(n_steps):
        extended = np.block([[second, -mean[:, None]], [-mean, 1.0]])
        drift = joint_moment @ extended[:, :d]
        product = product - step * (product @ moment - np.outer(total_mean, cross))
        second = second - step * (drift + drift.T) + step**2 * masked_fourth_moment(extended, joint, joint_rates)
        mean = mean - step * (moment @ mean - cross)
        spread += 2 * np.sum(moment * product) + np.sum(moment * second)
        product = product + second
        total_mean = total_mean + mean
        risk[t] = signal - 2 * cross @ total_mean / (t + 2) + spread / (t + 2) ** 2
    return risk


def masked_fourth_moment(inner, covariance, rates):
    """E x z' A z x' for z = P o Z, Z centred Gaussian, P independent of it and between columns; x = z less its last.

    By Isserlis E Z_i Z_l Z_j Z_k is a sum of three products of covariances; the mask multiplies each by the product
    of the rates of the *distinct* columns among i, l, j, k. Derived for this project.

    Parameters
    ----------
    inner : array of shape (d + 1, d + 1), A, symmetric
    covariance : array of shape (d + 1, d + 1), of Z
    rates : array of shape (d + 1,)

    Returns
    -------
    array of shape (d, d). Cost: three matrix products.
    """
    s, a, missing, q = covariance, inner, 1 - rates, rates * (1 - rates)
    weighted = a * s
    row, diagonal, variance, a_diagonal = weighted @ rates, np.diag(weighted), np.diag(s), np.diag(a)
    half = a @ (rates[:, None] * s)
    n = np.diag(half)
    # i != l: column j has weight rho_j, but 1 if it is i or l; twice the same column has rho_j, not rho_j^2
    one = missing * row * 2 + missing**2 * diagonal - q * diagonal
    scalar = rates @ row + q @ diagonal + one[:, None] + one + 2 * np.outer(missing, missing) * weighted
    edge = missing * variance
    vector = (s * rates) @ half + (s * (q * a_diagonal)) @ s + edge[:, None] * half + (edge[:, None] * half).T
    vector += s * (missing * n + missing**2 * variance * a_diagonal - q * variance * a_diagonal)[:, None]
    vector += s * (missing * n + missing**2 * variance * a_diagonal - q * variance * a_diagonal)
    vector += np.outer(edge, edge) * a + np.outer(missing, missing) * a * s**2
    result = np.outer(rates, rates) * (s * scalar + 2 * vector)
    # i = l: the column counts once
    own = variance * (rates @ row + q @ diagonal + one)
    own += 2 * (np.diag((s * rates) @ half) + (s**2) @ (q * a_diagonal) + 2 * edge * n)
    own += 2 * (missing**2 - q) * variance**2 * a_diagonal
    np.fill_diagonal(result, rates * own)
    return result[:-1, :-1]


def check_sgd(n_steps, step, noise):
    """``ValueError`` with a sentence for arguments out of range."""
    if int(n_steps) != n_steps or n_steps < 1:
        raise ValueError(f"n_steps must be a positive integer, got {n_steps}")
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"step must be a finite number > 0, got {step}")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number >= 0, got {noise}")
