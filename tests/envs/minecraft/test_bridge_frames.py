"""The reader of what the bridge's process says: whatever the bytes, a message, or the one error."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from machine import PATIENCE

from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.messages import BOT, PROGRAM, Answer, Bounds, Call, Event, read_message
from fieldcraft.envs.minecraft.rpc import Channel

SEEDS = [
    {"id": 1, "tick": 20, "walked": 1.5, "value": {"x": 1, "y": 2.5, "z": -3}},
    {"id": 2, "tick": 21, "error": {"kind": "refused", "message": "need 1 dirt (have 0)"}},
    {"event": "event", "tick": 3, "text": "somebody says: hi \N{GRINNING FACE}"},
    {"event": "call", "name": "mineBlock", "arguments": "'dirt', 1", "error": None},
    {"event": "chest", "at": "(1, 2, 3)", "contents": {"dirt": 3, "stone": 64}},
    {"call": 3, "name": "d1", "args": [1, "two", {"three": [4.5, None, True]}]},
]
ODD = [
    b"", b"null", b"[]", b"{}", b'"', b"\\ud83d", b"\xff", b"\x00", b"9" * 400, b"1e999", b"NaN",
    b"-Infinity",
    b"[" * 300, b"{\"a\":" * 200, b"true", b"-1", b"0.5", b"\xed\xa0\x80", b"\\u0000", b",", b":", b"}", b"]",
]  # fmt: skip


def mutated(random: random.Random) -> bytes:
    """A frame with some of its bytes replaced, doubled, left out, or by odd parts instead."""
    frame = json.dumps(random.choice(SEEDS), ensure_ascii=random.random() < 0.5).encode()
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(frame) + 1)
        end = min(len(frame), start + random.choice((0, 1, 2, 8, 40)))
        piece = random.choice((*ODD, frame[start:end] * 2, random.randbytes(3)))
        frame = frame[:start] + piece + frame[end:]
    return frame


@pytest.mark.parametrize("bounds", [BOT, PROGRAM], ids=["bot", "program"])
def test_mutated_frames_are_messages_or_a_typed_error(bounds: Bounds) -> None:
    chosen = random.Random(f"frames {bounds.line}")
    read = 0
    for _ in range(2000):
        frame = mutated(chosen)
        began = time.process_time()
        try:
            message = read_message(frame, bounds)
        except Lost:
            continue
        finally:
            assert time.process_time() - began < 1, frame
        read += 1
        assert isinstance(message, Answer | Event | Call)
        json.dumps(message.model_dump(), allow_nan=True).encode()
    assert read > 50


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"id": 1, "value": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"id": 1, "value": [' + b"0," * 400_000 + b"0]}",
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id": 1, "error": {"kind": "fault"}}',
        b'{"id": 1, "error": "x"}',
        b'{"id": true}',
        b'{"call": 1, "name": "x", "args": "x"}',
        b'{"event": "x", "tick": -1}',
        b'{"event": "x", "walked": 1e999}',
        b'{"event": ["x"]}',
        b"\xff{}",
        b'"' + b"x" * (2 << 20) + b'"',
    ],
    ids=lambda line: line[:30].decode(errors="replace"),
)
def test_what_is_no_message_of_a_program_is_refused(line: bytes) -> None:
    with pytest.raises(Lost, match="does not keep to its protocol"):
        read_message(line, PROGRAM)


def test_half_a_character_is_mended_in_every_mode() -> None:
    for bounds in (BOT, PROGRAM):
        message = read_message(b'{"event": "event", "text": "a\\ud83d"}', bounds)
        assert isinstance(message, Event)
        assert message.text == "a\N{REPLACEMENT CHARACTER}"


def test_names_are_one_visible_line() -> None:
    message = read_message(json.dumps({"event": "held", "name": "a\n\u202e# b" * 50}).encode(), PROGRAM)
    assert isinstance(message, Event)
    assert message.name.isprintable()
    assert len(message.name) <= 100


@contextmanager
def speaking(
    source: str, tell: Callable[[Event], None] = lambda event: None, *, bounds: Bounds = PROGRAM
) -> Iterator[Channel]:
    """A channel to a Python process that says what `source` makes it say."""
    process = subprocess.Popen([sys.executable, "-uc", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    channel = Channel(process, tell)
    channel.bind(bounds)
    try:
        yield channel
    finally:
        process.kill()
        process.communicate()


PRINT = "import sys, time\nwrite = sys.stdout.buffer.write\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("while True: write(b'x' * 65536)", "a line without end"),
        ('while True: write(b\'{"event": "x"}\\n\' * 1000)', "more than (8 MB|150000 messages)"),
        ("while True: write(b'\\n' * 65536)", "more than 150000 messages|does not keep"),
        ("write(b'{\"id\": 7}\\n'); time.sleep(600)", "does not keep to its protocol"),
        ("write(b'{\"id\": 1}\\n' * 2); write(b'{\"id\": 1}\\n'); time.sleep(600)", None),
        ("pass", "died|closed its streams"),
        ("time.sleep(600)", "did not answer"),
    ],
)
def test_a_process_that_misbehaves_is_lost(source: str, why: str | None) -> None:
    with speaking(PRINT + source) as channel:
        if why is None:
            assert channel.call("x", {}, seconds=PATIENCE) is None
            with pytest.raises(Lost, match="does not keep to its protocol"):
                channel.call("y", {}, seconds=PATIENCE)
            return
        with pytest.raises(Lost, match=why):
            channel.call("x", {}, seconds=PATIENCE if "answer" not in why else 0.2)
        with pytest.raises(Lost):
            channel.call("y", {}, seconds=1)


def test_a_large_request_and_a_talkative_process_do_not_wait_for_one_another() -> None:
    source = (
        PRINT + 'write(b\'{"event": "x"}\\n\' * 100000)\n'
        'line = sys.stdin.readline()\nwrite(b\'{"id": 1, "value": %d}\\n\' % len(line))\ntime.sleep(600)'
    )
    told: list[Event] = []
    with speaking(source, told.append) as channel:
        assert channel.call("x", {"text": "x" * 1_000_000}, seconds=PATIENCE) > 1_000_000
    assert len(told) == 100_000


def test_a_process_that_reads_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.envs.minecraft.rpc.WRITE_SECONDS", 0.5)
    with speaking("import time; time.sleep(600)") as channel, pytest.raises(Lost, match="does not read"):
        channel.call("x", {"text": "x" * 1_000_000}, seconds=PATIENCE)


def test_a_process_that_runs_a_program_keeps_no_clock() -> None:
    source = PRINT + 'write(b\'{"id": 1, "tick": 5000, "walked": 999}\\n\'); time.sleep(600)'
    with speaking(source) as channel:
        channel.call("x", {}, seconds=PATIENCE)
        assert (channel.tick, channel.walked) == (0, 0.0)
    with speaking(source, bounds=BOT) as channel:
        channel.call("x", {}, seconds=PATIENCE)
        assert (channel.tick, channel.walked) == (5000, 999.0)
