"""What was new last in a run, and since when nothing was: part of the run's state, kept by its reducer."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.envs import Position, Progress

SQUARE = 32
"""Blocks on a side of the squares by which the ground that was visited is remembered."""

_SQUARES = 2_000
_LASTING = frozenset({"recipe", "drop", "food", "danger"})
_FACT = 80


def note_new(state: RunState, what: str) -> None:
    """Something was reached that had not been before: the series of iterations without news is over."""
    state.newest, state.newest_at = what, state.spent.iterations
    state.stalls, state.stall_hint = 0, ""


def note_progress(state: RunState, before: Progress) -> None:
    """Note what is new, the most held of each item, and the ground stood on.

    Args:
        state: with the world as it is now.
        before: what had been reached by then.
    """
    now = state.progress
    found, known = now.found(), {*before.found(), *state.episodes.earlier.found()}
    if fresh := next((name for name in reversed(found) if name not in known), ""):
        note_new(state, f"item {fresh}" if fresh in now.items else fresh)
    elif len(now.milestones) > len(before.milestones):
        fresh = next((name for name in reversed(now.milestones) if name not in before.milestones), "")
        note_new(state, f"milestone {fresh}")
    most = state.most_held
    for item, count in state.observation.inventory.items():
        if count > most.get(item, 0):
            most[item] = count
    if state.observation.position is not None:
        _tread(state.trodden, state.observation.position)


def note_facts(state: RunState, facts: Sequence[Fact]) -> None:
    """Note facts of a lasting kind that were seen for the first time; places and refusals are no news."""
    for fact in facts:
        if fact.kind in _LASTING and fact.positive and fact.times == 1 and not (fact.wrong or fact.elsewhere):
            note_new(state, f"fact {fact.text[:_FACT]}")


def without_news(state: RunState) -> int:
    """Iterations since something new was reached, or since the run's start or its move to another world."""
    return max(0, state.spent.iterations - max(state.newest_at, state.episodes.moved_at))


def square_of(position: Position) -> tuple[int, int]:
    """The square of the ground that a position is in."""
    return int(position.x // SQUARE), int(position.z // SQUARE)


def _tread(trodden: dict[str, int], position: Position) -> None:
    east, south = square_of(position)
    key = f"{east} {south}"
    trodden[key] = trodden.pop(key, 0) + 1
    while len(trodden) > _SQUARES:
        del trodden[next(iter(trodden))]
