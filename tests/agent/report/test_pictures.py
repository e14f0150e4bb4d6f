"""Pictures are decoded within bounds."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from fieldcraft.envs.pictures import read_picture


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int) -> bytes:
    """A PNG of so many pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def written(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 3)).save(file, kind)
    return file.getvalue()


def test_a_picture_is_read() -> None:
    assert read_picture(written("PNG")).size == (4, 3)


@pytest.mark.attack("a picture in a run's report is a decompression bomb, or of another kind")
@pytest.mark.parametrize(
    "content",
    [
        png(60_000, 60_000),
        png(2**31 - 1, 2**31 - 1),
        written("GIF"),
        written("BMP"),
        b"",
        b"x",
    ],
    ids=["bomb", "bigger", "gif", "bmp", "empty", "text"],
)
def test_what_is_no_small_png_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="picture"):
        read_picture(content)
