"""A study's notebook as slides: one HTML file that presents without any network, with reveal.js inside."""

import ast
import html
import re
from importlib.metadata import distribution
from string import Template

from workbench.recording import MIME, from_notebook, show_measured, show_number
from workbench.site.mathematics import STYLE_SHEET
from workbench.slides.markdown import blocks, inline, split
from workbench.slides.rule import slide_type
from workbench.slides.style import CSS, FIT

CLAIMS_PER_SLIDE = 5


def deck(study):
    """The HTML text of the slides of a :class:`workbench.runner.project.Study`."""
    columns, section, waiting = [], "", ""
    for cell in study.notebook["cells"]:
        kind = slide_type(cell)
        if kind in ("skip", "notes"):
            continue
        if cell["cell_type"] == "markdown":
            slides = []
            for parts in split(blocks("".join(cell["source"]))):
                section = parts[0].heading or section
                slides.append(("" if parts[0].heading else _kicker(section)) + "".join(part.html for part in parts))
            if len(parts) == 1 and parts[0].heading:  # a heading alone goes on the slide that follows
                waiting = slides.pop()
        else:
            contents = _code_slides(cell)
            slides = [(waiting if waiting and not i else _kicker(section)) + text for i, text in enumerate(contents)]
            waiting = ""
        if not slides:
            continue
        if kind == "slide" or not columns:
            columns.append(slides)
        elif kind == "subslide":
            columns[-1].extend(slides)
        else:  # a fragment or a continuation goes on the slide before it
            more = "".join(slides)
            columns[-1][-1] += f'<div class="fragment">{more}</div>' if kind == "fragment" else more
    slides = "\n".join(
        "<section>" + "".join(f"<section>{slide}</section>\n" for slide in column) + "</section>"
        for column in columns
        if column
    )
    return Template(_PAGE).substitute(
        title=html.escape(study.title),
        reveal_css=_reveal("reveal.css"),
        reveal_js=_reveal("reveal.js").replace("</script", r"<\/script"),
        css=CSS + STYLE_SHEET.read_text(encoding="utf-8") + _code_css(),
        fit=FIT,
        slides=re.sub(r'<a href="[^"]*\.ipynb">(.*?)</a>', r"\1", slides),  # other notebooks are not at hand in a talk
    )


def _kicker(section):
    return f'<h2 class="kicker">{inline(section)}</h2>' if section else ""


def _code_slides(cell):
    figures, claims = [], []
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            png = "".join(data["image/png"]).replace("\n", "")
            figures.append(f'<img class="figure" src="data:image/png;base64,{png}" alt="{html.escape(alt)}">')
        elif data.get(MIME, {}).get("kind") == "claims":
            claims = from_notebook({"cells": [cell]})["claims"]
    if figures or claims:
        tables = [_claims(claims[i : i + CLAIMS_PER_SLIDE]) for i in range(0, len(claims), CLAIMS_PER_SLIDE)]
        return [*figures, *tables]
    return [_highlighted(_functions("".join(cell["source"])))]


def _functions(source):
    """The functions that a cell defines, without what it does with them; all of it if it defines none."""
    defined = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return "\n\n\n".join(ast.get_source_segment(source, node) for node in defined) or source


def _claims(claims):
    rows = "".join(
        f"<tr><td>{html.escape(claim['statement'])}</td><td>{show_number(claim['theory'])}</td>"
        f"<td>{show_measured(claim)}</td>"
        f"<td>{claim['verdict']}</td><td>{'rejected' if claim['control']['rejected'] else 'not rejected'}: "
        f"{html.escape(claim['control']['description'])}</td></tr>"
        for claim in claims
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("claim", "theory", "simulated", "verdict", "control"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _highlighted(source):
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter())


def _code_css():
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")


def _reveal(name):
    path = f"sphinx_revealjs/_static/revealjs/dist/{name}"
    return distribution("sphinx-revealjs").locate_file(path).read_text("utf-8")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$reveal_css</style>
<style>$css</style>
</head>
<body>
<div class="reveal"><main class="slides">
$slides
</main></div>
<script>$reveal_js</script>
<script>$fit</script>
</body>
</html>
"""
