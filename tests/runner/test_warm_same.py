"""An ordinary kernel and both kinds of warm ones make the same of notebooks of trouble."""

import contextlib
import functools
import logging
import os
import sys
from pathlib import Path

import nbformat
import pytest
from same_notebook import ALONE, TROUBLE, comparable, notebook_of, own_zygotes

from workbench.runner.execute import _papermill

DEADLY = {"dies": 4, "segfault": 4}  # the cell, counted with the title, the parameters and the injected ones

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forking needs Linux")
__all__ = ["own_zygotes"]  # a fixture


@functools.cache
def executed(folder, name, **options):
    """What papermill makes of a notebook of trouble: the notebook it wrote, and the error it raised."""
    papermill = _papermill()
    sources = [source for case in TROUBLE.values() for source in case] if name == "together" else ALONE[name]
    output = Path(folder) / "out.ipynb"
    error = None
    with contextlib.chdir(folder), environment_of_a_user():
        Path("made.txt").unlink(missing_ok=True)
        try:
            papermill.execute_notebook(notebook_of(sources), output, {"x": 2}, progress_bar=False, **options)
        except Exception as caught:
            error = type(caught).__name__, str(caught).split("\n")[-1]
    return comparable(nbformat.read(output, 4)), error


@contextlib.contextmanager
def environment_of_a_user():
    """ipykernel looks whether pytest runs it, and then does not capture descriptors."""
    test = os.environ.pop("PYTEST_CURRENT_TEST", None)
    yield
    if test:
        os.environ["PYTEST_CURRENT_TEST"] = test


@pytest.mark.parametrize("how", [{"engine_name": "workbench"}, {"kernel_name": "workbench"}], ids=["engine", "kernel"])
@pytest.mark.parametrize("name", ["together", *ALONE])
def test_the_notebook_is_the_same_as_with_an_ordinary_kernel(name, how, tmp_path_factory, caplog):
    caplog.set_level(logging.CRITICAL)
    folder = str(tmp_path_factory.getbasetemp())
    ordinary, error = executed(folder, name)
    warm, warm_error = executed(folder, name, **how)
    assert warm_error == error
    if name in DEADLY:  # how much of its last cell's messages an ordinary kernel gets out is chance
        assert [output["text"] for output in warm.cells[DEADLY[name]].outputs] in ([], ["last words\n"])
        for notebook in (ordinary, warm):
            notebook.cells[DEADLY[name]].update(outputs=[], execution_count=None, metadata={})
    for one, other in zip(ordinary.cells, warm.cells, strict=True):
        assert other == one
    assert warm.metadata == ordinary.metadata
