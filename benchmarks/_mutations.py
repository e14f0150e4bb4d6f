"""Hostile inputs made of honest ones: changed bytes, repeated pieces, fragments that readers stumble over."""

from __future__ import annotations

import random

FRAGMENTS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"'",
    b",",
    b":",
    b"\\",
    b"\n",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\\udc00\\ud83d",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 400,
    b"0x" + b"f" * 400,
    b"null",
    b"true",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"!!int ",
    b"!!python/object:os.system ",
    b"--- ",
    b"- ",
    b"? ",
    b"| ",
    b"> ",
    b"%YAML 9.9\n",
    b"```",
    b"```python\n",
    b"~~~",
    b"<think>",
    b"</think>",
    b"await ",
    b"async ",
    b"`${",
    b"//",
    b"/*",
    b"=>",
    b"a?b:",
    b"(",
    b")",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xe2\x80\xae",
    b"../",
    b"%2e%2e",
    b"$ref",
    b"#/",
    b"def f(bot):\n ",
    b"lambda: ",
    b"not ",
    b"@",
    b"#",
    b"=",
    b".",
    b"-",
    b"~",
    b"<",
    b">",
    b";",
    b"&amp;",
    b"https://u:p@h/?token=",
    b"sk-",
    b"Bearer ",
]
DEEP = [
    b"[",
    b"{",
    b'{"a":',
    b"(",
    b"- ",
    b"await ",
    b"not ",
    b"-",
    b"`${",
    b"<div>",
    b"a?b:",
    b"if(a)",
    b"[[",
    b"\\",
    b"```\n",
]
LONGEST = 60_000


def hostile(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One input: garbage, a seed changed in some places, or one with a piece repeated very often."""
    data = bytearray(rng.choice(seeds))
    match rng.randrange(20):
        case 0:
            return rng.randbytes(rng.randrange(200))
        case 1:
            piece = rng.choice(DEEP) if rng.random() < 0.7 else rng.choice(FRAGMENTS)
            at = rng.randrange(len(data) + 1)
            return bytes(data[:at]) + piece * rng.randrange(LONGEST // len(piece)) + bytes(data[at:])
        case 2:
            other = rng.choice(seeds)
            return bytes(data[: rng.randrange(len(data) + 1)]) + other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.randint(1, 4)):
        _change(rng, data)
    return bytes(data[: 2 * LONGEST])


def _change(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    until = min(at + rng.randrange(1, 30), len(data))
    match rng.randrange(6):
        case 0 if data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        case 1:
            del data[at:until]
        case 2:
            data[at:at] = rng.choice(FRAGMENTS)
        case 3:
            data[at:until] = rng.choice(FRAGMENTS)
        case 4:
            data[at:at] = data[at:until] * rng.randrange(1, 60)
        case _:
            data[at:at] = rng.choice(FRAGMENTS) * rng.randrange(1, 40)
