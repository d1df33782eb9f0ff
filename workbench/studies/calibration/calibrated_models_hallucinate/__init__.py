"""Calibrated models must hallucinate: the floor under the rate of false statements, and the price of going below it.

Kalai & Vempala, "Calibrated Language Models Must Hallucinate", 2023 (STOC 2024), arXiv 2311.14648.

Model: N = M + E statements, of which M are facts with law p and E are false; nothing but training tells which is which
(the facts are a uniformly random subset of the statements). Training draws n facts from p, independently. A model g is
any law over statements made from the training data; it *hallucinates* with probability g(false statements). Its
*generative miscalibration* compares p and g on bins of statements that g gives (about) the same probability.
"""

from workbench.studies.calibration.calibrated_models_hallucinate.bins import coarse, miscalibration, partition
from workbench.studies.calibration.calibrated_models_hallucinate.models import blend, calibrated, good_turing, smoother
from workbench.studies.calibration.calibrated_models_hallucinate.simulation import draw_counts, evaluate
from workbench.studies.calibration.calibrated_models_hallucinate.theory import (
    calibrated_hallucination,
    distinct_law,
    fact_law,
    likely_floor,
    memoriser_miscalibration,
    missing_mass,
    singleton_share,
    smoother_point,
    wall,
)

__all__ = [
    "blend",
    "calibrated",
    "calibrated_hallucination",
    "coarse",
    "distinct_law",
    "draw_counts",
    "evaluate",
    "fact_law",
    "good_turing",
    "likely_floor",
    "memoriser_miscalibration",
    "miscalibration",
    "missing_mass",
    "partition",
    "singleton_share",
    "smoother",
    "smoother_point",
    "wall",
]
