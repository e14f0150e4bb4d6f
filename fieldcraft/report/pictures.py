"""Decode pictures that worlds draw within limits, since another person's snapshot may be hostile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 16_000_000
"""The most bytes of a picture's file, and the most pixels."""


def read_picture(png: bytes) -> Image:
    """Decode a PNG file.

    Raises:
        ValueError: it is not a PNG file, or larger than `LARGEST`.
    """
    from PIL import Image, UnidentifiedImageError

    if len(png) > LARGEST:
        raise ValueError(f"the picture has {len(png):,} bytes; at most {LARGEST:,} are read")
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            if picture.width * picture.height > LARGEST:
                raise ValueError(f"the picture has {picture.width} x {picture.height} pixels")
            return picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture cannot be read: {error}") from error
