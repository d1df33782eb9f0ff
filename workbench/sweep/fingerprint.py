"""What a point's result depends on besides its parameters: the notebook's code, the package's source, versions.

Comments, docstrings, layout, markdown cells and outputs do not count: code is compared as its syntax tree. The cell of
parameters does not count either, since the values are in the point's key already.
"""

import ast
import hashlib
import importlib.metadata
import sys
from functools import cache
from pathlib import Path

import workbench
from workbench.runner.parameters import TAG
from workbench.sweep.design import canonical

_PACKAGE = Path(workbench.__file__).resolve().parent


def fingerprint(notebook):
    """Parts of the fingerprint by name, each a short text.

    ``code`` for the notebook, ``module workbench.claims`` and the like for the sources it reaches, ``version numpy``
    and the like for the distributions that these import, ``version python``.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    cells = [cell for cell in cells if TAG not in cell.get("metadata", {}).get("tags", [])]
    sources = [_join(cell["source"]) for cell in cells]
    trees = [tree for source in sources if (tree := _tree(source)) is not None]
    parts = {"code": text_digest("\n".join(_text(tree) for tree in trees))}
    names = set().union(*(_imports(tree, None) for tree in trees))
    modules, seen = {}, set()
    queue = sorted(names)
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _file(name)
        if path is None:
            continue
        modules[name], found = _module(path, path.stat().st_mtime_ns, name)
        names |= found
        queue.extend(found | set(_parents(name)))
    parts.update((f"module {name}", modules[name]) for name in sorted(modules))
    parts.update((f"version {name}", version) for name, version in sorted(_versions(names).items()))
    return parts


def point_key(values, replicate, parts_digest):
    """``(identity, key)``: the point whatever the code, and the point with this code. 32 hexadecimal digits each."""
    identity = hashlib.sha256(f"{replicate}:{canonical(values)}".encode()).hexdigest()[:32]
    return identity, hashlib.sha256(f"{identity}:{parts_digest}".encode()).hexdigest()[:32]


def digest(parts, study):
    """One text for all parts of a study's fingerprint."""
    return text_digest(canonical([study, parts]))


def changes(before, after):
    """Names of the parts that differ, for people: ``workbench.claims changed, numpy 2.4 → 2.5``."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        kind, _, what = name.partition(" ")
        if kind == "version":
            found.append(f"{what} {old or 'none'} → {new or 'none'}")
        elif old is None or new is None:
            found.append(f"{what} {'is' if old is None else 'is no longer'} used")
        else:
            found.append("the notebook's code changed" if kind == "code" else f"{what} changed")
    return ", ".join(found)


def text_digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _join(source):
    return source if isinstance(source, str) else "".join(source)


def _tree(source):
    """The syntax tree of a cell, magics included; the text itself where it is not Python; None if it does nothing."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except SyntaxError:
            return source
    return tree if tree.body else None


def _text(tree):
    if isinstance(tree, str):
        return tree
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = body[1:] or [ast.Pass()]
    return ast.dump(tree)


@cache
def _module(path, modified, name):
    """A module's digest and the names that it imports; the time of modification makes the cache see a change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = _imports(tree, package)
    if ast.get_docstring(tree, clean=False) is not None:
        tree.body = tree.body[1:]
    return text_digest(_text(tree)), frozenset(found)


def _imports(tree, package):
    """Absolute names of what a tree may import; ``from a import b`` gives a and a.b, since b may be a module."""
    found, names = set(), {"workbench"}
    if isinstance(tree, str):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
            names.update(alias.asname for alias in node.names if alias.name == "workbench" and alias.asname)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = (package or "").split(".")
                up = up[: len(up) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in names:
                found.add(f"workbench.{node.attr}")
    return found | {
        home for name, home in workbench._HOME.items() if f"workbench.{name}" in found
    }  # what the package loads lazily under another name


def _parents(name):
    parts = name.split(".")
    return (".".join(parts[:i]) for i in range(1, len(parts)))


def _file(name):
    """The source file of a workbench module, found without importing it; None for anything else."""
    first, *rest = name.split(".")
    if first != "workbench":
        return None
    path = _PACKAGE.joinpath(*rest)
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if rest and candidate.is_file():
            return candidate
    return None


def _versions(names):
    """Versions of Python and of the distributions behind the imported names, the standard library left out."""
    wanted = {name.split(".")[0] for name in names} - {"workbench", ""} - set(sys.stdlib_module_names)
    found = {"python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    for name in wanted:
        for distribution in _distributions().get(name, []):
            found[distribution.lower()] = importlib.metadata.version(distribution)
    return found


@cache
def _distributions():
    return importlib.metadata.packages_distributions()
