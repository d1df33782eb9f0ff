"""A notebook's parameters: read from its tagged cell, and checked before any kernel starts.

The cell tagged ``parameters`` holds lines such as

    n_samples: int = 200     # rows n of the design [10, 100000]
    sketch: str = "haar"     # kind of sketch {haar, gaussian}
    sizes: list[int] = None  # sketch sizes; None for a grid [1, inf)

Name, type and default are Python's; a comment is the help, and may end in the allowed range, as an interval for
numbers, a set for words, or both. The range holds for every value in a list. A default of None allows None. A type
may be a union, written so that papermill reads it too: ``ridge: "Union[float, str]" = 0.1  # [0, inf) {adaptive}``.
"""

import ast
import io
import math
import re
import tokenize
from dataclasses import dataclass

from workbench.errors import UserError, nearest
from workbench.plain import to_plain

TAG = "parameters"
_NUMBER = r"[-+]?(?:inf|\d+(?:\.\d*)?(?:e[-+]?\d+)?)"
_INTERVAL = re.compile(rf"([\[(])\s*({_NUMBER})\s*,\s*({_NUMBER})\s*([\])])$", re.IGNORECASE)
_CHOICES = re.compile(r"\{([^{}]*)\}$")


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    default: object
    help: str = ""
    choices: tuple = ()
    interval: tuple = ()  # (opening bracket, low, high, closing bracket)

    @property
    def allowed(self):
        """The stated range as text, or an empty string."""
        words = "{" + ", ".join(self.choices) + "}" if self.choices else ""
        if not self.interval:
            return words
        opening, low, high, closing = self.interval
        return f"{opening}{low:g}, {high:g}{closing}" + (f" or {words}" if words else "")


def declared(notebook, name="the notebook"):
    """The parameters of a notebook by name, in order; ``UserError`` if the tagged cell is missing or unreadable."""
    cells = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and TAG in cell.get("metadata", {}).get("tags", [])
    ]
    if len(cells) != 1:
        raise UserError(f"{name} has {len(cells) or 'no'} cells tagged 'parameters'; it needs exactly one")
    source = cells[0]["source"]
    source = source if isinstance(source, str) else "".join(source)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UserError(f"{name}: the parameters cell is not valid Python (line {error.lineno})") from None
    comments = _comments(source)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            target, annotation = node.target.id, _annotation(node.annotation)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            target, annotation = node.targets[0].id, None
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        else:
            raise UserError(
                f"{name}: line {node.lineno} of the parameters cell is not of the form 'name: type = literal'"
            )
        try:
            default = to_plain(ast.literal_eval(node.value), target)
        except (ValueError, TypeError):
            raise UserError(f"{name}: the default of {target!r} is not a plain literal") from None
        annotation = annotation or ("object" if default is None else type(default).__name__)
        comment = comments.get(node.end_lineno) or comments.get(node.lineno, "")
        found[target] = _parameter(target, annotation, default, comment)
    return found


def effective(parameters, given, name="the notebook"):
    """Checked overrides and the effective values, defaults united with overrides.

    Parameters
    ----------
    parameters : dict
        As :func:`declared` returns.
    given : dict
        Name to value. NumPy scalars and arrays, tuples and ranges are made plain.

    Returns
    -------
    overrides, values : dict, dict

    Raises
    ------
    UserError
        For an unknown name, a wrong type, or a value out of the stated range.
    """
    overrides = {}
    for key, value in given.items():
        if key not in parameters:
            hint = nearest(key, parameters)
            raise UserError(f"{name} has no parameter {key!r}.{hint} It has: {', '.join(parameters)}.")
        overrides[key] = _checked(parameters[key], value)
    return overrides, {**{key: p.default for key, p in parameters.items()}, **overrides}


