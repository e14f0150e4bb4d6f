"""Text that others wrote, made fit to keep and to show: without secrets, without control characters."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache

from fieldcraft.secret_shapes import BEARER, NAMED, SHAPES

REDACTED = "[redacted]"
_SHORTEST = 8
_SECRET_NAME = re.compile(rf"{NAMED}(_|$)", re.IGNORECASE)


@cache
def _names_a_secret(variable: str) -> bool:
    return _SECRET_NAME.search(variable) is not None


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """`text` with every known secret replaced by `[redacted]`.

    Secrets are the values (8 characters or more) of environment variables named like one (`KEY`,
    `TOKEN`, `SECRET`, `PASSWORD`), the strings of `extra`, and whatever has the shape of a key.
    """
    values = {os.environ.get(name, "") for name in list(os.environ) if _names_a_secret(name)}
    for value in sorted(values.union(extra), key=len, reverse=True):
        if len(value) >= _SHORTEST and value in text:
            text = text.replace(value, REDACTED)
    return BEARER.sub(rf"\1{REDACTED}", SHAPES.sub(REDACTED, text))


_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # what reorders or hides text
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: object) -> str:
    """`text` without secrets, and with control characters spelled out: an escape becomes four letters.

    Programs, worlds and models write what they like; nothing of it may move the cursor, set the title of
    a terminal, or turn the reading direction around.
    """
    shown = redact(str(text)).replace("\r\n", "\n").expandtabs(4)
    return _UNSHOWABLE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), shown)
