"""Run one study: check, execute, stamp with provenance, write whole."""

import time
from pathlib import Path

from workbench.errors import CellFailed, UserError, nearest
from workbench.recording import from_notebook, to_json
from workbench.runner import parameters, project, provenance
from workbench.runner.execute import execute
from workbench.runner.files import check_writable, write_atomically


def run(study, given=None, *, preset=None, output=None, records=None, on_cell=None):
    """Execute a study's notebook and return what it recorded.

    Parameters
    ----------
    study : str
        Its path, such as ``high_dimensional_regression/sketched_ridgeless``, or the last part where unique.
    given : dict, optional
        Parameter values; they take precedence over the preset's, which take precedence over the notebook's.
    preset : str, optional
        One of the notebook's presets.
    output : path, optional
        The executed notebook; by default ``runs/<chapter>/<study>.ipynb`` in the project's folder.
    records : path, optional
        A JSON file for the records.
    on_cell : callable, optional
        ``on_cell(index, n_cells, source)`` at the start of each cell.

    Returns
    -------
    dict
        As :func:`workbench.records` returns.

    Raises
    ------
    UserError
        Before anything is started or written: for a study, preset or parameter that does not exist, a value of the
        wrong type or range, or an output that cannot be written.
    CellFailed
        If a cell fails; the partly executed notebook has been written.
    """
    study = project.load(study)
    declared = parameters.declared(study.notebook, study.name)
    overrides, values = parameters.effective(declared, {**preset_values(study, preset), **(given or {})}, study.name)
    output = Path(output) if output else default_output(study.name)
    if output.suffix != ".ipynb":
        raise UserError(f"the output {output} must end in .ipynb")
    if overrides and output.resolve() == study.path.resolve():
        raise UserError(f"{output} is the study's own notebook; only a run with its own parameters may replace it")
    for path in [output, *([records] if records else [])]:
        check_writable(path)

    started = time.perf_counter()
    done = execute(study.path, overrides, on_cell, warm=True)
    seconds = time.perf_counter() - started
    stamp = provenance.provenance(study.name, values, preset, seconds, study.path.parent)
    stamp["failure"] = done.failure
    own = done.notebook.metadata.setdefault("workbench", {})
    own.update(run=stamp, **({"paper": study.paper, "summary": study.summary} if study.entry else {}))
    _write_notebook(output, done.notebook)
    if done.failure:
        raise CellFailed(f"{study.name}: {done.failure}", output)
    found = from_notebook(done.notebook)
    if records:
        write_atomically(records, to_json(found))
    return found


def default_output(name):
    """Where a run of the study goes unless told otherwise; git ignores the folder."""
    return project.root() / "runs" / f"{name}.ipynb"


def preset_values(study, preset):
    """The values of a study's preset, none for None; ``UserError`` if it has no preset of that name."""
    if preset is None:
        return {}
    if preset not in study.presets:
        known = ", ".join(study.presets) or "none"
        raise UserError(f"{study.name} has no preset {preset!r}.{nearest(preset, study.presets)} It has: {known}.")
    return study.presets[preset]


def _write_notebook(path, notebook):
    import nbformat

    write_atomically(path, nbformat.writes(notebook) + "\n")
