"""Columns of the results table: their names and types, found by looking at every row once."""

import json

FIXED = ("key", "replicate", "status", "reason", "seconds", "attempts", "notebook", "code", "commit", "cpu")


class Columns:
    """Types of named values as they are met: bool, int, float and str stay what they are, lists become JSON text.

    Int and float together are float; any other mixture is text.
    """

    def __init__(self):
        self.kinds = {}

    def note(self, values):
        for name, value in values.items():
            self.kinds.setdefault(name, set()).add(_kind(value))

    def types(self):
        """Name to pyarrow type, in the order met."""
        import pyarrow as pa

        plain = {
            frozenset({"bool"}): pa.bool_(),
            frozenset({"int"}): pa.int64(),
            frozenset({"float"}): pa.float64(),
            frozenset({"int", "float"}): pa.float64(),
        }
        return {name: plain.get(frozenset(kinds - {"null"}), pa.string()) for name, kinds in self.kinds.items()}


def fit(value, kind):
    """A value as a column's type holds it."""
    import pyarrow as pa

    if value is None:
        return None
    if kind == pa.string():
        return value if isinstance(value, str) else json.dumps(value)
    return float(value) if kind == pa.float64() else value


def recorded_name(name, parameters):
    """The column of a recorded scalar: its own name, unless a parameter or a fixed column has that."""
    return f"recorded_{name}" if name in parameters or name in FIXED else name


def parameter_name(name):
    return f"parameter_{name}" if name in FIXED else name


def _kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "text"
    if isinstance(value, float):
        return "float"
    return "text"
