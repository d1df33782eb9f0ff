import enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.plain import to_plain


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value, plain",
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(7), 7),
        ((1, (2.5, None)), [1, [2.5, None]]),
        (range(2, 8, 3), [2, 5]),
        ({"a": np.arange(2), "b": (1,)}, {"a": [0, 1], "b": [1]}),
        (Colour.RED, "red"),
        ([np.array([], dtype=float)], [[]]),
    ],
)
def test_values_and_types(value, plain):
    got = to_plain(value)
    assert got == plain and type(got) is type(plain)
    assert repr(got) == repr(plain)  # at every depth, 1 is not 1.0 and not np.int64(1)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_plain_values_stay_as_they_are(value):
    assert to_plain(value) == value


@pytest.mark.parametrize("value", [{1, 2}, object(), 1 + 2j, np.datetime64("2026-01-01"), [np.array([object()])], b"x"])
def test_anything_else_is_refused_by_name(value):
    with pytest.raises(TypeError, match="sizes"):
        to_plain(value, "sizes")


def test_keys_must_be_strings():
    with pytest.raises(TypeError, match="keys must be strings"):
        to_plain({1: 2})
