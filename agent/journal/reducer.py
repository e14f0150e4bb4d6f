"""How each event changes the run's state. Used live and on resume alike."""

from __future__ import annotations

import re
from typing import TypeVar

from fieldcraft.agent.approvals import reducing as approvals
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal import setbacks
from fieldcraft.agent.journal.course import achieved, answers, news
from fieldcraft.agent.journal.course.episodes import EndedEpisode
from fieldcraft.agent.journal.state import Answered, RunState, SkillRecord
from fieldcraft.agent.memory.keeping import mark_after
from fieldcraft.agent.steering.course import PERSON
from fieldcraft.agent.tooling.sightings import note_sightings
from fieldcraft.envs import Observation, Progress
from fieldcraft.envs.happenings import merged
from fieldcraft.tools.calls.approval import SETTLING

Value = TypeVar("Value")

EVIDENCE_LIMIT = 400
EXPLAINED_LIMIT, EXPLAINED = 1_000, 600
"""Things of which the world's explanation is kept, and characters of each."""
FAILED_LIMIT = 200
REFUSED_LIMIT = 5
PROGRAMS_REMEMBERED, CALLS_REMEMBERED = 10, 50


def apply(state: RunState, event: e.Event) -> None:  # noqa: PLR0912, PLR0915 - one case an event
    """Change `state` by one event."""
    state.events = event.number
    match event:
        case e.WorldReset():
            state.begun = True
            _see_world(state, event)
        case e.EpisodeEnded():
            state.spent.episodes += 1
            state.episodes.end(
                EndedEpisode.model_validate(event.model_dump(exclude={"type", "time", "number"}))
            )
        case e.EpisodeBegan():
            _begin_episode(state, event)
        case e.ModelAsked():
            state.calls[event.role] = event.call
        case e.ModelAnswered() | e.ModelFailed():
            _spend_on_model(state, event)
        case e.ToolCalled() | e.ToolReturned() | e.ApprovalAnswered():
            _follow_tools(state, event)
        case e.ApprovalParked():
            approvals.park(state, event)
        case e.ApprovalHeard():
            approvals.hear(state, event)
        case e.QuestionAnswered():
            answers.keep_answer(state, event.key, Answered(question=event.question, answer=event.answer))
        case e.PlanMade():
            state.plan = list(event.steps)
            state.stalled_tasks = 0
        case e.TaskProposed():
            _begin_task(state, event)
        case e.ProposalRefused():
            state.refused_proposals = [*state.refused_proposals, event.problem][-REFUSED_LIMIT:]
            state.insisted += event.insisted
        case e.AnswerRefused() | e.ExecutionStarted():
            _begin_iteration(state, event)
        case e.ExecutionFinished():
            _see_world(state, event)
            _follow_program(state, event)
        case e.ExecutionInterrupted():
            _move_on(state, event.observation, event.progress)
            state.picture = event.picture
            note_sightings(state.seen, state.observation)
        case e.ProgramSetAside():
            state.spent.seconds += event.seconds
        case e.FactsLearned():
            state.facts = mark_after(state.facts, event)
            news.note_facts(state, event.facts)
        case e.Judged():
            _record_use(state, event.verdict.success)
            setbacks.note_critique(state, event.verdict.critique)
        case e.VerificationFinished():
            state.spent.seconds += event.seconds
        case e.SkillKept() | e.SkillRefused():
            _settle(state, event)
        case e.TaskFinished():
            _finish_task(state, event)
        case e.StallNoticed():
            setbacks.give_another_chance(state)
            state.stalls, state.stall_hint = state.stalls + 1, event.hint
        case e.TailSetAside():
            _set_aside(state, event)
        case e.DraftUndone():
            _undo_draft(state, event)
        case e.RunFinished():
            state.finished = True
        case e.RunResumed() | e.RunForked():
            state.finished = False
        case e.NoteHeard():
            in_task = state.task is not None or bool(state.set_aside)
            state.steering.hear(event, state.spent.iterations, in_task=in_task)
        case e.RunPaused():
            state.steering.end_pause()
        case _:
            pass


