"""The catalogue, ``notebooks/catalogue.toml``: one entry per study, for whoever chooses what to read or to run.

An entry says what the paper is and what reading and running its study takes. `workbench list`, the README's table and
the site's index are made from it.
"""

import tomllib
from functools import lru_cache

from workbench.errors import UserError, nearest

FILE = "catalogue.toml"
FIELDS = {  # what every entry has: name -> (type, type of a list's items)
    "chapter": (str, None),
    "name": (str, None),  # of the notebook, without its chapter
    "title": (str, None),  # of the paper, as its authors, year and arXiv id
    "authors": (str, None),
    "year": (int, None),
    "arxiv": (str, None),
    "summary": (str, None),  # the result in one sentence
    "claims": (list, str),  # identifiers, in the notebook's order
    "prerequisites": (list, str),  # what a reader should know before
    "minutes": (int, None),  # to read
    "seconds": (int, None),  # to run with the default parameters
    "packages": (list, str),  # that the notebook and its modules import, as distributions
}
MEASURED = ("claims", "seconds", "packages")  # follow from the executed notebook; `make readme` writes them
PAPER = ("title", "authors", "year", "arxiv")


def read(folder):
    """Entries of ``folder``/catalogue.toml by study, ``"<chapter>/<name>"``; none where there is no such file.

    Raises
    ------
    UserError
        For a file that is not TOML, a missing (unless measured), unknown or mistyped field, a study listed twice.
    """
    path = folder / FILE
    try:
        modified = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _read(path, modified)


@lru_cache(maxsize=4)
def _read(path, modified):
    """As `read`; who goes through all studies asks for the same file once per study."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    entries = {}
    for number, entry in enumerate(content.get("study", []), 1):
        _check(entry, f"{path}, study {number} ({entry.get('name', 'without a name')})")
        key = f"{entry['chapter']}/{entry['name']}"
        if key in entries:
            raise UserError(f"{path} lists {key} twice")
        entries[key] = entry
    return entries


def _check(entry, where):
    for field, (kind, item) in FIELDS.items():
        if field not in entry:
            if field in MEASURED:
                continue  # a study that is being written
            raise UserError(f"{where} has no {field!r}")
        value = entry[field]
        if type(value) is not kind or (item and not all(type(one) is item for one in value)):
            wanted = kind.__name__ + (f" of {item.__name__}" if item else "")
            raise UserError(f"{where}: {field} must be {wanted}, got {value!r}")
    for field in entry:
        if field not in FIELDS:
            raise UserError(f"{where}: unknown field {field!r}.{nearest(field, FIELDS)}")
