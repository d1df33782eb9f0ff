"""An executed notebook made ready to be read: figures described, skippable code folded, tables that scroll."""

import re

from workbench.errors import UserError
from workbench.recording import MIME
from workbench.site import text

LINES_SHOWN = 14  # longer code is folded, except the parameters and the few lines that carry the result
ROWS_SHOWN = 16  # a taller table scrolls


def for_reading(study):
    """A copy of a study's notebook as the site shows it.

    Raises ``UserError`` for a notebook without outputs or a figure without a description.
    """
    cells = [cell for original in study.notebook["cells"] for cell in _cells(original, study.name)]
    if not any("image/png" in data for cell in cells for data in _data(cell)):
        raise UserError(f"the notebook of {study.name} shows no figure; execute it first: workbench run {study.name}")
    return {**study.notebook, "cells": cells, "metadata": {"kernelspec": study.notebook["metadata"]["kernelspec"]}}


def cover(study):
    """The figure that stands for the study, as base64 PNG, and its description: of its cover cell, else the first."""
    wanted = study.notebook["metadata"]["workbench"].get("cover")
    found = {}
    for cell in study.notebook["cells"]:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                found.setdefault(cell["id"], ("".join(png), output["metadata"]["image/png"]["alt"]))
    if wanted and wanted not in found:
        raise UserError(f"{study.name}: the cell {wanted!r} that its metadata names as its cover shows no figure")
    if not found:
        raise UserError(f"the notebook of {study.name} shows no figure; execute it first: workbench run {study.name}")
    return found[wanted] if wanted else next(iter(found.values()))


def _data(cell):
    return [output.get("data", {}) for output in cell.get("outputs", [])]


def _cells(cell, name):
    """The cell, and one more for each further figure: the site's generator takes one description per cell."""
    if cell["cell_type"] != "code":
        return [{"cell_type": cell["cell_type"], "id": cell["id"], "metadata": {}, "source": cell["source"]}]
    groups = [[]]
    for output in cell["outputs"]:
        if "image/png" in output.get("data", {}) and any("image/png" in o.get("data", {}) for o in groups[-1]):
            groups.append([])
        groups[-1].append(_readable(output, cell["id"]))
    source = _without_marks("".join(cell["source"]))
    tags = ["hide-input"] if _folded(cell, source) else []
    first = _code(cell["id"], source, groups[0], tags, name)
    rest = [_code(f"{cell['id']}-{i}", "", group, ["remove-input"], name) for i, group in enumerate(groups[1:], 1)]
    return [first, *rest]


def _code(identifier, source, outputs, tags, name):
    metadata = {"tags": tags}
    for output in outputs:
        if "image/png" in output.get("data", {}):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if not alt.strip():
                raise UserError(
                    f"{name}: a figure of cell {identifier!r} has no description; show it with figures.show"
                )
            metadata["mystnb"] = {"image": {"alt": " ".join(alt.split())}}
    cell = {"cell_type": "code", "id": identifier, "metadata": metadata, "source": source, "outputs": outputs}
    return {**cell, "execution_count": None}


def _folded(cell, source):
    if "parameters" in cell["metadata"].get("tags", []) or cell["id"] == "theory":
        return False
    shown = any("image/png" in data or MIME in data for data in _data(cell))
    return "nbgrader" in cell["metadata"] or shown or source.count("\n") >= LINES_SHOWN or cell["id"] == "setup"


def _without_marks(source):
    """Code without the lines that mark solutions and hidden tests."""
    return re.sub(r"^ *### (BEGIN|END) [A-Z ]+\n?", "", source, flags=re.MULTILINE).rstrip()


def _readable(output, identifier):
    data = {key: value for key, value in output.get("data", {}).items() if key != MIME}
    if "text/html" in data:
        payload = output["data"].get(MIME, {})
        look = "table claims" if payload.get("kind") == "claims" else "table"
        table = "".join(data["text/html"]).replace("<table>", f'<table class="{look}">', 1)
        data["text/html"] = text.scrolling(
            table, f"Table: {payload.get('name', identifier).replace('_', ' ')}", ROWS_SHOWN
        )
    if "data" in output:
        return {**output, "data": data}
    return output
