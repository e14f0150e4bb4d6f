"""Convert a tool's result to JSON data of bounded size, and to the text that a model sees."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic_core import from_json, to_json

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import Folder
from fieldcraft.common.secrets.redaction import redact, redact_data
from fieldcraft.common.text import cut_text, decoded, quoted, valid_text, visible_line
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.calls.plain import MOST_CHARACTERS, Taken
from fieldcraft.tools.errors import ToolError

LONGEST_MESSAGE = 2_000
"""The most characters of a tool's error message."""
MOST_KEPT = 256_000_000
"""The most bytes of results that are kept for one run."""
_LIMITS = Limits(size=64_000_000)
_LONGEST_ARGUMENTS_SHOWN = 503
_LONGEST_OUTCOME_SHOWN = 200_000
_MARGIN = 4_096
"""Characters dropped at the end of a text that was cut before it was redacted: half a secret may be there."""


@dataclass(frozen=True)
class Encoded:
    """A result as JSON.

    Attributes:
        json: the complete JSON, or its beginning.
        characters: the length of the complete JSON if `json` is only the beginning; -1 if it is unknown.
    """

    json: bytes
    characters: int | None = None


def encoded(name: str, result: Any) -> Encoded:
    """Encode `result` as JSON: other types as text, bytes as base64, endless iterators cut.

    Raises:
        ToolError: it is an exception or an unawaited coroutine, or cannot be encoded.
    """
    if isinstance(result, BaseException):
        raise ToolError(failure(name, result))
    if inspect.iscoroutine(result):
        result.close()
        raise ToolError(f"{name} gave a coroutine and no result; its function must be `async def`")
    try:
        taken = Taken(result)
        text = to_json(taken.value, bytes_mode="base64", inf_nan_mode="strings", serialize_unknown=True)
    except Exception as error:
        raise ToolError(f"{name} gave a result that is no data: {bounded_text(error)}") from error
    if taken.cut:
        return Encoded(text, len(result) if isinstance(result, str | bytes) else -1)
    if len(text) > _LIMITS.size:
        beginning = text[:MOST_CHARACTERS].decode("utf-8", "ignore")
        return Encoded(to_json(beginning), -1)
    return Encoded(text)


class Results:
    """Cuts results to what a caller can use, and keeps complete ones in files.

    Args:
        longest: the most characters that reach the caller.
        folder: where long results are kept; `None` keeps none. It must not be a link.
        redact: removes secrets from what is returned and kept.
    """

    def __init__(self, longest: int, folder: Path | None, redact: Callable[[str], str]) -> None:
        self._longest = longest
        self._folder = folder
        self._redact = redact
        self._keeping = Lock()

    def bounded(self, name: str, result: Encoded) -> Any:
        """The result as data; if it is too long, a text that says what was cut and where the rest is.

        Raises:
            ToolError: it is not data that a journal can hold.
        """
        data, text = self._read(name, result)
        if result.characters is not None:
            text = text[:-_MARGIN]
        elif len(text) <= self._longest:
            return data
        whole = result.characters is None and len(text) <= MOST_CHARACTERS
        kept = self._keep(name, text, is_text=isinstance(data, str), whole=whole)
        length = _count(len(text) if result.characters is None else result.characters)
        cut = f"cut: {self._longest:,} of {length} characters{_summary(data)}{kept}"
        return f"{text[: self._longest]}\n[{cut}]"

    def _read(self, name: str, result: Encoded) -> tuple[Any, str]:
        """The redacted data and its text; only the text if the data is too large."""
        try:
            data = _read_json(result.json)
        except DataError as error:
            if len(result.json) <= self._longest:
                raise ToolError(f"{name} gave a result that cannot be kept: {error}") from error
            data = decoded(result.json)
        if isinstance(data, str):
            text = self._redact(data)
            return text, text
        whole = decoded(result.json)
        joined = whole.replace('","', "")  # a secret may be split over the texts of a list
        if self._redact(whole) != whole or (joined != whole and self._redact(joined) != joined):
            data = redact_data(data, self._redact)
            whole = json.dumps(data, ensure_ascii=False)
        return data, whole

    def _keep(self, name: str, text: str, *, is_text: bool, whole: bool) -> str:
        if self._folder is None:
            return ""
        content = valid_text(text[:MOST_CHARACTERS]).encode()
        digest = hashlib.sha256(content).hexdigest()[:12]
        file = f"{identifier(name) or 'tool'}-{digest}.{'txt' if is_text else 'json'}"
        try:
            with (
                self._keeping,
                Folder.open(self._folder.parent, create=True) as run,
                run.folder(self._folder.name, create=True) as folder,
            ):
                if folder.kind(file) is None:
                    held = sum(status.st_size for kept in folder.names() if (status := folder.status(kept)))
                    if held + len(content) > MOST_KEPT:
                        return f"; the whole is not kept: there are {MOST_KEPT:,} bytes of results already"
                    folder.write(file, content, sync=False)
        except OSError as error:
            return f"; the whole could not be kept: {error.strerror}"
        what = "the whole" if whole else "its beginning"
        return f"; {what} is in {self._folder / file}"


def _read_json(text: bytes) -> Any:
    """As `read_json`, with a fast path for texts that are too short to exceed a limit."""
    if len(text) <= _LIMITS.digits and text.count(b"[") + text.count(b"{") <= _LIMITS.depth:
        try:
            return from_json(text, allow_inf_nan=False)
        except ValueError:
            pass
    return read_json(text, _LIMITS)


def _count(characters: int) -> str:
    return f"{characters:,}" if characters >= 0 else f"more than {MOST_CHARACTERS:,}"


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
    """A result as text: a text unchanged, all other data as JSON."""
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def outcome_text(
    name: str, arguments: Mapping[str, Any], *, value: Any = None, error: str | None = None
) -> str:
    """A call and its outcome as a model sees it: every line of the outcome is quoted with `> `."""
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    call = f"{visible_line(name)}({visible_line(given, _LONGEST_ARGUMENTS_SHOWN)})"
    outcome = as_text(value) if error is None else error
    return f"{call} {'gave' if error is None else 'failed'}:\n{quoted(outcome, _LONGEST_OUTCOME_SHOWN)}"


def failure(name: str, error: BaseException) -> str:
    """The message for the caller of a tool that raised an exception."""
    kind = visible_line(type(error).__name__, 100)
    return f"{name} failed: {kind}: {bounded_text(error)}"[:LONGEST_MESSAGE]


def bounded_text(error: BaseException, longest: int = LONGEST_MESSAGE) -> str:
    """The bounded message of any exception, also of one whose message cannot be computed."""
    try:
        return cut_text(redact(valid_text(str(error)[: 10 * longest])), longest)
    except Exception:
        return "(its message cannot be shown)"
