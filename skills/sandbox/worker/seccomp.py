"""The system-call filter: a BPF program built from `syscalls.json`, installed in the calling thread.

A call that is not on the list fails with EPERM; the program sees an `OSError`, not a silent kill.
Layout of what the filter reads (`struct seccomp_data`): linux/seccomp.h.
"""

from __future__ import annotations

import ctypes
import errno
import json
import platform
import struct
import sys
from typing import Any

from .lockdown import c_library

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Opcodes of classic BPF: load a word, jump if ==, jump if >=, jump if any of these bits, return."""

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER_OFFSET, AUDIT_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16
PR_GET_SECCOMP, PR_SET_SECCOMP, MODE_FILTER = 21, 22, 2


class UnsupportedArchitecture(OSError):
    """There is no table of system calls for this processor; the message names those there are."""


def build_filter(table: dict[str, Any], architecture: str) -> bytes:
    """The filter for one architecture of the table, as an array of `struct sock_filter`.

    Raises:
        UnsupportedArchitecture: the table does not have it.
    """
    numbers = _architecture(table, architecture)["numbers"]
    code = _entry_checks(table["architectures"][architecture])
    code += _verdict([numbers[name] for name in table["absent"] if name in numbers], FAIL | errno.ENOSYS)
    code += _verdict([numbers[name] for name in table["allow"] if name in numbers], ALLOW)
    for name, tests in table["arguments"].items():
        if name in numbers:
            body = _argument_tests(tests)
            code += [_instruction(EQUAL, numbers[name], 0, len(body)), *body]
    code.append(_instruction(RETURN, FAIL | errno.EPERM))
    return b"".join(code)


def load_table(path: str) -> dict[str, Any]:
    """Read `syscalls.json`."""
    with open(path, encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


def machine_filter(path: str) -> bytes:
    """The filter for the machine this runs on.

    Raises:
        UnsupportedArchitecture: no table for it.
    """
    return build_filter(load_table(path), platform.machine())


def install(code: bytes) -> None:
    """Filter every further system call of this thread. Needs `no_new_privs`, and cannot be undone.

    Raises:
        OSError: the kernel refused the filter.
    """
    libc = c_library()
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel refused the seccomp filter")


def supported() -> bool:
    """Whether the kernel takes filters: it then looks for one at the null address it is given (EFAULT)."""
    if not sys.platform.startswith("linux"):
        return False
    c_library().prctl(PR_SET_SECCOMP, MODE_FILTER, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT


def _architecture(table: dict[str, Any], architecture: str) -> dict[str, Any]:
    found: dict[str, Any] | None = table["architectures"].get(architecture)
    if found is None:
        known = ", ".join(sorted(table["architectures"]))
        raise UnsupportedArchitecture(f"no system-call table for {architecture} (there are: {known})")
    return found


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _entry_checks(architecture: dict[str, Any]) -> list[bytes]:
    """Kill a caller of another calling convention (32-bit, x32); leave the call's number loaded."""
    code = [
        _instruction(LOAD, AUDIT_OFFSET),
        _instruction(EQUAL, architecture["audit"], 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD, NUMBER_OFFSET),
    ]
    if "foreign" in architecture:
        code += [_instruction(AT_LEAST, architecture["foreign"], 0, 1), _instruction(RETURN, KILL)]
    return code


def _verdict(numbers: list[int], verdict: int) -> list[bytes]:
    code: list[bytes] = []
    for number in sorted(numbers):
        code += [_instruction(EQUAL, number, 0, 1), _instruction(RETURN, verdict)]
    return code


def _argument_tests(tests: list[dict[str, Any]]) -> list[bytes]:
    """Allow where all tests hold, refuse otherwise; the code ends every path, so nothing falls through."""
    refuse = _instruction(RETURN, FAIL | errno.EPERM)
    code: list[bytes] = []
    for test in tests:
        low = ARGUMENTS_OFFSET + 8 * test["index"]
        code.append(_instruction(LOAD, low))
        match test:
            case {"zero": True}:
                code += [_instruction(EQUAL, 0, 1, 0), refuse, _instruction(LOAD, low + 4)]
                code += [_instruction(EQUAL, 0, 1, 0), refuse]
            case {"without": bits}:
                code += [_instruction(ANY_BIT, bits, 0, 1), refuse]
            case {"any_of": values}:
                count = len(values)
                code += [_instruction(EQUAL, value, count - index) for index, value in enumerate(values)]
                code.append(refuse)
    return [*code, _instruction(RETURN, ALLOW)]
