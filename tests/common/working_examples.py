"""What the tests of the bounded worker run inside it."""

from __future__ import annotations

import os
import time


def upper(data: bytes) -> bytes:
    return data.upper()


def spin(data: bytes) -> bytes:
    while data:
        pass
    return b"idle"


def sleep(data: bytes) -> bytes:
    time.sleep(float(data))
    return b"awake"


def fill(data: bytes) -> bytes:
    return bytes(int(data))


def fail(data: bytes) -> bytes:
    raise ValueError(data.decode())


def leave(data: bytes) -> bytes:
    os._exit(int(data))


def number(data: bytes) -> bytes:
    return str(os.getpid()).encode()
