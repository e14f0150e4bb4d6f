"""Read and decompress the answers of web servers within a limit."""

from __future__ import annotations

import codecs
import zlib
from typing import Any

import httpx

from fieldcraft.common.text import valid_text
from fieldcraft.tools.errors import ToolError

ACCEPTED = {"Accept-Encoding": "gzip, deflate"}
"""The header that requests only supported encodings."""
_PACKED = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_CHARSETS = ("utf", "ascii", "iso", "cp", "koi8", "shift_jis", "euc", "gb", "big5")
"""Prefixes of charset names that are decoded in linear time."""


class TooLarge(ToolError):
    """A server sent more than the limit."""


class Unpacked:
    """Gathers the raw chunks of a response.

    Raises:
        TooLarge: it has an unsupported encoding.
    """

    def __init__(self, response: httpx.Response, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self._unpacking: Any = None
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in {"", "identity", *_PACKED}:
            raise TooLarge(f"answered in the encoding {packed[:50]!r}, which was not asked for")
        if packed in _PACKED:
            self._unpacking = zlib.decompressobj(_PACKED[packed])

    def add(self, chunk: bytes) -> None:
        """Add the next chunk. Raises `TooLarge` beyond the limit, or if it cannot be decompressed."""
        if self._unpacking is None:
            self._content += chunk
        else:
            try:
                self._content += self._unpacking.decompress(chunk, self._limit + 1 - len(self._content))
            except zlib.error as error:
                raise TooLarge(f"answered what cannot be unpacked: {error}") from error
        if len(self._content) > self._limit:
            raise TooLarge(f"answered more than {self._limit:,} bytes")

    def whole(self) -> bytes:
        """The complete decompressed body."""
        return bytes(self._content)


def text_of(content: bytes, charset: str | None) -> str:
    """A body as text; an unknown charset is read as UTF-8."""
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        name = "utf-8"
    if not name.startswith(_CHARSETS) or name == "utf-7":
        name = "utf-8"
    return valid_text(content.decode(name, "replace"))
