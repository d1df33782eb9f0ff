"""Which third-party modules a notebook imports: read from its text, nothing is imported.

The user's own modules are followed, never named: a process that had them already would run yesterday's source.
"""

import ast
import functools
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path

# What a kernel whose notebook is not known gets, as far as it is installed: the provisioner sees no notebook.
STACK = ("matplotlib.pyplot", "numba", "numpy", "pandas", "pymc", "scipy.stats", "torch")
OWN = "workbench"  # followed even where it is installed


def of_notebook(notebook, folder):
    """Sorted names of the third-party modules that a notebook, run in ``folder``, imports by itself or through ours."""
    names = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            names.update(_imports(_python_of(source), ""))
    return _third_party(frozenset(names), str(folder))


def _third_party(names, folder):
    found, followed, waiting = set(), set(), set(names)
    path = (folder, *(entry for entry in sys.path if entry))
    while waiting:
        name = waiting.pop()
        kind, module, file = _locate(name, path)
        if kind == "installed":
            found.add(module)
        elif kind == "own" and module not in followed:
            followed.add(module)
            waiting.update(_imports_of_file(file, _mtime(file), module))
    return tuple(sorted(found))


@functools.lru_cache(maxsize=4096)
def _locate(name, path):
    """Kind (``installed``, ``own``, ``other``), longest prefix that is a module, and the file of one's own module."""
    parts = name.split(".")
    spec = None
    if parts[0] not in sys.builtin_module_names and parts[0] not in sys.stdlib_module_names:
        spec = PathFinder.find_spec(parts[0], list(path)) or _editable(parts[0])
    if spec is None:
        return "other", name, None
    module, places = parts[0], list(spec.submodule_search_locations or ())
    file = spec.origin
    for part in parts[1:]:
        inner = PathFinder.find_spec(f"{module}.{part}", places) if places else None
        if inner is None:
            break
        module, file, places = f"{module}.{part}", inner.origin, list(inner.submodule_search_locations or ())
    if _is_installed(spec) and parts[0] != OWN:
        return "installed", module, None
    return ("own", module, file) if file and file.endswith(".py") else ("other", name, None)


def _editable(name):
    """Editable installs may answer through a finder of their own; ask them without importing."""
    for finder in sys.meta_path:
        if "editable" in (getattr(finder, "__module__", "") or getattr(type(finder), "__module__", "")):
            return finder.find_spec(name, None)
    return None


def _is_installed(spec):
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return any(Path(place).is_relative_to(root) for place in places for root in _site_folders())


@functools.cache
def _site_folders():
    paths = sysconfig.get_paths()
    return {Path(paths["purelib"]), Path(paths["platlib"])} | {
        Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")
    }


@functools.lru_cache(maxsize=1024)
def _imports_of_file(file, mtime, module):
    try:
        source = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return frozenset()
    package = module if Path(file).name == "__init__.py" else module.rpartition(".")[0]
    parents = {module.rsplit(".", i)[0] for i in range(1, module.count(".") + 1)}
    return frozenset(_imports(source, package) | parents)


def _imports(source, package):
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{parent}.{base}".strip(".")
            names.update(f"{base}.{alias.name}".strip(".") for alias in node.names if alias.name != "*")
            names.add(base)
    return names - {""}


def _python_of(source):
    """A cell's text without IPython's own syntax."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = []
    for line in source.splitlines():
        text = line.lstrip()
        lines.append(line[: len(line) - len(text)] + "pass" if text.startswith(("%", "!")) else line)
    return "\n".join(lines)


def _mtime(file):
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