def _note_calls(state: RunState, event: e.ExecutionFinished) -> None:
    state.skills_in_use = sorted(event.execution.skills_called)
    called = state.skills_in_use[:CALLS_REMEMBERED]
    state.called_lately = [*state.called_lately, called][-PROGRAMS_REMEMBERED:]


def _settle(state: RunState, event: e.SkillKept | e.SkillRefused) -> None:
    if isinstance(event, e.SkillRefused):
        state.not_kept = [f"{event.entry or 'it'} was not kept as a skill: {event.reason}"]
        return
    if event.name not in state.kept:
        news.note_new(state, f"skill {event.name}")
    state.kept[event.name] = event.digest
    state.not_kept = [f"{event.entry}: {event.note}"] if event.note else []


def _begin_task(state: RunState, event: e.TaskProposed) -> None:
    state.task_number, state.task = event.task_number, event.task
    state.items_before = len(state.found())
    state.refused_proposals, state.insisted = [], 0
    state.happened = []
    if event.task.origin != PERSON:
        state.questions = list(event.task.questions)
    state.finished = False
    if not event.again:
        state.steering.begin_task(event.task.origin)
    setbacks.begin_task(state, event.task)
    approvals.begin_task(state, event)


def _begin_iteration(state: RunState, event: e.AnswerRefused | e.ExecutionStarted) -> None:
    state.spent.iterations += 1
    state.chores += state.task is not None and state.task.origin == "inventory"
    if isinstance(event, e.ExecutionStarted):
        state.not_kept = []


def _follow_program(state: RunState, event: e.ExecutionFinished) -> None:
    execution = event.execution
    state.spent.seconds += execution.seconds
    _note_calls(state, event)
    setbacks.note_messages(state, execution)
    state.happened = merged([*state.happened, *event.happenings])
    for happening in event.happenings:
        if happening.what == "explained":
            _remember(state.explained, happening.subject, happening.why[:EXPLAINED], EXPLAINED_LIMIT)
    for message in execution.failed_calls:
        _remember(state.evidence, re.sub(r"\d+", "#", message), message, EVIDENCE_LIMIT)


def _begin_episode(state: RunState, event: e.EpisodeBegan) -> None:
    tried = max(event.elsewhere, event.refused)
    if tried > state.episodes.tried:
        state.stalls, state.stall_hint, state.setbacks = 0, "", {}
    state.episodes.begin(
        event.episode,
        state.progress,
        iteration=state.spent.iterations,
        elsewhere=event.elsewhere,
        tried=tried,
    )
    state.observation, state.progress = event.observation, event.progress
    state.seen, state.trodden = {}, {}
    _see_world(state, event)


def _see_world(state: RunState, event: e.WorldReset | e.EpisodeBegan | e.ExecutionFinished) -> None:
    _move_on(state, event.observation, event.progress)
    state.snapshot, state.picture = event.snapshot, event.picture
    note_sightings(state.seen, state.observation)
    for milestone in event.progress.milestones:
        state.reached.setdefault(milestone, state.spent.iterations)


def _move_on(state: RunState, observation: Observation, progress: Progress) -> None:
    before, reached = state.observation, state.progress
    state.observation, state.progress = observation, progress
    setbacks.note_gains(state, before, reached)
    news.note_progress(state, reached)


def _follow_tools(state: RunState, event: e.ToolCalled | e.ToolReturned | e.ApprovalAnswered) -> None:
    match event:
        case e.ToolCalled():
            state.task_tools[event.tool] = state.task_tools.get(event.tool, 0) + 1
            approvals.make(state, event)
        case e.ApprovalAnswered():
            approvals.use(state, event)
            settled = SETTLING.get(event.text.strip().lower())
            if settled is not None:
                state.approvals[event.tool] = settled
        case e.ToolReturned():
            spent = state.spent
            spent.input_tokens += event.input_tokens
            spent.output_tokens += event.output_tokens
            spent.money += event.money
            spent.unpriced += event.unpriced
            spent.seconds += 0.0 if event.user == "programs" else event.seconds
            spent.waited += event.waited
            state.calls["tools"] = state.calls.get("tools", 0) + event.model_calls


