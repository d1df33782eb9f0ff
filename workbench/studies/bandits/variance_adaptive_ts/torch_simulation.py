"""The same simulation in PyTorch, all instances at once, on a GPU where there is one.

The setting of Saha & Kveton (2024), arXiv 2303.09033.
"""

import numpy as np
from scipy.special import stdtrit

from workbench.studies.bandits.variance_adaptive_ts.policies import as_policy, beliefs
from workbench.studies.bandits.variance_adaptive_ts.simulation import _rounds


def simulate_torch(instances, policies, horizon, *, checkpoints=None, seed=0, device=None):
    """Pseudo-regret as :func:`simulate` gives it, from PyTorch's random numbers.

    The laws are the same, the numbers are not: the draws come from one stream for all instances of a policy, so results
    depend on the number of instances. Use it where a GPU holds many thousand instances.

    Parameters
    ----------
    instances, policies, horizon, checkpoints, seed : as in :func:`simulate`
    device : str, optional
        By default "cuda" where there is one, else "cpu". Bayes-UCB's quantiles are computed on the host.

    Returns
    -------
    array of shape (R, len(policies), len(checkpoints))

    O(n) steps over tensors of R K numbers for each policy.
    """
    import torch

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    checkpoints = _rounds(horizon, checkpoints)
    regret = [
        _one_policy(torch, instances, beliefs(as_policy(given), instances), checkpoints, [seed, k], device)
        for k, given in enumerate(policies)
    ]
    return np.stack(regret, axis=1)


def _one_policy(torch, instances, believed, checkpoints, seed, device):
    (words,) = np.random.SeedSequence(seed if np.ndim(seed[0]) == 0 else [*seed[0], seed[1]]).generate_state(
        1, np.uint64
    )
    generator = torch.Generator(device).manual_seed(int(words >> np.uint64(1)))

    def tensor(values):
        return torch.as_tensor(np.array(values), dtype=torch.float64, device=device)

    means, sds, noise = tensor(instances.means), tensor(instances.sds), tensor(believed.noise)
    mean, kappa, alpha, beta = tensor(believed.prior)
    n_instances, n_arms = means.shape
    gaps = means.max(dim=1, keepdim=True).values - means
    total = torch.zeros(n_instances, dtype=torch.float64, device=device)
    kept = []
    for t in range(1, int(checkpoints[-1]) + 1):
        if t <= believed.forced * n_arms:
            arm = torch.full((n_instances, 1), (t - 1) % n_arms, device=device)
        else:
            scores = _scores(torch, believed, t, mean, kappa, alpha, beta, noise, generator)
            arm = scores.argmax(dim=1, keepdim=True)
        x = _rewards(torch, instances, means.gather(1, arm), sds.gather(1, arm), generator)
        if believed.kind == "bernoulli":
            x = (torch.rand(x.shape, generator=generator, dtype=x.dtype, device=device) < x).double()
        old_mean, old_kappa = mean.gather(1, arm), kappa.gather(1, arm)
        beta.scatter_add_(1, arm, old_kappa * (x - old_mean) ** 2 / (2 * (old_kappa + 1)))
        mean.scatter_add_(1, arm, (x - old_mean) / (old_kappa + 1))
        kappa.scatter_add_(1, arm, torch.ones_like(x))
        alpha.scatter_add_(1, arm, torch.full_like(x, 0.5))
        total += gaps.gather(1, arm)[:, 0]
        if t == checkpoints[len(kept)]:
            kept.append(total.clone())
    return torch.stack(kept, dim=1).cpu().numpy()


def _scores(torch, believed, t, mean, kappa, alpha, beta, noise, generator):
    """What the policy takes the argmax of: draws or indices, shape (R, K)."""

    def normal():
        return torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)

    width, reward_range, zeta, c, as_scale = believed.options
    log_t = np.log(t)
    if believed.kind == "normal_gamma":
        log_lambda = _log_gamma(torch, alpha, generator) + (1 if as_scale else -1) * torch.log(beta)
        return mean + normal() * torch.exp(-0.5 * (torch.log(kappa) + log_lambda))
    if believed.kind == "gaussian":
        return mean + normal() * noise / torch.sqrt(kappa)
    if believed.kind == "bernoulli":
        return _log_gamma(torch, kappa * mean, generator) - _log_gamma(torch, kappa * (1 - mean), generator)
    if believed.kind == "bayes_ucb":
        quantile = -stdtrit(2 * alpha.cpu().numpy(), 1 / (t + 1))
        return mean + torch.sqrt(beta / (alpha * kappa)) * torch.as_tensor(quantile, device=mean.device)
    share, variance = log_t / kappa, 2 * beta / kappa
    if believed.kind == "ucb1":
        return mean + width * torch.sqrt(2 * share)
    if believed.kind == "ucb_tuned":
        bound = (variance + reward_range**2 * torch.sqrt(2 * share)).clamp(max=reward_range**2 / 4)
        return mean + torch.sqrt(share * bound)
    return mean + torch.sqrt(2 * variance * zeta * share) + 3 * c * reward_range * zeta * share


def _rewards(torch, instances, mean, sd, generator):
    def uniform():
        return torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)

    if instances.law == "gaussian":
        return mean + sd * torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    if instances.law == "bernoulli":
        return (uniform() < mean).double()
    one = _log_gamma(torch, instances.concentration * mean, generator)
    return torch.sigmoid(one - _log_gamma(torch, instances.concentration * (1 - mean), generator))


def _log_gamma(torch, shape, generator):
    """log Gamma(shape, 1), as Gamma(shape + 1) U^(1/shape): safe for small shapes."""
    uniform = torch.rand(shape.shape, generator=generator, dtype=shape.dtype, device=shape.device)
    return torch.log(torch._standard_gamma(shape + 1, generator=generator)) + torch.log1p(-uniform) / shape
