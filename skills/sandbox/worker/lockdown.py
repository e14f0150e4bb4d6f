"""Giving up what a worker must not have: privileges, resources, files, the network.

Standard library and ctypes alone. Landlock: Linux 5.13, Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

with suppress(ImportError):  # Windows, where this is imported only to say what is missing
    import resource

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAPABILITY_VERSION_3 = 0x20080522
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls; they have the same numbers on every architecture."""

ASK_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, READ_FILE, READ_DIRECTORY = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Rights that each version of Landlock added (13 at first; then refer, truncate, ioctl on devices)."""

NETWORK_ABI, NETWORK_RIGHTS = 4, 0b11
SCOPE_ABI, SCOPES = 6, 0b11
FOREIGN_PACKAGES = ("site-packages", "dist-packages")


@functools.cache
def c_library() -> ctypes.CDLL:
    """The C library, loaded once: a forked worker finds it loaded."""
    return ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """The kernel's version of Landlock; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    version: int = c_library().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    return max(0, version)


def restrict_files(readable: Iterable[str], runnable: Iterable[str] = ()) -> int:
    """Leave this process nothing to write, only these paths to read or run, no TCP, no foreign sockets.

    Holds for the calling thread and its later children, and cannot be undone. Needs `no_new_privs`.

    Args:
        readable: files (readable) and directories (readable, all beneath them too).
        runnable: files that may be read and executed.

    Returns:
        The version of Landlock that holds: network since 4, abstract sockets and signals since 6.

    Raises:
        OSError: the kernel has no Landlock, or refused.
    """
    libc = c_library()
    abi = landlock_abi()
    if abi < 1:
        raise OSError("this kernel has no Landlock")
    handled = sum(rights for since, rights in FILE_RIGHTS_BY_ABI.items() if since <= abi)
    network = NETWORK_RIGHTS if abi >= NETWORK_ABI else 0
    scopes = SCOPES if abi >= SCOPE_ABI else 0
    size = 24 if abi >= SCOPE_ABI else 16 if abi >= NETWORK_ABI else 8
    attributes = struct.pack("QQQ", handled, network, scopes)
    ruleset = _checked(
        libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)), "create"
    )
    for path in readable:
        _allow(libc, ruleset, path, READ_FILE | READ_DIRECTORY if os.path.isdir(path) else READ_FILE)
    for path in runnable:
        _allow(libc, ruleset, path, READ_FILE | EXECUTE)
    _checked(libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "restrict")
    os.close(ruleset)
    return abi


def standard_library(search_path: Iterable[str]) -> list[str]:
    """The files and folders of the interpreter's own library, without the packages installed beside it."""
    found: list[str] = []
    for folder in search_path:
        if os.path.isfile(folder):
            found.append(folder)
        elif os.path.isdir(folder):
            found += [entry.path for entry in os.scandir(folder) if entry.name not in FOREIGN_PACKAGES]
    return found


def drop_privileges() -> None:
    """Give up every capability for good, and gain nothing by running another program.

    Raises:
        OSError: the kernel refused.
    """
    libc = c_library()
    _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _checked(libc.capset(header, struct.pack("6I", *[0] * 6)), "capset")


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` ends, and at once if it has ended already."""
    c_library().prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(memory: int, seconds: int) -> None:
    """Hard limits: bytes of address space, seconds of processor time; no files, processes, dumps.

    The processor time is a backstop behind the host's deadline. Outside Linux, where no limit is relied on,
    those that the system refuses (macOS: the address space) are left out.
    """
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": seconds,
        "RLIMIT_NOFILE": 32,
        **dict.fromkeys(
            ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NPROC"), 0
        ),
    }
    for name, value in limits.items():
        if hasattr(resource, name):
            try:
                resource.setrlimit(getattr(resource, name), (value, value))
            except (OSError, ValueError):
                if sys.platform.startswith("linux"):
                    raise


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", rights, descriptor)
    try:
        _checked(
            libc.syscall(
                ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(RULE_PATH_BENEATH),
                rule,
                ctypes.c_uint32(0),
            ),
            f"allow {path}",
        )
    finally:
        os.close(descriptor)


def _checked(status: int, what: str) -> int:
    if status < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return status
