"""The form of a transcript: files of records, each of which names lines by their numbers.

A file `prompts/calls-000001.z` is one stream of zlib. It holds lines of JSON, one for each call:

    {"role": "actor", "call": 3, "template": "actor", "lines": ["# Task", ...],
     "messages": [["system", "0-41"], ["user", "42 7-9 43-60"]]}

`lines` are those that no earlier record of the file has; they are numbered on from there. A message is its
role and the numbers of its lines, in order. A file is written by one process only, so what a crash tears off
its end is the last record, and nothing follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

FOLDER = "prompts"
FILE = re.compile(r"calls-(\d{6,12})\.z")
OLD_FILE = re.compile(r"([a-z]+)-(\d{5,12})-(\w+)\.md")
"""A call as versions before 0.3 kept it, in a file of its own."""

FILE_LIMIT = 64_000_000
"""Bytes of one file that are read."""
TEXT_LIMIT = 1_000_000_000
"""Characters that one file may unfold to."""
RECORD_LIMIT = 64_000_000
"""Bytes of one record that are read."""


def file_name(number: int) -> str:
    """The name of a transcript's file."""
    return f"calls-{number:06d}.z"


def spans(numbers: Sequence[int]) -> str:
    """`0-41 7 50-60`: the numbers in order, those that follow one another as a span."""
    written = []
    start = last = -2
    for number in [*numbers, -1]:
        if number == last + 1 and number > 0:
            last = number
            continue
        if start >= 0:
            written.append(str(start) if start == last else f"{start}-{last}")
        start = last = number
    return " ".join(written)


def numbers_of(text: str, known: int) -> Iterator[int]:
    """The numbers that `spans` wrote.

    Raises:
        ValueError: one is no number of a line that there is.
    """
    for span in text.split():
        first, dash, last = span.partition("-")
        start, end = _number(first), _number(last if dash else first)
        if not start <= end < known:
            raise ValueError(f"it names line {span} of {known}")
        yield from range(start, end + 1)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"{text[:20]!r} is no number of a line")
    return int(text)
