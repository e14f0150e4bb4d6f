"""What a curriculum prompt tells of the run so far."""

from __future__ import annotations

import json
import re
import zlib

from .facts import Facts
from .reading import Prompt

RESTING = 4
"""For how many tasks a failed one is left alone, for each time that it failed."""

_TOLD = (
    "Questions and answers",
    "Questions answered before",
    "Context",
    "Earlier attempts",
    "What the world said lately",
    "Answered since then",
    "What the world said since then",
)
"""Sections that tell what the world said; no prompt has all of them."""

_SUMMED = re.compile(r"^(\w+), \d{1,9} tasks: (.*)$")
"""A line that tells many tasks of one kind: what they asked for, with commas between."""

_NUMBERED = re.compile(r"^(\w+) (\d{1,9}) (\S+)$")
_COUNTED = re.compile(r"^(.+?)(?: \((\d{1,9})? ?(done)?\))?$")
_REACH = re.compile(r'\{"kind": "reach".*?\}.*?\}')

_TIMES = re.compile(r"^(.*) \((\d{1,9}) times, (\d{1,9}) tasks ago\)$")
_REFUSED = "Refused for now: "


class Situation:
    """What a curriculum prompt tells of the run."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.facts = Facts(*(prompt.text(heading) for heading in _TOLD))
        self.items = prompt.names("Items")
        self.blocks = prompt.names("Blocks")
        self.mobs = prompt.names("Mobs")
        held = _listed(prompt.text("Items ever held")) | _listed(prompt.text("First held since then"))
        listed = held | _listed(prompt.text("Most held at once"))
        self.checks_mining = '"kind": "mine"' in prompt.text("Answer")
        self.most_held = {name: most for name, (most, _) in listed.items()}
        self.got = {name for name, (_, done) in listed.items() if done}
        self.held = [name for name in self.items if name in self.most_held]
        self.done = [
            words
            for heading in ("Completed tasks", "Completed since then", "Completed steps")
            for text in prompt.listed(heading)
            for words in _told(text)
        ]
        self._most: dict[tuple[str, str], int] = {}
        for words in self.done:
            if match := _NUMBERED.match(words):
                what = (match[1], match[3])
                self._most[what] = max(int(match[2]), self._most.get(what, 0))
        told = prompt.listed("Failed tasks") + prompt.listed("Failed steps")
        refused = [text.removeprefix(_REFUSED).split("; ") for text in told if text.startswith(_REFUSED)]
        self.refused = {words for texts in refused for words in texts}
        failed = [*sorted(self.refused), *(text for text in told if not text.startswith(_REFUSED))]
        self.hopeless = {words.rpartition(" ")[2] for words in self.refused}
        self.failures = dict(_failure(text, len(failed) - place) for place, text in enumerate(failed))
        self.failed = list(self.failures)
        self.seen = prompt.observation
        self._salt = "".join(
            prompt.text(name) for name in ("Observation", "Failed tasks", "Questions and answers")
        )

    def most_done(self, words: str) -> int:
        """The most that a task which was done asked for, of those that ask for what `words` do; else 0."""
        match = _NUMBERED.match(words)
        return self._most.get((match[1], match[3]), 0) if match else int(words in self.done)

    def grounds(self) -> list[dict[str, object]]:
        """Goals of farther ground that the prompt names where nothing new came for long."""
        return [json.loads(text) for text in _REACH.findall(self.prompt.data("Nothing new lately"))]

    def chance(self, name: str) -> float:
        """A number from 0 to 1 that looks random and depends on the prompt alone."""
        return zlib.crc32(f"{self._salt} {name}".encode(errors="replace")) / 0xFFFFFFFF

    def times_failed(self, task: str) -> int:
        """How often a task failed, as far as the prompt tells."""
        return self.failures.get(task, (0, 0))[0]

    def resting(self, task: str) -> bool:
        """Whether to leave a task alone this time: the oftener it failed, the longer."""
        times, ago = self.failures.get(task, (0, 0))
        return bool(times) and ago <= RESTING * times

    def missing(self, item: str) -> list[tuple[str, ...]]:
        """Needs of an item of which no alternative was ever held."""
        return [names for names in self.facts.needs_of(item) if not set(names) & set(self.held)]

    def wants(self, name: str) -> list[tuple[str, ...]]:
        """What an item or block takes of which no alternative was ever held, its tool included."""
        tool = self.facts.tools.get(name)
        return self.missing(name) + ([(tool,)] if tool and tool not in self.held else [])


def _told(text: str) -> list[str]:
    """The tasks that one entry tells: itself, or each of a sum."""
    match = _SUMMED.match(text)
    return [f"{match[1]} {rest}" for rest in match[2].split(", ")] if match else [text]


def _failure(text: str, ago: int) -> tuple[str, tuple[int, int]]:
    """A failed task with how often and how many tasks ago; once, and `ago`, where that is not said."""
    match = _TIMES.match(text)
    return (match[1], (int(match[2]), int(match[3]))) if match else (text, (1, ago))


def _listed(text: str) -> dict[str, tuple[int, bool]]:
    """The names of a list, each with the number in brackets behind it, or 1, and whether `done` is there."""
    found = (_COUNTED.match(name.strip()) for name in text.split(","))
    return {match[1]: (int(match[2] or 1), bool(match[3])) for match in found if match}
