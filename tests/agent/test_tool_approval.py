"""A person who allows or refuses tool calls: asked once, waited for, remembered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tool_workshop import TOOLS, WOOD, Settings, cut, live, program, resume, script, wants

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.recorder import StopRequested
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.tools import ToolPolicy

pytestmark = pytest.mark.usefixtures("notes")


class Person:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def asking(toy_settings: Settings, tmp_path: Path) -> RunSettings:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            wants(
                ("lookup", {"name": "elm", "slowly": True}),
                ("post", {"text": "one"}),
                ("lookup", {"name": "oak"}),
            ),
            program("print(tools.post(text='two'))"),
        ],
    )
    return toy_settings(
        model=model,
        tools=TOOLS,
        attempts=1,
        critic="none",
        retrieved=0,
        tool_policy=ToolPolicy(approval=("writes",)),
        budget=BudgetLimits(iterations=1),
    )


def a_letter_is_on_its_way(events: list[e.Event]) -> bool:
    """A call of `post` has begun and not ended: it is not made again, so such a run differs."""
    begun = {event.call for event in events if isinstance(event, e.ToolCalled) and event.tool == "post"}
    return bool(begun - {event.call for event in events if isinstance(event, e.ToolReturned)})


def test_a_person_allows_refuses_and_settles(asking: RunSettings, tmp_path: Path, notes: Path) -> None:
    person = Person("what?", "n", "always")
    state, events = live(asking, tmp_path / "runs", ask_human=person)

    assert len(person.asked) == 3
    assert person.asked[0].startswith(
        "Call post(text='one')? It may change something each time it is called."
    )
    errors = [event.error for event in events if isinstance(event, e.ToolReturned)]
    assert errors == [None, "post was not called: a person refused the call", None, None]
    assert notes.read_text().splitlines() == ["lookup elm", "lookup oak", "post two"]
    assert state.approvals == {"post": True}


@pytest.mark.parametrize("at", [0, 1], ids=["model", "program"])
@pytest.mark.parametrize(
    "how", [KeyboardInterrupt(), StopRequested("nobody answered")], ids=["ctrl-c", "eof"]
)
def test_a_question_left_open_is_asked_again_and_an_answered_one_is_not(
    asking: RunSettings, tmp_path: Path, notes: Path, at: int, how: BaseException
) -> None:
    person = Person(*(["y"] * at), how)
    interrupted = pytest.raises(KeyboardInterrupt) if isinstance(how, KeyboardInterrupt) else None
    with new_session(asking, runs=tmp_path / "runs", name="one", ask_human=person) as session:
        if interrupted:
            with interrupted:
                session.explorer.explore()
        else:
            session.explorer.explore()
    assert len(person.asked) == at + 1

    again = Person(*(["y"] * (2 - at)))
    state = resume(tmp_path / "runs" / "one", ask_human=again)
    assert again.asked[0] == person.asked[-1]
    assert state.spent.iterations == 1
    assert sorted(notes.read_text().splitlines()) == ["lookup elm", "lookup oak", "post one", "post two"]
    whole = tmp_path / "runs" / "whole"
    shutil.rmtree(tmp_path / "library")
    with new_session(asking, runs=tmp_path / "runs", name="whole", ask_human=Person("y", "y")) as session:
        session.explorer.explore()
    assert history(whole) == history(tmp_path / "runs" / "one")


@pytest.mark.slow
def test_what_was_settled_is_not_asked_again_by_a_resumed_run(asking: RunSettings, tmp_path: Path) -> None:
    first = Person("always", AssertionError("asked again"))
    live(asking, tmp_path / "runs", ask_human=first)
    folder = next((tmp_path / "runs").iterdir())
    events = Journal(folder).read()
    answered = next(n for n, event in enumerate(events, 1) if isinstance(event, e.ApprovalAnswered))
    for lines in range(answered, len(events)):
        last = events[lines - 1]
        if a_letter_is_on_its_way(events[:lines]):
            continue
        shutil.rmtree(tmp_path / "library")
        broken = cut(folder, lines)
        resume(broken, ask_human=Person(AssertionError("asked again")))
        assert history(broken) == history(folder), f"killed after event {lines}: {last.type}"


@pytest.mark.slow
def test_a_run_with_approvals_cut_after_any_event_asks_only_what_is_open(
    asking: RunSettings, tmp_path: Path
) -> None:
    with new_session(asking, runs=tmp_path / "runs", name="whole", ask_human=Person("y", "y")) as session:
        session.explorer.explore()
    whole = tmp_path / "runs" / "whole"
    events = Journal(whole).read()
    for lines in range(1, len(events)):
        last = events[lines - 1]
        if a_letter_is_on_its_way(events[:lines]):
            continue
        shutil.rmtree(tmp_path / "library")
        folder = cut(whole, lines)
        answered = sum(isinstance(event, e.ApprovalAnswered) for event in events[:lines])
        person = Person(*(["y"] * (2 - answered)), AssertionError("asked again"))
        resume(folder, ask_human=person)
        assert history(folder) == history(whole), f"killed after event {lines}: {last.type}"
        assert len(person.asked) == 2 - answered
