"""A small, strict YAML: plain values only, with the line of every key. No tags, no aliases, no surprises.

Numbers and booleans follow YAML 1.2 (``1e-3`` is a number, ``no`` a word), unlike PyYAML's own resolver.
"""

import re
from pathlib import Path

from workbench.errors import UserError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
_PATTERNS = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)$")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")),
    ("int", re.compile(r"[-+]?[0-9]+$")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")),
    ("inf", re.compile(r"[-+]?\.(?:inf|Inf|INF)$")),
    ("nan", re.compile(r"\.(?:nan|NaN|NAN)$")),
)


def read(path):
    """The file's content and the line of each part of it.

    Returns
    -------
    content : dict
    lines : dict
        From a path of keys and indices, such as ``("blocks", 0, "grid")``, to a line number.

    Raises
    ------
    UserError
        If the file cannot be read or is not a mapping in this YAML; the message names the line.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= MAX_BYTES else None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text") from None
    if text is None:
        raise UserError(f"{path} has {size} bytes; a sweep spec has at most {MAX_BYTES}")
    return parse(text, path.name)


def parse(text, name="the spec"):
    """Like :func:`read`, from text; ``name`` stands in messages."""
    import yaml

    lines = {}
    try:
        for token in yaml.scan(text):
            _refuse(token, name)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{name}, line {line}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise UserError(f"{name}: nested more than {MAX_DEPTH} deep") from None
    except yaml.YAMLError as error:
        raise UserError(f"{name} is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if node is None:
        raise UserError(f"{name} is empty; a sweep spec needs at least 'study' and 'blocks'")
    content = _plain(node, (), lines, name)
    if not isinstance(content, dict):
        raise UserError(f"{name}, line 1: a sweep spec is a mapping of keys to values")
    return content, lines


def _refuse(token, name):
    import yaml

    kinds = {yaml.AnchorToken: "anchors (&)", yaml.AliasToken: "aliases (*)", yaml.TagToken: "tags (!)"}
    kinds[yaml.DocumentStartToken] = "document marks (---)"
    if type(token) in kinds and not (isinstance(token, yaml.DocumentStartToken) and token.start_mark.line == 0):
        raise UserError(f"{name}, line {token.start_mark.line + 1}: {kinds[type(token)]} are not allowed in a spec")


def _plain(node, path, lines, name):
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(path) > MAX_DEPTH:
        raise UserError(f"{name}, line {line}: nested more than {MAX_DEPTH} deep")
    if node.id == "scalar":
        return _scalar(node, line, name)
    if node.id == "sequence":
        return [_plain(child, (*path, i), lines, name) for i, child in enumerate(node.value)]
    found = {}
    for key_node, child in node.value:
        key, at = key_node.value, key_node.start_mark.line + 1
        if key_node.id != "scalar":
            raise UserError(f"{name}, line {at}: a key must be a word")
        if key in found:
            raise UserError(f"{name}, line {at}: key {key!r} is given twice, first in line {lines[(*path, key)]}")
        lines[(*path, key)] = at
        found[key] = _plain(child, (*path, key), lines, name)
    return found


def _scalar(node, line, name):
    text = node.value
    if node.style is not None:  # quoted or a block of text
        return text
    kind = next((kind for kind, pattern in _PATTERNS if pattern.match(text)), "str")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        if len(text) > 400:
            raise UserError(f"{name}, line {line}: an integer of {len(text)} digits")
        return int(text)
    if kind == "inf":
        return float(text.replace(".", ""))
    if kind in ("float", "nan"):
        return float(text.removeprefix(".")) if kind == "nan" else float(text)
    return text
