"""Pictures that worlds draw, decoded within bounds: they may be drawn from a snapshot of somebody else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 16_000_000
"""Bytes of a picture's file, and its pixels."""


def read_picture(png: bytes) -> Image:
    """The picture of a PNG file.

    Raises:
        ValueError: it is no PNG, or larger than `LARGEST`.
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
