"""Hand results on from a notebook, and read them back.

A record is a display output of our own MIME type, so it survives every executor, JupyterLab and git, and shows a
readable text or table to whoever looks at the notebook. ``record`` needs no kernel: elsewhere it prints the text.
"""

import html
import json
import math
import sys
from pathlib import Path

from workbench.errors import UserError
from workbench.plain import to_plain

MIME = "application/vnd.workbench.record.v1+json"
MAX_ROWS = 10_000


def record(name, value):
    """Record a scalar, a small table or claims under a name; the last record under a name counts.

    Parameters
    ----------
    name : str
        An identifier, the name to read it back by.
    value : scalar, table or claims
        A number, string, boolean or None (NumPy's too); a list of dicts with the same keys or a DataFrame, at most
        10 000 rows; a ``workbench.claims.Claim`` or a list of them. None, and NaN in a DataFrame, mean "not known".
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"a record's name must be an identifier, got {name!r}")
    kind, content = _content(name, value)
    payload = {"name": name, "kind": kind, "value": _tag(content)}
    bundle = {MIME: payload, "text/plain": _text(name, kind, content)}
    if kind != "scalar":
        bundle["text/html"] = _html(kind, content)
    if _in_kernel():
        from IPython.display import display

        display(bundle, raw=True)
    else:
        print(bundle["text/plain"])


def records(path):
    """What a notebook recorded, from the executed ``.ipynb`` or from the JSON that ``run --records`` wrote.

    Returns
    -------
    dict
        ``scalars`` (name to value), ``tables`` (name to list of rows), ``claims`` (list of dicts) and ``provenance``.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise UserError(f"{path} is neither a notebook nor a records file") from None
    if isinstance(content, dict) and "cells" in content:
        return from_notebook(content)
    if isinstance(content, dict) and {"scalars", "tables", "claims"} <= set(content):
        return _untag(content)
    raise UserError(f"{path} is neither a notebook nor a records file")


def from_notebook(notebook):
    """Like :func:`records`, from a notebook already in memory."""
    found = {"scalars": {}, "tables": {}, "claims": []}
    claims = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(MIME)
            if payload is None:
                continue
            value = _untag(payload["value"])
            if payload["kind"] == "claims":
                claims.update((claim["identifier"], claim) for claim in value)
            else:
                found[payload["kind"] + "s"][payload["name"]] = value
    found["claims"] = list(claims.values())
    found["provenance"] = _untag(notebook.get("metadata", {}).get("workbench", {}).get("run", {}))
    return found


def to_json(found):
    """The text of a records file: strict JSON, NaN and infinities as ``{"float": "nan"}``."""
    return json.dumps(_tag(found), indent=1, allow_nan=False) + "\n"


def _content(name, value):
    if _is_claim(value):
        value = [value]
    if isinstance(value, (list, tuple)) and value and all(map(_is_claim, value)):
        return "claims", [claim.to_dict() for claim in value]
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame, without importing pandas
        rows = [
            {str(key): None if cell != cell else cell for key, cell in row.items()}
            for row in value.to_dict(orient="records")
        ]
        return "table", _table(name, rows)
    if isinstance(value, (list, tuple)) and value and all(isinstance(row, dict) for row in value):
        return "table", _table(name, value)
    plain = to_plain(value, name)
    if isinstance(plain, (list, dict)):
        raise TypeError(f"record {name!r} is neither a scalar, a table (list of dicts or DataFrame) nor claims")
    return "scalar", plain


def _is_claim(value):
    claims = sys.modules.get("workbench.claims")  # who has a claim has imported it; nobody else need wait for that
    return claims is not None and isinstance(value, claims.Claim)


def _table(name, rows):
    if len(rows) > MAX_ROWS:
        raise ValueError(f"table {name!r} has {len(rows)} rows; at most {MAX_ROWS} can be recorded")
    columns = list(rows[0])
    for i, row in enumerate(rows):
        if list(row) != columns:
            raise ValueError(f"table {name!r}: row {i} has the columns {list(row)}, row 0 has {columns}")
    return [to_plain(row, f"{name}[{i}]") for i, row in enumerate(rows)]


def _tag(value):
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {key: _tag(item) for key, item in value.items()}
    return [_tag(item) for item in value] if isinstance(value, list) else value


def _untag(value):
    if isinstance(value, dict):
        if list(value) == ["float"] and isinstance(value["float"], str):
            return float(value["float"])
        return {key: _untag(item) for key, item in value.items()}
    return [_untag(item) for item in value] if isinstance(value, list) else value


def show_number(value, digits=4):
    """A number as people read it: four significant digits, an empty cell for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return str(value)


def show_error(value):
    """A standard error as people read it: two significant digits."""
    return show_number(value, digits=2)


def show_measured(claim):
    """What a claim's simulation gave, with its standard error where it has one."""
    error = f" ± {show_error(claim['se'])}" if claim["se"] is not None else ""
    return show_number(claim["simulated"]) + error


_CLAIM_COLUMNS = ("claim", "theory", "simulated", "se", "verdict", "control", "control rejected")


def _rows(kind, content):
    if kind == "table":
        return list(content[0]), [[show_number(cell) for cell in row.values()] for row in content]
    rows = [
        [
            f"{claim['identifier']}: {claim['statement']}",
            show_number(claim["theory"]),
            show_number(claim["simulated"]),
            show_error(claim["se"]),
            claim["verdict"],
            claim["control"]["description"],
            "yes" if claim["control"]["rejected"] else "no",
        ]
        for claim in content
    ]
    return list(_CLAIM_COLUMNS), rows


def _text(name, kind, content):
    if kind == "scalar":
        return f"{name} = {show_number(content)}"
    if kind == "claims":
        return "\n".join(f"[{claim['verdict']}] {claim['identifier']}: {claim['statement']}" for claim in content)
    columns, rows = _rows(kind, content)
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [columns, *rows]]
    return "\n".join([name, *lines])


def _html(kind, content):
    columns, rows = _rows(kind, content)
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _in_kernel():
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
