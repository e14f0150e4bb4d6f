"""Highlight programs as HTML, and make the style sheet of the colours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from pygments.lexer import Lexer


def highlighted(source: str) -> Markup:
    """The escaped program, with a class around every token; JavaScript is recognized by its first word.

    Without Pygments, which a live page does not need, it is only escaped.
    """
    try:
        from pygments import highlight
    except ImportError:
        return escape(source)

    first = source.lstrip()[:8]
    return Markup(highlight(source, _lexer(first.startswith(("async", "function"))), _formatter("default")))  # noqa: S704 - Pygments escapes


def style_sheet(style: str) -> Markup:
    """The rules of a Pygments style for what `highlighted` returns, inside an element of class `code`."""
    try:
        return Markup(_formatter(style).get_style_defs(".code"))  # noqa: S704 - nothing of a run in it
    except ImportError:
        return Markup()


@cache
def _lexer(javascript: bool) -> Lexer:
    from pygments.lexers import JavascriptLexer, PythonLexer

    lexer: Lexer = JavascriptLexer() if javascript else PythonLexer()
    return lexer


@cache
def _formatter(style: str) -> Any:
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(style=style, nowrap=True)
