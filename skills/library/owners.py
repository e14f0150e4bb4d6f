"""Whose a library is. One of another owner is read, and written only where the settings name its owner."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from fieldcraft.common.files import Folder
from fieldcraft.skills.library.errors import ForeignLibrary


def check_owner(folder: Folder, library: Path, owners: Collection[str]) -> None:
    """Refuse to write into a folder that belongs to another user. Root is a user like any other.

    Args:
        folder: the library's folder, or one of ours in it.
        library: what the message calls it.
        owners: whose libraries may be written besides one's own: user names and ids, and groups as `@name`
            or `@id`.

    Raises:
        ForeignLibrary: the message names the setting.
    """
    if not hasattr(os, "geteuid"):
        return
    status = folder.state()
    if status.st_uid == os.geteuid():
        return
    user, group = _user_name(status.st_uid), _group_name(status.st_gid)
    if {user, str(status.st_uid), f"@{group}", f"@{status.st_gid}"} & set(owners):
        return
    raise ForeignLibrary(
        f"{library} belongs to the user {user}, not to {_user_name(os.geteuid())}, and was not written; "
        f'if you trust who can write there, set library_owners = ["{user}"] (--library-owner {user}), '
        "or work on a copy"
    )


def _user_name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
