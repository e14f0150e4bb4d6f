"""Calls that wait for a person who is not there: parked, answered later, and never made twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_texts
from tool_workshop import TOOLS, WOOD, Settings, cut, program, resume, script

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.approvals.answering import BadApproval, answer_call
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.journal.watching.growing import read_overview, standing
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.steering import Inbox, Note, send
from fieldcraft.tools import ToolPolicy

pytestmark = pytest.mark.usefixtures("notes")

PLANKS: dict[str, Any] = {"task": "Saw 2 planks", "goal": {"kind": "item", "item": "plank", "count": 2}}
LETTER = program("print(tools.stamp(number=1), tools.lookup(name='oak'))", "print(tools.post(text='two'))")
SAW = "```python\ndef saw_planks(bot):\n    bot.chop()\n    bot.saw(1)\n```"
Build = Callable[..., RunSettings]


@pytest.fixture
def parking(toy_settings: Settings, tmp_path: Path) -> Build:
    """Settings of a run whose first task needs an approval and whose second needs none."""

    def build(world: str = "ToyWorld", policy: dict[str, Any] | None = None, **changes: Any) -> RunSettings:
        roles = {"curriculum": [WOOD, PLANKS], "actor": [LETTER, SAW, LETTER], **changes.pop("roles", {})}
        fields = {
            "environment": f"toy_world:{world}",
            "model": script(tmp_path, **roles),
            "tools": TOOLS,
            "attempts": 1,
            "retrieved": 0,
            "tool_policy": ToolPolicy(approval=("post",), **{"approvals": "set-aside", **(policy or {})}),
            "budget": BudgetLimits(iterations=3),
        }
        return toy_settings(**{**fields, **changes})

    return build


class Answers:
    """A listener that answers parked calls: when an event of this type comes for the n-th time."""

    def __init__(self, run: Path, after: str, text: str = "yes", *, nth: int = 1) -> None:
        self.run, self.after, self.text, self.left = run, after, text, nth
        self.parked: list[str] = []
        self.events: list[Any] = []

    def __call__(self, event: e.Event) -> None:
        self.events.append(event)
        if isinstance(event, e.ApprovalParked):
            self.parked.append(event.id)
        if event.type == self.after:
            self.left -= 1
            if self.left == 0:
                send(self.run, Note(kind="approve", call=self.parked[-1], text=self.text))


def lived(settings: RunSettings, runs: Path, answers: Answers) -> RunState:
    with new_session(settings, runs=runs, name=answers.run.name, listeners=(answers,)) as session:
        return session.explorer.explore()


def kinds(events: list[Any]) -> list[str]:
    left_out = ("model_", "facts_", "run_", "warned")
    return [event.type for event in events if not event.type.startswith(left_out)]


def test_a_task_is_set_aside_and_its_program_runs_again_over_what_it_called(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    answers = Answers(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(parking(), tmp_path / "runs", answers)

    assert notes.read_text().splitlines() == ["stamp 1", "lookup oak", "post two"]
    assert state.completed == ["Saw 2 planks", "Chop 4 wood"]
    assert state.failed == []
    assert not (state.parked or state.set_aside)
    shown = kinds(answers.events)
    assert shown[shown.index("approval_parked") :][:3] == [
        "approval_parked",
        "program_set_aside",
        "task_finished",
    ]
    again = [event for event in answers.events if isinstance(event, e.TaskProposed) and event.again]
    assert [(event.task_number, event.again) for event in again] == [(3, 1)]
    returned = [event for event in answers.events if isinstance(event, e.ToolReturned)]
    assert [(event.tool, event.tries) for event in returned] == [
        ("stamp", 1),
        ("lookup", 1),
        ("stamp", 0),
        ("lookup", 0),
        ("post", 1),
    ]
    assert returned[-1].value == "sent two"
    assert Inbox(answers.run).waiting() == []


def test_a_world_without_snapshots_gets_its_task_again_with_what_was_answered(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    answers = Answers(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(parking("ForgetfulWorld"), tmp_path / "runs", answers)

    assert sorted(notes.read_text().splitlines()) == ["lookup oak", "lookup oak", "post two", "stamp 1"]
    refused = next(event for event in answers.events if isinstance(event, e.ToolReturned) and event.error)
    assert "awaits a person's approval" in (refused.error or "")
    again = next(event for event in answers.events if isinstance(event, e.TaskProposed) and event.again)
    assert "post(text='two') allowed by" in again.task.context
    assert "stamp(number=1) gave 10" in again.task.context
    assert "Chop 4 wood" in state.completed
    assert state.failed == []


def test_a_refusal_with_a_reason_reaches_the_program(parking: Build, tmp_path: Path, notes: Path) -> None:
    answers = Answers(tmp_path / "runs" / "one", "task_finished", "no: not at night", nth=2)
    lived(parking(critic="none"), tmp_path / "runs", answers)

    errors = [event.error for event in answers.events if isinstance(event, e.ToolReturned) and event.error]
    assert errors == ["post was not called: a person refused the call: not at night"]
    assert "post two" not in notes.read_text()


def test_a_run_that_waits_goes_on_where_it_was(parking: Build, tmp_path: Path, notes: Path) -> None:
    answers = Answers(tmp_path / "runs" / "one", "approval_parked")
    state = lived(parking(policy={"approvals": "wait"}), tmp_path / "runs", answers)

    assert notes.read_text().splitlines()[:3] == ["stamp 1", "lookup oak", "post two"]
    assert state.finished_tasks[0] == ("Chop 4 wood", True)


@pytest.mark.parametrize("how", ["wait", "set-aside"])
def test_a_run_cut_after_any_event_makes_each_call_once_and_is_equal(
    parking: Build, tmp_path: Path, notes: Path, how: str
) -> None:
    after, nth = ("task_finished", 2) if how == "set-aside" else ("approval_parked", 1)
    whole = tmp_path / "runs" / "whole"
    settings = parking(policy={"approvals": how}, budget=BudgetLimits(iterations=3 if nth == 2 else 1))
    lived(settings, tmp_path / "runs", Answers(whole, after, nth=nth))
    events = Journal(whole).read()
    expected, made = history(whole), notes.read_text().splitlines()
    for lines in range(1, len(events)):
        begun = sum(isinstance(event, e.ToolCalled) and event.tool == "post" for event in events[:lines])
        ended = sum(isinstance(event, e.ToolReturned) and event.tool == "post" for event in events[:lines])
        if begun > ended:
            continue
        shutil.rmtree(tmp_path / "library")
        folder = cut(whole, lines)
        seen = [event for event in events[:lines] if event.type == after]
        parked = next((event.id for event in events[:lines] if isinstance(event, e.ApprovalParked)), "")
        heard = any(isinstance(event, e.ApprovalHeard) for event in events[:lines])
        listener = Answers(folder, after, nth=nth - len(seen))
        listener.parked.append(parked)
        if len(seen) >= nth and not heard:
            send(folder, Note(kind="approve", call=parked, text="yes"))
        notes.write_text("")
        resume(folder, listeners=(listener,))
        assert history(folder) == expected, f"killed after event {lines}: {events[lines - 1].type}"
        before = [
            event
            for event in events[:lines]
            if isinstance(event, e.ToolReturned) and event.tries and event.tool != "calculator"
        ]
        assert len(notes.read_text().splitlines()) == len(made) - len(before)


def warnings(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, e.Warned)]


def test_only_the_first_answer_counts_and_each_other_has_a_line(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    run = tmp_path / "runs" / "one"

    class Several(Answers):
        def __call__(self, event: e.Event) -> None:
            if event.type == "approval_parked":
                send(run, Note(kind="approve", call="00000000", text="yes"))
                send(run, Note(kind="approve", call=event.id, text="by all means"))
                send(run, Note(kind="approve", call=event.id, text="no"))
                send(run, Note(kind="approve", call=event.id, text="yes"))
            self.events.append(event)

    answers = Several(run, "")
    lived(
        parking(policy={"approvals": "wait"}, budget=BudgetLimits(iterations=1)), tmp_path / "runs", answers
    )
    unknown, unclear, twice = warnings(answers.events)
    assert "answered the call '00000000', which is none of this run's" in unknown
    assert "is none: say yes, no, always or never" in unclear
    assert "does not count: refused by" in twice
    assert "post two" not in notes.read_text()
    assert Inbox(run).waiting() == []


@pytest.mark.parametrize("rule", ["deny", "skip"])
def test_a_task_set_aside_too_long_goes_by_the_rule(
    parking: Build, tmp_path: Path, notes: Path, rule: str
) -> None:
    policy = {"approval_expires": 0.0001, "approval_expired": rule}
    answers = Answers(tmp_path / "runs" / "one", "")
    state = lived(parking(policy=policy), tmp_path / "runs", answers)

    assert "post two" not in notes.read_text()
    assert not (state.parked or state.set_aside)
    if rule == "skip":
        assert state.failed[0] == "Chop 4 wood"
        assert not any(event.again for event in answers.events if isinstance(event, e.TaskProposed))
    else:
        assert sum(words == "Chop 4 wood" for words, _ in state.finished_tasks) == 2
        error = next(
            event.error for event in answers.events if isinstance(event, e.ToolReturned) and event.error
        )
        assert error == "post was not called: nobody answered within 0.0001 minutes"


def test_a_call_of_the_author_itself_waits_without_a_program(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    asks = {"tool_calls": [{"name": "post", "arguments": {"text": "two"}}]}
    roles = {"actor": [asks, LETTER, SAW, asks, program("pass")]}
    answers = Answers(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(parking(roles=roles, budget=BudgetLimits(iterations=2)), tmp_path / "runs", answers)

    assert notes.read_text().splitlines() == ["post two"]
    assert [words for words, _ in state.finished_tasks] == ["Chop 4 wood", "Saw 2 planks", "Chop 4 wood"]
    assert state.spent.iterations == 2


def test_what_builds_on_the_task_before_waits_instead(parking: Build, tmp_path: Path, notes: Path) -> None:
    answers = Answers(tmp_path / "runs" / "one", "approval_parked")
    settings = parking(
        curriculum="open", tasks=(WOOD,), roles={"actor": [LETTER]}, budget=BudgetLimits(iterations=1)
    )
    state = lived(settings, tmp_path / "runs", answers)

    assert notes.read_text().splitlines() == ["stamp 1", "lookup oak", "post two"]
    assert state.finished_tasks == [("Chop 4 wood", True)]


def test_the_curriculum_is_told_what_waits_and_may_not_set_it(parking: Build, tmp_path: Path) -> None:
    roles = {"curriculum": [WOOD, WOOD, PLANKS]}
    answers = Answers(tmp_path / "runs" / "one", "")
    lived(parking(roles=roles, budget=BudgetLimits(iterations=2)), tmp_path / "runs", answers)

    proposed = [event.task.words for event in answers.events if isinstance(event, e.TaskProposed)]
    assert proposed == ["Chop 4 wood", "Saw 2 planks"]
    asked = "\n".join(kept_texts(tmp_path / "runs", "curriculum").values())
    assert "- Chop 4 wood (waits for a person, refused for now)" in asked
    assert "waits for a person's answer, and comes again by itself" in asked


def test_a_task_set_aside_in_an_earlier_segment_is_found_again(
    parking: Build, tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal.rotate_if_large, "__kwdefaults__", {"limit": 100})
    answers = Answers(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(parking(), tmp_path / "runs", answers)

    assert len(Journal(answers.run).segments()) > 2
    assert notes.read_text().splitlines() == ["stamp 1", "lookup oak", "post two"]
    assert state.completed == ["Saw 2 planks", "Chop 4 wood"]


@pytest.mark.parametrize("how", ["wait", "set-aside"])
def test_in_a_world_without_snapshots_no_cut_makes_a_call_twice_or_loses_it(
    parking: Build, tmp_path: Path, notes: Path, how: str
) -> None:
    whole = tmp_path / "runs" / "whole"
    settings = parking(
        "LastingWorld",
        {"approvals": how},
        roles={"actor": [LETTER] * 9},
        curriculum="fixed",
        tasks=(WOOD,),
        budget=BudgetLimits(iterations=4),
    )
    lived(settings, tmp_path / "runs", Answers(whole, "approval_parked"))
    assert notes.read_text().splitlines().count("post two") == 1
    events = Journal(whole).read()
    for lines in range(1, len(events)):
        shutil.rmtree(tmp_path / "library")
        folder = cut(whole, lines)
        asked = [event.id for event in events[:lines] if isinstance(event, e.ApprovalParked)]
        posts = [event for event in events[:lines] if getattr(event, "tool", "") == "post"]
        on_its_way = bool(posts) and isinstance(posts[-1], e.ToolCalled)
        made = any(isinstance(event, e.ToolReturned) and event.tries for event in posts)
        if asked:
            send(folder, Note(kind="approve", call=asked[0], text="yes"))
        notes.write_text("")
        listener = Answers(folder, "approval_parked", "no" if asked else "yes")
        state = resume(folder, listeners=(listener,))
        again = notes.read_text().splitlines().count("post two")
        where = f"killed after event {lines}: {events[lines - 1].type}"
        assert not (state.parked or state.set_aside), where
        assert again == 1 - made if asked and not on_its_way else again <= 1, where


def test_a_damaged_world_is_rebuilt_over_a_program_that_was_set_aside(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    chance = LETTER.replace("def chop_wood(bot):", "import random\n\ndef chop_wood(bot):").replace(
        "'two'", "str(random.random())"
    )
    answers = Answers(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(parking(roles={"actor": [chance, SAW, chance]}), tmp_path / "runs", answers)
    assert state.completed == ["Saw 2 planks", "Chop 4 wood"]
    made = notes.read_text()

    for snapshot in (answers.run / "snapshots").iterdir():
        snapshot.write_bytes(b"damaged")
    said: list[Any] = []
    resume(answers.run, budget=BudgetLimits(iterations=3), listeners=(said.append,))
    assert "the latest snapshot was damaged; the world was rebuilt by rerunning" in warnings(said)
    assert notes.read_text() == made


def test_what_was_allowed_is_made_though_all_later_calls_were_refused(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    other = LETTER.replace("two", "three")
    roles = {"curriculum": [WOOD, PLANKS], "actor": [LETTER, other, SAW]}
    answers = Answers(tmp_path / "runs" / "one", "nothing")
    lived(parking(roles=roles, budget=BudgetLimits(iterations=2)), tmp_path / "runs", answers)
    first, second = answers.parked
    for call, text in ((first, "yes"), (second, "never")):
        send(answers.run, Note(kind="approve", call=call, text=text))

    with resumed_session("one", runs=tmp_path / "runs", budget=BudgetLimits(iterations=3)) as session:
        session.explorer.explore()

    assert "post two" in notes.read_text().splitlines()
    assert "post three" not in notes.read_text().splitlines()


def test_an_answer_to_all_calls_of_a_tool_that_was_not_heard_yet_answers_the_others(
    parking: Build, tmp_path: Path
) -> None:
    roles = {"curriculum": [WOOD, PLANKS], "actor": [LETTER, LETTER.replace("two", "three"), SAW]}
    answers = Answers(tmp_path / "runs" / "one", "nothing")
    lived(parking(roles=roles, budget=BudgetLimits(iterations=2)), tmp_path / "runs", answers)
    first, second = answers.parked
    view = read_overview(answers.run)
    answer_call(answers.run, view, first, "never")

    with pytest.raises(BadApproval, match="was answered already .refused for all calls by "):
        answer_call(answers.run, view, second, "yes")


class Skips(Answers):
    """A listener that skips when an event of this type comes for the n-th time."""

    def __call__(self, event: e.Event) -> None:
        self.events.append(event)
        if event.type == self.after:
            self.left -= 1
            if self.left == 0:
                send(self.run, Note(kind="skip"))


def test_a_person_who_skips_the_task_ends_the_wait_for_its_call(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    skips = Skips(tmp_path / "runs" / "one", "approval_parked")
    state = lived(parking(policy={"approvals": "wait"}, critic="none", attempts=2), tmp_path / "runs", skips)

    (error,) = [event.error for event in skips.events if isinstance(event, e.ToolReturned) and event.error][
        :1
    ]
    assert error.startswith("post was not called: a person refused the call: ")
    assert error.endswith("skipped the task")
    assert "post two" not in notes.read_text()
    assert "Saw 2 planks" in state.completed


def test_a_person_can_skip_a_task_that_was_set_aside_and_is_waited_for(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    fixed = [{"task": each["task"], "goal": each["goal"]} for each in (WOOD, PLANKS)]
    settings = parking(curriculum="fixed", tasks=fixed, roles={"actor": [LETTER, SAW]})
    skips = Skips(tmp_path / "runs" / "one", "task_finished", nth=2)
    state = lived(settings, tmp_path / "runs", skips)

    assert state.finished
    assert not (state.parked or state.set_aside or state.steering.skipped_by)
    assert state.failed == ["Chop 4 wood"]
    assert state.completed == ["Saw 2 planks"]
    assert "post two" not in notes.read_text()


def test_an_answer_that_comes_while_the_curriculum_chooses_brings_its_task_back_at_once(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    class WhileItChooses(Answers):
        def __call__(self, event: e.Event) -> None:
            chooses = isinstance(event, e.ModelAsked) and event.role == "curriculum"
            super().__call__(event)
            if chooses and self.parked and self.left:
                self.left = 0
                send(self.run, Note(kind="approve", call=self.parked[-1], text="yes"))

    answers = WhileItChooses(tmp_path / "runs" / "one", "")
    roles = {"curriculum": [WOOD, PLANKS, PLANKS]}
    state = lived(parking(roles=roles), tmp_path / "runs", answers)

    assert [words for words, _ in state.finished_tasks] == ["Chop 4 wood", "Chop 4 wood", "Saw 2 planks"]
    whole = history(answers.run)
    (cut_at,) = [event.number for event in answers.events if isinstance(event, e.ApprovalHeard)]
    for lines in (cut_at - 1, cut_at, cut_at + 1):
        shutil.rmtree(tmp_path / "library")
        folder = cut(answers.run, lines)
        if lines < cut_at:
            send(folder, Note(kind="approve", call=answers.parked[-1], text="yes"))
        resume(folder)
        assert history(folder) == whole, f"killed after event {lines}"


def test_an_answer_counts_for_the_next_try_of_the_same_call_in_one_program(
    parking: Build, tmp_path: Path, notes: Path
) -> None:
    twice = program(
        "for _ in range(2):",
        "    try:",
        "        print(tools.post(text='two'))",
        "        break",
        "    except ToolError:",
        "        pass",
    )
    answers = Answers(tmp_path / "runs" / "one", "tool_returned")
    roles = {"actor": [twice, SAW]}
    settings = parking("ForgetfulWorld", roles=roles, budget=BudgetLimits(iterations=1))
    lived(settings, tmp_path / "runs", answers)

    assert notes.read_text().splitlines() == ["post two"]


def test_the_status_of_a_run_says_that_a_call_waits(parking: Build, tmp_path: Path) -> None:
    answers = Answers(tmp_path / "runs" / "one", "")
    lived(parking(budget=BudgetLimits(iterations=2)), tmp_path / "runs", answers)

    assert standing(answers.run, read_overview(answers.run)).endswith("; 1 call waits for approval")
