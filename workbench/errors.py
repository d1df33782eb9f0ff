"""What can go wrong for a user, each as one sentence."""

import importlib.util
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake in what the user asked for; the message is one sentence, shown without a traceback."""


class CellFailed(RuntimeError):
    """A notebook stopped before its end; ``path`` is the partly executed notebook, None if none was written."""

    def __init__(self, message, path=None):
        super().__init__(message)
        self.path = path


def nearest(name, known):
    """``" Did you mean 'x'?"`` for the known name closest to ``name``, or an empty string."""
    known = list(known)
    match = get_close_matches(str(name), known, n=1, cutoff=0.5)
    if not match:  # a match that differs in case only, or the beginning of exactly one name
        begins = [k for k in known if k.lower().startswith(str(name).lower())]
        match = begins if len(begins) == 1 else []
    return f" Did you mean {match[0]!r}?" if match else ""


def require(module, extra):
    """Raise ``UserError`` if a module is missing that comes with one of the package's extras."""
    if importlib.util.find_spec(module) is None:
        raise UserError(f"this needs {module}, which is not installed here; run: pip install 'workbench[{extra}]'")
