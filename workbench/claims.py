"""Claims: a paper's statement, the check that it must pass, and the wrong twin that the same check must reject.

A check is stated in advance (`z_test`, `equivalence_test`, `ordering_test`, `slope_test`, `identity_test`) and applied
twice, to the claim and to its control. A claim is *confirmed* only if it passes and its control is rejected; if the
control passes too, the check could not tell right from wrong and the claim is *undecided*; if the claim fails, it is
*not confirmed*.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

CONFIRMED, NOT_CONFIRMED, UNDECIDED = "confirmed", "not confirmed", "undecided"


@dataclass(frozen=True)
class Outcome:
    """What a check found, at the worst of the compared values."""

    passed: bool
    theory: float
    simulated: float
    se: float | None
    detail: str


@dataclass(frozen=True)
class Check:
    """A statistical test stated in advance: its description, and ``apply(theory, simulated, se) -> Outcome``."""

    description: str
    apply: Callable[[Any, Any, Any], Outcome]


@dataclass(frozen=True)
class Control:
    """The deliberately wrong twin: what is wrong with it, and the values that differ from the claim's own."""

    description: str
    theory: Any = None
    simulated: Any = None
    se: Any = None


@dataclass(frozen=True)
class Claim:
    """A statement with its verdict; made by :func:`claim`."""

    identifier: str
    statement: str
    source: str
    check: str
    theory: float
    simulated: float
    se: float | None
    detail: str
    verdict: str
    control: dict

    def to_dict(self):
        return asdict(self)


def claim(identifier, statement, *, source, check, theory, simulated, se=None, control):
    """Apply a check to a claim and to its control, and give the verdict.

    Parameters
    ----------
    identifier : str
        Short name, unique within a study.
    statement : str
        What the paper says, in one sentence.
    source : str
        Theorem or equation, or who derived it.
    check : Check
    theory, simulated : number or array, broadcast against each other
    se : number or array, optional
        Standard error of ``simulated``; not used by `identity_test`.
    control : Control
        Its values replace the claim's where given; at least one must be.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        For values that are empty or not finite, for a missing or non-positive standard error (a check on such values
        could not fail, or its control could not pass), and for a control that changes nothing.
    """
    if control.theory is None and control.simulated is None:
        raise ValueError(f"claim {identifier!r}: the control changes neither theory nor simulation")
    try:
        own = check.apply(theory, simulated, se)
        twin = check.apply(
            theory if control.theory is None else control.theory,
            simulated if control.simulated is None else control.simulated,
            se if control.se is None else control.se,
        )
    except ValueError as error:
        raise ValueError(f"claim {identifier!r}: {error}") from None
    verdict = NOT_CONFIRMED if not own.passed else UNDECIDED if twin.passed else CONFIRMED
    return Claim(
        identifier=identifier,
        statement=statement,
        source=source,
        check=check.description,
        theory=own.theory,
        simulated=own.simulated,
        se=own.se,
        detail=own.detail,
        verdict=verdict,
        control={
            "description": control.description,
            "theory": twin.theory,
            "simulated": twin.simulated,
            "rejected": not twin.passed,
            "detail": twin.detail,
        },
    )


def z_test(level=1e-3, relative_margin=0.0):
    """Equality of theory and simulation: every |simulated - theory| <= z se + margin.

    Parameters
    ----------
    level : float in (0, 1)
        Chance that a true claim fails through noise, over all compared values together (Bonferroni, two-sided).
    relative_margin : float >= 0
        Systematic error allowed, as a share of |theory|: finite size where the theory is a limit.
    """
    _check_level(level)
    margin_text = f", margin {relative_margin:.2g} of theory" if relative_margin else ""

    def apply(theory, simulated, se):
        theory, simulated, se = _values(theory, simulated, se)
        z = _critical(level / (2 * theory.size))
        allowed = z * se + relative_margin * np.abs(theory)
        excess = np.abs(simulated - theory) / allowed
        worst = int(np.argmax(excess))
        score = (simulated[worst] - theory[worst]) / se[worst]
        detail = f"worst of {theory.size}: {excess[worst]:.2f} of the allowed difference, {score:+.1f} se"
        return Outcome(
            bool(np.all(excess <= 1)), float(theory[worst]), float(simulated[worst]), float(se[worst]), detail
        )

    return Check(f"z-test, two-sided level {level:g}{margin_text}", apply)


