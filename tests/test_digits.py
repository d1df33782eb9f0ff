import numpy as np
import pytest

from workbench import digits


def test_a_split_of_the_whole_set_that_depends_on_the_seed_alone():
    train, labels, test, test_labels = digits.load(3)
    assert train.shape == (1258, 64) and test.shape == (539, 64) and len(labels) == 1258 and len(test_labels) == 539
    assert train.min() == 0 and train.max() == 1 and set(labels) == set(range(10))
    everything = np.sort(np.concatenate([train, test]).sum(axis=1))
    other = np.sort(np.concatenate(digits.load(4, 0.5)[::2]).sum(axis=1))
    np.testing.assert_allclose(everything, other)
    np.testing.assert_array_equal(train, digits.load(3)[0])
    assert not np.array_equal(train, digits.load(4)[0])
    with pytest.raises(ValueError, match=r"test_share must lie in \(0, 1\), got 1"):
        digits.load(0, 1)
