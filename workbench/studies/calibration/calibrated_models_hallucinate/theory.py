"""The wall, the Good-Turing expectations behind it, and where exactly simple models stand in its plane."""

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

LAWS = ("uniform", "zipf")


def fact_law(n_facts, law="uniform", exponent=1.0):
    """Probabilities p_i of the facts: all 1/M, or proportional to i^-exponent (Zipf).

    Parameters
    ----------
    n_facts : int >= 1, M
    law : "uniform" or "zipf"
    exponent : float >= 0
        Used by Zipf only.

    Returns
    -------
    array (M,), summing to one, largest first. Derived for this project; cost O(M).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    whole("n_facts", n_facts, 1)
    if law not in LAWS:
        raise ValueError(f"law must be 'uniform' or 'zipf', got {law!r}")
    if not (np.isfinite(exponent) and exponent >= 0):
        raise ValueError(f"exponent must be a finite number >= 0, got {exponent}")
    weight = np.arange(1.0, n_facts + 1) ** (-exponent if law == "zipf" else 0.0)
    return weight / weight.sum()


def singleton_share(n_samples, facts):
    """Expected share of the training data that are facts seen exactly once, sum_i p_i (1-p_i)^(n-1).

    For uniform facts (1 - 1/M)^(n-1). Good (1953), who credits Turing; the "monofacts" of Kalai & Vempala (2023),
    arXiv 2311.14648.

    Parameters
    ----------
    n_samples : array of int >= 1, n
    facts : array (M,), the law p

    Returns
    -------
    array of the shape of ``n_samples``. Cost: O(M) for each n.
    """
    p, n = law_of(facts), whole("n_samples", n_samples, 1)
    return np.sum(p * np.exp(xlog1py(n[..., None] - 1, -p)), axis=-1)


def missing_mass(n_samples, facts):
    """Expected probability of all facts that training did not show, sum_i p_i (1-p_i)^n (Good, 1953).

    Below the expected singleton share, by sum_i p_i^2 (1-p_i)^(n-1) <= 1/n (the bound derived for this project).
    Arguments, shapes and cost as for :func:`singleton_share`.
    """
    p, n = law_of(facts), whole("n_samples", n_samples, 1)
    return np.sum(p * np.exp(xlog1py(n[..., None], -p)), axis=-1)


def wall(mass, miscalibration, false_per_fact):
    """Least hallucination rate, mass - miscalibration - M/E, in the mean over worlds and training data.

    The form is that of Kalai & Vempala (2023), arXiv 2311.14648; this version, with the missing mass in place of the
    singleton share and the constant of M/E equal to one, was derived for this project. Negative: vacuous.

    Parameters
    ----------
    mass : array >= 0
        Expected missing mass.
    miscalibration : array in [0, 1]
        Expected generative miscalibration on bins of equal probability.
    false_per_fact : array > 0, E/M

    Returns
    -------
    array, broadcast. Cost: O(1) for each value.
    """
    if np.any(np.asarray(false_per_fact) <= 0):
        raise ValueError(f"false_per_fact must be positive, got {false_per_fact}")
    return np.asarray(mass, dtype=float) - miscalibration - 1 / np.asarray(false_per_fact, dtype=float)


def likely_floor(singletons, miscalibration, n_samples, false_per_fact, delta):
    """Least hallucination rate that holds with probability 1 - delta for one training set and any model.

        S/n - Mis - (3/delta) M/E - 1/n - (sqrt(2) + sqrt(2/e)) sqrt(log(3/delta)/n)

    The form is that of Kalai & Vempala (2023), arXiv 2311.14648; these constants were derived for this project: Markov
    for M/E, bounded differences for S/n, negative association for the missing mass, delta/3 each.

    Parameters
    ----------
    singletons, miscalibration : arrays in [0, 1]
        Observed share of singletons and miscalibration on bins of equal probability.
    n_samples : int >= 1
    false_per_fact : float > 0, E/M
    delta : float in (0, 1)

    Returns
    -------
    array, broadcast. Cost: O(1) for each value.
    """
    n = whole("n_samples", n_samples, 1)
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie in (0, 1), got {delta}")
    noise = (2**0.5 + (2 / np.e) ** 0.5) * np.sqrt(np.log(3 / delta) / n) + 1 / n
    return wall(singletons, miscalibration, false_per_fact * delta / 3) - noise


def memoriser_miscalibration(n_samples, n_facts):
    """Expected miscalibration of the memoriser g = counts/n on its own bins, uniform facts.

    Half the mean absolute deviation of a binomial (n, 1/M) over its mean, in the closed form of de Moivre (see
    Diaconis & Zabell, 1991): with m = floor(n/M) + 1

        m C(n, m) q^m (1-q)^(n-m+1) / (n q),   q = 1/M

    For n < M this is (1-1/M)^n, the expected missing mass; for n > M it is larger. For large M it is the probability
    that a Poisson variable of mean n/M takes its mode, floor(n/M). Derived for this project.

    Parameters
    ----------
    n_samples : array of int >= 1, n
    n_facts : int >= 2, M

    Returns
    -------
    array of the shape of ``n_samples``. Cost: O(1) for each n.
    """
    n = whole("n_samples", n_samples, 1).astype(float)
    q = 1 / whole("n_facts", n_facts, 2)
    m = np.floor(n * q) + 1
    return np.exp(_log_binomial(n, m, q) + np.log1p(-q)) * m / (n * q)


def distinct_law(n_samples, n_facts):
    """Probabilities that n uniform draws show k = 0 ... M distinct facts (the classical occupancy law).

    By its recursion over the draws (derived for this project). Returns an array (M + 1,); cost: O(n M).
    """
    n, size = int(whole("n_samples", n_samples, 1)), int(whole("n_facts", n_facts, 1))
    old = np.arange(size + 1) / size
    law = np.zeros(size + 1)
    law[0] = 1.0
    for _ in range(n):
        new = law * old
        new[1:] += law[:-1] * (1 - old[:-1])
        law = new
    return law


def calibrated_hallucination(n_samples, n_facts, n_false):
    """Expected rate of the calibrated model, E[(1 - K/M) E/(N - K)], uniform facts; K distinct facts seen.

    It spreads exactly the missing mass over the N - K statements that it has not seen, of which E are false. Derived
    for this project.

    Parameters
    ----------
    n_samples, n_facts, n_false : int >= 1

    Returns
    -------
    float. Cost: O(n M).
    """
    k = np.arange(int(whole("n_facts", n_facts, 1)))  # k = M has no missing mass
    false = float(whole("n_false", n_false, 1))
    return float(distinct_law(n_samples, n_facts)[:-1] @ ((1 - k / n_facts) * false / (n_facts + false - k)))


def smoother_point(weight, n_samples, n_facts, n_false):
    """Expected hallucination and miscalibration of the smoother that guesses with probability ``weight``.

    Seen facts get (1 - w) c/n for c occurrences, each unseen statement w/(N - K); uniform facts, bins by occurrences.

        E[w E/(N-K)]   and   (E|w - (1 - K/M)| + E[|(1-w) C M/n - 1|; C >= 1])/2

    with K distinct facts and C binomial (n, 1/M). Derived for this project.

    Parameters
    ----------
    weight : array in [0, 1]
    n_samples, n_false : int >= 1
    n_facts : int >= 2

    Returns
    -------
    hallucination, miscalibration : arrays of the shape of ``weight``. Cost: O(n M + n times the number of weights).
    """
    w = share("weight", weight)[..., None]
    n, size = int(whole("n_samples", n_samples, 1)), int(whole("n_facts", n_facts, 2))
    false = float(whole("n_false", n_false, 1))
    k, distinct = np.arange(size + 1), distinct_law(n, size)
    c = np.arange(1.0, n + 1)
    occurrences = np.exp(_log_binomial(float(n), c, 1 / size))
    unseen = np.abs(w - (1 - k / size)) @ distinct
    seen = np.abs((1 - w) * c * size / n - 1) @ occurrences
    return w[..., 0] * float(distinct @ (false / (size + false - k))), (unseen + seen) / 2


def whole(name, value, low):
    """Array of ``value``, or ``ValueError`` unless all are whole numbers from ``low`` (derived for this project)."""
    array = np.asarray(value)
    if array.size == 0 or not np.all(np.isfinite(array)) or np.any(array < low) or np.any(array != np.round(array)):
        raise ValueError(f"{name} must be a whole number >= {low}, got {value}")
    return array


def share(name, value):
    """Array of ``value``, or ``ValueError`` unless all of it lie in [0, 1] (derived for this project)."""
    array = np.asarray(value, dtype=float)
    if not np.all((array >= 0) & (array <= 1)):
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return array


def law_of(facts):
    """Array (M,) of ``facts``, or ``ValueError`` unless it is a law (derived for this project)."""
    p = np.asarray(facts, dtype=float)
    if p.ndim != 1 or p.size == 0 or not np.all(p >= 0) or abs(p.sum() - 1) > 1e-9:
        raise ValueError("facts must be probabilities in [0, 1] that sum to 1, in one dimension")
    return p


def _log_binomial(n, k, q):
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, q) + xlog1py(n - k, -q)
