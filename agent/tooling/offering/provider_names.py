"""Names of tools as every provider takes them, and back."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

LONGEST = 64
_TAKEN_AS_IT_IS = re.compile(rf"[a-zA-Z0-9_-]{{1,{LONGEST}}}")
_DIGITS = 8


def provider_names(names: Iterable[str]) -> dict[str, str]:
    """What each tool is called to a model, by its own name: at most 64 of the characters a-z, A-Z, 0-9, _, -.

    A name that every provider takes stays; another one is written without accents, cut, and ends in a digest
    of itself. So a tool has the same name whatever others there are, unless one of them has that name.
    """
    wanted = sorted(set(names))
    found = {name: name for name in wanted if fits(name)}
    taken = set(found)
    for name in wanted:
        if name not in found:
            found[name] = _made(name, taken)
            taken.add(found[name])
    return found


def fits(name: str) -> bool:
    """Whether every provider takes the name."""
    return _TAKEN_AS_IT_IS.fullmatch(name) is not None


def _made(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-zA-Z0-9_-]+", "_", plain).strip("_") or "tool"
    salt = ""
    while True:
        digest = hashlib.sha256(f"{salt}{name}".encode("utf-8", "replace")).hexdigest()[:_DIGITS]
        made = f"{stem[: LONGEST - 1 - _DIGITS]}_{digest}"
        if made not in taken:
            return made
        salt += "+"
