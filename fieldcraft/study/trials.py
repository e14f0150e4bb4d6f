"""Run one trial until it is done, stopped or failed, and measure it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import forget, inside
from fieldcraft.agent.journal.state import RunState, Spent
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.session import Session, new_session, resumed_session
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.agent.trust import vouch_for
from fieldcraft.common.data import DataError, read_json
from fieldcraft.envs import EpisodeEnd, ItemGoal
from fieldcraft.report.reading import read_story
from fieldcraft.study.sources import fingerprint

RESULT = "result.json"
"""The file with a trial's measurements in its run folder. If it exists, the trial is done."""

logger = logging.getLogger(__name__)


class Measured(BaseModel):
    """The measurements of a finished trial.

    Attributes:
        spent: iterations, tokens, money (USD) and seconds.
        items: the iteration in which each item was first held, in that order.
        milestones: the iteration in which each milestone was reached.
        goals_done: the goal items of completed tasks.
        skills: how many skills were kept.
        distance: blocks walked.
        goal_at: the iteration in which the trial's goal was first held; `None` if it has no goal, or if
            the goal was never held.
        scores: the world's scores at the end.
        achieved: what was achieved by then, by kind.
        ended: how the episode ended; `None` where it had not.
        code: fingerprint of the source code that finished the trial.
    """

    model_config = ConfigDict(extra="forbid")

    spent: Spent
    items: dict[str, int] = {}
    milestones: dict[str, int] = {}
    goals_done: list[str] = []
    tasks_done: int = 0
    tasks_failed: int = 0
    skills: int = 0
    distance: float = 0.0
    ticks: int = 0
    deaths: int = 0
    goal_at: int | None = None
    scores: dict[str, float] = {}
    achieved: dict[str, list[str]] = {}
    ended: EpisodeEnd | None = None
    code: str = ""


class Request(BaseModel):
    """What a worker is asked for.

    Attributes:
        name: the name of the trial and its run.
        runs: the folder of runs.
        left: the remaining budget of the whole, not counting what the run itself has spent before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    runs: Path
    left: BudgetLimits = BudgetLimits(iterations=None)


class TrialRequest(Request):
    """The request to run one trial.

    Attributes:
        settings: the settings of the run.
        goal: an item that ends the run as soon as it is held; empty for none.
    """

    settings: RunSettings
    goal: str = ""


class Step(BaseModel):
    """The progress of a run: what it spent, its distinct items, and its current task."""

    spent: Spent = Spent()
    items: int = 0
    doing: str = ""


class Ended(BaseModel):
    """How a trial ended: `done` with its measurements, else the reason in words.

    A `stopped` trial can be resumed; so can a `failed` one, once the reason is removed.
    """

    outcome: str
    reason: str = ""
    spent: Spent = Spent()
    measured: Measured | None = None


class TrialRun:
    """Runs one trial in this process."""

    def __init__(self, request: TrialRequest, report: Callable[[Step], None]) -> None:
        self._request = request
        self._report = report
        self._session: Session | None = None
        self._stop = ""
        self._pause = ""

    def stop(self, reason: str) -> None:
        """Stop at the next event. Safe from any thread."""
        self._stop = reason
        if self._session is not None:
            self._session.recorder.request_stop(reason)

    def run(self) -> Ended:
        """Run the trial until it is done, stopped or failed.

        Raises:
            Exception: any error of opening a run, whose message says what to do.
        """
        known = read_result(self._request.runs / self._request.name)
        if known is not None:
            return Ended(outcome="done", spent=known.spent, measured=known)
        with self._open() as session:
            self._session = session
            self._limit(session)
            if self._stop:
                session.recorder.request_stop(self._stop)
            state = session.explorer.explore()
        return self._end(state)

    def _open(self) -> AbstractContextManager[Session]:
        request, folder = self._request, self._request.runs / self._request.name
        if folder.is_dir() and not _begun(folder):
            forget(folder)
        if folder.is_dir():
            vouch = vouch_for(
                request.settings, cure=f"Delete {folder} to run it again, or start the study with --fresh"
            )
            return resumed_session(
                request.name,
                runs=request.runs,
                sources=request.settings,
                vouch=vouch,
                follow=self._follow,
            )
        return new_session(request.settings, runs=request.runs, name=request.name, follow=self._follow)

    @property
    def _own_limits(self) -> BudgetLimits:
        """How many iterations and episodes the trial has; the rest of the budget is the whole's."""
        own = self._request.settings.budget
        return BudgetLimits(iterations=own.iterations, episodes=own.episodes)

    def _limit(self, session: Session) -> None:
        """Limit the run to its own iterations and the remaining budget of the study."""
        spent, left = session.explorer.state.spent, self._request.left
        more = {
            "tokens": None if left.tokens is None else spent.tokens + left.tokens,
            "money": None if left.money is None else spent.money + left.money,
            "seconds": None if left.seconds is None else spent.seconds + left.seconds,
        }
        budget = self._own_limits.model_copy(update=more)
        session.run.settings = session.run.settings.model_copy(update={"budget": budget})

    def _follow(self, event: e.Event) -> None:
        session = self._session
        if session is None or session.recorder.replaying:
            return
        state = session.recorder.state
        if isinstance(event, e.RunPaused):
            self._pause = event.reason
        if self._request.goal in state.progress.items:
            session.recorder.request_stop("the goal is held")
        if isinstance(event, e.ModelAnswered | e.ModelFailed | e.ExecutionFinished | e.AnswerRefused):
            doing = state.task.words if state.task else ""
            self._report(Step(spent=state.spent, items=len(state.found()), doing=doing))

    def _end(self, state: RunState) -> Ended:
        done = (
            state.finished
            or self._request.goal in state.progress.items
            or state.spent.exhausted(self._own_limits, another_program=True)
        )
        if done:
            measured = measure(self._request.runs / self._request.name, self._request.goal)
            return Ended(outcome="done", spent=state.spent, measured=measured)
        stopped = self._stop or self._pause.startswith("budget of ")
        return Ended(outcome="stopped" if stopped else "failed", reason=self._pause, spent=state.spent)


