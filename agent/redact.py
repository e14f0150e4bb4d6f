"""Text that others wrote, made fit to keep and to show: without secrets, without control characters."""

from __future__ import annotations

import re

from fieldcraft.common.redaction import REDACTED, redact

__all__ = ["REDACTED", "clean", "redact"]

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
