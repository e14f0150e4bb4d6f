"""A run hears the people who steer it, and resumes to the same whenever it was killed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.protocols import Situation
from fieldcraft.agent.settings import FixedTask
from fieldcraft.agent.steering import Note, NoteKind, account, send
from fieldcraft.agent.transcript import kept_calls
from fieldcraft.envs import ItemGoal

Settings = Callable[..., RunSettings]
ME = account()


class Person:
    """Sends notes to a run at certain events, also where these are played back: a note has one id."""

    def __init__(self, folder: Path, *plan: tuple[Callable[[e.Event], bool], NoteKind, str]) -> None:
        self.folder = folder
        self.plan = plan
        self.events: list[Any] = []

    def __call__(self, event: e.Event) -> None:
        self.events.append(event)
        for number, (wanted, kind, text) in enumerate(self.plan):
            if wanted(event):
                send(self.folder, Note(id=f"{number:016x}", kind=kind, text=text))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def at(kind: type[Any], **fields: Any) -> Callable[[e.Event], bool]:
    return lambda event: (
        isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())
    )


def explore(settings: RunSettings, person: Person) -> Any:
    folder = person.folder
    with new_session(settings, runs=folder.parent, name=folder.name, listeners=(person,)) as session:
        session.explorer.explore()
        return session.explorer.result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "steered"


def test_what_a_person_says_is_journaled_and_shown_to_curriculum_and_actor(
    toy_settings: Settings, folder: Path
) -> None:
    person = Person(folder, (at(e.WorldReset), "say", "saw nothing\n# Task\nbefore noon"))

    explore(toy_settings(), person)

    assert [(note.kind, note.by) for note in person.of(e.NoteHeard)] == [("say", ME)]
    assert list((folder / "inbox").iterdir()) == []
    prompts = {(call.role, call.call): call.text for call in kept_calls(folder)}
    for role in ("curriculum", "actor"):
        assert f"| {ME} (after iteration 0): saw nothing\n| # Task\n| before noon" in prompts[role, 1]


def test_a_task_of_a_person_is_the_next_one_with_a_goal_that_the_world_checks(
    toy_settings: Settings, folder: Path
) -> None:
    person = Person(folder, (at(e.TaskProposed, task_number=1), "task", "Make 2 plank"))

    explore(toy_settings(budget={"iterations": 3}), person)

    second = person.of(e.TaskProposed)[1].task
    assert (second.words, second.origin, second.goal) == (
        "Make 2 plank",
        "person",
        ItemGoal(item="plank", count=2),
    )


def test_a_task_of_a_person_takes_no_place_in_a_list_of_tasks(toy_settings: Settings, folder: Path) -> None:
    listed = tuple(FixedTask(task=f"Chop {n} wood", goal=ItemGoal(item="wood", count=n)) for n in (1, 2))
    person = Person(folder, (at(e.TaskProposed, task_number=1), "task", "Make 2 plank"))
    settings = toy_settings(curriculum="fixed", tasks=listed, attempts=1, budget={"iterations": 9})

    explore(settings, person)

    assert [event.task.words for event in person.of(e.TaskProposed)] == [
        "Chop 1 wood",
        "Make 2 plank",
        "Chop 2 wood",
    ]


def test_a_task_that_is_skipped_ends_before_its_next_attempt_and_teaches_no_fact(
    toy_settings: Settings, folder: Path
) -> None:
    person = Person(folder, (at(e.Judged, iteration=2), "skip", ""))

    explore(toy_settings(), person)

    ended = person.of(e.TaskFinished)[1]
    assert (ended.success, ended.attempts, ended.given_up) == (False, 1, f"skipped by {ME}")
    assert "came to nothing" not in "".join(
        fact.text for event in person.of(e.FactsLearned) for fact in event.facts
    )


def test_a_paused_run_waits_until_it_may_go_on_and_ends_as_if_it_had_not(
    toy_settings: Settings, folder: Path, tmp_path: Path
) -> None:
    person = Person(folder, (at(e.ExecutionStarted, iteration=2), "pause", ""))
    held = threading.Event()

    def let_go_on() -> None:
        assert held.wait(300)
        send(folder, Note(kind="go_on"))

    other = threading.Thread(target=let_go_on)
    other.start()
    person.plan += ((at(e.Held), "say", "I have a look"),)
    with new_session(
        toy_settings(),
        runs=folder.parent,
        name=folder.name,
        listeners=(person, lambda event: held.set() if isinstance(event, e.NoteHeard) else None),
    ) as session:
        state = session.explorer.explore()
    other.join()

    kinds = [event.type for event in person.events]
    first = kinds.index("note_heard")
    assert kinds[first - 1 : first + 2] == ["execution_finished", "note_heard", "held"]
    assert [event.by for event in person.of(e.Held)] == [ME]
    assert (state.spent.iterations, state.steering.paused_by) == (5, "")


def test_a_run_in_single_steps_waits_after_each_iteration(toy_settings: Settings, folder: Path) -> None:
    person = Person(
        folder,
        (at(e.ExecutionStarted, iteration=1), "pause", ""),
        (lambda event: isinstance(event, e.Held) and person.events[-2].type == "note_heard", "step", ""),
        (lambda event: isinstance(event, e.Held) and person.events[-2].type != "note_heard", "stop", ""),
    )

    result = explore(toy_settings(), person)

    assert (result.ended, result.reason) == ("stopped", f"stopped by {ME}")
    assert result.spent.iterations == 2
    assert len(person.of(e.Held)) == 2


def test_a_stopped_run_is_resumed_and_is_not_stopped_by_the_same_note_again(
    toy_settings: Settings, folder: Path
) -> None:
    person = Person(folder, (at(e.Judged, iteration=1), "stop", ""))
    assert explore(toy_settings(), person).ended == "stopped"
    send(folder, Note(id="0" * 16, kind="stop"))

    with resumed_session(folder.name, runs=folder.parent) as session:
        assert session.explorer.explore().spent.iterations == 5
    assert list((folder / "inbox").iterdir()) == []


def test_a_run_that_was_stopped_while_it_was_paused_goes_on_when_it_is_resumed(
    toy_settings: Settings, folder: Path
) -> None:
    person = Person(folder, (at(e.Judged, iteration=1), "pause", ""), (at(e.Held), "stop", ""))
    assert explore(toy_settings(), person).ended == "stopped"

    with resumed_session(folder.name, runs=folder.parent) as session:
        assert session.explorer.explore().spent.iterations == 5


def test_a_finished_run_takes_up_a_task_that_waits_for_it(toy_settings: Settings, folder: Path) -> None:
    listed = (FixedTask(task="Chop 1 wood", goal=ItemGoal(item="wood", count=1)),)
    settings = toy_settings(curriculum="fixed", tasks=listed, attempts=1, budget={"iterations": 9})
    assert explore(settings, Person(folder)).ended == "finished"
    send(folder, Note(kind="task", text="Make 2 plank"))

    for _ in range(2):
        with resumed_session(folder.name, runs=folder.parent) as session:
            state = session.explorer.explore()
        assert (state.finished, [words for words, _ in state.finished_tasks][1:]) == (True, ["Make 2 plank"])


def test_notes_that_only_concern_a_running_run_do_not_wait_for_a_resume(
    toy_settings: Settings, folder: Path
) -> None:
    last = Person(folder, (lambda event: len(last.of(e.FactsLearned)) and event.type == "judged", "say", "x"))
    explore(toy_settings(budget={"iterations": 1}), last)
    for kind in ("stop", "step", "go_on"):
        send(folder, Note(kind=kind))  # type: ignore[arg-type]

    with resumed_session(folder.name, runs=folder.parent) as session:
        session.explorer.explore()

    with resumed_session(folder.name, runs=folder.parent) as session:
        assert session.run.state.steering.paused_by == ""


def test_an_inbox_that_cannot_be_read_costs_one_line(toy_settings: Settings, folder: Path) -> None:
    def planted(event: e.Event) -> None:
        if isinstance(event, e.WorldReset):
            (folder / "inbox").symlink_to(folder.parent)

    person = Person(folder)
    with new_session(
        toy_settings(), runs=folder.parent, name=folder.name, listeners=(planted, person)
    ) as session:
        assert session.explorer.explore().spent.iterations == 5

    (warned,) = person.of(e.Warned)
    assert warned.text.startswith("no notes to the run are heard until it is resumed: ")


def test_a_run_killed_after_any_event_resumes_to_the_same_history(
    toy_settings: Settings, folder: Path, tmp_path: Path
) -> None:
    plan: tuple[Any, ...] = (
        (at(e.TaskProposed, task_number=1), "say", "saw nothing before noon"),
        (at(e.ExecutionFinished, iteration=1), "task", "Make 2 plank"),
        (at(e.Judged, iteration=2), "skip", ""),
        (at(e.ExecutionStarted, iteration=4), "pause", ""),
        (at(e.Held), "go_on", ""),
    )
    explore(toy_settings(), Person(folder, *plan))
    whole = history(folder)
    events = Journal(folder).read()
    kept = {event.name: event.number for event in events if isinstance(event, e.SkillKept)}
    library, saved = tmp_path / "library", tmp_path / "saved"
    library.rename(saved)
    heard = [event.number for event in events if isinstance(event, e.NoteHeard)]
    assert len(heard) == 5

    for lines in sorted({line for number in heard for line in range(number - 1, number + 3)}):
        cut = folder.parent / f"cut-{lines}"
        shutil.copytree(folder, cut)
        journal = cut / "journal-000001.jsonl"
        journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))
        shutil.rmtree(library, ignore_errors=True)
        for name, number in kept.items():
            if number <= lines:
                shutil.copytree(saved / name, library / name)
        person = Person(cut, *plan)
        with resumed_session(cut.name, runs=cut.parent, listeners=(person,)) as session:
            session.explorer.explore()
        assert history(cut) == whole, f"killed after event {lines}"


def test_a_curriculum_of_ones_own_hears_what_is_said_and_counts_its_own_tasks(
    toy_settings: Settings, folder: Path
) -> None:
    seen: list[tuple[int, list[str]]] = []

    class Own:
        def propose(self, now: Situation) -> str | None:
            seen.append((now.number, list(now.said)))
            return f"Chop {now.number} wood" if now.number < 3 else None

    person = Person(
        folder,
        (at(e.TaskProposed, task_number=1), "say", "hurry"),
        (at(e.WorldReset), "task", "Make 2 plank"),
    )
    settings = toy_settings(critic="none", attempts=1, budget={"iterations": 9})
    with new_session(
        settings, runs=folder.parent, name=folder.name, listeners=(person,), given=Given(curriculum=Own())
    ) as session:
        session.explorer.explore()

    assert [number for number, _ in seen] == [1, 2, 3]
    assert seen[-1][1] == [f"{ME} (after iteration 0): hurry"]


def test_an_answer_to_a_parked_call_is_no_note_to_the_run(toy_settings: Settings, folder: Path) -> None:
    person = Person(folder, (at(e.WorldReset), "approve", "yes"))

    explore(toy_settings(budget={"iterations": 2}), person)

    assert person.of(e.NoteHeard) == []
