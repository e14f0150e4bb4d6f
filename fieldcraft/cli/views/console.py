"""Consoles, styles and tables for everything that is printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.redact import clean, redact

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from fieldcraft.cli.views.screen import Screen

PIPED_WIDTH = 160
"""The width of tables, in columns, if there is no terminal."""

STYLES = {
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "name": "cyan",
    "head": "bold",
    "quiet": "dim",
    "command": "bold cyan",
}


def one_line(text: object, limit: int = 200) -> str:
    """`text` cleaned, on one line, of at most `limit` characters."""
    line = " ".join(clean(str(text)[: limit * 20]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def counted(number: int, noun: str) -> str:
    """`1 skill`, `1,100 skills`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def say(text: object, style: str = "") -> Text:
    """Cleaned text in a style, for printing and for table cells."""
    from rich.text import Text

    return Text(clean(text), style=style)


def warn(words: str) -> None:
    """A warning on standard error."""
    console(stderr=True).print(say(words, "warn"), soft_wrap=True)


@cache
def console(*, stderr: bool = False) -> Screen:
    """A console on standard output or standard error. It does not interpret markup in the text."""
    from rich.theme import Theme

    from fieldcraft.cli.views.screen import Screen

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Screen(
        stderr=stderr,
        theme=Theme(STYLES),
        markup=False,
        emoji=False,
        highlight=False,
        width=PIPED_WIDTH if piped else None,
    )


def table(*columns: str, title: str = "", whole: int = 0) -> Table:
    """An empty table in the project's style.

    Args:
        columns: the names of the columns; one that begins with `#` is right-aligned.
        title: the text above the table.
        whole: how many of the first columns are never broken into lines.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(
        title=title or None, title_justify="left", title_style="head", box=SIMPLE_HEAD, pad_edge=False
    )
    for number, column in enumerate(columns):
        if column.startswith("#"):
            made.add_column(column[1:], justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold", no_wrap=number < whole)
    return made


def print_code(text: str, language: str) -> None:
    """Print code, highlighted on a terminal; elsewhere unchanged and uncut, so that it can be piped."""
    from rich.syntax import Syntax

    screen, shown = console(), clean(text)
    if screen.is_terminal:
        screen.print(Syntax(shown, language, theme="ansi_dark", background_color="default"))
    else:
        screen.file.write(shown.rstrip("\n") + "\n")


def print_json(data: Any) -> None:
    """Print one JSON document to standard output, without secrets and in ASCII only."""
    sys.stdout.write(json.dumps(_without_secrets(data), indent=2) + "\n")


def _without_secrets(data: Any) -> Any:
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        return {redact(str(key)): _without_secrets(value) for key, value in data.items()}
    if isinstance(data, Sequence):
        return [_without_secrets(value) for value in data]
    return data
