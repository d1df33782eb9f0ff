"""What a chain's draws are worth when only mu is unknown: closed forms in the strength of pooling.

The three autocorrelations are those of Gibbs sampling in the two-level normal model (Gelfand, Sahu and Carlin 1995;
Papaspiliopoulos, Roberts and Skold 2007); the worth of finitely many draws and the condition numbers were derived for
this project. They are the background of Lai et al. (2023), arXiv 2302.00564, not a theorem of theirs.
"""

import numpy as np

FORMS = ("centred", "noncentred", "marginalised")


def gibbs_autocorrelation(pooling, form):
    """Correlation of successive draws of mu, tau known, equal noise, flat prior of mu.

        centred       (mu given theta, theta given mu)        B = s^2/(s^2 + tau^2)
        noncentred    (mu given theta - mu, and so on)        1 - B
        marginalised  (theta integrated out)                  0

    The chain of mu is an autoregression of order one, whatever the number of groups. Gelfand, Sahu and Carlin (1995);
    Papaspiliopoulos, Roberts and Skold (2007). ``pooling`` is an array in (0, 1).
    """
    B = check_pooling(pooling)
    check_form(form)
    return {"centred": B, "noncentred": 1 - B, "marginalised": np.zeros_like(B)}[form]


def draws_per_effective_draw(pooling, form, n_draws=None):
    """n Var(average of n draws)/Var(one draw), for the chains of `gibbs_autocorrelation` started in their law.

    (1 + r)/(1 - r) for n -> infinity, and exactly  (1 + r)/(1 - r) - 2 r (1 - r^n)/(n (1 - r)^2).  Derived here from
    the sum over lags (1 - k/n) r^k.
    """
    r = gibbs_autocorrelation(pooling, form)
    limit = (1 + r) / (1 - r)
    return limit if n_draws is None else limit - 2 * r * (1 - r**n_draws) / (n_draws * (1 - r) ** 2)


def condition_number(pooling, form):
    """Largest over smallest eigenvalue of the posterior's precision with unit diagonal, tau known, flat prior of mu.

        centred  (1 + sqrt(B))/(1 - sqrt(B)),   noncentred the same with 1 - B,   marginalised 1

    An HMC sampler with a diagonal mass matrix takes of the order of the root of it in leapfrog steps for one
    independent draw. Derived for this project: the J correlations of mu with the latents are equal.
    """
    r = np.sqrt(gibbs_autocorrelation(pooling, form))
    return (1 + r) / (1 - r)


def check_pooling(pooling):
    """The array of pooling factors; ``ValueError`` unless all lie in (0, 1)."""
    B = np.asarray(pooling, dtype=float)
    if np.any(B <= 0) or np.any(B >= 1):
        raise ValueError(f"pooling must lie in (0, 1), got {pooling}")
    return B


def check_form(form):
    """``ValueError`` with a sentence for an unknown parametrisation."""
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, got {form!r}")
