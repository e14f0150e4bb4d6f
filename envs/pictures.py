"""Decode pictures that worlds draw within limits: a world, or another person's snapshot, may be hostile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 16_000_000
"""The most bytes of a picture's file, and the most pixels."""


def read_picture(png: bytes, *, largest: int = LARGEST) -> Image:
    """Decode a PNG file.

    Args:
        png: the file's bytes.
        largest: the most bytes and the most pixels that are read.

    Raises:
        ValueError: it is not a PNG file, or larger.
    """
    from PIL import Image, UnidentifiedImageError

    if len(png) > largest:
        raise ValueError(f"the picture has {len(png):,} bytes; at most {largest:,} are read")
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            if picture.width * picture.height > largest:
                raise ValueError(f"the picture has {picture.width} x {picture.height} pixels")
            return picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture cannot be read: {error}") from error


def scaled_picture(png: bytes, *, longest: int, largest: int = LARGEST) -> bytes:
    """A PNG file whose sides have at most `longest` pixels, without transparency: what is unknown is black.

    Raises:
        ValueError: it is not a PNG file, or larger than `largest`.
    """
    from PIL import Image

    picture = read_picture(png, largest=largest)
    opaque = Image.new("RGB", picture.size)
    opaque.paste(picture, mask=picture.getchannel("A"))
    opaque.thumbnail((longest, longest))
    data = io.BytesIO()
    opaque.save(data, "PNG")
    return data.getvalue()
