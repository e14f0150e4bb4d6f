"""The files that a journal is made of: the segment that grows, the one before it, and the rest, compressed.

A compressed segment is a gzip file of the same lines, which `zcat` reads. Segments of earlier versions, and
one whose compressing was interrupted, are plain; where both stand side by side, the plain one counts.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from typing import cast

from fieldcraft.common.data import DataError
from fieldcraft.common.files import Folder

LARGEST = 256_000_000
"""Bytes of a compressed segment's lines; a larger one is not made, and not read."""
PIECE = 1 << 20
_NAME = re.compile(r"journal-(\d{6,12})\.(?:jsonl|gz)")
_MAGIC = b"\x1f\x8b"
_LEVEL = 6


def segment_names(folder: Folder) -> list[str]:
    """The names of all segments, oldest first, also of entries that are not regular files."""
    found: dict[int, str] = {}
    for name in sorted(folder.names()):  # "gz" comes before "jsonl"
        if _NAME.fullmatch(name):
            found[number_of(name)] = name
    return [found[number] for number in sorted(found)]


def last_name(folder: Folder) -> str:
    """The name of the latest segment, empty where there is none."""
    names = [name for name in folder.names() if _NAME.fullmatch(name)]
    return max(names, key=lambda name: (number_of(name), name), default="")


def number_of(name: str) -> int:
    """The number of the segment of this name, 0 where it is none."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def plain_name(number: int) -> str:
    """The name of a segment that is not compressed."""
    return f"journal-{number:06d}.jsonl"


def packed_name(number: int) -> str:
    """The name of a segment that is compressed."""
    return f"journal-{number:06d}.gz"


def lines_of(folder: Folder, name: str, limit: int) -> Iterator[bytes]:
    """The lines of a segment, each with its end; one beyond `limit` bytes is given up to there.

    Raises:
        DataError: a compressed one is damaged, or too large.
        OSError: it cannot be read.
    """
    with os.fdopen(_opened(folder, name), "rb", buffering=PIECE) as opened:
        file = cast("io.BufferedReader", opened)
        if not file.peek(len(_MAGIC)).startswith(_MAGIC):
            yield from _lines(file, limit)
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _bounded(unpacked, limit)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"it cannot be unpacked ({error})") from None


def _opened(folder: Folder, name: str) -> int:
    """A descriptor of a segment; the process that writes may have compressed it since its name was read."""
    try:
        return folder.open_file(name)
    except FileNotFoundError:
        number = number_of(name)
        other = packed_name(number) if name == plain_name(number) else plain_name(number)
        return folder.open_file(other)


def _lines(file: io.BufferedIOBase, limit: int) -> Iterator[bytes]:
    while line := file.readline(limit + 1):
        yield line


def _bounded(file: io.BufferedIOBase, limit: int) -> Iterator[bytes]:
    size = 0
    for line in _lines(file, limit):
        size += len(line)
        if size > LARGEST:
            raise DataError(f"it has more than {LARGEST:,} bytes when it is unpacked")
        yield line


def first_line(folder: Folder, limit: int) -> bytes:
    """The first line of the first segment, without its end, up to `limit` bytes; empty where there is none.

    Raises:
        OSError: it cannot be read.
    """
    for name in segment_names(folder)[:1]:
        try:
            return next(lines_of(folder, name, limit), b"")[:limit].removesuffix(b"\n")
        except DataError as error:
            raise OSError(str(error)) from error
    return b""


def compress(folder: Folder, name: str) -> None:
    """Put a segment that ended into a compressed file, in one step. One that is too large stays as it is.

    Raises:
        OSError: it cannot be read or written; the segment stays.
    """
    if name == packed_name(number_of(name)):
        return
    with folder.opened(name) as descriptor:
        if os.fstat(descriptor).st_size > LARGEST:
            return
    packed = gzip.compress(folder.read(name, limit=LARGEST), _LEVEL, mtime=0)
    folder.write(packed_name(number_of(name)), packed)
    folder.remove(name)


def unpack(folder: Folder, name: str) -> str:
    """Make a compressed segment plain again, to append to it; returns its name then.

    Raises:
        DataError: it is damaged.
        OSError: it cannot be read or written.
    """
    plain = plain_name(number_of(name))
    if name != plain:
        folder.write(plain, b"".join(lines_of(folder, name, LARGEST)))
        folder.remove(name)
    return plain
