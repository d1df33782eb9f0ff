"""JupyterLab on a copy of the notebooks: the index in front, a study run to its end, a slider that moves a curve."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from workbench.lab import index
from workbench.runner import project

ROOT = project.root()
STUDY = "collapse/accumulate_or_replace"


def test_the_index_links_every_study():
    text = index()
    links = re.findall(r"^### \[(.+)\]\((.+)\)$", text, flags=re.MULTILINE)
    assert [link for _, link in links] == [f"{name}.ipynb" for name in project.study_names()]
    assert all(project.load(name).summary in text for name in project.study_names())


def without_outputs(path):
    """So that what is seen later was made in the browser."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def server(tmp_path):
    """``workbench lab`` in a copy of the project, with settings of its own; yields its address."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "index.md"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    without_outputs(tmp_path / "notebooks" / f"{STUDY}.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [
        sys.executable,
        "-m",
        "workbench",
        "lab",
        "--no-browser",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--allow-root",
    ]
    command += ["--IdentityProvider.token=secret", "--ServerApp.port_retries=0"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)  # it shuts its kernels down
        process.wait(20)


def wait_until_up(page, address):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            page.wait_for_timeout(200)
    raise AssertionError("JupyterLab did not start")


def test_a_study_opens_runs_and_its_slider_moves_the_curve(chromium, server):
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(45_000)
    outside = []
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("http", "ws")) and server not in request.url and outside.append(request.url)
        ),
    )
    wait_until_up(page, server)
    page.goto(f"{server}/?token=secret")
    first = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab").first
    first.wait_for()
    assert "index.md" in first.inner_text()
    page.locator(".jp-MarkdownViewer a", has_text="Keep the old data").click()
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    page.get_by_text("| Idle").wait_for()  # the kernel

    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);"
        " return all.length > 10 && all.every(text => /\\[\\d+\\]/.test(text)); }",
        timeout=90_000,
    )
    assert page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0

    slider = page.locator(".jp-OutputArea .widget-slider [role=slider]").first
    slider.scroll_into_view_if_needed()
    picture = page.locator(".jp-OutputArea .widget-html img").first
    picture.wait_for()
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    assert "0.5 features per row" in before[1]
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "old => document.querySelector('.jp-OutputArea .widget-html img').alt !== old", arg=before[1]
    )
    after = picture.get_attribute("src"), picture.get_attribute("alt")
    assert after[0] != before[0] and "0.55 features per row" in after[1]
    assert not outside
    context.close()
