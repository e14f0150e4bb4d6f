"""Turn the answer of a web API into data for the caller, or into an error."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import httpx

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import ToolError, TransientToolError
from fieldcraft.tools.sources.openapi.bodies import TooLarge, Unpacked, text_of
from fieldcraft.tools.sources.urls import shown

LARGEST_RESULT = 32_000_000
"""The most bytes of an answer after decompression."""
_LIMITS = Limits(size=LARGEST_RESULT)
_TELLING = re.compile(
    r"link|location|content-location|operation-location|azure-asyncoperation|content-range|retry-after|"
    r"(x-)?(pagination|paging|total|next|prev|previous|page|per-page)(-[a-z-]+)?|x-ms-continuation"
)
"""Headers that say where a result is, how it goes on, or how many there are."""
_LONGEST_HEADER = 2_000
_FILE_NAME = re.compile(r"""filename="?([^";]{1,200})"?""", re.IGNORECASE)
_TEXTS = ("xml", "yaml", "javascript", "x-www-form-urlencoded", "graphql", "csv", "toml", "sql")


@dataclass(frozen=True)
class Answer:
    """A response and its body."""

    response: httpx.Response
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return text_of(self.content, self.response.charset_encoding)


async def received(response: httpx.Response) -> Answer:
    """Read the body of a response up to a limit.

    Raises:
        ToolError: it exceeds the limit, before or after decompression, or breaks off.
    """
    place = shown(str(response.request.url))
    try:
        announced = int(response.headers.get("content-length", "0"))
    except ValueError:
        announced = 0
    if announced > LARGEST_RESULT and response.request.method != "HEAD":
        raise ToolError(f"{place} answered more than {LARGEST_RESULT:,} bytes: {announced:,}")
    received = 0
    try:
        content = Unpacked(response, LARGEST_RESULT)
        async for chunk in response.aiter_raw():
            received += len(chunk)
            content.add(chunk)
    except TooLarge as error:
        raise ToolError(f"{place} {error}") from error
    except httpx.RemoteProtocolError as error:
        of = f" of {announced:,}" if announced else ""
        said = f"{place} broke off its answer after {received:,}{of} bytes: {visible_line(error)}"
        again = response.request.method in {"GET", "HEAD"}
        raise (TransientToolError if again else ToolError)(said) from error
    return Answer(response, content.whole())


def data_of(answer: Answer) -> Any:
    """The body as data, text or a file. With telling headers it is `{"body": ..., "headers": {...}}`.

    A file is a list of content blocks, as `fieldcraft.tools.calls.results` takes them.
    """
    headers = telling_headers(answer.response)
    kind = answer.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _is_file(answer, kind):
        return _as_file(answer, kind, headers)
    body = _body(answer, kind)
    return {"body": body, "headers": headers} if headers else body


def telling_headers(response: httpx.Response) -> dict[str, str]:
    """The headers that a caller needs, by their names in lower case."""
    return {
        name: visible_line(value, _LONGEST_HEADER)
        for name, value in response.headers.items()
        if _TELLING.fullmatch(name)
    }


def refusal(answer: Answer, longest: int, hint: str = "") -> str:
    """What an answer that is no success says, on one line after its status and a `hint`."""
    response = answer.response
    status = visible_line(f"{response.status_code} {response.reason_phrase}", 100)
    said = f"{response.request.method} {visible_line(response.request.url.path, 300)} answered {status}"
    if response.is_redirect:
        place = visible_line(redact(shown(response.headers.get("location", "nowhere"))), 300)
        return f"{said}: it leads to {place}, which is not allowed"
    if wait := response.headers.get("retry-after"):
        said += f" (Retry-After: {visible_line(wait, 100)})"
    words = visible_line(redact(answer.text[: 10 * longest]), longest)
    return f"{said}{hint}: {words}" if words else f"{said}{hint}"


def _body(answer: Answer, kind: str) -> Any:
    if not answer.content:
        return None
    if "json" in kind or not kind:
        try:
            return read_json(answer.content, _LIMITS)
        except DataError:
            return answer.text
    return answer.text


def _is_file(answer: Answer, kind: str) -> bool:
    if not answer.content:
        return False
    if not kind:
        return b"\0" in answer.content[:1_000]
    return not (kind.startswith("text/") or "json" in kind or kind.endswith(_TEXTS))


def _as_file(answer: Answer, kind: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    named = _FILE_NAME.search(answer.response.headers.get("content-disposition", ""))
    said = [f"name: {visible_line(named[1], 200)}"] if named else []
    said += [f"{name}: {value}" for name, value in headers.items()]
    family = kind.partition("/")[0]
    block = {
        "type": family if family in {"image", "audio", "video"} else "file",
        "base64": base64.b64encode(answer.content).decode(),
        "mime_type": visible_line(kind or "application/octet-stream", 100),
    }
    return [*({"type": "text", "text": line} for line in said), block]
