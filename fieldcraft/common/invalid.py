"""What pydantic finds wrong with a value, in the words of a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_KINDS = {
    "whole number": "int_type int_parsing int_parsing_size int_from_float",
    "number": "float_type float_parsing decimal_type decimal_parsing",
    "finite number": "finite_number",
    "text": "string_type string_sub_type string_unicode",
    "true or false": "bool_type bool_parsing",
    "list": "list_type tuple_type set_type frozen_set_type iterable_type",
    "table": "dict_type mapping_type model_type model_attributes_type dataclass_type dataclass_exact_type",
    "path": "path_type",
    "URL": "url_type url_parsing url_syntax_violation",
}
_ARTICLE = {"true or false": ""}
_WANTED = {
    kind: f"must be {_ARTICLE.get(words, 'a ')}{words}"
    for words, kinds in _KINDS.items()
    for kind in kinds.split()
}
_BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
    "too_short": "must have {min_length} entries or more",
    "too_long": "must have {max_length} entries or fewer",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "needs {discriminator}, which says what it is",
}
_ALONE = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "none_required": "must be left out",
    "json_invalid": "must hold JSON",
    "invalid_key": "must have a name as its key",
}
_PHRASES = (
    (re.compile(r"Input should be a valid integer(?:, [^.]*)?"), "must be a whole number"),
    (re.compile(r"Input should be a valid (string|path|number|boolean)(?:, [^.]*)?"), r"must be a valid \1"),
    (re.compile(r"Input should (?=be|have|match)"), "must "),
    (re.compile(r"(?:Value error|Assertion failed), "), ""),
)
_QUOTED = re.compile(r"'([^']*)'")


def in_words(detail: Mapping[str, Any]) -> str:
    """What is wrong, as it follows on the name of a setting: `must be a whole number`.

    Args:
        detail: one of a `ValidationError`'s `errors()`, with its context.
    """
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind in {"value_error", "assertion_error"} and context.get("error") is not None:
        return str(context["error"]) or "cannot be used"
    if kind in _WANTED or kind in _ALONE:
        return _WANTED.get(kind) or _ALONE[kind]
    if kind in _BOUNDS:
        try:
            return _BOUNDS[kind].format_map({name: _shown(value) for name, value in context.items()})
        except KeyError:
            pass
    return plain(str(detail["msg"]))


def allowed(detail: Mapping[str, Any]) -> list[str]:
    """The words that stood to choose from, where there were any."""
    if detail["type"] not in {"literal_error", "enum"}:
        return []
    return _QUOTED.findall(str(detail.get("ctx", {}).get("expected", "")))


def plain(message: str) -> str:
    """A message of pydantic's, or one that holds one, in plain words."""
    for pattern, words in _PHRASES:
        message = pattern.sub(words, message, count=1)
    return message


def _shown(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