def from_text(parameter, text):
    """The value that a command line's text stands for, according to the parameter's type; not yet checked."""
    words = {"none": None, "null": None, "true": True, "false": False}
    types = [part.strip() for part in parameter.type.split("|")]
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = words.get(text.strip().lower(), text)
        if isinstance(value, str) and "float" in types:
            try:
                value = float(value)
            except ValueError:
                pass
    if "str" in types and not isinstance(value, str) and not (value is None and _nullable(parameter)):
        others = [kind for kind in types if kind != "str"]
        if not any(_fits(value, kind) is not _NO for kind in others):
            return text
    return value


_NO = object()


def _checked(parameter, value):
    try:
        plain = to_plain(value, parameter.name)
    except TypeError as error:
        raise UserError(str(error)) from None
    if plain is None and _nullable(parameter):
        return None
    for kind in parameter.type.split("|"):
        fitted = _fits(plain, kind.strip())
        if fitted is not _NO:
            break
    else:
        orelse = " or None" if parameter.default is None else ""
        raise UserError(f"{parameter.name} = {plain!r} is of the wrong type: it must be {parameter.type}{orelse}")
    for leaf in _leaves(fitted):
        if isinstance(leaf, float) and math.isnan(leaf):
            raise UserError(f"{parameter.name} = {plain!r}: nan is not a value")
        if parameter.choices and isinstance(leaf, str) and leaf not in parameter.choices:
            raise UserError(
                f"{parameter.name} = {leaf!r} is not one of {parameter.allowed}.{nearest(leaf, parameter.choices)}"
            )
        if not _inside(parameter.interval, leaf):
            raise UserError(f"{parameter.name} = {leaf!r} is out of range: it must lie in {parameter.allowed}")
    return fitted


def _fits(value, kind):
    """``value`` as ``kind`` (an integral float as int, an int as float), or _NO."""
    if kind in ("object", "Any"):
        return value
    if kind == "None":
        return None if value is None else _NO
    if kind == "bool":
        return value if isinstance(value, bool) else _NO
    if kind == "str":
        return value if isinstance(value, str) else _NO
    if kind in ("int", "float"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return _NO
        if kind == "float":
            try:
                return float(value)
            except OverflowError:
                return _NO
        return int(value) if isinstance(value, int) or value.is_integer() else _NO
    if kind == "dict":
        return value if isinstance(value, dict) else _NO
    if kind == "list":
        return value if isinstance(value, list) else _NO
    if kind.startswith("list[") and kind.endswith("]"):
        if not isinstance(value, list):
            return _NO
        items = [_fits(item, kind[5:-1]) for item in value]
        return _NO if any(item is _NO for item in items) else items
    raise UserError(f"the parameters cell uses the type {kind!r}; use bool, int, float, str, dict, list[...] or unions")


def _nullable(parameter):
    return parameter.default is None or "None" in [part.strip() for part in parameter.type.split("|")]


def _inside(interval, leaf):
    if isinstance(leaf, bool) or not isinstance(leaf, (int, float)):
        return True
    if not interval:
        return math.isfinite(leaf)
    opening, low, high, closing = interval
    return (low <= leaf if opening == "[" else low < leaf) and (leaf <= high if closing == "]" else leaf < high)


def _leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _annotation(node):
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    if optional := re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", text):
        return f"{optional[1]} | None"
    if union := re.fullmatch(r"(?:typing\.)?Union\[([\w\s,]*)\]", text):
        return " | ".join(part.strip() for part in union[1].split(","))
    return text


def _parameter(name, annotation, default, comment):
    text, choices, interval = comment, (), ()
    if match := _CHOICES.search(text):
        choices = tuple(part.strip() for part in match[1].split(","))
        text = text[: match.start()].rstrip(" ,;:")
    if match := _INTERVAL.search(text):
        interval = (match[1], float(match[2]), float(match[3]), match[4])
        text = text[: match.start()].rstrip(" ,;:")
    parameter = Parameter(name, annotation, default, text, choices, interval)
    _checked(parameter, default)  # a default that breaks its own declaration is an error at once
    return parameter


def _comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}
