"""Clean untrusted text before it is kept or shown: remove secrets, and escape control characters."""

from __future__ import annotations

import re

from fieldcraft.common.secrets.redaction import REDACTED, redact

__all__ = ["REDACTED", "clean", "redact"]

_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and line feed
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # characters that reorder or hide text
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: object) -> str:
    """`text` without secrets, and with control characters spelled out: an escape becomes four letters.

    Programs, worlds and models may write any text; it must not move the cursor, set the title of a
    terminal, or reverse the reading direction.
    """
    shown = redact(str(text)).replace("\r\n", "\n").expandtabs(4)
    return _UNSHOWABLE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), shown)
