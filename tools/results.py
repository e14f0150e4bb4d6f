"""What a tool gives back, as JSON data of bounded size, and as a model reads it."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from fieldcraft.common.redaction import redact, redact_data
from fieldcraft.common.text import quoted, visible_line
from fieldcraft.tools.errors import ToolError

_MOST_ITEMS = 10_000
_LONGEST_MESSAGE = 2_000
_LONGEST_ARGUMENTS_SHOWN = 503
_LONGEST_OUTCOME_SHOWN = 200_000


def encoded(name: str, result: Any) -> bytes:
    """`result` as JSON. What JSON does not know is given as text, bytes as base64, endless iterators cut.

    Raises:
        ToolError: it is an exception, or a coroutine that nobody awaited.
    """
    if isinstance(result, BaseException):
        raise ToolError(failure(name, result))
    if inspect.iscoroutine(result):
        result.close()
        raise ToolError(f"{name} gave a coroutine and no result; its function must be `async def`")
    if isinstance(result, Iterator):
        result = list(islice(result, _MOST_ITEMS))
    try:
        return to_json(result, bytes_mode="base64", inf_nan_mode="strings", serialize_unknown=True)
    except Exception as error:
        raise ToolError(f"{name} gave a result that is no data: {bounded_text(error)}") from error


class Results:
    """Bounds results to what a caller can use; the rest goes to files.

    Args:
        longest: characters that reach the caller.
        folder: where whole results are kept; `None` keeps none.
        redact: takes secrets out of what is given and kept.
    """

    def __init__(self, longest: int, folder: Path | None, redact: Callable[[str], str]) -> None:
        self._longest = longest
        self._folder = folder
        self._redact = redact

    def bounded(self, name: str, encoded_result: bytes) -> Any:
        """The result as data; a text that says what was cut and where the whole is, where it is too long."""
        whole = encoded_result.decode()
        data = json.loads(whole)
        joined = whole.replace('","', "")  # a secret may be cut into the texts of a list
        if self._redact(whole) != whole or (joined != whole and self._redact(joined) != joined):
            data = redact_data(data, self._redact)
            whole = json.dumps(data, ensure_ascii=False)
        text = data if isinstance(data, str) else whole
        if len(text) <= self._longest:
            return data
        kept = self._keep(name, text, is_text=isinstance(data, str))
        cut = f"cut: {self._longest:,} of {len(text):,} characters{_summary(data)}{kept}"
        return f"{text[: self._longest]}\n[{cut}]"

    def _keep(self, name: str, text: str, *, is_text: bool) -> str:
        if self._folder is None:
            return ""
        content = text.encode("utf-8", "replace")
        digest = hashlib.sha256(content).hexdigest()[:12]
        path = self._folder / f"{name}-{digest}.{'txt' if is_text else 'json'}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            return f"; the whole could not be kept: {error.strerror}"
        return f"; the whole is in {path}"


def _summary(data: Any) -> str:
    match data:
        case str() if (lines := data.count("\n") + 1) > 1:
            return f"; a text of {lines:,} lines"
        case list():
            return f"; a list of {len(data):,} items"
        case dict():
            return f"; an object of {len(data):,} keys: {', '.join(list(data)[:20])[:500]}"
        case _:
            return ""


def as_text(data: Any) -> str:
    """A result as text: a text as it stands, everything else as JSON."""
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def told(name: str, arguments: Mapping[str, Any], *, value: Any = None, error: str | None = None) -> str:
    """A call and its outcome as a model reads it: every line of the outcome behind `> `, as data."""
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    call = f"{visible_line(name)}({visible_line(given, _LONGEST_ARGUMENTS_SHOWN)})"
    outcome = as_text(value) if error is None else error
    return f"{call} {'gave' if error is None else 'failed'}:\n{quoted(outcome, _LONGEST_OUTCOME_SHOWN)}"


def failure(name: str, error: BaseException) -> str:
    """The message for the caller of a tool that threw."""
    return f"{name} failed: {type(error).__name__}: {bounded_text(error)}"[:_LONGEST_MESSAGE]


def bounded_text(error: BaseException) -> str:
    """The message of an exception that may be of any size, or have none."""
    try:
        return redact(str(error)[: 10 * _LONGEST_MESSAGE])[:_LONGEST_MESSAGE]
    except Exception:
        return "(its message cannot be shown)"
