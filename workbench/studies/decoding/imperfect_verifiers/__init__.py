"""Resampling until a verifier that makes mistakes accepts: the ceiling on accuracy, and when more attempts hurt.

Stroebl, Kapoor and Narayanan, "Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect Verifiers", 2024,
arXiv 2411.17501 (its third version, 2026, is called "The Limits of Inference Scaling Through Resampling").

Model: a problem on which one attempt is correct with probability p. The verifier accepts every correct attempt and a
wrong one with probability f, so an attempt is accepted with probability s = p + (1-p) f. Attempts are independent; the
first one accepted is the answer, and after k rejections one abstains. A correct answer is worth 1, a wrong one -c,
abstaining v. Problems differ in p (and perhaps in f): weights w over problems, or a Beta law of p.
"""

from workbench.studies.decoding.imperfect_verifiers.beta_law import (
    beta_accuracy,
    beta_catch_up_rate,
    beta_ceiling,
    beta_false_acceptance,
    beta_nodes,
    beta_optimal_attempts,
    beta_utility,
)
from workbench.studies.decoding.imperfect_verifiers.released import released_utility
from workbench.studies.decoding.imperfect_verifiers.simulation import (
    draw_accuracies,
    reward,
    simulate_benchmark,
    simulate_resampling,
)
from workbench.studies.decoding.imperfect_verifiers.theory import (
    acceptance,
    accuracy,
    catch_up_rate,
    ceiling,
    effective_cost,
    false_acceptance,
    mixed_utility,
    optimal_attempts,
    utility,
)

__all__ = [
    "acceptance",
    "accuracy",
    "beta_accuracy",
    "beta_catch_up_rate",
    "beta_ceiling",
    "beta_false_acceptance",
    "beta_nodes",
    "beta_optimal_attempts",
    "beta_utility",
    "catch_up_rate",
    "ceiling",
    "draw_accuracies",
    "effective_cost",
    "false_acceptance",
    "mixed_utility",
    "optimal_attempts",
    "released_utility",
    "reward",
    "simulate_benchmark",
    "simulate_resampling",
    "utility",
]
