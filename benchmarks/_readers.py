"""The readers of what others wrote, by the names that the command line knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from _reader import Opened, Reader
from _readers_of_models import MODEL_READERS
from _readers_of_skills import SKILL_READERS
from _readers_of_tools import TOOL_READERS
from _readers_of_worlds import WORLD_READERS

from fieldcraft.common.data import DataError, bounded, read_json
from fieldcraft.common.text import decoded, visible_line
from fieldcraft.common.yaml import read_yaml

DATA = {
    "a": [1, -2.5, None, True, "\u00fc \U0001f600"],
    "b": {"c": [[], {}, {"d": "e" * 30}], "f": 10**20},
}
YAML = b"""name: get-log
description: "Get logs: some"
metadata:
  count: 3
  share: 0.5
  tags: [a, 'b', "c"]
  base: &base {x: 1}
  more: *base
text: |
  two
  lines
"""


def _same_after(value: object) -> object:
    """What was accepted can be written and read back."""
    if read_json(json.dumps(value)) != value:
        raise AssertionError("it is not read back as it was")
    return value


@contextmanager
def _json() -> Iterator[Reader]:
    seeds = [json.dumps(DATA).encode(), b"[]", b'"x"']
    yield Reader(seeds, lambda data: _same_after(read_json(data)), (DataError,))


@contextmanager
def _yaml() -> Iterator[Reader]:
    yield Reader([YAML, b"- a\n- b: c\n"], lambda data: _same_after(read_yaml(decoded(data))), (DataError,))


@contextmanager
def _text() -> Iterator[Reader]:
    def read(data: bytes) -> object:
        line = visible_line(data.decode("utf-8", "surrogateescape"))
        if len(line.splitlines()) > 1 or len(line) > 200 or bounded(line) != line:
            raise AssertionError("it is no visible line")
        return line

    yield Reader(["one line \u00fc".encode(), b"a\tb\r\nc"], read)


READERS: dict[str, Opened] = {
    "json": _json,
    "yaml": _yaml,
    "text": _text,
    **SKILL_READERS,
    **MODEL_READERS,
    **TOOL_READERS,
    **WORLD_READERS,
}
