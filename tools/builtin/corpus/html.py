"""The words of an HTML page."""

from __future__ import annotations

_NOT_READ = "script, style, noscript, template, svg, nav, head"
_BLOCKS = "p, div, section, article, h1, h2, h3, h4, h5, h6, li, tr, br, blockquote, pre, table, dd, dt"


def html_text(page: bytes) -> tuple[str, str]:
    """(title, text) of a page; paragraphs stand on lines of their own. Hostile markup is only text."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page)
    heading = tree.css_first("title") or tree.css_first("h1")
    title = " ".join(heading.text().split()) if heading else ""
    for node in tree.css(_NOT_READ):
        node.decompose()
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
    body = tree.body
    lines = (body.text() if body else "").splitlines()
    return title, "\n".join(" ".join(line.split()) for line in lines)
