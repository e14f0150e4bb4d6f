"""Reports of tokens in a form that the providers' packages can read: they lose an answer over any other.

A report that holds anything but counts is taken out as a whole: the tokens are then estimated.
"""

from __future__ import annotations

import math
from typing import Any

_REPORTS = ("usage", "usageMetadata", "usage_metadata")
_COUNTS_IN_OLLAMA = ("prompt_eval_count", "eval_count")
_TIMES_IN_OLLAMA = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_WORDS = frozenset({"modality", "service_tier", "servicetier", "traffictype"})
"""Members that are text, in lower case."""
_LISTS = "tokensdetails"
"""The end of Gemini's names for details, in lower case, which it lists by modality."""
_LONGEST_COUNT = 18
_DEEPEST = 4


class _NoCount(ValueError):
    """Something in the place of a number of tokens that is none."""


def mend_reports(answer: dict[str, Any]) -> None:
    """Mend or take out the reports of an answer of any protocol."""
    if "done" in answer:
        _mend_in_ollama(answer)
    for name in _REPORTS:
        if answer.get(name) is not None:
            try:
                answer[name] = _mended(answer[name])
            except _NoCount:
                del answer[name]


def _mend_in_ollama(answer: dict[str, Any]) -> None:
    """Ollama's counts stand alone in its last line; one that is missing or odd is left to be estimated.

    LangChain's class takes both or none.
    """
    if answer["done"]:
        for name in _COUNTS_IN_OLLAMA:
            answer[name] = _count_or(0, answer.get(name))
    for name in _TIMES_IN_OLLAMA:
        if name in answer:
            answer[name] = _count_or(None, answer[name])


def _count_or(instead: int | None, value: Any) -> int | None:
    try:
        count = _count(value)
    except _NoCount:
        return instead
    return instead if count is None else count


def _mended(report: Any, depth: int = 0) -> dict[str, Any]:
    """A report, or details in it, with every count a whole number; other members are left as they are."""
    if not isinstance(report, dict) or depth > _DEEPEST:
        raise _NoCount
    found: dict[str, Any] = {}
    for name, value in report.items():
        word = name.lower()
        if value is None:
            found[name] = None
        elif word.endswith("details") or word in ("cache_creation", "server_tool_use"):
            found[name] = (
                [_mended(part, depth + 1) for part in value]
                if isinstance(value, list) and word.endswith(_LISTS)
                else _mended(value, depth + 1)
            )
        elif "token" in word:
            found[name] = _count(value)
        elif word not in _WORDS or isinstance(value, str):
            found[name] = value
    return found


def _count(value: Any) -> int | None:
    """A number of tokens, also one that is written as a text or with a decimal point."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST_COUNT:
        return int(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _NoCount
