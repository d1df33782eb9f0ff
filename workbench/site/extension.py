"""What our pages need of Sphinx beyond its theme: mathematics without scripts, and our style sheets."""

from docutils import nodes

from workbench.site.mathematics import STYLE_SHEET, typeset


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("drawn", (_inline, None), (_block, None))
    app.connect("builder-inited", _add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": False}


def _add_files(app):
    app.config.html_static_path.append(str(STYLE_SHEET.parent))
    app.add_css_file("workbench.css")
    app.add_css_file(STYLE_SHEET.name)
    app.add_js_file("print.js")


def _inline(writer, node):
    writer.body.append(typeset(node.astext()))
    raise nodes.SkipNode


def _block(writer, node):
    writer.body.append(f"<div>{typeset(node.astext(), display=True)}</div>")
    raise nodes.SkipNode
