"""The context of a run's tools: its world, library and budget, and a model on its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Protocol

from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import Sighting
from fieldcraft.agent.models import Message, ModelClient, ModelError, ModelUnavailable, Usage
from fieldcraft.agent.redact import redact
from fieldcraft.agent.tooling.sightings import note_sightings
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, Observation
from fieldcraft.skills import Skill, SkillLibrary
from fieldcraft.skills.program.reading import signature
from fieldcraft.tools import ToolError, current_call

LONGEST_DESCRIBED = 2_000
"""The most characters of a skill's line: its entry, parameters and description."""


class WorldOfRun:
    """The world as last observed (`fieldcraft.tools.WorldView`).

    Tools run in separate threads; the environment is only used in the thread that calls `look`.
    """

    def __init__(self, environment: Environment, seen: Callable[[], dict[str, Sighting]]) -> None:
        self._environment = environment
        self._seen = seen
        self._now = Observation()

    def look(self) -> None:
        """Observe the world now; if that fails, the earlier observation is kept."""
        with suppress(Exception):
            self._now = self._environment.observe()

    def reference(self) -> str:
        """The primitives, a paragraph each, and the names of each kind in one more."""
        names = self._environment.spec.names
        own = ((kind.capitalize(), known) for kind, known in names.kinds.items())
        kinds = (("Items", names.items), ("Blocks", names.blocks), ("Mobs", names.mobs), *own)
        lists = [f"{kind}: {', '.join(known)}" for kind, known in kinds if known]
        return "\n\n".join([self._environment.api_reference(), *lists])

    def last_seen(self, name: str) -> str | None:
        """Where a thing of this name was last seen, and whether some of it is held."""
        now = self._now
        seen = dict(self._seen())
        note_sightings(seen, now)
        parts = []
        if (sighting := seen.get(name)) is not None:
            ago = f"{now.tick - sighting.tick:,} ticks ago" if now.tick > sighting.tick else "just now"
            parts.append(f"{name} was last seen {sighting.words}, {ago}")
        if held := now.inventory.get(name, 0):
            parts.append(f"{held} {name} in the inventory")
        return "; ".join(parts) or None

    def day(self) -> str | None:
        """The world's day, counted from 1, and its time."""
        length, now = self._environment.spec.day_ticks, self._now
        if length is None:
            return None if now.time is None else f"In the world it is {now.time}."
        time = "" if now.time is None else f", {now.time}"
        return f"In the world it is day {now.tick // length + 1}{time} (tick {now.tick:,}, {length:,} a day)."


class LibraryOfRun:
    """The skill library (`fieldcraft.tools.LibraryView`). One thread at a time searches."""

    def __init__(self, library: SkillLibrary) -> None:
        self._library = library
        self._turn = Lock()

    def describe(self, query: str, k: int) -> Sequence[str]:
        """Entry, parameters and description of the nearest skills."""
        with self._turn:
            return [_described(match.skill) for match in self._library.search(query, k)]


def _described(skill: Skill) -> str:
    return visible_line(f"{signature(skill)}: {skill.description}", LONGEST_DESCRIBED)


class BudgetOfRun:
    """The remaining budget of the run (`fieldcraft.tools.BudgetPort`)."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def refusal(self) -> str | None:
        """The first exhausted limit except iterations."""
        budget = self._recorder.run.settings.budget
        return self._recorder.state.spent.exhausted(budget, another_program=False)


class Bill(Protocol):
    """Counts a tool's model calls and their cost."""

    def question(self, call: int) -> int:
        """The number of the next model call of this tool call, from 1."""

    def bill(self, call: int, usage: Usage, waited: float) -> None:
        """Record the cost of a model call of this tool call, and the seconds of its rate limits."""


class ModelOfRun:
    """The model of the role `tools` (`fieldcraft.tools.ModelPort`)."""

    def __init__(self, client: Callable[[], ModelClient], bill: Bill) -> None:
        self._client = client
        self._bill = bill

    def ask(self, prompt: str) -> str:
        """Ask once.

        Raises:
            ToolError: there is no usable answer, or the model is the offline one.
        """
        client = self._opened()
        if client.name == "offline":
            raise ToolError(
                "the offline model knows only this world; name another with --role-model tools=NAME"
            )
        call = current_call()
        number = 0 if call is None else call.number
        question = self._bill.question(number)
        try:
            answer = client.ask([Message(role="user", text=prompt)], role="tools", call=question)
        except ModelUnavailable as error:
            self._bill.bill(number, error.usage, error.waited)
            raise ToolError(redact(str(error))) from error
        except ModelError as error:
            raise ToolError(redact(str(error))) from error
        self._bill.bill(number, answer, answer.waited)
        if answer.refusal:
            raise ToolError(f"the model refused to answer: {redact(answer.refusal)}")
        return redact(answer.text)

    def _opened(self) -> ModelClient:
        try:
            return self._client()
        except ModelError as error:
            raise ToolError(redact(str(error))) from error


class NoBill:
    """Counts model calls outside a run."""

    def __init__(self) -> None:
        self._asked = 0

    def question(self, call: int) -> int:  # noqa: ARG002
        """The next number."""
        self._asked += 1
        return self._asked

    def bill(self, call: int, usage: Usage, waited: float) -> None:
        """Ignore the cost."""
