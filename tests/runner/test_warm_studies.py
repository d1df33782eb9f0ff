"""Every study at smoke size: it gives its records, and from a warm kernel the very notebook of an ordinary one."""

import copy
import sys

import pytest
from same_notebook import comparable, own_zygotes

from workbench.recording import from_notebook
from workbench.runner import parameters, project
from workbench.runner.execute import execute

__all__ = ["own_zygotes"]  # a fixture
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking needs Linux")


def timeless(notebook):
    """The notebook without the outputs of cells that show measured seconds, which differ from run to run."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "measures-time" in cell.metadata.get("tags", []):
            cell.outputs = []
    return notebook


@pytest.mark.parametrize("name", project.study_names())
def test_a_study_gives_its_records_and_the_same_notebook(name):
    study = project.load(name)
    overrides, _ = parameters.effective(parameters.declared(study.notebook, name), study.presets["smoke"], name)
    ordinary, warm = (execute(study.path, overrides, warm=warm) for warm in (False, True))
    assert ordinary.failure is None and warm.failure is None
    assert comparable(timeless(warm.notebook)) == comparable(timeless(ordinary.notebook))
    found = from_notebook(warm.notebook)
    assert [claim["identifier"] for claim in found["claims"]] == study.entry["claims"]
    assert all(claim["control"]["rejected"] for claim in found["claims"])
    assert found["tables"] and all(found["tables"].values())
