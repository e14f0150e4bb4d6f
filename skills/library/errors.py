"""What the skill library refuses, and what it could not do. Each message says what to do about it."""

from __future__ import annotations

from fieldcraft.common.errors import FieldcraftError, ForeignFault, InputError, Unavailable
from fieldcraft.common.text import visible_line

_NAME_LIMIT = 100
_REASON_LIMIT = 400


class LibraryError(FieldcraftError):
    """Whatever a skill library raises on purpose."""


class SkillRefused(LibraryError):
    """`keep` will not store this skill. The message is feedback for whoever wrote the program."""


class UnknownSkill(LibraryError, InputError):
    """No skill, or no version, of that name; the message lists the nearest ones."""


class LibraryLocked(LibraryError, Unavailable):
    """Another process is writing to the library; the message names it."""


class LibraryNotWritable(LibraryError, Unavailable):
    """The folder cannot be written: read-only, a full disk. What was stored before is untouched."""


class ForeignLibrary(LibraryNotWritable):
    """The library belongs to another user; the message names the setting that allows to write to it."""


class UnsafeLibrary(LibraryNotWritable):
    """A file or folder of ours is a link, a pipe or the like, and was not touched; the message names it."""


class BrokenSkill(LibraryError, ForeignFault):
    """A skill folder that cannot be loaded: `reason` says why, `cure` what to do."""

    def __init__(self, name: str, reason: str, cure: str) -> None:
        reason = visible_line(reason, _REASON_LIMIT)
        super().__init__(f"skill {visible_line(name, _NAME_LIMIT)!r} {reason}; {cure}")
        self.name = name
        self.reason = reason
        self.cure = cure
