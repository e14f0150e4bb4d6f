"""ScienceWorld as a world: thirty tasks of elementary science in words, scored from 0 to 100."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.common.text import visible_line
from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.scienceworld.acting import Acting
from fieldcraft.envs.scienceworld.goals import TaskGoal
from fieldcraft.envs.scienceworld.play import ACHIEVEMENTS, Episode, Play, played, read
from fieldcraft.envs.scienceworld.simulator import JAVA, Java, require_scienceworld, variations_of
from fieldcraft.envs.scienceworld.tasks import TaskOptions, option_reference, options_of, task_names
from fieldcraft.envs.types import (
    EnvironmentSpec,
    Examples,
    Names,
    OptionInfo,
    Progress,
    Requirement,
)

_EXAMPLES = Examples(
    tasks=("Do the task of the episode", "Enter three new rooms", "Pick up a thermometer"),
    task="Do the task of the episode",
    goal={"kind": "task"},
    step="Open a closed door",
    step_goal={"kind": "achieve", "achievement": "open_something"},
    question="Which devices heat a substance?",
    program="find_and_focus",
    needs="a thing, a device or a room",
    about="stove",
    fact="a stove heats what is on it once it is activated",
    advice=(
        "A program that finds rooms and things by explore() and look() serves other tasks too.",
        "Focus on a thing only where the task says so: the wrong one fails it.",
    ),
)


class ScienceWorld(Acting):
    """A task of ScienceWorld. An action takes one tick; an episode ends with its task or at a limit of moves.

    Raises:
        NeedsScienceWorld: the package or Java is not installed.
    """

    goal_types = (TaskGoal,)

    def __init__(self) -> None:
        require_scienceworld()
        self._java = Java()
        self.spec = _specified(TaskOptions(), None)

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin an episode; the seed chooses the variation, and with `task=all` the task.

        Raises:
            ValueError: an option is unknown or out of range.
        """
        wanted = options_of(dict(options or {}))
        self._take_up(Play(self._episode(wanted, seed), self._java), wanted)
        return self.observe()

    def observe(self) -> Observation:
        """The task, the room, what is carried and what was said."""
        play = self._begun
        return Observation(
            tick=len(play.actions),
            words=_words(play),
            events=list(play.events),
            extra={"map": {room: ", ".join(doors) for room, doors in play.rooms.items()}},
            scores={"score": float(play.score), "progress": play.share},
            task=visible_line(play.task, 300),
            goal=kept_goal(TaskGoal()),
            ended=play.end,
        )

    def progress(self) -> Progress:
        """What was done, and the rooms that were entered."""
        play = self._begun
        return Progress(
            achieved={"achievements": dict(play.firsts), "rooms": dict(play.entered)},
            times={"achievements": dict(play.times)},
            given={"rooms": [play.start]},
        )

    def happenings(self) -> Sequence[Happening]:
        """Which actions raised the score since this was last asked."""
        if self._play is None:
            return ()
        happened, self._play.happened = self._play.happened, []
        return happened

    def score_now(self) -> int:
        """The score of the episode's task."""
        return self._begun.score

    def gold_path(self) -> list[str]:
        """The simulator's own solution from the beginning, for experts; no primitive tells it."""
        return Play(self._begun.episode, self._java, gold=True).simulator.gold_path()

    def snapshot(self) -> bytes:
        """Task, variation and actions of the episode."""
        return self._begun.written()

    def restore(self, snapshot: bytes) -> None:
        """Take the actions of a snapshot again.

        Raises:
            ValueError: the bytes are no snapshot of this world, or lead elsewhere.
        """
        saved = read(snapshot)
        task, variation, simplifications, steps = saved.episode
        options = options_of(
            {"task": task, "variation": variation, "simplifications": simplifications, "steps": steps}
        )
        self._take_up(played(saved, self._java), options)

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The task and its limits."""
        return option_reference()

    @classmethod
    def diagnose(cls) -> tuple[Requirement, ...]:
        """Whether there is Java."""
        found = shutil.which("java")
        return (Requirement(name="Java", met=found is not None, detail=found or "not found", cure=JAVA),)

    def close(self) -> None:
        """End the Java process."""
        self._play = None
        self._java.close()

    def __del__(self) -> None:
        if hasattr(self, "_java"):
            self._java.close()

    def _episode(self, options: TaskOptions, seed: int) -> Episode:
        names = task_names()
        task = names[(seed - 1) % len(names)] if options.task == "all" else options.task
        number = (seed - 1) // len(names) if options.task == "all" else seed
        if options.variation is not None:
            last = len(variations_of(self._java, task, "all")) - 1
            if options.variation > last:
                raise ValueError(f"option variation: {task} has variations from 0 to {last}")
            return Episode(task, options.variation, options.simplifications, options.steps)
        there = variations_of(self._java, task, options.split)
        return Episode(task, there[number % len(there)], options.simplifications, options.steps)

    def _take_up(self, play: Play, options: TaskOptions) -> None:
        self._play = play
        play.stepped = self._stepped
        self._stepped(len(play.actions))
        self.spec = _specified(options, play.episode)

    def _stepped(self, actions: int) -> None:
        self.tick = actions


def _specified(options: TaskOptions, episode: Episode | None) -> EnvironmentSpec:
    which = f" This is the task {episode.task}, variation {episode.variation}." if episode else ""
    return EnvironmentSpec(
        id="scienceworld-v1",
        description=(
            "ScienceWorld: a house with rooms, devices, substances and living things, in words. Things are "
            "heated, mixed, measured, connected and grown, and each episode has a task with a score to 100."
            + which
        ),
        can_snapshot=True,
        tick_limit=2_000,
        goals=("achieve", "score"),
        names=Names(kinds={"achievements": ACHIEVEMENTS}),
        aim="do the task of each episode in few moves, by ways that serve other tasks too",
        examples=_EXAMPLES,
        options=options.model_dump(exclude_defaults=True),
    )


def _words(play: Play) -> str:
    """What is so, in words."""
    limit = f"move {play.moves} of {play.episode.steps}"
    return "\n".join(
        [f"Task: {play.task}", play.look, play.inventory, f"Score {play.score} of 100, {limit}."]
    )
