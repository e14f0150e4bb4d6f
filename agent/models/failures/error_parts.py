"""What an exception of a provider's package says: its HTTP status, headers, body and words.

Providers raise their own classes; importing each package to name them would make every run pay for all.
An exception of one package may wrap that of another, so its causes are looked at too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_MOST_CAUSES = 10
_LONGEST_WORDS = 20_000
_MOST_HEADERS = 200


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception itself, then what caused it, then the cause of that.

    Ollama's package hides the exception with the response, and its headers, by `raise ... from None`.
    """
    at: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if at is None:
            return
        yield at
        hidden = at.__suppress_context__ and getattr(at.__context__, "response", None) is None
        at = at.__cause__ or (None if hidden else at.__context__)


def status_of(error: BaseException) -> int | None:
    """The HTTP status, also one that stands in the error object of an answer with status 200."""
    for cause in causes(error):
        response = getattr(cause, "response", None)
        metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
        candidates = [
            getattr(cause, "status_code", None),
            getattr(response, "status_code", None),
            metadata.get("HTTPStatusCode") if isinstance(metadata, Mapping) else None,
            getattr(cause, "code", None),
            *(part.get(key) for part in error_objects(cause) for key in ("code", "status")),
        ]
        for candidate in candidates:
            status = as_status(candidate)
            if status is not None:
                return status
    return None


def as_status(value: Any) -> int | None:
    """An HTTP status of an error, as a number or its three digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return int(value) if isinstance(value, int) and 400 <= value < 600 else None


def headers_of(error: BaseException) -> dict[str, str]:
    """The headers of the response, their names in lower case, with those that its error object passes on."""
    passed_on = (part.get("metadata") for cause in causes(error) for part in error_objects(cause))
    inner = (part.get("headers") for part in passed_on if isinstance(part, Mapping))
    return {**_in_lower_case(next((h for h in inner if isinstance(h, Mapping)), {})), **_own_headers(error)}


def _own_headers(error: BaseException) -> dict[str, str]:
    for cause in causes(error):
        response = getattr(cause, "response", None)
        metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
        for headers in (
            getattr(response, "headers", None),
            getattr(cause, "headers", None),
            metadata.get("HTTPHeaders") if isinstance(metadata, Mapping) else None,
        ):
            if isinstance(headers, Mapping) and headers:
                return _in_lower_case(headers)
    return {}


def _in_lower_case(headers: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value).strip() for name, value in list(headers.items())[:_MOST_HEADERS]}


def words_of(error: BaseException) -> str:
    """All that the exception says, its error object included, cut to a readable length."""
    parts: list[str] = []
    for cause in causes(error):
        parts += [str(cause)[:_LONGEST_WORDS], *(_as_json(part) for part in error_objects(cause))]
    return "\n".join(dict.fromkeys(parts))[: 2 * _LONGEST_WORDS]


def codes_of(error: BaseException) -> set[str]:
    """The names of the fault that the exception and its error object give, and those of its classes."""
    found: set[str] = set()
    for cause in causes(error):
        found.update(cls.__name__ for cls in type(cause).__mro__)
        values = [getattr(cause, "code", None), getattr(cause, "status", None)]
        values += [
            part.get(key) for part in error_objects(cause) for key in ("code", "type", "status", "Code")
        ]
        found.update(value for value in values if isinstance(value, str))
    return found


def error_objects(error: BaseException) -> list[Mapping[str, Any]]:
    """The error objects in an exception, without its causes: `{"error": {...}}` or what stands in it."""
    response = getattr(error, "response", None)
    held = [
        getattr(error, "body", None),
        getattr(error, "details", None),
        response if isinstance(response, Mapping) else None,
        *error.args[:1],
    ]
    found: list[Mapping[str, Any]] = []
    for part in held:
        if isinstance(part, Mapping):
            inner = part.get("error", part.get("Error"))
            found.append(inner if isinstance(inner, Mapping) else part)
    return found


def _as_json(part: Mapping[str, Any]) -> str:
    try:
        return json.dumps(part, default=str)[:_LONGEST_WORDS]
    except (ValueError, TypeError, RecursionError):
        return ""
