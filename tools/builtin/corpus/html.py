"""Extract the text of an HTML page."""

from __future__ import annotations

import re
from html import unescape

MOST_TAGS, MOST_LEVELS = 200_000, 500
"""The most tags of a page that is parsed, and their largest depth.

A parser takes quadratic time in depth and in the attributes of one tag, so attributes are removed first.
"""
_NOT_READ = "script, style, noscript, template, svg, nav, head"
_BLOCKS = "p, div, section, article, h1, h2, h3, h4, h5, h6, li, tr, br, blockquote, pre, table, dd, dt"
_WHOLE_TAG = re.compile(rb"""<(/?[a-zA-Z][a-zA-Z0-9]{0,30})(?:=\s*"[^"]*"|=\s*'[^']*'|[^>])*+>?""")
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)>")
_NEVER_DEEP = frozenset(
    (
        b"area base br col dd dt embed hr img input li link meta option p param "
        b"source tbody td tfoot th thead tr track wbr"
    ).split()
)
"""Elements without an end tag."""


def html_text(page: bytes) -> tuple[str, str]:
    """(title, text) of a page; each paragraph is on its own line.

    Of a page with too many or too deeply nested tags, the text between the tags is used.
    """
    from selectolax.lexbor import LexborHTMLParser

    plain = _WHOLE_TAG.sub(rb"<\1>", page)
    if _is_tangled(plain):
        return "", unescape(_TAG.sub(b"\n", plain).decode("utf-8", "replace"))
    tree = LexborHTMLParser(plain)
    heading = tree.css_first("title") or tree.css_first("h1")
    title = " ".join(heading.text().split()) if heading else ""
    for node in tree.css(_NOT_READ):
        node.decompose()
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
    body = tree.body
    lines = (body.text() if body else "").splitlines()
    return title, "\n".join(" ".join(line.split()) for line in lines)


def _is_tangled(page: bytes) -> bool:
    """Whether a parser would take too long for the page."""
    if page.count(b"<") > MOST_TAGS:
        return True
    depth = 0
    for tag in _TAG.finditer(page):
        if tag[2].lower() not in _NEVER_DEEP:
            depth = max(depth - 1, 0) if tag[1] else depth + 1
        if depth > MOST_LEVELS:
            return True
    return False
