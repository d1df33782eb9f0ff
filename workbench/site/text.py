"""Small pieces of the pages' text: safe Markdown, scrolling tables, verdicts."""

import html
import re


def plain(value):
    """Any text as Markdown that shows just that text."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|$<>~^\"'@:&=])", r"\\\1", " ".join(str(value).split()))


def scrolling(table, label, rows_shown=None):
    """An HTML table in a region that scrolls on its own and can be reached by keyboard; numbers to the right."""
    table = re.sub(r"<td>(?=-?[\d.]+(e[+-]?\d+)?</td>|-?inf</td>)", '<td class="number">', table)
    tall = " tall" if rows_shown and table.count("<tr>") > rows_shown else ""
    return f'<div class="table-scroll{tall}" tabindex="0" role="region" aria-label="{html.escape(label)}">{table}</div>'


def table(columns, rows, label):
    """A scrolling HTML table of plain values; a value given as ``(html,)`` is taken as it is."""
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    return scrolling(f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>', label)


def _cell(value):
    return value[0] if isinstance(value, tuple) else html.escape(str(value))


def raw(markup):
    """HTML inside a MyST page."""
    return f"```{{raw}} html\n{markup}\n```\n"


def list_table(columns, rows, widths):
    """A table whose cells are Markdown, so that its words are found by the search; nothing if it has no rows."""
    if not rows:
        return ""
    lines = ["```{list-table}", ":header-rows: 1", f":widths: {widths}", ""]
    for row in [columns, *rows]:
        lines += [f"{'* -' if not i else '  -'} {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "```", ""])


def verdict(word):
    """A verdict as Markdown, coloured and in words."""
    return f"[{word}]{{.verdict .verdict-{word.replace(' ', '-')}}}"


def counted(claims):
    """For example ``15 claims, 14 confirmed, 1 undecided``."""
    words = [claim["verdict"] for claim in claims]
    if not words:
        return "no claims"
    counts = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
    return f"{len(words)} claims, " + (f"all {words[0]}" if len(counts) == 1 else ", ".join(counts))
