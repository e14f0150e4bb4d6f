"""The descriptions of tools for models: untrusted texts, limited and on one visible line."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from fieldcraft.common.text import visible_line, visible_lines
from fieldcraft.tools import ToolRegistry, traits_of

LONGEST_TEXT = 1_000
"""The most characters of a description or title."""
LONGEST_WORD = 500
"""The most characters of a name or value in a schema."""
_TEXTS = frozenset({"description", "title", "$comment"})
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})

logger = logging.getLogger(__name__)


def declared(registry: ToolRegistry, name: str) -> str:
    """A digest of what a tool declares of itself: description, parameters, effect; empty where it cannot."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    try:
        tool = registry.get(name)
        said = [convert_to_openai_tool(tool), traits_of(tool).effect]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]
    except Exception as error:
        logger.debug("tool %s declares nothing that can be read: %s", name, error)
        return ""


def shown(part: Any) -> Any:
    """A JSON schema, or a part of one, with only visible text.

    Descriptions become one line. Names, choices and values that hold what cannot be seen, or too much of
    it, are left out; the tool itself still checks what it is given.

    Raises:
        ValueError: what is required has such a name.
    """
    if isinstance(part, Mapping):
        return {key: _keyword(key, value) for key, value in part.items() if _is_kept(key, value)}
    if isinstance(part, list):
        return [shown(value) for value in part if _is_plain(value)]
    return part


def _keyword(key: str, value: Any) -> Any:
    if key in _TEXTS and isinstance(value, str):
        return visible_line(value, LONGEST_TEXT)
    if key in _BY_NAME and isinstance(value, Mapping):
        return {name: shown(schema) for name, schema in value.items() if _is_plain(name)}
    if key == "required" and isinstance(value, list) and not all(map(_is_plain, value)):
        raise ValueError("it requires an argument whose name cannot be shown")
    return shown(value)


def _is_kept(key: str, value: Any) -> bool:
    if isinstance(value, str) and key in _TEXTS:
        return True
    return _is_plain(key) and _is_plain(value) and (key != "enum" or bool(shown(value)))


def _is_plain(value: Any) -> bool:
    """Whether a text is completely visible on one line; other values always are."""
    return not isinstance(value, str) or visible_lines(value, LONGEST_WORD) in ([value], [])
