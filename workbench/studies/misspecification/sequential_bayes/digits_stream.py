"""Digits in class-incremental order: pairs of classes arrive one after the other, and old images are gone.

The setting of the paper's experiments (arXiv 2301.01828, split image benchmarks) on a small data set; the comparison
with softmax regression was devised for this project.
"""

import numpy as np

from workbench import digits
from workbench.montecarlo import one_blas_thread
from workbench.studies.misspecification.sequential_bayes import prototypes
from workbench.studies.misspecification.sequential_bayes.checks import check_integer

LEARNERS = ("prototypes", "softmax", "softmax on all data")
N_CLASSES = 10


@one_blas_thread
def class_incremental(learner, *, order=tuple(range(N_CLASSES)), n_steps=100, rate=1.0, n_splits, seed):
    """Test accuracy on each pair of classes after each pair, choosing among all classes seen so far.

    Parameters
    ----------
    learner : {"prototypes", "softmax", "softmax on all data"}
        Bayesian prototypes, or softmax regression by gradient descent from where it stands: on the new pair's images
        only, or on the images of all pairs so far.
    order : sequence of the digits 0 ... 9
        Pairs are taken from it one after the other.
    n_steps : int >= 1, rate : float > 0
        Steps of full gradient descent per pair; not used by prototypes.
    n_splits : int >= 1
        Random splits of the 1797 images into training and test rows; the same for every learner.
    seed : int

    Returns
    -------
    array (n_splits, 5, 5)
        Entry [r, k, j]: after pairs 0 ... k, on the test images of pair j; nan for j > k. Cost per split: well below
        a second.
    """
    if learner not in LEARNERS:
        raise ValueError(f"learner must be one of {LEARNERS}, got {learner!r}")
    if sorted(order) != list(range(N_CLASSES)):
        raise ValueError(f"order must hold each of the digits 0 ... 9 once, got {order}")
    check_integer("n_steps", n_steps, 1)
    check_integer("n_splits", n_splits, 1)
    pairs = np.reshape(order, (-1, 2))
    accuracy = np.full((n_splits, len(pairs), len(pairs)), np.nan)
    for split in range(n_splits):
        images, labels, test_images, test_labels = digits.load([seed, split])
        belief = prototypes.start(N_CLASSES, images.shape[1])
        weights = np.zeros((images.shape[1] + 1, N_CLASSES))
        for k, pair in enumerate(pairs):
            seen = pairs[: k + 1].ravel()
            if learner == "prototypes":
                new = np.isin(labels, pair)
                belief = prototypes.absorb(belief, images[new], labels[new])
                scores = prototypes.log_joint(belief, test_images)
            else:
                kept = np.isin(labels, pair if learner == "softmax" else seen)
                weights = _descend(weights, images[kept], labels[kept], n_steps, rate)
                scores = _with_constant(test_images) @ weights
            answers = seen[np.argmax(scores[:, seen], axis=1)]
            for j in range(k + 1):
                asked = np.isin(test_labels, pairs[j])
                accuracy[split, k, j] = np.mean(answers[asked] == test_labels[asked])
    return accuracy


def _descend(weights, images, labels, n_steps, rate):
    """Full gradient descent on the mean cross-entropy of softmax regression."""
    features = _with_constant(images)
    target = np.eye(N_CLASSES)[labels]
    for _ in range(n_steps):
        scores = features @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        weights = weights - rate * features.T @ (chances - target) / len(labels)
    return weights


def _with_constant(images):
    return np.concatenate([images, np.ones((len(images), 1))], axis=1)
