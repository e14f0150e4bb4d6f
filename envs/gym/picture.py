"""What an environment draws, as a PNG."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
from PIL import Image

LARGEST_SIDE = 4_096
"""Pixels of a side that are kept; larger pictures are made smaller."""


def draws_pictures(environment: Any) -> str:
    """Why an environment draws no pictures; empty where it does. It has to be reset."""
    if getattr(environment, "render_mode", None) != "rgb_array":
        return "it was not made with render_mode='rgb_array'"
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws into memory without a display
    try:
        picture(environment)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def picture(environment: Any) -> bytes:
    """The PNG of what an environment draws now.

    Raises:
        ValueError: it drew nothing that is a picture.
        Exception: any of the environment.
    """
    return encoded(environment.render())


def encoded(drawn: Any) -> bytes:
    """The PNG of what was drawn, or of the last of several.

    Raises:
        ValueError: it is no picture.
    """
    if isinstance(drawn, list) and drawn:
        drawn = drawn[-1]
    array = np.asarray(drawn)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        raise ValueError(
            f"render gave a {type(drawn).__name__} that is no picture (rows, columns, 3 colours)"
        )
    image = Image.fromarray(np.ascontiguousarray(array))
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()
