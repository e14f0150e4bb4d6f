"""Content blocks of LangChain, of its versions and of the providers: texts, and files in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypedDict

from pydantic_core import to_json

MOST_BASE64 = 24_000_000
"""The most characters of base64 in one result, 18 MB of files."""
_MOST_BLOCKS = 1_000
_MOST_LEVELS = 4
_LONGEST_PLACE = 500

_TEXTS = ("text", "reasoning", "refusal")
_DATA = ("base64", "data", "file_data")
_PLACES = ("url", "file_url", "file_id")
_TYPES = ("mime_type", "mimeType", "media_type")
_NAMES = ("filename", "name", "title")
_KINDS = frozenset(
    (
        *("text", "text-plain", "reasoning", "refusal", "search_result"),
        *("image", "image_url", "audio", "input_audio", "video", "file", "document", "input_file"),
    )
)
_KEYS = frozenset(
    (
        *(*_TEXTS, *_DATA, *_PLACES, *_TYPES, *_NAMES, *_KINDS),
        *("type", "id", "index", "extras", "annotations", "metadata", "cache_control", "citations"),
        *("source", "source_type", "detail", "format", "content", "context"),
    )
)


class FilePart(TypedDict):
    """A file within content: its data as `base64`, or where it is. Each text may be empty."""

    media_type: str
    base64: str
    place: str
    name: str


Part = str | FilePart


def parts_of(content: Any) -> list[Part]:
    """The texts and files of a message's content, in order: a text, or a list of texts and blocks."""
    blocks = content if isinstance(content, list | tuple) else [content]
    parts: list[Part] = []
    left = MOST_BASE64
    for part in islice(_parts(blocks, 0), _MOST_BLOCKS):
        left -= 0 if isinstance(part, str) else len(part["base64"])
        parts.append(part if isinstance(part, str) or left >= 0 else _too_large(part))
    return parts


def _too_large(file: FilePart) -> str:
    return f"[{file['media_type']} of {_size_of(file['base64']):,} bytes, too large to be kept]"


def is_content(result: Any) -> bool:
    """Whether a result is a list of content blocks, or one block, rather than data of a similar shape."""
    if isinstance(result, dict):
        return _is_block(result)
    return (
        isinstance(result, list | tuple)
        and 0 < len(result) <= _MOST_BLOCKS
        and all(isinstance(part, str) or _is_block(part) for part in result)
        and not all(isinstance(part, str) for part in result)
    )


def _size_of(base64_text: str) -> int:
    """The size of base64 data in bytes."""
    return len(base64_text) * 3 // 4 - base64_text[-2:].count("=")


def _is_block(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("type") not in _KINDS or not _KEYS.issuperset(value):
        return False
    return value["type"] == "search_result" or _text_of(value) is not None or _file_of(value) is not None


def _parts(blocks: Iterable[Any], depth: int) -> Iterator[Part]:
    for block in blocks:
        if not isinstance(block, dict):
            yield str(block)
        elif (text := _text_of(block)) is not None:
            yield text
        elif (file := _file_of(block)) is not None:
            yield file
        elif isinstance(inner := block.get("content"), list | str) and depth < _MOST_LEVELS:
            yield from filter(None, (_first(block, ("title", "source")),))
            yield from _parts([inner] if isinstance(inner, str) else inner, depth + 1)
        else:
            yield _as_json(block)


def _as_json(block: dict[Any, Any]) -> str:
    only = block.get("json", block) if block.get("type") == "json" else block
    return to_json(only, serialize_unknown=True, inf_nan_mode="strings").decode("utf-8", "replace")


def _text_of(block: Mapping[str, Any]) -> str | None:
    return next((block[key] for key in _TEXTS if isinstance(block.get(key), str)), None)


def _file_of(block: Mapping[str, Any]) -> FilePart | None:
    """The file of a block, whose data or place may be within `source` or within a key named like its type."""
    kind = str(block.get("type", ""))
    inner = block.get("source", block.get(kind))
    if isinstance(inner, str) and kind.endswith("_url"):
        inner = {"url": inner}
    flat = {**block, **inner} if isinstance(inner, Mapping) else block
    media_type, data, place = _first(flat, _TYPES), _first(flat, _DATA), _first(flat, _PLACES)
    for address in (place, data):
        if address.startswith("data:"):
            head, _, data = address.partition(",")
            media_type, place = head.removeprefix("data:").partition(";")[0] or media_type, ""
    if not data and not place:
        return None
    general = kind.removeprefix("input_").removesuffix("_url")
    if not media_type and isinstance(flat.get("format"), str):
        media_type = f"{general}/{flat['format']}"
    return FilePart(
        media_type=(media_type or general)[:100],
        base64=data,
        place=place[:_LONGEST_PLACE],
        name=_first(flat, _NAMES)[:_LONGEST_PLACE],
    )


def _first(block: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((block[key] for key in keys if isinstance(block.get(key), str)), "")
