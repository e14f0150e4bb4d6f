"""A world in a process of its own, as an environment like any other.

A call that does not return in time ends the process, as does code that ends it by itself. The world is then
brought back: from its latest snapshot, or as it was before the program by a copy that waited; else it begins
anew, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, NoReturn

from fieldcraft.common.errors import InputError
from fieldcraft.common.suggest import nearest
from fieldcraft.common.system import unsupported
from fieldcraft.envs.apart.channel import LARGEST_BYTES, ChannelEnded, TooLarge
from fieldcraft.envs.apart.process import WorldProcess
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.faults import (
    LEAST_SECONDS,
    RESET_SECONDS,
    NeverReturned,
    WorldFault,
    faults_of,
    without_ours,
)
from fieldcraft.envs.fuse import GRACE_SECONDS
from fieldcraft.envs.goals.own import BadGoal
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.registry import BrokenEnvironment, UnknownEnvironment, make
from fieldcraft.envs.types import (
    Chart,
    EnvironmentSpec,
    Goal,
    GoalCheck,
    GoalForm,
    OptionInfo,
    OwnGoal,
    PrimitiveError,
    Progress,
)

_LONGEST = 86_400.0


class NotApart(InputError, ValueError):
    """This world cannot live in a process of its own; the message says why."""


class WorldApart(Environment):
    """The world `name` in a process of its own.

    Attributes:
        lives: how often its process was lost.

    Args:
        name: an id or `module:Class`; a world that runs programs itself is refused.
        hash_seed: of the process, by which its sets of text are ordered; by default left to chance.

    Raises:
        UnknownEnvironment, BrokenEnvironment: as `fieldcraft.envs.make` does.
        NotApart: it runs programs itself, or the system has no such processes.
    """

    ends_its_calls = True

    def __init__(self, name: str, *, hash_seed: int | None = None) -> None:
        if lacking := unsupported("worlds in processes of their own"):
            raise NotApart(lacking)
        self.name, self.lives, self._hash_seed = name, 0, hash_seed
        self._process: WorldProcess | None = None
        self._began: dict[str, Any] | None = None
        self._episode: dict[str, Any] | None = None
        self._good: bytes | None = None
        self._reached = Progress()
        self._known: dict[str, Any] = {}
        self._start()
        if self._known["runs_programs"]:
            self.close()
            raise NotApart(f"{name} has a process of its own already; leave out --world-process")

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """See `Environment.reset`."""
        self._began, self._good = {"seed": seed, "options": dict(options or {})}, None
        self._episode = None
        self._learn(self._ask("reset", self._began)[0])
        return self.observe()

    def begin_episode(
        self, *, seed: int, number: int, options: Mapping[str, Any] | None = None
    ) -> Observation:
        """See `Environment.begin_episode`."""
        self._episode = {"seed": seed, "number": number, "options": dict(options or {})}
        self._good = None
        self._learn(self._ask("begin_episode", self._episode)[0])
        return self.observe()

    def observe(self) -> Observation:
        """See `Environment.observe`."""
        return Observation.model_validate(self._ask("observe")[0])

    def progress(self) -> Progress:
        """See `Environment.progress`."""
        self._reached = Progress.model_validate(self._ask("progress")[0])
        return self._reached.model_copy(deep=True)

    def happenings(self) -> Sequence[Happening]:
        """See `Environment.happenings`."""
        return [Happening.model_validate(each) for each in self._ask("happenings")[0]]

    def pursue(self, goal: Goal | None) -> None:
        """See `Environment.pursue`. A program follows: without snapshots, a copy waits for its end."""
        if self.spec.repeatable and not self.spec.can_snapshot:
            self._ask("copy")
        self._ask("pursue", {"goal": None if goal is None else goal.model_dump(mode="json")})

    def check(self, goal: Goal, since: Progress) -> GoalCheck:
        """See `Environment.check`."""
        asked = {"goal": goal.model_dump(mode="json"), "since": since.model_dump(mode="json")}
        return GoalCheck.model_validate(self._ask("check", asked)[0])

    def goal_forms(self) -> tuple[GoalForm, ...]:
        """See `Environment.goal_forms`."""
        return tuple(GoalForm.model_validate(form) for form in self._known["goal_forms"])

    def read_goal(self, goal: OwnGoal) -> OwnGoal:
        """See `Environment.read_goal`."""
        return OwnGoal.model_validate(self._ask("read_goal", {"goal": goal.model_dump(mode="json")})[0])

    def snapshot(self) -> bytes:
        """See `Environment.snapshot`."""
        self._good = self._ask("snapshot")[1]
        return self._good

    def restore(self, snapshot: bytes) -> None:
        """See `Environment.restore`."""
        if len(snapshot) > LARGEST_BYTES:
            raise ValueError(f"a snapshot of {len(snapshot):,} bytes; at most {LARGEST_BYTES:,} are read")
        self._ask("restore", content=snapshot)
        self._good = snapshot

    def render(self) -> bytes:
        """See `Environment.render`."""
        return self._ask("render")[1]

    def chart(self, *, whole: bool = False) -> Chart:
        """See `Environment.chart`."""
        place, png = self._ask("chart", {"whole": whole})
        return Chart(png=png, **place)

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """See `Environment.option_reference`."""
        return tuple(OptionInfo.model_validate(option) for option in self._known["options"])

    def remarks(self) -> tuple[str, ...]:
        """See `Environment.remarks`."""
        return tuple(map(str, self._known["remarks"]))

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Environment.options_to_resume`."""
        return dict(self._ask("options_to_resume", {"options": dict(options)})[0])

    def resume(self, progress: Progress) -> None:
        """See `Environment.resume`."""
        self._reached = progress
        self._ask("resume", {"progress": progress.model_dump(mode="json")})

    def close(self) -> None:
        """Close the world and end its process."""
        process = self._process
        if process is None:
            return
        try:
            self._ask("close")
        finally:
            self._process = None
            process.end()

    @property
    def primitives(self) -> dict[str, Callable[..., Any]]:
        """The primitives by name, each of which calls that of the world."""
        return dict(self._calls)

    @property
    def judged_primitives(self) -> frozenset[str]:
        """See `Environment.judged_primitives`."""
        return frozenset(map(str, self._known["judged"]))

    def call_primitive(
        self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """See `Environment.call_primitive`."""
        if name not in self._calls:
            raise PrimitiveError(f"bot has no primitive {name!r}{nearest(name, self._calls)}")
        asked = {"name": name, "args": list(args), "kwargs": dict(kwargs or {})}
        return self._ask("call", asked, name=f"bot.{name}")[0]

    def api_reference(self) -> str:
        """See `Environment.api_reference`."""
        return str(self._known["reference"])

    def _start(self) -> None:
        self._process = WorldProcess(self._hash_seed)
        try:
            self._learn(self._ask("make", {"world": self.name})[0])
        except (WorldFault, BrokenEnvironment, UnknownEnvironment):
            if self._process is not None:
                self._process.end()
            self._process = None
            raise

    def _learn(self, known: dict[str, Any]) -> None:
        self._known = known
        self.spec = EnvironmentSpec.model_validate(known["spec"])
        self._calls = {name: self._caller(name) for name in map(str, known["primitives"])}

    def _caller(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.call_primitive(name, args, kwargs)

    def _seconds(self, what: str) -> float:
        """How long the world may take to answer."""
        if what in ("make", "reset", "begin_episode"):
            return RESET_SECONDS
        if what != "call":
            return max(self.spec.seconds_limit, LEAST_SECONDS)
        left = self.spec.seconds_limit if self.until == inf else self.until - time.monotonic()
        return min(max(left, 0.0), _LONGEST) + GRACE_SECONDS

    def _ask(
        self, what: str, arguments: Mapping[str, Any] | None = None, content: bytes = b"", name: str = ""
    ) -> tuple[Any, bytes]:
        if self._process is None:
            self._bring_back()
        process, name = self._process, name or what
        assert process is not None
        message = {"do": what, "name": name, "arguments": dict(arguments or {})}
        try:
            answer, blob = process.ask(message, content, self._seconds(what))
        except TimeoutError:
            self._lost(what, NeverReturned(f"{name} had not returned in time, and its process was ended"))
        except ChannelEnded:
            self._lost(what, WorldFault(f"{name} ended the world's process ({process.how_it_ended()})"))
        except TooLarge as error:
            self._lost(what, WorldFault(f"{name} returned {error}"))
        except BaseException:
            self._process = None
            process.end()
            raise
        if "tick" in answer:
            self.tick = int(answer["tick"])
        if "error" in answer:
            _raise(name, answer)
        return answer.get("value"), blob

    def _lost(self, what: str, fault: WorldFault) -> NoReturn:
        """Bring the world back after its process was lost, and raise why it was."""
        process = self._process
        assert process is not None
        self.lives += 1
        late = isinstance(fault, NeverReturned)
        stack = process.stack() if late else process.last_words()
        fault.traceback = f"{fault}\n{without_ours(stack)}"
        lived_in = what not in ("make", "reset", "begin_episode", "close")
        if lived_in and not self.spec.can_snapshot and process.hand_over():
            raise fault
        process.end()
        self._process = None
        if lived_in:
            self._bring_back()
        raise fault

    def _bring_back(self) -> None:
        """Start the process again, and the world from its latest snapshot or from its beginning."""
        began, good = self._began, self._good
        self._start()
        if began is None:
            return
        options = dict(began["options"])
        if good is None and not self.spec.repeatable:
            options = dict(self._ask("options_to_resume", {"options": options})[0])
        self._learn(self._ask("reset", {**began, "options": options})[0])
        if self._episode is not None:
            self._learn(self._ask("begin_episode", self._episode)[0])
        if good is not None:
            self._ask("restore", content=good)
            return
        self._ask("resume", {"progress": self._reached.model_dump(mode="json")})
        lost = "the world begins from its reset in a new process: what happened in it since is lost"
        faults_of(self).note("its process", WorldFault(lost))


def _raise(name: str, answer: Mapping[str, Any]) -> NoReturn:
    """Raise what the world's process reported."""
    kind, message = answer["error"], str(answer.get("message", ""))
    if kind == "primitive":
        raise PrimitiveError(message)
    if kind == "ended":
        raise EpisodeEnded.by(EpisodeEnd.model_validate(answer["end"]))
    if kind == "missing":
        raise NotImplementedError(message)
    if kind == "value" and name in ("reset", "begin_episode", "restore", "options_to_resume", "render"):
        raise ValueError(str(answer.get("plain", message)))
    if name == "read_goal" and kind == "value":
        raise BadGoal(str(answer.get("plain", message)))
    if name.startswith("bot.") and not answer.get("fault"):
        message = f"{name} failed: {message}"
    if name == "make":
        plain = str(answer.get("plain", message))
        raise UnknownEnvironment(plain) if answer.get("unknown") else BrokenEnvironment(plain)
    fault = WorldFault(message)
    fault.traceback = str(answer.get("traceback", ""))
    raise fault


def make_world(name: str, *, apart: bool) -> Environment:
    """Make the world `name` as the setting `world_process` says: in a process of its own, or in this one.

    Raises:
        UnknownEnvironment, BrokenEnvironment: as `fieldcraft.envs.make` does.
        NotApart: it cannot live in a process of its own.
    """
    return WorldApart(name) if apart else make(name)
