"""Bayesian prototypes: each class has its own Gaussian mean, so that its data and no other move it.

The classifier of Kessler et al. (2023), arXiv 2301.01828 (Prototypical Bayesian Continual Learning), as its released
code updates it, but on raw pixels instead of a learnt embedding and hence without a memory of old examples.
"""

import numpy as np

from workbench.studies.misspecification.sequential_bayes.checks import check_integer, check_positive


def start(n_classes, n_pixels, *, prior_sd=0.5, prior_mean=0.5, concentration=1.0):
    """The prior: prototypes z_c ~ N(prior_mean, prior_sd^2 I), class frequencies ~ Dirichlet(concentration).

    Returns
    -------
    tuple of precision-weighted means (C, D), precisions (C,) and Dirichlet weights (C,): the natural parameters, to
    which data only ever adds. Source: arXiv 2301.01828, released code.
    """
    check_integer("n_classes", n_classes, 2)
    check_integer("n_pixels", n_pixels, 1)
    check_positive("prior_sd", prior_sd)
    check_positive("concentration", concentration)
    precisions = np.full(n_classes, prior_sd**-2.0)
    return (
        np.full((n_classes, n_pixels), prior_mean * prior_sd**-2.0),
        precisions,
        np.full(n_classes, float(concentration)),
    )


def absorb(belief, images, labels, *, within_sd=0.25):
    """The posterior after more images x | c ~ N(z_c, within_sd^2 I), in the form of :func:`start`.

    Parameters
    ----------
    belief : tuple as returned by :func:`start` or by this function; not changed
    images : array (n, D); labels : integer array (n,), below C
    within_sd : float > 0

    Source: arXiv 2301.01828, released code (recursive update); that it is a sum makes it independent of the order.
    """
    check_positive("within_sd", within_sd)
    weighted, precisions, frequencies = belief
    labels = np.asarray(labels)
    if labels.size and (labels.min() < 0 or labels.max() >= len(precisions)):
        raise ValueError(f"labels must lie in [0, {len(precisions) - 1}], got {labels.min()} ... {labels.max()}")
    member = (labels[:, None] == np.arange(len(precisions))).astype(float)
    counts = member.sum(axis=0)
    return (
        weighted + member.T @ images / within_sd**2,
        precisions + counts / within_sd**2,
        frequencies + counts,
    )


def log_joint(belief, images, *, within_sd=0.25):
    """log p(x, c) of each image and class under the posterior predictive, shape (n, C).

    N(x; zbar_c, (within_sd^2 + 1/precision_c) I) times the mean frequency of class c. Source: arXiv 2301.01828,
    released code. Cost: n C D.
    """
    check_positive("within_sd", within_sd)
    weighted, precisions, frequencies = belief
    centres = weighted / precisions[:, None]
    spread = within_sd**2 + 1 / precisions
    distance = np.sum(images**2, axis=1)[:, None] - 2 * images @ centres.T + np.sum(centres**2, axis=1)
    density = -0.5 * (distance / spread + images.shape[1] * np.log(2 * np.pi * spread))
    return density + np.log(frequencies / frequencies.sum())
