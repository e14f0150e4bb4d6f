"""The host's frame reader under fuzzing: no crash but `BrokenProtocol`, no invalid frame accepted."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from typing import Any

import pytest
from _frame_rules import same, valid_content
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.skills.sandbox.frames import AnyFrame, BrokenProtocol, FrameBuffer, read_frame
from fieldcraft.skills.sandbox.worker.relay import HEADER, WORKER_GONE, BrokenRecord, Records

FRAMES = int(os.environ.get("FIELDCRAFT_FUZZ_FRAMES", "10000"))

VALID = [
    {"type": "ready"},
    {"type": "log", "text": "hi"},
    {
        "type": "call",
        "id": 0,
        "name": "mine",
        "args": ["oak_log", 3, None, 1.5],
        "kwargs": {"near": [1, 2, 3]},
    },
    {"type": "tool", "id": 4, "name": "search", "arguments": {"query": "iron"}},
    {"type": "skill", "id": 4, "name": "d", "args": [1], "kwargs": {"near": None}},
    {"type": "skills", "counts": {"chop": 2}},
    {"type": "done", "fault": None, "result": [1, {"a": None}], "skills": {"chop": 2}},
    {
        "type": "done",
        "fault": {"kind": "E", "message": "m", "line": 3, "skill": None},
        "result": None,
        "skills": {},
    },
]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
members = st.sampled_from(
    ["type", "id", "name", "args", "kwargs", "text", "counts", "fault", "result", "skills"]
)
kinds = st.sampled_from(["ready", "log", "call", "tool", "skill", "skills", "done", "return", ""])


def accepted(line: bytes) -> AnyFrame | None:
    """The frame that the reader makes of a line, `None` where it refuses it, as the rules say."""
    rightly = valid_content(line)
    try:
        frame = read_frame(line)
    except BrokenProtocol as error:
        assert len(str(error)) <= 400
        assert rightly is None
        return None
    assert same(frame.model_dump(mode="json"), rightly)
    return frame


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_arbitrary_bytes(line: bytes) -> None:
    accepted(line)


@pytest.mark.slow
@given(st.dictionaries(members, values, max_size=6), kinds)
@settings(max_examples=1000, deadline=None)
def test_arbitrary_objects(content: dict[str, Any], kind: str) -> None:
    line = json.dumps({**content, "type": kind}).encode()
    accepted(line)


@pytest.mark.slow
@given(st.sampled_from(VALID), members, values)
@settings(max_examples=1000, deadline=None)
def test_valid_frames_with_one_member_replaced(frame: dict[str, Any], member: str, value: Any) -> None:
    line = json.dumps({**frame, member: value}).encode()
    accepted(line)


def test_frames_with_flipped_bytes() -> None:
    rng = random.Random(0)
    lines = [json.dumps(frame).encode() for frame in VALID]
    refused = 0
    for _ in range(FRAMES):
        line = bytearray(rng.choice(lines))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(line))
            match rng.randrange(3):
                case 0:
                    line[place] = rng.randrange(256)
                case 1:
                    del line[place]
                case _:
                    line.insert(place, rng.randrange(256))
        refused += accepted(bytes(line)) is None
    assert refused > FRAMES // 3


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(min_value=1, max_value=60))
@settings(max_examples=500, deadline=None)
def test_lines_do_not_depend_on_how_the_stream_is_cut(pieces: list[bytes], size: int) -> None:
    stream = b"".join(pieces)
    assert _lines(stream, size) == _lines(stream, len(stream) or 1)


def _lines(stream: bytes, size: int) -> list[bytes]:
    buffer, lines = FrameBuffer(10_000), []
    for start in range(0, len(stream), size):
        buffer.feed(stream[start : start + size])
        while (line := buffer.next_line()) is not None:
            lines.append(line)
    return lines


@given(st.integers(min_value=0, max_value=200), st.booleans())
def test_no_line_is_longer_than_the_limit(length: int, ended: bool) -> None:
    buffer = FrameBuffer(100)
    buffer.feed(b"x" * length + (b"\n" if ended else b""))
    try:
        line = buffer.next_line()
    except BrokenProtocol:
        assert length > 100
    else:
        assert length <= 100
        assert line == (b"x" * length if ended else None)


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(min_value=1, max_value=40))
@settings(max_examples=500, deadline=None)
def test_records_of_a_relay_are_cut_as_they_were_written(contents: list[bytes], size: int) -> None:
    written = [(index % 4, index, content) for index, content in enumerate(contents)]
    stream = b"".join(HEADER.pack(kind, worker, len(text)) + text for kind, worker, text in written)
    assert _records(stream, size) == written


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=40))
@settings(max_examples=500, deadline=None)
def test_bytes_that_no_relay_writes_are_refused_or_cut(stream: bytes, size: int) -> None:
    with suppress(BrokenRecord):
        for kind, _, content in _records(stream, size):
            assert kind <= WORKER_GONE
            assert content in stream


def _records(stream: bytes, size: int) -> list[tuple[int, int, bytes]]:
    records, found = Records(), []
    for start in range(0, len(stream), size):
        records.feed(stream[start : start + size])
        while (record := records.next()) is not None:
            found.append(record)
    return found
