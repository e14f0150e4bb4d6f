"""A skill: a program that worked, with its metadata. Its identity is its digest."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Counts


class Verified(StrEnum):
    """How a skill was shown to work, best first.

    `full`: it succeeded from the task's start. `partial`: a later attempt succeeded and no rerun was
    possible, or the rerun failed, so an earlier attempt may have done part of the work. `no`: imported
    and not yet seen to work here.
    """

    FULL = "full"
    PARTIAL = "partial"
    NO = "no"


STANDING = {Verified.FULL: 2, Verified.PARTIAL: 1, Verified.NO: 0}
"""A higher number is better verified."""


class Provenance(BaseModel):
    """The origin of a skill: the text of its `task`, and its `goal` as JSON data if the task had one.

    `library` is the folder that it was imported from; `used` and `gave` are the items that the program used
    up and gained in the world when it was kept, as far as that is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = ""
    iteration: int = 0
    task: str = ""
    goal: dict[str, object] | None = None
    model: str = ""
    seed: int | None = None
    source: str = Field(default="learned", description="learned, imported or written")
    library: str = ""
    used: Counts = {}
    gave: Counts = {}


class Skill(BaseModel):
    """A program that worked. `entry` is how programs call it; `name` (lower-case, hyphens) is its folder.

    `dependencies` map the entry name of each skill it calls to the digest it succeeded with; in JavaScript
    the name may be that of any function at top level of the skill with this digest. The digest covers name,
    description, code, dependencies and language, nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    description: str = Field(min_length=1, max_length=1024)
    source: str
    entry: str
    language: Literal["python", "javascript"] = "python"
    environment: str = ""
    dependencies: dict[str, str] = {}
    tools: tuple[str, ...] = ()
    verified: Verified = Verified.NO
    trusted: bool = True
    provenance: Provenance = Provenance()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of name, description, code and dependencies, and of a language that is not Python."""
        identity = [self.name, self.description, self.source, sorted(self.dependencies.items())]
        if self.language != "python":
            identity.append(self.language)
        return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()


def folder_name(entry: str) -> str:
    """The skill name of an entry function: `mineOakLog` and `mine_oak_log` become `mine-oak-log`.

    It is empty if the entry has no ASCII letter or digit.
    """
    plain = unicodedata.normalize("NFKD", entry).encode("ascii", "ignore").decode()
    words = "".join(f"-{letter}" if letter.isupper() else letter for letter in plain).lower()
    return "-".join(re.findall("[a-z0-9]+", words))[:64].rstrip("-")
