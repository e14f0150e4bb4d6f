"""Facts in a library's folder: what earlier runs learned of a kind of world, for the next run in one.

A line a fact, in a file for each environment. A line that is broken costs itself. Places and dead ends stay
in their run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from fieldcraft.agent.memory.facts import Fact
from fieldcraft.common.fields import serialized
from fieldcraft.common.files import Folder

KEPT = 20_000
"""Facts in a library, the latest."""
TAKEN = 4_000
"""Facts that a run begins with, those that were seen most."""
LINE = 20_000
"""The most bytes of a fact."""
_STAY = frozenset({"place", "dead_end"})


def file_of(environment: str) -> str:
    """The name of the file for an environment."""
    return f"facts.{re.sub(r'[^a-z0-9-]', '-', environment.lower())[:80]}.jsonl"


def facts_of(library: Path, environment: str) -> list[Fact]:
    """What a library holds on a kind of world, as a new run takes it: learned elsewhere, until it is seen.

    Nothing where there is no such file, or it cannot be read.
    """
    found = sorted(_read(library, environment), key=lambda fact: (-fact.times, fact.key))[:TAKEN]
    return [
        fact.changed(
            iteration=0, event="", latest=0, times=1, doubts=0, elsewhere=fact.elsewhere or "another run"
        )
        for fact in found
        if not fact.wrong and fact.kind not in _STAY
    ]


def share(library: Path, environment: str, facts: Iterable[Fact], run: str) -> None:
    """Write what a run has seen into its library; what it found wrong is taken out there.

    Raises:
        OSError: the file cannot be written.
    """
    kept = {fact.key: fact for fact in _read(library, environment)}
    for fact in facts:
        if fact.kind in _STAY or fact.elsewhere:
            if fact.wrong:
                kept.pop(fact.key, None)
            continue
        before = kept.pop(fact.key, None)
        if not fact.wrong:
            times = max(fact.times, before.times if before is not None else 0)
            kept[fact.key] = fact.changed(elsewhere=run[:100] or "another run", doubts=0, times=times)
    latest = list(kept.values())[-KEPT:]
    content = "".join(f"{serialized(fact.model_dump_json)}\n" for fact in latest).encode("utf-8", "replace")
    with Folder.open(library, create=True) as folder:
        folder.write(file_of(environment), content, sync=False)


def _read(library: Path, environment: str) -> list[Fact]:
    found: dict[str, Fact] = {}
    try:
        with Folder.open(library) as folder, os.fdopen(folder.open_file(file_of(environment)), "rb") as file:
            for line in islice(iter(lambda: file.readline(LINE), b""), 2 * KEPT):
                try:
                    fact = Fact.model_validate_json(line)
                except ValueError:
                    continue
                found[fact.key] = fact
    except OSError:
        return []
    return list(found.values())
