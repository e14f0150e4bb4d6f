"""Pictures and arrays of an observation: known by digest, their bytes kept beside the journal."""

from __future__ import annotations

from hashlib import sha256

from pydantic import Field

from fieldcraft.common.fields import Count
from fieldcraft.envs.values import Frozen, Line

LARGEST = 32 * 1024 * 1024
"""Bytes of what is kept; of what is larger the digest alone is."""


class Attachment(Frozen):
    """A picture or an array that an observation carries; make one with `Attachment.of`.

    Attributes:
        digest: SHA-256 of its bytes, in hexadecimal digits; its name among the files of a run.
        media: the type of its bytes, such as `image/png` or `application/x-numpy; dtype=uint8`.
        size: in bytes.
        shape: of an array; empty for what is none.
        content: the bytes, as long as the process that observed them runs; a journal has none.
    """

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    media: Line = "application/octet-stream"
    size: Count = Field(ge=0)
    shape: tuple[Count, ...] = Field(default=(), max_length=16)
    content: bytes = Field(default=b"", exclude=True, repr=False)

    @classmethod
    def of(cls, content: bytes, media: str = "image/png", shape: tuple[int, ...] = ()) -> Attachment:
        """The attachment with these bytes."""
        return cls(
            digest=sha256(content).hexdigest(),
            media=media,
            size=len(content),
            shape=shape,
            content=content if len(content) <= LARGEST else b"",
        )

    def is_whole(self) -> bool:
        """Whether it has its bytes, and they are those of its digest."""
        return len(self.content) == self.size and sha256(self.content).hexdigest() == self.digest
