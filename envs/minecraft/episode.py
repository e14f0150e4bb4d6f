"""The progress of a Minecraft episode, which survives restarts of the bot's process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from fieldcraft.common.text import visible_line
from fieldcraft.envs.minecraft.answers import Counts, checked
from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.messages import Event
from fieldcraft.envs.minecraft.relay import Facts
from fieldcraft.envs.types import Progress

EVENTS_KEPT, EVENT_LIMIT, SEEN_KEPT = 10, 300, 60
NAMES_KEPT, CHESTS_KEPT = 5000, 200
_TOOLS = ("pickaxe", "axe", "shovel", "hoe", "sword")
MILESTONES = {
    f"{word} tools": tuple(f"{word}_{tool}" for tool in _TOOLS)
    for word in ("wooden", "stone", "iron", "golden", "diamond")
}


class Episode:
    """Counters that only grow, and the latest events.

    Attributes:
        elapsed: physics ticks of all bridges of this episode in this process.
        events: the latest events, oldest first.
        chests: the seen contents of each opened chest, by position.
    """

    def __init__(self) -> None:
        self._progress = Progress()
        self._walked_before = 0.0
        self.elapsed = 0
        self._tick_before = 0
        self.events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self.chests: dict[str, dict[str, int]] = {}
        self._seen: dict[str, None] = {}

    def continue_from(self, progress: Progress) -> None:
        """Continue the counts of an earlier process."""
        self._progress = progress.model_copy(deep=True)
        self._walked_before = progress.distance
        self._tick_before = max([0, *progress.items.values(), *progress.milestones.values()])

    def progress(self) -> Progress:
        """A copy of the progress."""
        return self._progress.model_copy(deep=True)

    @property
    def tick(self) -> int:
        """Physics ticks of this episode, including those before a resume."""
        return self._tick_before + self.elapsed

    @property
    def held(self) -> list[str]:
        """Every item ever held."""
        return list(self._progress.items)

    def note(self, text: str) -> None:
        """Keep an event."""
        self.events.append(visible_line(text, EVENT_LIMIT))

    def hold(self, names: Iterable[str]) -> None:
        """Record that these items are held now."""
        for name in names:
            if name not in self._progress.items and len(self._progress.items) < NAMES_KEPT:
                self._progress.items[name] = self.tick
                for milestone, tools in MILESTONES.items():
                    if name in tools:
                        self._progress.milestones.setdefault(milestone, self.tick)

    def begin_bridge(self) -> None:
        """Begin a new bridge, which counts its walked distance from zero."""
        self._walked_before = self._progress.distance

    def walk(self, blocks: float) -> None:
        """Set the distance walked with the current bridge."""
        self._progress.distance = max(self._progress.distance, self._walked_before + blocks)

    def walk_more(self, blocks: float) -> None:
        """Add a distance that no bridge counted."""
        self._walked_before += blocks
        self._progress.distance += blocks

    def remember_blocks(self, nearby: list[str]) -> list[str]:
        """Record nearby blocks; returns recently seen names that are not nearby, the latest last."""
        for name in nearby:
            self._seen.pop(name, None)
            self._seen[name] = None
        while len(self._seen) > SEEN_KEPT:
            del self._seen[next(iter(self._seen))]
        near = set(nearby)
        return [name for name in self._seen if name not in near]

    def take(self, event: Event) -> None:
        """Record an event of a bridge that is not running a program."""
        match event.event:
            case "held":
                self.hold([event.name])
            case "placed":
                _count(self._progress.placed, event.name, 1)
            case "killed":
                _count(self._progress.killed, event.name, 1)
            case "death":
                self._progress.deaths += 1
                self.note(event.text or "died")
            case "chest":
                self._open(event)
            case "event":
                self.note(event.text)

    def confirm(self, facts: Facts) -> None:
        """Record what the server reported about the bot during a program."""
        self.hold(facts.held)
        for name, count in facts.placed.items():
            _count(self._progress.placed, name, count)
        for name, count in facts.killed.items():
            _count(self._progress.killed, name, count)
        self._progress.deaths += facts.deaths
        if facts.deaths:
            self.note("died")
        if facts.refused:
            kinds = ", ".join(sorted(facts.refused))
            self.note(f"packets of the program that were refused: {sum(facts.refused.values())} ({kinds})")

    def forget_chest(self, at: str) -> None:
        """Drop the seen contents of a chest, which may have changed."""
        self.chests.pop(at, None)

    def _open(self, event: Event) -> None:
        try:
            contents: dict[str, int] = checked(Counts, event.contents or {})
        except Lost:
            return
        self.chests.pop(event.at, None)
        self.chests[event.at] = contents
        while len(self.chests) > CHESTS_KEPT:
            del self.chests[next(iter(self.chests))]


def _count(counts: dict[str, int], name: str, more: int) -> None:
    if name in counts or len(counts) < NAMES_KEPT:
        counts[name] = counts.get(name, 0) + more
