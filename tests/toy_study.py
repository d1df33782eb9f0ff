"""A small study for tests of the runner and the command line."""

import nbformat

PARAMETERS = """\
n_samples: int = 4  # rows of the design [1, 100]
noise: float = 1.0  # standard deviation (0, 10)
kind: str = "haar"  # kind of sketch {haar, gaussian}
sizes: list[int] = None  # sketch sizes, None for all [1, 50]
spectrum: list[list[float]] = [[1.0, 1.0]]  # [eigenvalue, share] pairs
flag: bool = False
ridge: "Union[float, str]" = 0.5  # a number or a rule [0, inf] {adaptive}
"""
BODY = """\
import workbench
from workbench.claims import Control, claim, z_test
workbench.record("seen", repr((n_samples, noise, kind, sizes, spectrum, flag, ridge)))
workbench.record("claims", claim("one", "1 = 1", source="arithmetic", check=z_test(), theory=1.0, simulated=1.0, se=0.1,
                                 control=Control("nine", theory=9.0)))
"""


def write_study(root, name, cells, presets=None):
    """A study with the given code cells after its parameters; returns its path."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "workbench": {
                "paper": {"title": "On toys", "authors": "A & B", "year": 2026, "arxiv": "0000.00000"},
                "presets": presets or {"smoke": {"n_samples": 2}},
            },
        }
    )
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# A toy"),
        nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        *(nbformat.v4.new_code_cell(source) for source in cells),
    ]
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
