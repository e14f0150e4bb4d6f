"""The owner of a library. Another user's library is written only if the settings name the owner."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from fieldcraft.common.files import Folder
from fieldcraft.common.suggest import nearest
from fieldcraft.skills.library.errors import ForeignLibrary


def check_owner(folder: Folder, library: Path, owners: Collection[str]) -> None:
    """Refuse to write into a folder that belongs to another user. Root is a user like any other.

    Args:
        folder: the library's folder, or an internal folder.
        library: its name for the message.
        owners: other users and groups whose libraries may be written: user names and ids, groups as
            `@name` or `@id`.

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


def unknown_owner(owner: str) -> str:
    """Why no user (a name or id) or group (`@name`, `@id`) of this machine is meant; empty where one is."""
    name = owner.removeprefix("@")
    if not hasattr(os, "geteuid") or name.isdecimal():
        return ""
    import grp
    import pwd

    users, groups = {entry.pw_name for entry in pwd.getpwall()}, {entry.gr_name for entry in grp.getgrall()}
    if owner.startswith("@"):
        if name in groups or _is_known(grp.getgrnam, name):
            return ""
        return f"there is no group {name!r} on this machine{nearest(name, groups)}"
    if name in users or _is_known(pwd.getpwnam, name):
        return ""
    hint = f"; the group of this name is @{name}" if name in groups else nearest(name, users)
    return f"there is no user {name!r} on this machine{hint}"


def _is_known(look_up: Callable[[str], object], name: str) -> bool:
    """Whether a directory that lists nobody (LDAP, for example) knows the name all the same."""
    try:
        look_up(name)
    except (KeyError, ValueError):  # a name that nobody can have
        return False
    return True


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
