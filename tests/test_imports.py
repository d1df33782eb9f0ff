"""What gets loaded when: measured by module names, not by seconds."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "pymc",
    "pytensor",
    "arviz",
    "matplotlib",
    "papermill",
    "nbformat",
    "nbclient",
    "numpy",
    "scipy",
    "pandas",
    "IPython",
    "sphinx",
    "quickjax",
    "ipywidgets",
    "jupyterlab",
    "markdown_it",
    "pygments",
}


def loaded_after(code):
    code += "\nimport sys; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.strip().splitlines()[-1].split())


def test_import_workbench_loads_nothing_heavy():
    assert not loaded_after("import workbench") & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["site", "build", "--help"], ["--version"]])
def test_the_command_line_answers_help_without_anything_heavy(arguments):
    code = f"import sys; sys.argv = ['workbench', *{arguments!r}]\nfrom workbench.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass"
    assert not loaded_after(code) & (HEAVY | {"rich"})


def test_listing_studies_starts_no_notebook_machinery():
    code = "from workbench.runner import project\n[project.load(name) for name in project.study_names()]"
    assert not loaded_after(code) & HEAVY


def test_a_study_needs_neither_torch_nor_pymc_nor_the_runner():
    code = "from workbench.studies.high_dimensional_regression import sketched_ridgeless\nimport sys\n"
    code += "assert not [name for name in sys.modules if name.startswith('workbench.runner')]"
    assert not loaded_after(code) & {"torch", "pymc", "papermill", "matplotlib", "IPython"}


def test_unknown_attributes_are_attribute_errors():
    import workbench

    with pytest.raises(AttributeError, match="no attribute 'recrod'"):
        getattr(workbench, "recrod")  # noqa: B009
    assert {"record", "records", "run"} <= set(dir(workbench))
