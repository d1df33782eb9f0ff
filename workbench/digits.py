"""Small real data: the handwritten digits that come with scikit-learn; nothing is downloaded."""

import numpy as np


def load(seed, test_share=0.3):
    """The 1797 images of digits, split at random into training and test rows.

    Parameters
    ----------
    seed : int, sequence of int or numpy.random.Generator
    test_share : float in (0, 1)

    Returns
    -------
    train_images, train_labels, test_images, test_labels : arrays
        Images of shape (n, 64) with pixels in [0, 1]; labels of shape (n,), integers 0 ... 9.

    Raises
    ------
    ValueError
        For a share out of range.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie in (0, 1), got {test_share}")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    n_test = round(test_share * len(labels))
    test, train = order[:n_test], order[n_test:]
    return images[train] / 16, labels[train], images[test] / 16, labels[test]
