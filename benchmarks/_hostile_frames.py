"""Lines that a hostile program might write to its wire."""

from __future__ import annotations

import json
import math
import random
from typing import Any

from _frame_rules import DEEPEST

FAULT = {"kind": "E", "message": "m", "line": 3, "skill": None}
VALID: list[dict[str, Any]] = [
    {"type": "ready"},
    {"type": "log", "text": "hi \u00fc"},
    {"type": "call", "id": 0, "name": "step", "args": [7], "kwargs": {}},
    {"type": "call", "id": 1, "name": "mine", "args": ["oak", 3, None, 1.5], "kwargs": {"near": [1, 2, {}]}},
    {"type": "tool", "id": 0, "name": "search", "arguments": {"query": "iron"}},
    {"type": "skill", "id": 0, "name": "d", "args": [1], "kwargs": {"near": None}},
    {"type": "skills", "counts": {"chop": 2}},
    {"type": "done", "fault": None, "result": [1, {"a": None}], "skills": {"chop": 2}},
    {"type": "done", "fault": FAULT, "result": None, "skills": {}},
]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 1.0, 1.5, -0.0, math.nan, math.inf, 10**30, 1e308, "", "x", "call", "\u0000",
    "\ud800", "x" * 300, [], {}, [[]], {"": {}}, [math.nan], {"a": math.inf}, FAULT, {**FAULT, "line": 0},
    {**FAULT, "more": 1}, {"chop": -1}, {"chop": True}, {"chop": 1.0},
]  # fmt: skip
TOKENS = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"null", b"true", b"NaN",
    b"Infinity", b"1e999", b"-0", b"9" * 400, b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00", b"\r",
    b"[" * 300,
]  # fmt: skip
MEMBERS = [*dict.fromkeys(name for frame in VALID for name in frame), ""]


def hostile_line(rng: random.Random) -> bytes:
    """A line: garbage, a valid frame with changed members, or one with changed bytes."""
    match rng.randrange(8):
        case 0:
            return rng.randbytes(rng.randrange(64))
        case 1 | 2 | 3:
            return written(changed_members(rng, dict(rng.choice(VALID))), rng)
        case 4:
            return written(rng.choice(VALID), rng)
        case _:
            return changed_bytes(rng, written(rng.choice(VALID), rng))


def changed_members(rng: random.Random, frame: dict[str, Any]) -> dict[str, Any]:
    """The frame with one or two members replaced, removed, added or nested."""
    for _ in range(rng.randint(1, 2)):
        name = rng.choice([*frame, rng.choice(MEMBERS)])
        match rng.randrange(5):
            case 0:
                frame.pop(name, None)
            case 1:
                frame[name] = rng.choice(list(rng.choice(VALID).values()))
            case 2:
                value: Any = rng.choice(ODD)
                for _ in range(rng.choice([1, 3, DEEPEST - 2, DEEPEST, DEEPEST + 1, 400])):
                    value = [value] if rng.random() < 0.5 else {"n": value}
                frame[name] = value
            case _:
                frame[name] = rng.choice(ODD)
    return frame


def changed_bytes(rng: random.Random, line: bytes) -> bytes:
    """The line with one to four changes: a byte, a token, a piece cut out, doubled, or of another line."""
    changed = bytearray(line)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(6):
            case 0:
                changed[place : place + 1] = rng.randbytes(1)
            case 1:
                changed[place:place] = rng.choice(TOKENS)
            case 2:
                del changed[place : place + rng.randint(1, 8)]
            case 3:
                changed[place:place] = changed[max(0, place - 20) : place]
            case 4:
                changed[place:] = written(rng.choice(VALID), rng)[place:]
            case _:
                del changed[place:]
    return bytes(changed)


def written(frame: dict[str, Any], rng: random.Random) -> bytes:
    """The frame as JSON, in one of the ways to write it."""
    plain = rng.random() < 0.5
    separators = (",", ":") if plain else (" , ", ":  ")
    return json.dumps(frame, ensure_ascii=plain, separators=separators).encode("utf-8", "surrogatepass")
