"""Build the site: write its sources, run Sphinx on them, and put the result in place whole."""

import io
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

from workbench.errors import UserError
from workbench.runner import project
from workbench.site import hosting, source
from workbench.slides.deck import deck

MARK = "searchindex.js"  # a folder with this is a site, which a new one may replace


def build(output, repository=None, ref="main"):
    """Make the site in the folder ``output``; returns the number of studies.

    Parameters
    ----------
    output : path
        A folder that is new, empty or an older site.
    repository : str, optional
        ``OWNER/NAME`` on GitHub; with it, pages link to Binder and Colab.
    ref : str
        The repository's tag or branch that those links use.
    """
    output = Path(output).absolute()
    _check_output(output)
    studies = [project.load(name) for name in project.study_names()]
    if not studies:
        raise UserError("there is no study in notebooks/ yet")
    for study in studies:
        if not study.notebook["metadata"].get("workbench", {}).get("run"):
            raise UserError(f"{study.name} has not been executed; run it first: workbench run {study.name}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as scratch:
        pages, site = Path(scratch, "source"), Path(scratch, "site")
        pages.mkdir()
        source.write(pages, studies, project.root() / "experiments", repository, ref)
        _write_beside(Path(scratch, "extra"), studies, repository, ref)
        _run_sphinx(pages, site, Path(scratch, "trees"), Path(scratch, "extra"))
        _put_in_place(site, output, Path(scratch, "old"))
    return len(studies)


def _check_output(output):
    if output.is_dir() and any(output.iterdir()) and not (output / MARK).is_file():
        raise UserError(f"{output} holds something that is not a site; name a new or empty folder")
    if output.exists() and not output.is_dir():
        raise UserError(f"{output} is a file; name a folder")
    parent = output.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise UserError(f"cannot write {output}: {parent} is not a folder that can be written to")


def _write_beside(folder, studies, repository, ref):
    """What the site holds besides pages: the notebooks themselves, their slides, and copies for Colab."""
    for study in studies:
        files = {f"notebooks/{study.name}.ipynb": study.path.read_text(encoding="utf-8")}
        files[f"slides/{study.name}.html"] = deck(study)
        if repository:
            files[f"colab/{study.name}.ipynb"] = hosting.for_colab(study.notebook, repository, ref)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    (folder / ".nojekyll").touch()  # GitHub would leave out folders that begin with an underscore


def _run_sphinx(pages, site, trees, extra):
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    complaints = io.StringIO()
    with docutils_namespace(), warnings.catch_warnings():
        warnings.simplefilter("ignore", category=PendingDeprecationWarning)  # extensions that lag behind Sphinx
        warnings.simplefilter("ignore", category=DeprecationWarning)
        options = {**OPTIONS, "html_extra_path": [str(extra)]}
        app = Sphinx(pages, None, site, trees, "html", options, status=None, warning=complaints)
        app.build()
    if complaints.getvalue():
        first = re.sub(r"\x1b\[[\d;]*m", "", complaints.getvalue()).strip().splitlines()[0]
        first = first.replace(f"{pages}{os.sep}", "")
        raise UserError(f"the site was not built, its pages are not in order: {first}")
    shutil.rmtree(site / ".doctrees", ignore_errors=True)


def _put_in_place(site, output, old):
    if output.exists():
        os.replace(output, old)
    os.replace(site, output)


OPTIONS = {
    "project": "Theory workbench",
    "language": "en",
    "extensions": ["myst_nb", "sphinx_design", "workbench.site.extension"],
    "html_theme": "pydata_sphinx_theme",
    "html_title": "Theory workbench",
    "html_math_renderer": "drawn",
    "html_show_search_summary": False,  # it would be fetched, which a browser refuses for files on disk
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "footer_start": [],
        "footer_end": [],
        "navbar_align": "left",
        "navigation_with_keys": False,
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "secondary_sidebar_items": ["page-toc"],
        "show_prev_next": True,
        "use_edit_page_button": False,
    },
    "html_sidebars": {"claims": [], "sweeps": [], "run": [], "cite": [], "index": []},
    "myst_enable_extensions": ["attrs_inline", "colon_fence", "deflist", "dollarmath"],
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_code_prompt_show": "Show the code",
    "nb_code_prompt_hide": "Hide the code",
}
