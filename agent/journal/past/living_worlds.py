"""Bringing a world without snapshots back on resume: the recorded programs are run again from its reset.

Only a world that begins the same with every reset can be brought back so. One that lives on outside of this
process is taken as it is. Either way it is compared with what was recorded last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.lines import line_of
from fieldcraft.agent.journal.past.programs import ProgramReader, RecordedProgram
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, Observation, seen_of
from fieldcraft.envs.needed import begin_episode
from fieldcraft.skills import LibraryError, ProgramError

NAMED = 6
"""How many things that are gone a line names."""
_SHOWN = 200


@dataclass(frozen=True)
class Return:
    """How a world stands after a resume reset it.

    Attributes:
        programs: how many were run again in it.
        whole: whether it was brought back to what was recorded last; one that lives on was not.
        lost: what of that is not, in words.
    """

    programs: int = 0
    whole: bool = True
    lost: str = ""


def repeats(environment: Environment, options: Mapping[str, Any]) -> bool:
    """Whether a reset brings the beginning of the world back: it neither lives on nor lies elsewhere."""
    return environment.spec.repeatable and environment.options_to_resume(options) == dict(options)


def bring_back(
    run: Run, environment: Environment, runner: ProgramRunner, pause: Callable[[], None]
) -> Return:
    """Bring a repeatable world, which was just reset, to where the run's journal ends.

    Args:
        run: whose world it is.
        environment: in which nothing happened since its reset.
        runner: runs the recorded programs.
        pause: called before each; raises where the run is to stop.
    """
    recorded = _Recorded()
    try:
        recorded.take(run.journal.events())
    except JournalError as error:
        last = _last_seen(run.tape) or run.state.observation
        return _compared(environment, last, 0, f"the earlier journal cannot be read: {error}")
    if recorded.episode > 1:
        options = run.settings.options_of(recorded.elsewhere)
        begin_episode(environment, recorded.episode, seed=run.settings.seed, options=options)
    now = _look(environment)
    if not recorded.programs and now == recorded.last:
        return Return()
    if recorded.first is not None and now != recorded.first:
        if now == recorded.last:
            return Return(whole=False)
        reason = f"its reset leads to another beginning{_where(recorded.first, now)}"
        return _compared(environment, recorded.last, 0, reason)
    count, reason = 0, ""
    for program in recorded.programs:
        pause()
        try:
            program.run_again(runner)
        except (ProgramError, LibraryError) as error:
            reason = f"the program of iteration {program.started.iteration} cannot be run again: {error}"
            break
        count += 1
        if not reason and _look(environment) != program.seen:
            reason = f"the program of iteration {program.started.iteration} went another way"
    return _compared(environment, recorded.last, count, reason)


def losses(environment: Environment, run: Run) -> str:
    """What a world that lives on has less of than was recorded last; empty where it lost nothing."""
    last, now = _last_seen(run.tape) or run.state.observation, _look(environment)
    gone = [] if now is None else _gone(last, now)
    return f"the world went on without the agent: {_listed(gone)}" if gone else ""


@dataclass
class _Recorded:
    """What the journal tells of a world that is reset by every resume.

    Attributes:
        first: what was seen after the first reset.
        last: what was seen last.
        programs: those that led from the reset to there.
        episode: the latest that began, in place of the reset where it is no longer the first.
        elsewhere: the change of the world's options that holds in it.
    """

    first: Observation | None = None
    last: Observation = field(default_factory=Observation)
    programs: list[RecordedProgram] = field(default_factory=list)
    episode: int = 1
    elsewhere: int = 0

    def take(self, events: Iterable[e.Event]) -> None:
        """Read the whole journal. A resume without a `WorldBroughtBack` left the world as it was reset."""
        reader, as_reset = ProgramReader(), False
        for event in events:
            ended = reader.take(event)
            match event:
                case e.WorldReset():
                    self.first = self.first or event.observation
                    self.programs = []
                case e.EpisodeBegan():
                    self.first, self.programs, self.episode = event.observation, [], event.episode
                    self.elsewhere, as_reset = event.elsewhere, False
                case e.RunResumed():
                    as_reset = True
                case e.WorldBroughtBack():
                    as_reset = not event.whole and not event.programs
                case e.ExecutionStarted() | e.ExecutionInterrupted() if as_reset:
                    self.programs, as_reset = [], False
                case _:
                    pass
            if ended is not None:
                self.programs.append(ended)
            self.last = _seen_in(event) or self.last


def _last_seen(events: Iterable[e.Event]) -> Observation | None:
    last = None
    for event in events:
        last = _seen_in(event) or last
    return last


def _seen_in(event: e.Event) -> Observation | None:
    seen = e.WorldReset | e.EpisodeBegan | e.ExecutionFinished | e.ExecutionInterrupted | e.TailSetAside
    return event.observation if isinstance(event, seen) else None


def _look(environment: Environment) -> Observation | None:
    """What the agent sees now, as a journal would have it; `None` where the world cannot say."""
    try:
        observation, progress = seen_of(environment)
        _, event = line_of(e.WorldReset(observation=observation, progress=progress))
    except Exception:
        return None
    assert isinstance(event, e.WorldReset)
    return event.observation


def _compared(environment: Environment, last: Observation, count: int, reason: str) -> Return:
    now = _look(environment)
    if now == last:
        return Return(count)
    gone = [] if now is None else _gone(last, now)
    lost = f": {_listed(gone)}" if gone else _where(last, now)
    why = visible_line(reason, 2 * _SHOWN) or "its programs, run again, led elsewhere"
    said = f"the world could not be brought back to where the run left it{lost} ({why})"
    return Return(count, whole=False, lost=said)


def _gone(before: Observation, now: Observation) -> list[str]:
    """What there is less of."""
    held = now.holdings()
    gone = [
        f"{count - held.get(name, 0)} {visible_line(name, 60)}"
        for name, count in before.holdings().items()
        if held.get(name, 0) < count
    ]
    shown = [", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED} more" if len(gone) > NAMED else "")]
    clock = [f"tick {before.tick} is {now.tick} again"] if now.tick < before.tick else []
    return [*(f"{words} gone" for words in shown if words), *clock]


def _listed(parts: list[str]) -> str:
    return "; ".join(parts)


def _where(before: Observation, now: Observation | None) -> str:
    """In which fields two observations differ."""
    if now is None:
        return ", and it does not say how it is now"
    fields = [name for name in Observation.model_fields if getattr(before, name) != getattr(now, name)]
    return f", in {', '.join(fields[:NAMED])}"
