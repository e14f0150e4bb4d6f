"""The templates of pages about runs: all text is escaped, cleaned of secrets, and cut."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined

from fieldcraft.agent.journal.overview import clock
from fieldcraft.agent.journal.state import RunState, Spent
from fieldcraft.agent.redact import clean
from fieldcraft.report.highlighting import style_sheet

CUT = 2_000
"""The most characters of a text that are shown."""
FOLDER = Path(__file__).parent / "templates"


@cache
def templates(*folders: Path) -> Jinja:
    """The templates of the report, and before them those of other `folders`."""
    jinja = Jinja(
        loader=FileSystemLoader([*folders, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(cut=cut, end=end, moment=moment, clock=clock, dollars=dollars)
    jinja.globals.update(code_style=style_sheet, common_nouns=common_nouns)
    return jinja


def common_nouns(first: RunState, second: RunState) -> str:
    """What the things are called that either of two runs found."""
    return first.nouns if first.nouns == second.nouns else "things"


def cut(text: object, limit: int = CUT) -> str:
    """Redact the text, then cut it: half a secret would not be recognized."""
    shown = clean(text).strip()
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def end(text: object, limit: int = CUT) -> str:
    """The same from the end of the text."""
    shown = clean(text).strip()
    return shown if len(shown) <= limit else f"…{shown[1 - limit :]}"


def moment(seconds: float) -> str:
    """A time of the journal as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "-"


def dollars(spent: Spent) -> str:
    """What a run cost, as far as the prices of its answers are known."""
    if not spent.unpriced:
        return f"{spent.money:,.2f}"
    return f"{spent.money:,.2f} and more, some prices unknown" if spent.money else "price unknown"
