"""The errors of the skill library. Each message says what to do about it."""

from __future__ import annotations

from fieldcraft.common.errors import FieldcraftError, ForeignFault, InputError, Unavailable
from fieldcraft.common.text import visible_line

_NAME_LIMIT = 100
_REASON_LIMIT = 400


class LibraryError(FieldcraftError):
    """The base class of all errors of the skill library."""


class SkillRefused(LibraryError):
    """`keep` refuses this skill. The message is feedback for the author of the program."""


class UnknownSkill(LibraryError, InputError):
    """No skill, or no version, of that name; the message lists the nearest ones."""


class LibraryLocked(LibraryError, Unavailable):
    """Another process is writing to the library; the message names it."""


class LibraryNotWritable(LibraryError, Unavailable):
    """The folder cannot be written: read-only, a full disk. What was stored before is untouched."""


class ForeignLibrary(LibraryNotWritable):
    """The library belongs to another user; the message names the setting that allows writing to it."""


class UnsafeLibrary(LibraryNotWritable):
    """An internal file or folder is a link, a pipe or the like, and was not touched; the message names it."""


class BrokenSkill(LibraryError, ForeignFault):
    """A skill folder that cannot be loaded: `reason` says why, `cure` what to do."""

    def __init__(self, name: str, reason: str, cure: str) -> None:
        reason = visible_line(reason, _REASON_LIMIT)
        super().__init__(f"skill {visible_line(name, _NAME_LIMIT)!r} {reason}; {cure}")
        self.name = name
        self.reason = reason
        self.cure = cure
