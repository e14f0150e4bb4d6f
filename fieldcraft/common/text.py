"""Text that others wrote, made valid, visible and short enough for the place where it is to stand."""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT_JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners: Persian, the scripts of India and emoji are written with them."""


def valid_text(text: str) -> str:
    """`text` as valid Unicode: pairs of surrogates become their character, lone ones U+FFFD.

    Text cut between the halves of a pair (JavaScript's `slice`, a JSON escape) cannot be encoded as UTF-8.
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    joined = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _SURROGATE.sub(REPLACEMENT, joined)


def decoded(data: bytes) -> str:
    """UTF-8 as text; bytes that are none become replacement characters, a byte order mark is left out."""
    return data.decode("utf-8-sig", "replace")


def cut_text(text: str, limit: int, *, mark: str = "...") -> str:
    """At most `limit` characters of `text`, `mark` included where something was cut.

    A combining mark or a joined emoji is not parted from what it belongs to.
    """
    if len(text) <= limit:
        return text
    end = max(limit - len(mark), 0)
    while end > 0 and _belongs_to_previous(text[end], text[end - 1]):
        end -= 1
    return (text[:end] + mark)[:limit]


def visible_line(text: object, limit: int = 200) -> str:
    """Whatever it is as one line of at most `limit` visible characters.

    Line breaks of every kind, tabs and runs of blanks become one blank. Control characters, marks that turn
    the reading direction, tags and other invisible characters are left out, and surrogates replaced. Names,
    words and descriptions from a world, library, tool or model pass through here before they stand inside a
    sentence or a list of a prompt.
    """
    if isinstance(text, str) and len(text) <= limit and _is_plain_line(text):
        return text
    line = " ".join(valid_text(str(text)[: 4 * limit + 1000]).split())
    return cut_text(line if line.isprintable() else " ".join(_visible(line).split()), limit)


def visible_lines(text: object, limit: int = 40_000) -> list[str]:
    """The lines of `text`, each of visible characters and tabs; blanks stay as they are.

    Every kind of line break ends a line, those of Unicode too. Of a text longer than `limit` characters the
    end is left out, and one line more says so.
    """
    raw = str(text)
    if len(raw) <= limit and raw.replace("\n", "").isprintable():
        return raw.splitlines()
    lines = valid_text(raw[:limit]).splitlines()
    shown = [line if line.isprintable() else _visible(line, kept="\t") for line in lines]
    return [*shown, f"(cut: {len(raw) - limit:,} more characters)"] if len(raw) > limit else shown


def entered(text: str, limit: int) -> str:
    """What a person or a model said, as text that can be kept: valid, without NUL, at most `limit` long."""
    return cut_text(valid_text(text[: limit + 1]).replace("\0", REPLACEMENT), limit)


def quoted(text: object, limit: int = 40_000) -> str:
    """Each line behind `> `: data from a world, a tool or a program, never an instruction.

    At most `limit` characters of it, and only visible ones.
    """
    return "\n".join(f"> {line}" for line in visible_lines(text, limit)) or "> (nothing)"


def visible_source(source: str) -> str:
    r"""Source whose lines end in line feeds, and whose invisible characters are escapes such as `\u202e`.

    In a literal an escape means the same, and in a comment it can turn no reading direction.
    """
    if source.replace("\n", "").isprintable():
        return source
    lines = valid_text(source).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line if line.isprintable() else _escaped(line) for line in lines)


def _is_plain_line(text: str) -> bool:
    return text.isprintable() and "  " not in text and text == text.strip()


def _visible(line: str, kept: str = "") -> str:
    return "".join(letter for letter in line if letter in kept or _is_visible(letter))


def _escaped(line: str) -> str:
    return "".join(
        letter if letter == "\t" or _is_visible(letter) else letter.encode("unicode_escape").decode()
        for letter in line
    )


def _is_visible(letter: str) -> bool:
    return letter in _KEPT_JOINERS or unicodedata.category(letter) not in _INVISIBLE


def _belongs_to_previous(letter: str, previous: str) -> bool:
    return bool(unicodedata.combining(letter)) or letter in "\u200d\ufe0f" or previous == "\u200d"