def measure(folder: Path, goal: str = "") -> Measured:
    """Measure the run in `folder`, and write the result into that folder.

    Args:
        folder: the folder of a finished run.
        goal: the item that the trial had to obtain, if any.

    Raises:
        JournalError: the journal cannot be read.
    """
    story = read_story(folder)
    state = story.overview.state
    done = [it.task.goal for it in story.iterations if it.outcome == "done" and it.task]
    measured = Measured(
        spent=state.spent,
        items=story.held_at,
        milestones=state.reached,
        goals_done=sorted({wanted.item for wanted in done if isinstance(wanted, ItemGoal)}),
        tasks_done=sum(success for _, success in state.finished_tasks),
        tasks_failed=sum(not success for _, success in state.finished_tasks),
        skills=len(state.kept),
        distance=round(state.progress.distance, 1),
        ticks=state.observation.tick,
        deaths=state.progress.deaths,
        goal_at=story.held_at.get(goal),
        scores=state.observation.scores,
        achieved={kind: list(reached) for kind, reached in state.progress.achieved.items()},
        ended=state.episodes.ended,
        code=fingerprint(),
    )
    keep_result(folder, measured)
    return measured


def keep_result(folder: Path, measured: Measured) -> None:
    """Write the measurements of a finished trial into its folder."""
    with inside(folder, create=True) as place:
        place.write(RESULT, measured.model_dump_json(indent=1).encode())


def read_result(folder: Path) -> Measured | None:
    """The measurements of a trial; `None` unless it is done."""
    try:
        with inside(folder) as place:
            content = place.read(RESULT)
        return Measured.model_validate(read_json(content))
    except FileNotFoundError:
        return None
    except (OSError, DataError, ValidationError) as error:
        logger.warning("%s is damaged and is measured again: %s", folder / RESULT, type(error).__name__)
        return None


def _begun(folder: Path) -> bool:
    """Whether the journal holds at least the run's first event; a killed process may have written none."""
    return next(iter(Journal(folder).events()), None) is not None if Journal(folder).segments() else False
