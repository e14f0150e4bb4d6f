"""Values that a person wrote out where `${NAME}` would have named them: used, but kept in no file of ours."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainSerializer, SerializationInfo

FOR_FILES = {"for": "files"}
"""The serialization context of everything that is written to disk: values are left out, names are not."""
LEFT_OUT = "[left out]"
VARIABLE = re.compile(r"\$\{(?P<kind>env:|input:)?(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
"""`${NAME}`, `${NAME:-otherwise}`, and how editors write the first."""


def _serialized(values: dict[str, str], info: SerializationInfo[Any]) -> dict[str, str]:
    if info.context != FOR_FILES:
        return values
    return {name: _kept(text) for name, text in values.items()}


def _kept(text: str) -> str:
    """`text` where it names its value; the default of a variable is a value written out."""
    named = [match["default"] is None for match in VARIABLE.finditer(text)]
    return text if not text or (named and all(named)) else LEFT_OUT


Guarded = Annotated[dict[str, str], PlainSerializer(_serialized)]
"""Names and values of which a file gets the names alone, unless a value is a variable's."""
