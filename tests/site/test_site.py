"""The built site, read as text everywhere and in a real Chromium whose network is cut."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from workbench.runner import project

STUDIES = project.study_names()
STUDY = "studies/high_dimensional_regression/sketched_ridgeless.html"
PAGES = ["index", "claims", "run", "cite", "search", "studies/index", *(f"studies/{name}" for name in STUDIES)]


@pytest.fixture(scope="module")
def site(workbench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "site"
    done = workbench("site", "build", "-o", folder, "--repository", "ada/workbench", "--ref", "v1.0")
    assert done.returncode == 0, done.stderr
    assert f"Site of {len(STUDIES)} studies" in done.stdout
    return folder


class Reader(HTMLParser):
    """What a page loads and says, without a browser."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.images, self.tags, self.links = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag == "img":
            self.images.append(attributes)
        if tag == "a":
            self.links.append(attributes.get("href", ""))
        elif tag == "link" and attributes.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(attributes["href"])
        if tag not in ("a", "link") and attributes.get("src"):
            self.loads.append(attributes["src"])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_loads_only_its_own_files(site, page):
    path = site / f"{page}.html"
    text = path.read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.tags.count("h1") == 1 and '<html lang="en"' in text and reader.tags.count("main") == 1
    for url in reader.loads:
        assert not re.match(r"(https?:)?//", url), url
        assert url.startswith("data:") or (path.parent / url.split("?")[0]).is_file(), url
    for link in reader.links:
        target = link.split("#")[0].split("?")[0]
        if target and not re.match(r"\w+:", target):
            assert (path.parent / target).exists(), link
    assert all(len(image.get("alt", "")) >= 20 for image in reader.images)
    if page.startswith("studies/") and page != "studies/index":
        assert text.count('<svg aria-hidden="true"') == text.count("<math ") > 30
        assert "@@" not in text and "application/vnd" not in text and "BEGIN SOLUTION" not in text


def test_styles_and_scripts_load_nothing_from_elsewhere(site):
    for path in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path


def test_index_has_a_card_per_study_with_figure_claim_and_verdicts(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    for name in STUDIES:
        study = project.load(name)
        assert f'href="studies/{name}.html"' in text and f"{len(claims(study))} claims, all confirmed" in text
    assert len(Reader(text).images) == len(STUDIES)


def test_every_claim_and_control_stands_in_the_table(site):
    text = " ".join(re.sub(r"<[^>]+>", " ", (site / "claims.html").read_text(encoding="utf-8")).split())
    for name in STUDIES:
        for claim in claims(project.load(name)):
            assert claim["identifier"] in text
    assert text.count(" rejected: ") == sum(len(claims(project.load(name))) for name in STUDIES)


def claims(study):
    from workbench.recording import from_notebook

    return from_notebook(study.notebook)["claims"]


def test_hosted_notebooks_are_linked_and_install_only_in_their_copy(site):
    text = (site / STUDY).read_text(encoding="utf-8")
    assert "https://mybinder.org/v2/gh/ada/workbench/v1.0?urlpath=lab/tree/notebooks/high_dim" in text
    assert "https://colab.research.google.com/github/ada/workbench/blob/gh-pages/colab/high_dim" in text
    for name in STUDIES:
        copy = json.loads((site / "colab" / f"{name}.ipynb").read_text(encoding="utf-8"))
        assert copy["cells"][0]["source"].startswith("%pip install")
        assert copy["cells"][1:] == project.load(name).notebook["cells"]
        assert "%pip" not in (site / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_a_network(site, offline, page):
    visit = offline()
    opened = visit.open(site / f"{page}.html")
    assert opened.evaluate("Array.from(document.images).every(image => image.complete && image.naturalWidth > 0)")
    formulas = opened.evaluate(
        "Array.from(document.querySelectorAll('.formula > svg')).map(s => s.getBoundingClientRect().height)"
    )
    assert all(height > 3 for height in formulas)
    off = """all => all.map(one => [one, one.querySelector(":scope > svg")].map(it => it.getBoundingClientRect()))
        .filter(([box, svg]) => Math.abs(box.left + box.right - svg.left - svg.right) > 4).length"""
    assert opened.locator(".formula-display").evaluate_all(off) == 0, "displayed formulas stand in the middle"
    assert opened.locator(".formula-display").evaluate_all("all => all.every(one => one.clientWidth > 400)")
    assert not visit.wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index", "claims", "cite", STUDY.removesuffix(".html")])
def test_axe_finds_no_serious_violation(site, offline, page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    opened = offline(color_scheme=scheme).open(site / f"{page}.html")
    assert opened.locator("html").get_attribute("data-theme") == scheme
    found = [
        (violation["id"], [node["html"][:150] for node in violation["nodes"][:3]])
        for violation in Axe().run(opened).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not found


@pytest.mark.parametrize(
    "words, study", [("ridgeless", "sketched_ridgeless"), ("accumulating", "accumulate_or_replace")]
)
def test_search_finds_a_study(site, offline, words, study):
    visit = offline()
    visit.open(site / "search.html", f"?q={words}").wait_for_selector("ul.search li a")
    assert study in visit.page.locator("ul.search").inner_html()
    assert not visit.wrong


def test_a_phone_scrolls_tables_but_not_the_page(site, offline):
    for page in (STUDY, "claims.html", "index.html"):
        opened = offline(width=375, height=800).open(site / page)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 375, page
    regions = offline(width=375).open(site / STUDY).locator(".table-scroll")
    assert regions.count() and regions.evaluate_all("all => all.some(one => one.scrollWidth > one.clientWidth)")
    assert regions.evaluate_all("all => all.every(one => one.tabIndex === 0 && one.getAttribute('aria-label'))")


def test_figures_are_dark_on_light_and_light_on_dark(site, offline):
    for scheme, bright in (("light", True), ("dark", False)):
        figure = offline(color_scheme=scheme).open(site / STUDY).locator(".cell_output img").first
        levels = Image.open(io.BytesIO(figure.screenshot())).convert("L").histogram()
        background = max(range(256), key=levels.__getitem__)
        assert background > 240 if bright else background < 60
        ink = sum(levels[:120]) if bright else sum(levels[140:])
        assert ink > 0.005 * sum(levels), "lines and letters must stand out from the background"


def test_keyboard_reaches_content_and_search(site, offline):
    page = offline().open(site / "index.html")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Control+k")
    page.keyboard.type("collapse")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.search li a")


def test_prints_on_paper(site, offline):
    page = offline(width=720, height=1000, color_scheme="dark").open(site / STUDY)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("header.bd-header").is_hidden() and page.locator(".bd-sidebar-secondary").is_hidden()
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert page.evaluate("document.documentElement.scrollWidth") <= 720, "nothing may run over the edge of the paper"
    for part in (".table-scroll", ".bd-article pre"):
        wide, tall = "one.scrollWidth > one.clientWidth + 1", "one.scrollHeight > one.clientHeight + 1"
        assert page.locator(part).evaluate_all(f"all => all.filter(one => {wide} || {tall}).length") == 0, part
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-theme") == "dark"
