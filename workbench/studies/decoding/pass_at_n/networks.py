"""Small networks on digits whose labels are ambiguous, trained by the coverage loss at several N at once.

The image of a digit d has the right answer d with probability 1-a and d+1 ... d+4 (mod 10) otherwise, see
`theory.right_answers`; a training image shows one right answer, as in fine-tuning on one solution per question. Since
the chances are known, the coverage of a trained network on held-out images is known exactly. An illustration of
Chen et al. (2025), arXiv 2502.07154, designed for this project; no theorem covers it.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from workbench.best_of_n import pass_at
from workbench.montecarlo import one_blas_thread, streams
from workbench.studies.decoding.pass_at_n.losses import coverage_loss
from workbench.studies.decoding.pass_at_n.theory import check_draws, coverage, right_answers

N_CLASSES = 10


class Trained(NamedTuple):
    """Networks at several epochs: replications R, training losses L, epochs E, test images T, classes K."""

    epochs: np.ndarray  # (E,)
    logits: np.ndarray  # (R, L, E, T, K)
    truth: np.ndarray  # (R, T, K): chance of each class to be the right answer


@one_blas_thread
def train_networks(
    training_draws,
    *,
    n_training=200,
    ambiguity=0.5,
    width=32,
    n_epochs=80,
    n_networks=16,
    n_test=200,
    learning_rate=0.02,
    seed=0,
):
    """Train a hidden-layer network by the coverage loss for each N in ``training_draws``; N = 1 is cross-entropy.

    All networks of a replication share images, labels and first weights, so the losses are compared in pairs. Full
    batches by Adam: an epoch is one step. All of them in one batched computation, single precision.

    Parameters
    ----------
    training_draws : sequence of L ints >= 1
    n_training : int in [10, 1258], images per replication, drawn without replacement from one split of the digits
    ambiguity : float in [0, 1]
    width, n_epochs, n_networks : int >= 1
    n_test : int in [1, 539]
    learning_rate : float
    seed : int or list of int

    Returns
    -------
    Trained
        At about 16 epochs, geometrically spaced from 0 to n_epochs.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Cost: about 6 R L n_training (64 + 10) width floating-point operations per epoch.
    """
    import torch

    draws = np.atleast_1d(check_draws(training_draws))
    images, labels, test_images, test_truth, weight_stream = _data(n_training, ambiguity, n_networks, n_test, seed)
    generator = torch.Generator().manual_seed(int(weight_stream.integers(2**31)))
    shapes = [(n_networks, 1, 64, width), (n_networks, 1, 1, width), (n_networks, 1, width, N_CLASSES)]
    scales = [1.5 / 8, 0.0, width**-0.5]
    weights = [
        (scale * torch.randn(shape, generator=generator)).repeat(1, len(draws), 1, 1).requires_grad_()
        for shape, scale in zip(shapes, scales, strict=True)
    ]
    as_tensor = lambda values: torch.tensor(values, dtype=torch.float32)  # noqa: E731
    x, x_test, n = as_tensor(images)[:, None], as_tensor(test_images)[:, None], as_tensor(draws)[:, None]
    chosen = torch.tensor(labels)[:, None, :, None].expand(-1, len(draws), -1, -1)
    optimiser = torch.optim.Adam(weights, lr=learning_rate)
    epochs = np.unique(np.concatenate([[0], np.round(np.geomspace(1, n_epochs, 18))])).astype(int)
    logits = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as for BLAS: on matrices this small threads only wait for each other
    try:
        for epoch in range(n_epochs + 1):
            if epoch in epochs:
                with torch.no_grad():
                    logits.append(_logits(torch, x_test, *weights).numpy())
            log_q = torch.log_softmax(_logits(torch, x, *weights), -1).gather(-1, chosen)[..., 0]
            optimiser.zero_grad()
            coverage_loss(log_q, n, torch).mean(-1).sum().backward()
            optimiser.step()
    finally:
        torch.set_num_threads(threads)
    return Trained(epochs, np.stack(logits, axis=2), test_truth)


def network_coverage(trained, n_draws, temperature=1.0):
    """Exact expected pass@N on the test images, answers drawn at a temperature: shape (R, L, E).

    ``temperature`` divides the logits before the softmax; the network as trained has temperature 1.

    Raises
    ------
    ValueError
        For a temperature or n_draws out of range.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    q = np.exp(log_softmax(trained.logits / temperature, axis=-1).astype(float))
    return coverage(trained.truth[:, None, None], q, n_draws).mean(axis=-1)


