"""Plain Python out of NumPy and container types, so that what reaches a notebook or a file is what was meant.

papermill writes ``np.int64(3)`` into a notebook as the string ``"3"`` and ``(1, 2)`` as ``"(1, 2)"``; every value
passes through here first.
"""


def to_plain(value, name="value"):
    """The same value made of bool, int, float, str, None, list and dict only.

    NumPy scalars and arrays, tuples and ranges become Python scalars and lists, at any depth. Raises ``TypeError``
    with a sentence for anything else, an unordered set included, since its order would not be reproducible.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{name} has the key {key!r}; keys must be strings")
        return {key: to_plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [to_plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        plain = value.tolist()  # a NumPy scalar's tolist is its item
        if type(plain) is list or type(plain) in (bool, int, float, str):
            return to_plain(plain, name)
    for base in (bool, int, float, str):  # subclasses, such as an enum's members
        if isinstance(value, base):
            return base(value)
    raise TypeError(
        f"{name} is of type {type(value).__name__}; "
        "use numbers, strings, booleans, None, lists, dicts or NumPy arrays of them"
    )
