"""The arithmetic in which a small model is written, so that a program can read it: what depends on what, and how.

Lai et al. (2023), arXiv 2302.00564, read it off a traced NumPyro program; here a formula is an object of a few kinds,
written for this project. The two questions asked of it: does it depend on a variable, and is it a straight line in it?
"""

import numpy as np

_FUNCTIONS = {
    "add": np.add,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "exp": np.exp,
    "sqrt": np.sqrt,
}


class Expression:
    """A formula: an operation on formulas, the name of a variable, or a constant; ``names`` is what it depends on.

    Sums with 0 and products with 0 or 1 are simplified at once, so that a vanishing intercept can be seen.
    """

    def __init__(self, operation, *parts):
        self.operation, self.parts = operation, parts
        self.names = frozenset(parts if operation == "variable" else ()).union(*(p.names for p in inner(self)))

    def __add__(self, other):
        other = as_expression(other)
        if is_constant(self, 0.0) or is_constant(other, 0.0):
            return other if is_constant(self, 0.0) else self
        return Expression("add", self, other)

    def __mul__(self, other):
        other = as_expression(other)
        for one, rest in ((self, other), (other, self)):
            if is_constant(one, 0.0):
                return one
            if is_constant(one, 1.0):
                return rest
        return Expression("multiply", self, other)

    def __truediv__(self, other):
        other = as_expression(other)
        if is_constant(self, 0.0) or is_constant(other, 1.0):
            return self
        return Expression("divide", self, other)

    def __pow__(self, other):
        return self if is_constant(self, 1.0) else Expression("power", self, as_expression(other))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -as_expression(other)

    def __rsub__(self, other):
        return as_expression(other) - self

    def __rtruediv__(self, other):
        return as_expression(other) / self

    __radd__, __rmul__ = __add__, __mul__


def as_expression(value):
    """An expression as it is, a string as a variable, a number or array as a constant."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, str):
        return Expression("variable", value)
    return Expression("constant", np.asarray(value, dtype=float))


def exp(value):
    """e to the power of a formula."""
    return Expression("exp", as_expression(value))


def sqrt(value):
    """The root of a formula."""
    return Expression("sqrt", as_expression(value))


def inner(expression):
    """The formulas that a formula is made of; none for variables and constants."""
    return () if expression.operation in ("variable", "constant") else expression.parts


def evaluate(expression, values, known=None):
    """The number or array that a formula stands for.

    ``values`` maps names to arrays; ``known`` (a dict) remembers shared parts, without which a formula that reuses its
    parts at every step would take exponential time.
    """
    known = {} if known is None else known
    if id(expression) not in known:
        if expression.operation == "variable":
            result = values[expression.parts[0]]
        elif expression.operation == "constant":
            result = expression.parts[0]
        else:
            parts = (evaluate(part, values, known) for part in expression.parts)
            result = _FUNCTIONS[expression.operation](*parts)
        known[id(expression)] = result
    return known[id(expression)]


def size(expressions):
    """Number of operations in several formulas together, shared parts counted once: the work of one evaluation."""
    seen, waiting = {}, list(expressions)
    while waiting:
        expression = waiting.pop()
        if id(expression) not in seen and inner(expression):
            seen[id(expression)] = expression
            waiting.extend(inner(expression))
    return len(seen)


def as_line(expression, name, known=None):
    """``(slope, intercept)`` with expression = slope * name + intercept, both free of the variable; None if not a line.

    Only what the rules below can see: sums, products with something free of the variable, quotients by it. ``known`` (a
    dict) remembers shared parts, so that they stay shared in the result.
    """
    known = {} if known is None else known
    if id(expression) not in known:
        known[id(expression)] = expression, _line(expression, name, known)  # the first keeps the id in use
    return known[id(expression)][1]


def _line(expression, name, known):
    if expression.operation == "variable" and expression.parts[0] == name:
        return as_expression(1.0), as_expression(0.0)
    lines = [as_line(part, name, known) for part in inner(expression)]
    if None in lines:
        return None
    moves = [not is_constant(slope, 0.0) for slope, _ in lines]
    if not any(moves):
        return as_expression(0.0), expression
    if expression.operation == "add":
        return lines[0][0] + lines[1][0], lines[0][1] + lines[1][1]
    if expression.operation == "multiply" and not all(moves):
        line, factor = (lines[0], lines[1][1]) if moves[0] else (lines[1], lines[0][1])
        return line[0] * factor, line[1] * factor
    if expression.operation == "divide" and not moves[1]:
        return lines[0][0] / lines[1][1], lines[0][1] / lines[1][1]
    return None


def is_constant(expression, value):
    """Whether a formula is that constant."""
    return expression.operation == "constant" and bool(np.all(expression.parts[0] == value))
