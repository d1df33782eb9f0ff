import numpy as np
import pytest
from threadpoolctl import threadpool_info

from workbench.montecarlo import batches, mean_and_se, one_blas_thread, proportion_and_se, streams


def test_standard_error_covers_the_mean_as_often_as_it_should():
    samples = np.random.default_rng(0).exponential(2.0, size=(400, 3000))
    mean, se = mean_and_se(samples)
    covered = np.mean(np.abs(mean - 2) < 1.959964 * se)
    assert covered == pytest.approx(
        0.95, abs=4.5 * np.sqrt(0.05 * 0.95 / 3000) + 0.005
    )  # 0.005: skewness of the t statistic
    with pytest.raises(ValueError, match="at least 2 replications, got 1"):
        mean_and_se([[1.0]])


def test_streams_are_reproducible_and_uncorrelated():
    (a, b), (again, _) = streams(5, 2), streams(5, 2)
    x, y = a.standard_normal(100_000), b.standard_normal(100_000)
    np.testing.assert_array_equal(x[:10], again.standard_normal(10))
    assert abs(np.corrcoef(x, y)[0, 1]) < 4.5 / np.sqrt(100_000)


def test_batches_add_up_and_respect_the_bound():
    assert sum(batches(1000, 2**17)) == 1000 and max(batches(1000, 2**17)) == 64
    assert list(batches(3, 10**9)) == [1, 1, 1]
    with pytest.raises(ValueError, match="at least 1, got 0"):
        batches(0, 1)


def test_one_thread_inside_and_as_before_outside():
    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    inside = one_blas_thread(
        lambda: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    )()
    assert inside and set(inside) == {1}
    assert [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"] == before


def test_proportions_are_covered_and_never_certain():
    rng = np.random.default_rng(2)
    for p in (0.5, 0.9, 0.98):
        share, se = proportion_and_se(rng.random((300, 4000)) < p)
        assert np.mean(np.abs(share - p) < 1.959964 * se) > 0.93
    share, se = proportion_and_se(np.ones(100, dtype=bool))
    assert share == 1 and 0.005 < se < 0.02
    with pytest.raises(ValueError, match="true or false"):
        proportion_and_se([0.5, 1.0])
    with pytest.raises(ValueError, match="at least 2 replications, got 1"):
        proportion_and_se([True])
