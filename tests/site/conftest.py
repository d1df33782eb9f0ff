"""A real browser without a network, and the site and a JupyterLab for it to look at."""

import subprocess
import sys
from pathlib import Path

import pytest
from headless_chromium import find

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a worker."""
    options = find()
    if options is None:
        pytest.skip("no Chromium: run 'make browser', or install one, such as by 'apt-get install chromium'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=["--no-sandbox"], **options)
        yield browser
        browser.close()


class Visit:
    """A page and what went wrong on it: failed or outside requests, errors in the console."""

    def __init__(self, context):
        self.page, self.wrong = context.new_page(), []
        self.page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        self.page.on("request", self._request)
        self.page.on("console", lambda message: message.type == "error" and self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _request(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"outside: {request.url}")

    def open(self, path, query=""):
        self.page.goto(Path(path).as_uri() + query)
        return self.page


@pytest.fixture
def offline(chromium):
    """A function that gives a :class:`Visit` in a context without a network."""
    contexts = []

    def new(width=1280, height=900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        return Visit(context)

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def workbench():
    """Run the command line in the project's folder; returns the completed process."""

    def run(*arguments, cwd=ROOT):
        command = [sys.executable, "-m", "workbench", *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)

    return run
