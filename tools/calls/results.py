"""Convert a tool's result to JSON data of bounded size, and to the text that a model sees.

A result may be content rather than data: a list of LangChain v1 content blocks (`text`; `image`, `audio`,
`video` or `file` with `base64` and `mime_type`, or with a `url`; the forms of earlier versions and of the
providers too), a `ToolMessage`, or the pair of a tool with `response_format="content_and_artifact"`. Its
texts keep their order. The data of a file goes into the run's folder `tool-results`; the text says its
type, size and path, or its type and size where there is no folder. An artifact (structured data) that says
more than the texts makes the value `{"content": text, "artifact": data}`; one that says the same is the
value alone. A message with `status="error"` fails the call.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.secrets.redaction import redact, redact_data
from fieldcraft.common.text import cut_text, decoded, quoted, valid_text, visible_line
from fieldcraft.tools.calls.keeping import KeptResults, NotKept
from fieldcraft.tools.calls.plain import MOST_CHARACTERS, Taken
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.langchain.messages import Said, said

LONGEST_MESSAGE = 2_000
"""The most characters of a tool's error message."""
_LIMITS = Limits(size=64_000_000)
_ARTIFACT_LIMITS = Limits(size=64_000_000, depth=60)
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
        is_content: whether `json` is `{"content": [texts and files], "artifact": data}`.
    """

    json: bytes
    characters: int | None = None
    is_content: bool = False


def encoded(name: str, result: Any) -> Encoded:
    """Encode `result` as JSON: other types as text, bytes as base64, endless iterators cut.

    Raises:
        ToolError: it is an exception, an unawaited coroutine or a message that says that the call failed, or
            it cannot be encoded.
    """
    if isinstance(result, BaseException):
        raise ToolError(failure(name, result))
    if inspect.iscoroutine(result):
        result.close()
        raise ToolError(f"{name} gave a coroutine and no result; its function must be `async def`")
    try:
        content = said(name, result)
        if content is not None:
            return _encoded_content(name, content)
        taken = Taken(result)
        text = _to_json(taken.value)
    except ToolError:
        raise
    except Exception as error:
        raise ToolError(f"{name} gave a result that is no data: {bounded_text(error)}") from error
    if taken.cut:
        return Encoded(text, len(result) if isinstance(result, str | bytes) else -1)
    if len(text) > _LIMITS.size:
        beginning = text[:MOST_CHARACTERS].decode("utf-8", "ignore")
        return Encoded(to_json(beginning), -1)
    return Encoded(text)


def _to_json(value: Any) -> bytes:
    return to_json(value, bytes_mode="base64", inf_nan_mode="strings", serialize_unknown=True)


def _encoded_content(name: str, content: Said) -> Encoded:
    """Encode what a message says; an artifact that is no data costs only itself."""
    if content.failed:
        words = "\n".join(
            part if isinstance(part, str) else f"[{part['media_type']}]" for part in content.parts
        )
        raise ToolError(cut_text(f"{name} failed: {words or 'it does not say why'}", LONGEST_MESSAGE))
    parts = _to_json([valid_text(part) if isinstance(part, str) else part for part in content.parts])
    artifact, cut = _encoded_artifact(content.artifact)
    return Encoded(b'{"content":%b,"artifact":%b}' % (parts, artifact), -1 if cut else None, is_content=True)


def _encoded_artifact(artifact: Any) -> tuple[bytes, bool]:
    try:
        taken = Taken(artifact)
        text = _to_json(taken.value)
        if not taken.cut:
            read_json(text, _ARTIFACT_LIMITS)
    except Exception:
        return to_json(f"(an artifact of type {type(artifact).__name__}, which is no data)"), False
    if len(text) > MOST_CHARACTERS:
        return to_json(f"(an artifact of {len(text):,} bytes, which is too large to be kept)"), False
    return text, taken.cut


class Results:
    """Cuts results to what a caller can use, and keeps complete ones in files.

    Args:
        longest: the most characters that reach the caller.
        folder: where long results are kept; `None` keeps none. It must not be a link.
        redact: removes secrets from what is returned and kept.
    """

    def __init__(self, longest: int, folder: Path | None, redact: Callable[[str], str]) -> None:
        self._longest = longest
        self._redact = redact
        self._kept = KeptResults(folder, redact)

    def bounded(self, name: str, result: Encoded) -> Any:
        """The result as data; if it is too long, a text that says what was cut and where the rest is.

        Raises:
            ToolError: it is not data that a journal can hold.
        """
        if result.is_content:
            return self._content(name, result)
        data, text = self._read(name, result)
        if result.characters is not None:
            text = text[:-_MARGIN]
        elif len(text) <= self._longest:
            return data
        return self._cut(name, data, text, result.characters)

    def _cut(self, name: str, data: Any, text: str, characters: int | None) -> str:
        """The beginning of a text, with where the whole is; `characters` as those of `Encoded`."""
        whole = characters is None and len(text) <= MOST_CHARACTERS
        kept = self._keep(name, text, is_text=isinstance(data, str), whole=whole)
        length = _count(len(text) if characters is None else characters)
        cut = f"cut: {self._longest:,} of {length} characters{_summary(data)}{kept}"
        return f"{text[: self._longest]}\n[{cut}]"

    def _content(self, name: str, result: Encoded) -> Any:
        """The texts of a message with its files named, and its artifact where that says more."""
        try:
            data = read_json(result.json, _LIMITS)
        except DataError as error:
            raise ToolError(f"{name} gave a result that cannot be kept: {error}") from error
        parts, artifact = data["content"], data["artifact"]
        said = [part if isinstance(part, str) else self._kept.named(name, part) for part in parts]
        text = self._redact("\n".join(said))
        if artifact is None:
            return text if len(text) <= self._longest else self._cut(name, text, text, None)
        if not text or _says_the_same(said, artifact):
            return self.bounded(name, Encoded(to_json(artifact), result.characters))
        artifact = redact_data(artifact, self._redact)
        shown = json.dumps(artifact, ensure_ascii=False)
        if result.characters is None and len(text) + len(shown) <= self._longest:
            return {"content": text, "artifact": artifact}
        whole = result.characters is None
        where = self._keep(f"{name}_artifact", shown, is_text=False, whole=whole)
        text += f"\n[beside it: {len(shown):,} characters of data{_summary(artifact)}{where}]"
        return text if len(text) <= self._longest else self._cut(name, text, text, None)

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
        content = valid_text(text[:MOST_CHARACTERS]).encode()
        try:
            kept = self._kept.keep(name, content, ".txt" if is_text else ".json")
        except NotKept as error:
            return f"; the whole {error}"
        if kept is None:
            return ""
        return f"; {'the whole' if whole else 'its beginning'} is in {kept}"


def _says_the_same(texts: list[str], artifact: Any) -> bool:
    """Whether texts are only the artifact written out: as text, as JSON, or item by item."""
    said = [_parsed(text) for text in texts]
    return artifact in (said, "\n".join(texts), _parsed("\n".join(texts)))


def _parsed(text: str) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return text


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
