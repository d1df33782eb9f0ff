"""Pass@N and confidence: how sure a model should be that may answer a question N times.

Chen, Raventos, Cheng, Ganguli and Druckmann, "Rethinking Fine-Tuning when Scaling Test-Time Compute: Limiting
Confidence Improves Mathematical Reasoning", 2025, arXiv 2502.07154.

Model: the right answer to a question is answer i with probability p_i; a policy gives answer i with probability q_i,
N times independently, and succeeds if one of them is right. Coverage, or expected pass@N, is
sum_i p_i (1 - (1-q_i)^N). The coverage loss of an answer y is -log(1 - (1-q_y)^N); at N = 1 it is the cross-entropy.
"""

from workbench.studies.decoding.pass_at_n.losses import coverage_loss, gradient_factor
from workbench.studies.decoding.pass_at_n.networks import (
    Trained,
    draw_pass_at,
    greedy,
    held_out_loss,
    network_coverage,
    train_networks,
)
from workbench.studies.decoding.pass_at_n.simulation import memorise, simulate_hits, simulate_pass_at
from workbench.studies.decoding.pass_at_n.theory import best_policy, coverage, loss_optimum, right_answers

__all__ = [
    "Trained",
    "best_policy",
    "coverage",
    "coverage_loss",
    "draw_pass_at",
    "gradient_factor",
    "greedy",
    "held_out_loss",
    "loss_optimum",
    "memorise",
    "network_coverage",
    "right_answers",
    "simulate_hits",
    "simulate_pass_at",
    "train_networks",
]
