"""Snapshots of JSON data under a seal: a word for whose they are, and the SHA-256 of what follows."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Saved = TypeVar("Saved", bound=BaseModel)


def sealed(saved: BaseModel, *, head: bytes) -> bytes:
    """The bytes of a snapshot, the same for the same content.

    Args:
        saved: what it holds.
        head: whose it is, and the number of its format.
    """
    text = json.dumps(saved.model_dump(mode="json"), sort_keys=True, allow_nan=False).encode()
    return head + sha256(text).hexdigest().encode() + b"\n" + text


def unsealed(snapshot: bytes, kind: type[Saved], *, head: bytes, largest: int, whose: str) -> Saved:
    """What a snapshot holds.

    Args:
        snapshot: its bytes, from anywhere.
        kind: what it is to hold.
        head: as it was sealed with.
        largest: the most bytes that are read.
        whose: the world, for messages.

    Raises:
        ValueError: the bytes are no snapshot of that world, or were changed.
    """
    found, _, text = snapshot[: largest + 1].partition(b"\n")
    if len(snapshot) > largest or found != head + sha256(text).hexdigest().encode():
        raise ValueError(f"this is no whole snapshot of {whose}")
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(f"a snapshot that cannot be read: {error.error_count()} wrong fields") from None
