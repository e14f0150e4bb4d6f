"""What a run keeps of its answers about the world: bounded, and the same after a resume."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.course.answers import ANSWERS_KEPT
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.state import Answered, RunState
from fieldcraft.agent.journal.tail import checkpoint
from fieldcraft.agent.roles.proposals.shown import ANSWERS_SHOWN, known_answers
from fieldcraft.agent.settings import RunSettings

LONG = "It takes wood. " * 20


def answered(number: int, answer: str = LONG) -> e.QuestionAnswered:
    return e.QuestionAnswered(
        number=number, time=1.0, key=f"{number:016x}", question=f"{number}?", answer=answer
    )


def state_after(count: int) -> RunState:
    state = RunState()
    for number in range(1, count + 1):
        apply(state, answered(number))
    return state


def weight(state: RunState) -> int:
    return sum(len(each.question) + len(each.answer) for each in state.answers.values())


def test_a_long_run_keeps_its_newest_answers_in_bounded_room() -> None:
    state = state_after(3_000)
    assert weight(state) <= ANSWERS_KEPT
    kept = [int(key, 16) for key in state.answers]
    assert kept == list(range(kept[0], 3_001))


def test_what_is_kept_is_always_more_than_prompts_show() -> None:
    state = RunState()
    for number in range(1, 1_000):
        apply(state, answered(number))
        if number * len(LONG) > ANSWERS_KEPT:
            assert weight(state) > 2 * ANSWERS_SHOWN


def test_prompts_seldom_begin_anew_because_answers_were_forgotten() -> None:
    state, begun = RunState(), []
    for number in range(1, 1_001):
        apply(state, answered(number))
        shown = known_answers(state.answers.values(), lambda _: True)
        begun.append(shown["answers"][0].question)
    moved = sum(before != now for before, now in pairwise(begun))
    strides = 1_000 * len(LONG) / (ANSWERS_SHOWN // 2)
    assert moved <= 1.5 * strides


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(min_value=0, max_value=2_000), max_size=120))
def test_the_newest_answer_is_kept_whatever_came_before(lengths: list[int]) -> None:
    state = RunState()
    for number, length in enumerate(lengths, 1):
        apply(state, answered(number, "x" * length))
        assert list(state.answers)[-1] == f"{number:016x}"
        assert weight(state) <= ANSWERS_KEPT


def test_a_resumed_run_keeps_what_an_uninterrupted_one_does(tmp_path: Path) -> None:
    run = Run.create(tmp_path, RunSettings(), name="one")
    for number in range(500):
        apply(run.state, run.journal.append(answered(number), sync=False))
        if number % 90 == 89:
            apply(
                run.state,
                run.journal.append(e.TaskFinished(task_number=number, success=True, attempts=1), sync=False),
            )
            run.journal.rotate_if_large(lambda: checkpoint(run), limit=1)
    run.close()
    with Run.open(tmp_path, "one") as resumed:
        for event in resumed.tape:
            apply(resumed.state, event)
        assert resumed.state.answers == run.state.answers


def test_the_many_answers_of_an_earlier_version_are_read_and_bounded_at_the_next_one() -> None:
    many = {f"{number:016x}": Answered(question=f"{number}?", answer=LONG) for number in range(2_000)}
    state = RunState(answers=many)
    apply(state, answered(5_000))
    assert weight(state) <= ANSWERS_KEPT
    assert list(state.answers)[-1] == f"{5_000:016x}"
