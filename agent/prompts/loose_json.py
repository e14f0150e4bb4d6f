"""JSON as models write it when they do not quite: Python's words and quotes, comments, bare keys."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r'(?P<double>"(?:[^"\\]|\\.)*+"?)'
    r"|(?P<single>'(?:[^'\\]|\\.)*+'?)"
    r"|(?P<curly>“[^”]*+”?)"
    r"|(?P<comment>//[^\n]*+|\#[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)"
    r"|(?P<key>[A-Za-z_]\w*+(?=[ \t\r\n]{0,200}:))"
    r"|(?P<word>\w++)"
    r"|(?P<blank>[\u00a0\u200b\u2028\u2029\ufeff])",
    re.DOTALL,
)
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=[ \t\r\n]{0,200}[}\]])', re.DOTALL)
_INSIDE = re.compile(r'\\.|[\x00-\x1f"]', re.DOTALL)
_RAW = re.compile(r"[\n\r\t]")
_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WORDS = {"True": "true", "False": "false", "None": "null"}
_CLOSING = {"double": '"', "single": "'", "curly": "”"}


def nearly_json(text: str) -> str:
    """The text with raw line breaks in its strings escaped, and without commas after last entries."""
    return _STRING_OR_COMMA.sub(
        lambda found: "" if found[0] == "," else _RAW.sub(lambda raw: _ESCAPED[raw[0]], found[0]), text
    )


def loose_json(text: str) -> str:
    """The text with what is no JSON in it written as JSON where there is one way to read it.

    Strings in single or curly quotes, keys without quotes, `True`, `False` and `None`, comments, odd blanks,
    escapes that JSON does not know. What is left may still be no JSON.
    """
    return nearly_json(_TOKEN.sub(_as_json, text))


def _as_json(found: re.Match[str]) -> str:
    kind, text = found.lastgroup, found[0]
    match kind:
        case "comment" | "blank":
            return " "
        case "key":
            return f'"{text}"'
        case "double" | "single" | "curly" if len(text) > 1 and text[-1] == _CLOSING[kind]:
            return f'"{_INSIDE.sub(_as_escape, text[1:-1])}"'
        case _:
            return _WORDS.get(text, text)


def _as_escape(found: re.Match[str]) -> str:
    text = found[0]
    if text == '"':
        return '\\"'
    if text[0] != "\\":
        return f"\\u{ord(text):04x}"
    if text[1] in '"\\/bfnrtu':
        return text
    return text[1] if text[1] == "'" else f"\\\\{_INSIDE.sub(_as_escape, text[1])}"
