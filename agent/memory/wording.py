"""Facts in words: one line each, in which names and quotations keep to their place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from fieldcraft.agent.memory.facts import KEY, TEXT, Fact
from fieldcraft.common.text import cut_text, visible_line

NAME = 60
"""Characters of a name."""
SAID = 200
"""Characters of what was said."""
LISTED = 6
"""Names in a list."""

_PLAIN = re.compile(r"[\w:.\-]+(?: \w+)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def name(value: object) -> str:
    """A name as it stands in a sentence; one that is not a plain word stands in quotation marks."""
    shown = visible_line(value, NAME)
    return shown if _PLAIN.fullmatch(shown) else f'"{shown.replace(chr(34), chr(39))}"'


def subject(value: object) -> str:
    """A name as facts keep it: whole, but for one of more than `KEY` characters."""
    return cut_text(str(value), KEY)


def said(text: object) -> str:
    """What a world or model said, as a quotation."""
    return f'"{visible_line(text, SAID).replace(chr(34), chr(39))}"'


def names(values: Iterable[object]) -> str:
    """Names with commas between, the first `LISTED`."""
    known = list(values)
    return _joined([name(value) for value in known[:LISTED]], len(known))


def amounts(counts: Mapping[str, int]) -> str:
    """`8 cobblestone, 1 stick`."""
    return _joined([f"{count} {name(item)}" for item, count in list(counts.items())[:LISTED]], len(counts))


def _joined(shown: list[str], known: int) -> str:
    return ", ".join(shown) + (f" and {known - len(shown)} more" if known > len(shown) else "")


def shape(text: str, limit: int = SAID) -> str:
    """A message without its numbers: what makes two of them the same."""
    return _NUMBER.sub("#", visible_line(text, limit)).replace('"', "'")


def key(kind: str, *parts: str) -> str:
    """A key of these parts; the end of a long one is its digest."""
    whole = " ".join((kind, *parts))
    if len(whole) <= KEY and whole.isprintable():
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{visible_line(whole, KEY - 40)} {digest}"


def line(fact: Fact) -> str:
    """The fact as a prompt shows it: the claim, and what should be known about it."""
    remarks = []
    if fact.elsewhere:
        remarks.append("learned elsewhere, not seen here yet")
    elif fact.iteration:
        remarks.append(f"iteration {fact.iteration}")
    if fact.source == "model":
        remarks.append("a model's reading of a log")
    if fact.doubts:
        remarks.append("contradicted lately")
    text = visible_line(fact.text, TEXT)
    return f"{text} ({'; '.join(remarks)})" if remarks else text
