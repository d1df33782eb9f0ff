"""TeX as HTML that needs no script, no font and no network: MathJax's drawing, and MathML for screen readers.

Both are made while building, in a JavaScript engine inside Python. MathJax draws the same in every browser and on
paper, but says nothing to who cannot see it; KaTeX's MathML is read aloud and can be copied, but browsers draw it with
whatever fonts they have. So the drawing is hidden from screen readers and the MathML from the eye.
"""

import functools
import json
import re
from importlib.metadata import distribution
from pathlib import Path

from workbench.errors import UserError

STYLE_SHEET = Path(__file__).parent / "static" / "mathematics.css"


def typeset(tex, display=False):
    """HTML of a formula; ``UserError`` with the formula and the reason if it is not TeX that we can set."""
    tex = tex.strip()
    drawing = _mathjax().render(tex, display=display)
    drawing = re.sub(
        r' (role="img"|focusable="false"|data-latex="[^"]*"|data-mml-node="[^"]*"|data-c="[^"]*")', "", drawing
    )
    error = re.search(r'data-mjx-error="([^"]*)"', drawing)
    if error:
        raise UserError(f"cannot typeset ${tex}$: {error.group(1)}")
    drawing = drawing.replace("<svg ", '<svg aria-hidden="true" ', 1)
    kind = "formula formula-display" if display else "formula"
    return f'<span class="{kind}"><span class="formula-mathml">{_mathml(tex, display)}</span>{drawing}</span>'


def _mathml(tex, display):
    answer = json.loads(_katex()(tex, display))
    if "error" in answer:
        raise UserError(f"cannot typeset ${tex}$: {answer['error']}")
    return re.search(r"<math.*</math>", answer["html"], flags=re.DOTALL).group()


@functools.cache
def _mathjax():
    import quickjax

    return quickjax.MathJaxRenderer()


@functools.cache
def _katex():
    import quickjs

    context = quickjs.Context()
    context.eval("var self = this;")
    context.eval(distribution("sphinxcontrib-katex").locate_file("sphinxcontrib/katex.min.js").read_text("utf-8"))
    context.eval(
        """function set(tex, display) {
          var options = {displayMode: display, output: "mathml", throwOnError: true, strict: "ignore"};
          try { return JSON.stringify({html: katex.renderToString(tex, options)}); }
          catch (error) { return JSON.stringify({error: String(error.message)}); }
        }"""
    )
    return context.get("set")