def held_out_loss(trained):
    """Cross-entropy on the test images, in nats, averaged over the right answers in closed form: shape (R, L, E)."""
    log_q = log_softmax(trained.logits.astype(float), axis=-1)
    return -np.sum(trained.truth[:, None, None] * log_q, axis=-1).mean(axis=-1)


def greedy(trained):
    """Confidence and accuracy of the likeliest answer: max_i q_i, and its chance to be right, each of shape (R, L, E).

    Their difference is the overconfidence that Chen et al. (2025), arXiv 2502.07154, hold responsible.
    """
    log_q = log_softmax(trained.logits.astype(float), axis=-1)
    answer = log_q.argmax(axis=-1)[..., None]
    right = np.take_along_axis(np.broadcast_to(trained.truth[:, None, None], log_q.shape), answer, axis=-1)
    return np.exp(log_q.max(axis=-1)).mean(axis=-1), right[..., 0].mean(axis=-1)


def draw_pass_at(trained, n_draws, *, n_pool, seed):
    """Pass@N as measured in practice: one right answer per test image, and a pool of answers by the network.

    The unbiased estimator of M. Chen et al. (2021), arXiv 2107.03374; its mean is `network_coverage`.

    Parameters
    ----------
    trained : Trained
    n_draws : int in [1, n_pool]
    n_pool : int
    seed : int or list of int

    Returns
    -------
    array of shape (R, L, E): means over the test images
    """
    answer_stream, pool_stream = streams(seed, 2)
    answer = _labels(trained.truth, answer_stream)[:, None, None, :, None]
    log_q = log_softmax(trained.logits.astype(float), axis=-1)
    chance = np.exp(np.take_along_axis(log_q, np.broadcast_to(answer, (*log_q.shape[:-1], 1)), axis=-1)[..., 0])
    return pass_at(n_draws, n_pool, pool_stream.binomial(n_pool, np.minimum(chance, 1))).mean(axis=-1)


def _data(n_training, ambiguity, n_networks, n_test, seed):
    from workbench import digits

    split_stream, train_stream, test_stream, label_stream, weight_stream = streams(seed, 5)
    images, classes, test_images, test_classes = digits.load(split_stream)
    for name, value, most in [("n_training", n_training, len(images)), ("n_test", n_test, len(test_images))]:
        if int(value) != value or not 1 <= value <= most:
            raise ValueError(f"{name} must be an integer in [1, {most}], got {value}")
    centre = images.mean(axis=0)
    train = train_stream.permuted(np.tile(np.arange(len(images)), (n_networks, 1)), axis=1)[:, :n_training]
    test = test_stream.permuted(np.tile(np.arange(len(test_images)), (n_networks, 1)), axis=1)[:, :n_test]
    labels = _labels(_truth(classes[train], ambiguity), label_stream)
    test_truth = _truth(test_classes[test], ambiguity)
    return images[train] - centre, labels, test_images[test] - centre, test_truth, weight_stream


def _truth(classes, ambiguity):
    """Chances of each class to be the right answer, shape (..., 10)."""
    truth = np.zeros((*classes.shape, N_CLASSES))
    for shift, chance in enumerate(right_answers(ambiguity)):
        np.put_along_axis(truth, ((classes + shift) % N_CLASSES)[..., None], chance, axis=-1)
    return truth


def _labels(truth, stream):
    below = stream.random(truth.shape[:-1])[..., None] < np.cumsum(truth, axis=-1)[..., :-1]
    return np.where(below.any(axis=-1), below.argmax(axis=-1), N_CLASSES - 1)


def _logits(torch, x, inner, bias, outer):
    return torch.relu(x @ inner + bias) @ outer
