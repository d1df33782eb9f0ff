"""A notebook's Markdown as HTML blocks, and blocks as slides that are not too full."""

import functools
import re
from typing import NamedTuple

ROOM = 800  # what a slide holds, in characters of running text


class Block(NamedTuple):
    """A paragraph, list item or heading: its HTML, the room it takes in characters of text, its text if a heading."""

    html: str
    size: int
    heading: str


def inline(text):
    """HTML of one line of Markdown."""
    return _parser().renderInline(text)


def blocks(source):
    """Top-level blocks of a Markdown cell, lists taken apart into their items."""
    parser, env = _parser(), {}
    tokens, found, start = parser.parse(source, env), [], 0
    for i, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            group = tokens[start : i + 1]
            if token.type.startswith("math_block") and found:  # a formula stays with the text that leads to it
                found[-1] = [*found[-1], *group]
            else:
                found.extend(_items(group) if group[0].type.endswith("_list_open") else [group])
            start = i + 1
    return [Block(parser.renderer.render(group, parser.options, env), _size(group), _heading(group)) for group in found]


def split(parts):
    """Lists of blocks, each for one slide: a block stays whole, a section starts anew, a heading is not left behind."""
    slides, used = [[]], 0
    for part in parts:
        full = used + part.size > ROOM and not (slides[-1] and slides[-1][-1].heading)
        if slides[-1] and (full or part.heading):
            slides, used = [*slides, []], 0
        slides[-1].append(part)
        used += part.size
    return slides


def _heading(group):
    return group[1].content if group[0].type == "heading_open" else ""


def _items(group):
    """A list as several lists of one item, so that a long one can go on over several slides."""
    opening, closing, item, found = group[0], group[-1], [], []
    for token in group[1:-1]:
        item.append(token)
        if token.type == "list_item_close" and token.level == opening.level + 1:
            found.append([opening, *item, closing])
            item = []
    return found


def _size(group):
    displayed = sum(token.type.startswith("math_block") for token in group)
    text = re.sub(r"\\[a-zA-Z]+|[{}$\\]", "", "".join(token.content for token in group if token.type == "inline"))
    return len(text) + 150 * displayed + 40


@functools.cache
def _parser():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    from workbench.site.mathematics import typeset

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(
        dollarmath_plugin,
        allow_space=False,
        double_inline=True,
        renderer=lambda content, options: typeset(content, options["display_mode"]),
    )
    return parser
