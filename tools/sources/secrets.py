"""Values that a person wrote out where `${NAME}` would have named them: used, but kept in no file of ours."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any

from pydantic import PlainSerializer, SerializationInfo

from fieldcraft.secret_shapes import BEARER, NAMED, SHAPES

FOR_FILES = {"for": "files"}
"""The serialization context of everything that is written to disk: values are left out, names are not."""
LEFT_OUT = "[left out]"
VARIABLE = re.compile(r"\$\{(?P<kind>env:|input:)?(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
"""`${NAME}`, `${NAME:-otherwise}`, and how editors write the first."""
_FLAG = re.compile(rf"-{{1,2}}[\w.-]*{NAMED}", re.IGNORECASE)
_BY_NAME = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"^(?P<name>-{{0,2}}[\w.-]*(?:{NAMED}|authorization)\s*[=:]\s*)(?P<value>.+)",
        rf"(?P<name>[?&][\w.-]*{NAMED}=)(?P<value>[^&#\s]+)",
        rf"""(?P<name>"[\w.-]*{NAMED}\\?"\s*:\s*\\?")(?P<value>[^"\\]+)""",
    )
]
"""`--api-key=...` and `Authorization: ...`, a URL's `?token=...`, and the same in JSON, escaped or not."""


def _serialized(values: dict[str, str], info: SerializationInfo[Any]) -> dict[str, str]:
    if info.context != FOR_FILES:
        return values
    return {name: _kept(text) for name, text in values.items()}


def _kept(text: str) -> str:
    """`text` where it names its value; the default of a variable is a value written out."""
    named = [match["default"] is None for match in VARIABLE.finditer(text)]
    return text if not text or (named and all(named)) else LEFT_OUT


def _written_text(text: str, info: SerializationInfo[Any]) -> str:
    return _without_secrets(text) if info.context == FOR_FILES else text


def _written_words(words: tuple[str, ...], info: SerializationInfo[Any]) -> tuple[str, ...]:
    if info.context != FOR_FILES:
        return words
    return tuple(
        _kept(word) if _FLAG.fullmatch(before) and not word.startswith("-") else _without_secrets(word)
        for before, word in pairwise(("", *words))
    )


def _without_secrets(text: str) -> str:
    """`text` without what is a secret by its name or its shape, unless a variable stands for it."""
    for pattern in _BY_NAME:
        text = pattern.sub(lambda match: match["name"] + _kept(match["value"]), text)
    text = SHAPES.sub(lambda match: _kept(match[0]), text)
    return BEARER.sub(rf"\1{LEFT_OUT}", text)


Guarded = Annotated[dict[str, str], PlainSerializer(_serialized)]
"""Names and values of which a file gets the names alone, unless a value is a variable's."""
GuardedText = Annotated[str, PlainSerializer(_written_text)]
"""Text, such as a URL, of which a file does not get what is a secret by its name or its shape."""
GuardedWords = Annotated[tuple[str, ...], PlainSerializer(_written_words)]
"""The same of a command's arguments; one that follows a flag such as `--api-key` is a secret."""
