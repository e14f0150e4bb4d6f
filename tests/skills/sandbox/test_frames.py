"""The host's frame reader under fuzzing: no crash but `BrokenProtocol`, no invalid frame accepted."""

from __future__ import annotations

import json
import math
import os
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.skills.sandbox.frames import AnyFrame, BrokenProtocol, FrameBuffer, read_frame

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
kinds = st.sampled_from(["ready", "log", "call", "tool", "skills", "done", "return", ""])


def accepted(line: bytes) -> AnyFrame | None:
    """The frame that the reader makes of a line, `None` where it refuses it as it should."""
    try:
        return read_frame(line)
    except BrokenProtocol as error:
        assert len(str(error)) <= 400
        return None


def check_faithful(line: bytes, frame: AnyFrame) -> None:
    """An accepted frame says what the line says, no more, and holds only finite JSON data."""
    said = json.loads(line)
    assert isinstance(said, dict)
    assert frame.model_dump(mode="json") == said
    assert json.dumps(said, allow_nan=False)


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_arbitrary_bytes(line: bytes) -> None:
    frame = accepted(line)
    if frame is not None:
        check_faithful(line, frame)


@given(st.dictionaries(members, values, max_size=6), kinds)
@settings(max_examples=1000, deadline=None)
def test_arbitrary_objects(content: dict[str, Any], kind: str) -> None:
    line = json.dumps({**content, "type": kind}).encode()
    frame = accepted(line)
    if frame is not None:
        check_faithful(line, frame)


@given(st.sampled_from(VALID), members, values)
@settings(max_examples=1000, deadline=None)
def test_valid_frames_with_one_member_replaced(frame: dict[str, Any], member: str, value: Any) -> None:
    line = json.dumps({**frame, member: value}).encode()
    read = accepted(line)
    if read is not None:
        check_faithful(line, read)


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
        frame = accepted(bytes(line))
        refused += frame is None
        if frame is not None:
            assert _finite(frame.model_dump())
    assert refused > FRAMES // 3


def _finite(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(map(_finite, value.values()))
        case list():
            return all(map(_finite, value))
    return True


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