def _spend_on_model(state: RunState, event: e.ModelAnswered | e.ModelFailed) -> None:
    spent = state.spent
    spent.input_tokens += event.input_tokens
    spent.output_tokens += event.output_tokens
    spent.cached_tokens += event.cached_tokens
    spent.reasoning_tokens += event.reasoning_tokens
    spent.money += event.money
    spent.seconds += event.seconds
    spent.waited += event.waited
    spent.estimated += event.estimated
    if isinstance(event, e.ModelAnswered):
        spent.unpriced += not event.priced
        state.refused_answers += bool(event.refusal)
        if window := event.shortened_for:
            state.shortened += 1
            state.shortened_for = min(window, state.shortened_for or window)


def _record_use(state: RunState, success: bool) -> None:
    for name in state.skills_in_use:
        record = state.records.setdefault(name, SkillRecord())
        if success:
            record.successes += 1
        else:
            record.failures += 1
    state.skills_in_use = []


def _finish_task(state: RunState, event: e.TaskFinished) -> None:
    words = state.task.words if state.task else ""
    approvals.finish_task(state, event)
    if event.awaiting:
        _put_off(state, event, words)
        return
    if state.task:
        setbacks.finish_task(state, state.task, success=event.success, given_up=event.given_up)
    state.steering.skipped_by = ""
    if state.task is None or state.task.origin != PERSON:
        _follow_plan(state, success=event.success)
    _count_task(state, event, words)
    if event.success:
        if state.task:
            achieved.note_done(state, state.task)
        if words not in state.completed:
            state.completed.append(words)
        state.failed = [failed for failed in state.failed if failed != words]
    elif words not in state.completed:
        state.failed = [failed for failed in state.failed if failed != words] + [words]
        del state.failed[:-FAILED_LIMIT]
    state.task = None
    state.happened = []


def _follow_plan(state: RunState, *, success: bool) -> None:
    """Note what the end of a task means for the plan; a task of a person is no part of one."""
    state.stalled_tasks = 0 if len(state.found()) > state.items_before else state.stalled_tasks + 1
    if state.task and state.task.origin == "subgoal":
        state.plan = state.plan[1:]
    elif state.plan:
        state.plan = state.plan[1:] if success else []
        state.solved = success and not state.plan


def _count_task(state: RunState, event: e.TaskFinished, words: str) -> None:
    state.finished_tasks.append((words, event.success))
    if state.task_tools:
        state.tools_used[event.task_number] = state.task_tools
        state.task_tools = {}


def _put_off(state: RunState, event: e.TaskFinished, words: str) -> None:
    """A task that waits for a person neither failed nor is it done."""
    _count_task(state, event, words)
    state.task = None
    state.happened = []


def _set_aside(state: RunState, event: e.TailSetAside) -> None:
    """Go back to the task's start, but for what was spent, learned and kept since."""
    if state.task is not None:
        state.steering.take_back_task(state.task.origin)
    state.task_number, state.task = event.task_number, None
    _go_back(state, event)
    state.episodes = state.episodes if event.episodes is None else event.episodes.model_copy(deep=True)
    state.reached = dict(event.reached)
    approvals.set_tail_aside(state, event)
    state.happened = []


def _undo_draft(state: RunState, event: e.DraftUndone) -> None:
    """Go back to where the attempt began, but for what was spent and learned since."""
    _go_back(state, event)
    state.reached = {name: at for name, at in state.reached.items() if name in event.progress.milestones}
    state.most_held = dict(event.most_held)
    state.happened = list(event.happened)


def _go_back(state: RunState, event: e.TailSetAside | e.DraftUndone) -> None:
    state.observation, state.progress, state.snapshot = event.observation, event.progress, event.snapshot
    state.picture = event.picture if isinstance(event, e.DraftUndone) else ""
    state.skills_in_use = []
    if event.snapshot is not None:
        now = event.observation.tick
        state.seen = {name: sighting for name, sighting in state.seen.items() if sighting.tick <= now}
    else:
        note_sightings(state.seen, state.observation)


def _remember(memory: dict[str, Value], key: str, value: Value, limit: int) -> None:
    """Put the newest last and forget the oldest beyond `limit`."""
    memory.pop(key, None)
    memory[key] = value
    while len(memory) > limit:
        del memory[next(iter(memory))]
