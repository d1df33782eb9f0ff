"""Where a published site sends a reader to run a study without installing: Binder and Colab.

Colab knows nothing of our package, so it gets a copy of the notebook with one cell more, which installs it. The copies
are made only here, when a site is built for a repository; the study's own notebook has no such cell.
"""

import json

PAGES_BRANCH = "gh-pages"  # where GitHub keeps a published site


def links(study, repository, ref):
    """Name to address for a study's page; none without a repository."""
    if not repository:
        return {}
    colab = f"https://colab.research.google.com/github/{repository}/blob/{PAGES_BRANCH}/colab/{study}.ipynb"
    return {"Binder": _binder(repository, ref, f"notebooks/{study}.ipynb"), "Colab": colab}


def section(repository, ref):
    """What the page on running says of hosted notebooks."""
    if not repository:
        return ""
    return f"""## Without installing anything

[Binder]({_binder(repository, ref, "notebooks")}) builds the environment of `environment.yml` and opens JupyterLab; each
study's page links to its notebook there and in Colab, whose copy begins with a cell that installs the package.
"""


def for_colab(notebook, repository, ref):
    """The text of a notebook that installs the workbench before anything else."""
    source = f'%pip install --quiet "workbench @ git+https://github.com/{repository}@{ref}"'
    install = {
        "cell_type": "code",
        "id": "install",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({**notebook, "cells": [install, *notebook["cells"]]}, indent=1, ensure_ascii=False) + "\n"


def _binder(repository, ref, path):
    return f"https://mybinder.org/v2/gh/{repository}/{ref}?urlpath=lab/tree/{path}"