def equivalence_test(margin, level=1e-3):
    """Shown to be nearly equal: every |simulated - theory| + z se <= margin.

    Unlike `z_test`, which only finds no difference, this asserts that there is none beyond the margin, and fails where
    the noise is too large to tell. ``level`` is the chance that it is asserted wrongly for any one value; ``margin`` (a
    number or an array over the compared values) is in the units of the values.
    """
    _check_level(level)
    if not np.all(np.isfinite(margin)) or np.any(np.asarray(margin) <= 0):
        raise ValueError(f"margin must be positive and finite, got {margin}")
    shown = f"{margin:g}" if np.ndim(margin) == 0 else "stated per value"

    def apply(theory, simulated, se):
        theory, simulated, se = _values(theory, simulated, se)
        reach = np.abs(simulated - theory) + _critical(level) * se
        share = reach / np.asarray(margin, dtype=float).ravel()
        worst = int(np.argmax(share))
        detail = f"worst of {theory.size}: bound on the difference {reach[worst]:.3g}, {share[worst]:.2f} of the margin"
        return Outcome(
            bool(np.all(share <= 1)), float(theory[worst]), float(simulated[worst]), float(se[worst]), detail
        )

    return Check(f"equivalence, margin {shown}, one-sided level {level:g}", apply)


def ordering_test(level=1e-3):
    """Every simulated value lies above theory's bound: simulated - z se > theory.

    ``simulated`` is usually a mean of paired differences and ``theory`` zero. ``level`` is the chance that the order is
    asserted wrongly, over all compared values together (Bonferroni, one-sided).
    """
    _check_level(level)

    def apply(theory, simulated, se):
        theory, simulated, se = _values(theory, simulated, se)
        z = _critical(level / theory.size)
        lower = simulated - z * se
        worst = int(np.argmin((simulated - theory) / se))
        detail = f"worst of {theory.size}: lower bound {lower[worst]:.4g} against {theory[worst]:.4g}"
        return Outcome(
            bool(np.all(lower > theory)), float(theory[worst]), float(simulated[worst]), float(se[worst]), detail
        )

    return Check(f"ordering, one-sided level {level:g}", apply)


def slope_test(x, level=1e-3, margin=0.0):
    """The slope of log(simulated) on log(x), fitted by weighted least squares, equals theory's exponent.

    ``simulated`` and ``se`` are arrays over ``x`` (positive, independent of each other); the log's standard error is
    se/simulated. ``margin`` is the systematic error allowed in the exponent. A simulated value <= 0 fails the test.
    """
    _check_level(level)
    x = np.asarray(x, dtype=float)
    if x.size < 3 or np.any(x <= 0):
        raise ValueError("a slope needs at least 3 positive values of x")

    def apply(theory, simulated, se):
        _, y, y_se = _values(0.0, simulated, se)
        if y.size != x.size:
            raise ValueError(f"{y.size} simulated values for {x.size} values of x")
        if np.any(y <= 0):
            worst = int(np.argmin(y))
            return Outcome(
                False, float(theory), float(y[worst]), float(y_se[worst]), "a value that is not positive: no slope"
            )
        weight = (y / y_se) ** 2
        centred = np.log(x) - np.average(np.log(x), weights=weight)
        information = np.sum(weight * centred**2)
        slope, slope_se = np.sum(weight * centred * np.log(y)) / information, information**-0.5
        allowed = _critical(level / 2) * slope_se + margin
        detail = f"slope {slope:.3f} +- {slope_se:.3f} against {float(theory):g}"
        return Outcome(bool(abs(slope - theory) <= allowed), float(theory), float(slope), float(slope_se), detail)

    return Check(f"slope on log scales, two-sided level {level:g}, margin {margin:g}", apply)


def identity_test(tolerance):
    """Exact identity: every |simulated - theory| <= tolerance * max(1, |theory|)."""

    def apply(theory, simulated, se):
        theory, simulated, _ = _values(theory, simulated, 1.0)
        error = np.abs(simulated - theory) / np.maximum(1, np.abs(theory))
        worst = int(np.argmax(error))
        detail = f"worst of {theory.size}: relative difference {error[worst]:.1e}"
        return Outcome(bool(np.all(error <= tolerance)), float(theory[worst]), float(simulated[worst]), None, detail)

    return Check(f"identity to {tolerance:g}", apply)


def _critical(tail):
    """The standard normal value exceeded with probability ``tail``, without the slow import of scipy.stats."""
    return -ndtri(tail)


def _check_level(level):
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")


def _values(theory, simulated, se):
    if se is None:
        raise ValueError("this check needs the standard error of the simulated values")
    values = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (theory, simulated, se)))
    values = [np.ravel(v) for v in values]
    if values[0].size == 0:
        raise ValueError("nothing to compare")
    for name, value in zip(("theory", "simulated", "se"), values, strict=True):
        if not np.all(np.isfinite(value)):
            raise ValueError(f"{name} has values that are not finite")
    if np.any(values[2] <= 0):
        raise ValueError("standard errors must be positive")
    return values
