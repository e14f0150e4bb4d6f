"""Secrets are taken out of every text that is kept or shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

REDACTED = "[redacted]"
_SHORTEST = 8
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?(_|$)", re.IGNORECASE)
_SHAPES = re.compile(
    r"""
      \bsk-[\w-]{12,}                                # OpenAI, Anthropic and those who follow them
    | \b(?:gh[pousr]|github_pat|glpat|hf)[_-]\w{16,} # GitHub, GitLab, Hugging Face
    | \bxox[abprs]-[\w-]{10,}                        # Slack
    | \bAIza[\w-]{30,}                               # Google
    | \bAKIA[0-9A-Z]{16}\b                           # Amazon
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                # the user and password of a URL
    """,
    re.VERBOSE,
)
_BEARER = re.compile(r"\b(Bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE)


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """`text` with every known secret replaced by `[redacted]`.

    Secrets are the values (8 characters or more) of environment variables named like one (`KEY`,
    `TOKEN`, `SECRET`, `PASSWORD`), the strings of `extra`, and whatever has the shape of a key.
    """
    values = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for value in sorted(values.union(extra), key=len, reverse=True):
        if len(value) >= _SHORTEST and value in text:
            text = text.replace(value, REDACTED)
    return _BEARER.sub(rf"\1{REDACTED}", _SHAPES.sub(REDACTED, text))
