"""Sensitivity of inverse reinforcement learning to misspecification.

Skalse and Abate, "Quantifying the Sensitivity of Inverse Reinforcement Learning to Misspecification", ICLR 2024,
arXiv 2403.06854; the distance is that of Skalse, Farnik, Motwani, Jenner, Gleave and Abate, "STARC: A General Framework
For Quantifying Differences Between Reward Functions", arXiv 2309.15257. The paper has theorems and no experiments.

An agent with reward R acts in an MDP by a behavioural model; an observer sees its policy and infers a reward, with a
model that may be wrong about the discount, the dynamics, the temperature or the model itself; the inferred reward is
then read under the true dynamics and discount. Agent, observer and metric each have their own.

Arguments have the same meaning everywhere:

======================  =================================================================================
transitions             array (..., S, A, S), rows tau(.|s, a); leading axes are a batch
reward                  broadcastable to ``transitions``: w[:, None, None] of the state, w of the state
                        entered, r[..., None] of state and action
discount                gamma in (0, 1), or an array over the batch
temperature             1/beta of Boltzmann rationality, alpha of maximal causal entropy (MCE)
observer_...            what the observer believes; without the prefix: the truth
======================  =================================================================================

Distances are halved, in [0, 1]. ``mdp`` has the environments, ``solve`` exact solvers, ``behaviour`` the models and
their inverses, ``transformations`` what leaves the order of policies alone, ``starc`` the distance, ``regret`` exact
regret, ``observer`` what observers infer, ``sensitivity`` the sweep over errors, ``bayes`` a sampled posterior,
``checks`` a test for exact inequalities.
"""

from workbench.studies.misspecification.irl_sensitivity.bayes import demonstrate, mce_likelihood, posterior
from workbench.studies.misspecification.irl_sensitivity.behaviour import (
    BEHAVIOURS,
    explain,
    log_policy,
    total_variation,
    tremble,
)
from workbench.studies.misspecification.irl_sensitivity.checks import bound_test
from workbench.studies.misspecification.irl_sensitivity.mdp import (
    World,
    expected_reward,
    gridworld,
    is_trivial,
    random_transitions,
    reachable,
    restrict,
    two_state,
)
from workbench.studies.misspecification.irl_sensitivity.observer import (
    least_norm_reward,
    state_only_reward,
    unseen_directions,
    worst_distance,
    worst_distance_of_optimal,
    worst_potential,
)
from workbench.studies.misspecification.irl_sensitivity.regret import (
    Regret,
    average_regret,
    optimised_regret,
    worst_case_regret,
)
from workbench.studies.misspecification.irl_sensitivity.sensitivity import Misreading, error_sizes, misread, sweep
from workbench.studies.misspecification.irl_sensitivity.solve import Solution, hard_values, policy_value, soft_values
from workbench.studies.misspecification.irl_sensitivity.starc import (
    canonical_reward,
    coordinates,
    distance,
    standardise,
)
from workbench.studies.misspecification.irl_sensitivity.transformations import (
    extremal,
    random_equivalent,
    redistribution,
    shaping,
)

__all__ = [
    "BEHAVIOURS",
    "Misreading",
    "Regret",
    "Solution",
    "World",
    "average_regret",
    "bound_test",
    "canonical_reward",
    "coordinates",
    "demonstrate",
    "distance",
    "error_sizes",
    "expected_reward",
    "explain",
    "extremal",
    "gridworld",
    "hard_values",
    "is_trivial",
    "least_norm_reward",
    "log_policy",
    "mce_likelihood",
    "misread",
    "optimised_regret",
    "policy_value",
    "posterior",
    "random_equivalent",
    "random_transitions",
    "reachable",
    "redistribution",
    "restrict",
    "shaping",
    "soft_values",
    "standardise",
    "state_only_reward",
    "sweep",
    "total_variation",
    "tremble",
    "two_state",
    "unseen_directions",
    "worst_case_regret",
    "worst_distance",
    "worst_distance_of_optimal",
    "worst_potential",
]
