"""The policies by name, and what each of them believes before its first pull.

VarTS is the algorithm of Saha & Kveton (2024), arXiv 2303.09033; UCB1 and UCB1-Tuned are those of Auer,
Cesa-Bianchi & Fischer (2002), UCB-V of Audibert, Munos & Szepesvari (2009), Bayes-UCB of Kaufmann et al. (2012).
"""

import difflib
import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

# Which options a policy takes, and their defaults; None: taken from the instances.
OPTIONS = {
    "varts": {"rate_as_scale": False},
    "ts_known": {},
    "ts_common": {"sd": None},
    "ts_over": {"factor": 5.0},
    "ts_under": {"factor": 0.2},
    "ucb1": {"width": None},
    "ucb_tuned": {"reward_range": None},
    "ucb_v": {"reward_range": None, "zeta": 1.0, "c": 1 / 3},
    "bayes_ucb": {},
    "ts14": {"a": -1.0},
    "ts20": {},
    "bernoulli_ts": {},
}
POLICIES = tuple(OPTIONS)
TITLES = {
    "varts": "VarTS",
    "ts_known": "TS, known variances",
    "ts_common": "TS, one common variance",
    "ts_over": "TS, over-estimated",
    "ts_under": "TS, under-estimated",
    "ucb1": "UCB1",
    "ucb_tuned": "UCB-Tuned",
    "ucb_v": "UCB-V",
    "bayes_ucb": "Bayes-UCB",
    "ts14": "TS14",
    "ts20": "TS20",
    "bernoulli_ts": "Bernoulli TS",
}


@dataclass(frozen=True)
class Policy:
    """A policy's name with its options; made by :func:`policy`."""

    name: str
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Beliefs:
    """A policy in the simulators' terms: kind, prior (4, R, K), stated noise (R, K), options, forced pulls per arm."""

    kind: str
    prior: np.ndarray
    noise: np.ndarray
    options: np.ndarray
    forced: int


def policy(name, **options):
    """A policy by name.

    ============== =============================================================================================
    varts          Thompson sampling, means and variances unknown, Normal-Gamma prior (Saha and Kveton, Algorithm 2);
                   ``rate_as_scale=True`` makes the classical mistake of reading the rate beta as a scale
    ts_known       Thompson sampling with known variances (Algorithm 1)
    ts_common      one standard deviation ``sd`` for all arms
    ts_over        Algorithm 1 with ``factor`` > 1 times each standard deviation; the means' prior is the true one
    ts_under       the same with ``factor`` < 1
    ucb1           mean + ``width`` sqrt(2 log t/N) (Auer, Cesa-Bianchi and Fischer 2002); the default width is 1 for
                   rewards in [0, 1], else the typical standard deviation
    ucb_tuned      the same paper's variance-aware index for rewards of a ``reward_range``
    ucb_v          empirical Bernstein index, ``reward_range``, ``zeta``, ``c`` (Audibert, Munos and Szepesvari 2009)
    bayes_ucb      posterior quantile 1 - 1/(t + 1) under the Normal-Gamma prior (Kaufmann, Cappe and Garivier 2012)
    ts14           Thompson sampling with the prior sigma^(-2(1 + ``a``)) (Honda and Takemura 2014)
    ts20           theta ~ N(mean, 1/N) (Zhu and Tan 2020, mean-variance Thompson sampling at infinite risk tolerance)
    bernoulli_ts   Beta posterior on rewards made 0 or 1 by a coin (Agrawal and Goyal 2012); rewards in [0, 1] only
    ============== =============================================================================================

    Raises
    ------
    ValueError
        For an unknown name or option, or an option out of its range.
    """
    if name not in OPTIONS:
        close = difflib.get_close_matches(str(name), POLICIES, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"unknown policy {name!r}; {hint}known are {', '.join(POLICIES)}")
    unknown = set(options) - set(OPTIONS[name])
    if unknown:
        takes = ", ".join(OPTIONS[name]) or "none"
        raise ValueError(f"policy {name!r} has no option {sorted(unknown)[0]!r}; its options: {takes}")
    for option, value in options.items():
        if option == "a":
            if not math.isfinite(value):
                raise ValueError(f"a must be finite, got {value}")
        elif option != "rate_as_scale" and not 0 < value < math.inf:
            raise ValueError(f"{option} of policy {name!r} must be positive and finite, got {value}")
    return Policy(name, OPTIONS[name] | options)


def as_policy(given):
    """A policy as it is, or the one of that name with its default options."""
    return given if isinstance(given, Policy) else policy(given)


def beliefs(given, instances):
    """What a policy believes of these instances before its first pull.

    Raises
    ------
    ValueError
        For Bernoulli Thompson sampling on rewards outside [0, 1].
    """
    name, options = given.name, given.options
    shape = instances.means.shape
    none = (0.0, 0.0, 0.0, 0.0)
    normal_gamma = tuple(getattr(instances.prior, part) for part in ("mean", "kappa", "alpha", "beta"))
    if name == "varts":
        return _beliefs("normal_gamma", normal_gamma, shape, flag=options["rate_as_scale"])
    if name == "bayes_ucb":
        return _beliefs("bayes_ucb", normal_gamma, shape)
    if name in ("ts_known", "ts_common", "ts_over", "ts_under"):
        sds = instances.sds
        if name == "ts_common":
            sds = np.full(shape, options["sd"] or instances.typical_sd)
        noise = sds * options.get("factor", 1.0)
        # one common sd for the noise also makes the prior of the means common, where it is tied to the noise
        mean_sds = instances.mean_sds
        if name == "ts_common" and instances.law == "gaussian":
            mean_sds = mean_sds / instances.sds * sds
        return _beliefs("gaussian", (instances.prior.mean, (noise / mean_sds) ** 2, 0.0, 0.0), shape, noise)
    if name == "ts20":
        return _beliefs("gaussian", none, shape, noise=1.0, forced=1)
    if name == "ts14":
        a = options["a"]
        return _beliefs("normal_gamma", (0.0, 0.0, a - 0.5, 0.0), shape, forced=max(2, 3 - math.floor(2 * a)))
    if name == "bernoulli_ts":
        if instances.law == "gaussian":
            raise ValueError("policy 'bernoulli_ts' needs rewards in [0, 1]; Gaussian rewards are not")
        return _beliefs("bernoulli", (0.5, 2.0, 0.0, 0.0), shape)
    width = 1.0 if instances.law != "gaussian" else instances.typical_sd
    values = (
        options.get("width") or width,
        options.get("reward_range") or instances.reward_range,
        options.get("zeta", 0.0),
        options.get("c", 0.0),
    )
    return _beliefs(name, none, shape, values=values, forced=1)


def stream_key(given):
    """64 bits from the policy's name: its stream of random numbers, the same whatever its options."""
    return np.uint64(int.from_bytes(hashlib.sha256(given.name.encode()).digest()[:8], "little"))


def _beliefs(kind, prior, shape, noise=0.0, values=(0.0, 0.0, 0.0, 0.0), flag=False, forced=0):
    return Beliefs(
        kind,
        np.stack([np.broadcast_to(np.asarray(part, dtype=float), shape) for part in prior]),
        np.ascontiguousarray(np.broadcast_to(np.asarray(noise, dtype=float), shape)),
        np.array([*values, float(flag)]),
        forced,
    )
