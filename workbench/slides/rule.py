"""Which cells of a notebook are slides: the rule behind the ``slideshow`` metadata that notebooks carry.

JupyterLab and nbconvert know the same metadata. A cell that has it keeps it; for others the rule decides. Kept in the
talk: text, figures, claims, and the few lines of theory as code. Left out: set-up, parameters, simulations, exercise
solutions and their checks.
"""

from workbench.recording import MIME

TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")


def slide_type(cell):
    """The cell's own slide type, else the rule's: a section starts a slide, what follows goes below it."""
    return cell["metadata"].get("slideshow", {}).get("slide_type") or _by_rule(cell)


def _by_rule(cell):
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return "slide" if source.startswith(("# ", "## ")) else "subslide"
    if cell["cell_type"] != "code" or "nbgrader" in cell["metadata"]:
        return "skip"
    if cell.get("id", "") == "theory" or any(_shown(output) for output in cell["outputs"]):
        return "subslide"
    return "skip"


def _shown(output):
    data = output.get("data", {})
    return "image/png" in data or data.get(MIME, {}).get("kind") == "claims"


def with_metadata(notebook):
    """Write the rule's slide type into every cell that has none; returns the notebook."""
    for cell in notebook["cells"]:
        cell["metadata"].setdefault("slideshow", {}).setdefault("slide_type", slide_type(cell))
    return notebook
