"""Parts of a user's own in place of the built-in ones: as objects, by name, resumed, and broken."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from own_parts import Box, Counting, Ladder, Latest, Strict, Writer
from toy_world import ToyWorld

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.extensions import KINDS
from fieldcraft.agent.given import Given, ObjectMissing
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.protocols import Situation
from fieldcraft.agent.settings import PARTS, ROLES, BudgetLimits
from fieldcraft.agent.task import Task
from fieldcraft.common.plugins import BrokenPart, UnknownPart
from fieldcraft.envs import ItemGoal
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import open_sandbox
from fieldcraft.tools import ToolError

Settings = Callable[..., RunSettings]
ALL = {"curriculum": Ladder(), "actor": Writer(), "critic": Strict(), "retriever": Latest()}
NAMED = {
    "curriculum": "own_parts:Ladder",
    "actor": "own_parts:Writer",
    "critic": "own_parts:Strict",
    "retriever": "own_parts:Latest",
}


@pytest.fixture
def asked(toy_settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose model answers what the parts and the keeper of skills ask."""
    path = tmp_path / "asked.json"
    roles = ("curriculum", "answerer", "actor", "describer")
    path.write_text(json.dumps({role: [f"Answer {number}." for number in range(20)] for role in roles}))

    def build(**changes: Any) -> RunSettings:
        return toy_settings(**{"model": f"scripted:{path}", "budget": BudgetLimits(iterations=20), **changes})

    return build


def explored(settings: RunSettings, runs: Path, given: Given | None = None) -> tuple[RunState, list[Any]]:
    events: list[Any] = []
    with new_session(settings, runs=runs, name="own", listeners=(events.append,), given=given) as session:
        return session.explorer.explore(), events


def test_every_kind_has_its_setting() -> None:
    assert tuple(KINDS) == PARTS


def kept_settings(tmp_path: Path) -> RunSettings:
    started = Journal(tmp_path / "runs" / "own").read()[0]
    assert isinstance(started, e.RunStarted)
    return started.settings


def test_objects_take_every_role(asked: Settings, tmp_path: Path) -> None:
    state, events = explored(asked(), tmp_path / "runs", Given(**ALL))
    assert state.completed == ["Hold 4 wood", "Hold 2 plank", "Hold 6 plank"]
    assert state.finished
    assert sorted(state.kept) == ["get-plank-2", "get-plank-6", "get-wood-4"]
    critiques = [event.verdict.critique for event in events if isinstance(event, e.Judged)]
    assert any(text.startswith("still {") for text in critiques)
    assert kept_settings(tmp_path).curriculum == "object:own_parts:Ladder"


def test_parts_by_name_live_the_same_run(asked: Settings, tmp_path: Path) -> None:
    state, _ = explored(asked(**NAMED), tmp_path / "runs")
    assert state.completed == ["Hold 4 wood", "Hold 2 plank", "Hold 6 plank"]


def test_a_package_announces_a_curriculum(
    asked: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(tmp_path, "ladders", "[fieldcraft.curricula]\nladder = own_parts:Ladder\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    state, _ = explored(asked(**{**NAMED, "curriculum": "ladder"}), tmp_path / "runs")
    assert state.finished


def test_two_packages_of_one_name_are_both_named(
    asked: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(tmp_path, "ladders", "[fieldcraft.curricula]\nladder = own_parts:Ladder\n")
    announce(tmp_path, "steps", "[fieldcraft.curricula]\nladder = own_parts:Counting\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BrokenPart, match="ladders and steps both announce a curriculum 'ladder'"):
        explored(asked(curriculum="ladder"), tmp_path / "runs")


def announce(folder: Path, package: str, entry_points: str) -> None:
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"curriculum": "autoo"}, "no curriculum 'autoo'; did you mean 'auto'"),
        ({"critic": "own_parts:Strictt"}, "has no 'Strictt'; did you mean 'Strict'"),
        ({"actor": "no_such_module:Writer"}, "no module 'no_such_module' can be imported"),
        ({"sandbox": "dokcer"}, "did you mean 'docker'"),
        ({"retriever": "own_parts:"}, "is incomplete; write it as module:Name"),
    ],
)
def test_a_name_that_leads_nowhere_leaves_no_run(
    asked: Settings, tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(UnknownPart, match=problem):
        explored(asked(**changes), tmp_path / "runs")
    assert not (tmp_path / "runs" / "own").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"actor": "own_parts:Ladder"}, "actor 'own_parts:Ladder' has no method write"),
        ({"curriculum": "own_parts:Needy"}, "cannot be made without arguments"),
    ],
)
def test_a_part_of_another_kind_leaves_no_run(
    asked: Settings, tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(BrokenPart, match=problem):
        explored(asked(**changes), tmp_path / "runs")
    assert not (tmp_path / "runs" / "own").exists()


def test_a_module_that_lacks_another_one_is_broken_and_not_unknown(
    asked: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BrokenPart, match="importing 'needs_more' failed: ModuleNotFoundError"):
        explored(asked(curriculum="needs_more:Mine"), tmp_path / "runs")


@pytest.mark.slow
def test_a_run_with_objects_cut_after_any_event_resumes_to_the_same_history(
    asked: Settings, tmp_path: Path
) -> None:
    runs, library = tmp_path / "runs", tmp_path / "library"
    explored(asked(), runs, Given(**ALL))
    whole = history(runs / "own")
    lines = (runs / "own" / "journal-000001.jsonl").read_bytes().splitlines(keepends=True)
    library.rename(tmp_path / "saved")
    for count in range(1, len(lines)):
        folder = runs / f"cut-{count}"
        shutil.copytree(runs / "own", folder)
        (folder / "journal-000001.jsonl").write_bytes(b"".join(lines[:count]))
        kept = [event.name for event in Journal(folder).read() if isinstance(event, e.SkillKept)]
        for name in kept:
            shutil.copytree(tmp_path / "saved" / name, library / name)
        with resumed_session(folder.name, runs=runs, given=Given(**ALL)) as session:
            session.explorer.explore()
        assert history(folder) == whole, f"killed after event {count}"
        shutil.rmtree(library)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            Given(),
            r"which no file keeps \(curriculum: own_parts:Ladder, actor: .*explore\(resume='own', cur",
        ),
        (Given(**{**ALL, "curriculum": Counting()}), "give that again, and not own_parts:Counting"),
        (Given(**ALL, tools=(len,)), "leave out the object len"),
        (Given(**ALL, environment=ToyWorld()), "with environment 'toy_world:ToyWorld', by name; leave out"),
    ],
)
def test_a_resume_with_other_objects_is_refused(
    asked: Settings, tmp_path: Path, given: Given, problem: str
) -> None:
    explored(asked(budget=BudgetLimits(iterations=2)), tmp_path / "runs", Given(**ALL))
    with (
        pytest.raises(ObjectMissing, match=problem),
        resumed_session("own", runs=tmp_path / "runs", given=given),
    ):
        pass


class Raises:
    def propose(self, now: Any) -> Any:
        raise KeyError("no such thing")

    write = judge = propose


class Answers:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def propose(self, now: Any) -> Any:
        return self.answer

    write = judge = propose

    def search(self, query: str, skills: Sequence[Any], k: int) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"curriculum": Raises()},
            "curriculum .*Raises failed: KeyError: 'no such thing'; mend it and resume",
        ),
        ({"curriculum": Answers(7)}, "returned 7 .int.; `propose` must return a Task"),
        ({"curriculum": Answers("")}, "returned '' .str.; `propose` must return a Task"),
        (
            {"curriculum": Answers(Task(words="Get a plnak", goal=ItemGoal(item="plnak")))},
            "the world has no item 'plnak'; did you mean 'plank'",
        ),
        ({"actor": Raises()}, "actor .*Raises failed: KeyError"),
        ({"actor": Answers(["x"])}, "`write` must return source, or None"),
        ({"critic": Raises()}, "critic .*Raises failed: KeyError"),
        ({"critic": Answers("yes")}, "`judge` must return a Verdict, or True or False"),
        ({"retriever": Answers(None)}, "retriever .*Answers failed: TypeError"),
        ({"retriever": Answers(["get-wood-4"])}, "must return some of the skills it is given"),
    ],
)
def test_a_broken_part_pauses_the_run_and_names_itself(
    asked: Settings, tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BrokenPart, match=problem):
        explored(asked(), tmp_path / "runs", Given(**{**ALL, **changes}))
    events = Journal(tmp_path / "runs" / "own").read()
    assert isinstance(events[-1], e.RunPaused)


class NoRepr:
    def __repr__(self) -> str:
        raise RuntimeError("closed")


def test_a_part_may_hold_what_has_no_repr(asked: Settings, tmp_path: Path) -> None:
    holding = Ladder()
    holding.connection = NoRepr()  # type: ignore[attr-defined]
    state, _ = explored(asked(), tmp_path / "runs", Given(**{**ALL, "curriculum": holding}))
    assert state.finished
    with (
        pytest.raises(BrokenPart, match=r"returned <NoRepr instance at 0x[0-9a-f]+> \(NoRepr\)"),
        new_session(
            asked(), runs=tmp_path / "runs", given=Given(**{**ALL, "actor": Answers(NoRepr())})
        ) as session,
    ):
        session.explorer.explore()


def test_words_of_half_a_character_become_a_task(asked: Settings, tmp_path: Path) -> None:
    settings = asked(budget=BudgetLimits(iterations=1), keep_skills=False)
    given = Given(
        curriculum=Answers("Chop \ud800 wood"),
        actor=Answers("def go(bot):\n    bot.chop()\n"),
        critic=Answers(True),
    )
    state, _ = explored(settings, tmp_path / "runs", given)
    assert state.completed == ["Chop \ufffd wood"]


def test_a_key_in_a_program_of_an_own_actor_gets_into_no_library(asked: Settings, tmp_path: Path) -> None:
    key = "sk-" + "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    source = f"def get_wood_4(bot):\n    key = '{key}'\n    while bot.chop() < 3:\n        print(key)\n"
    given = Given(curriculum=Ladder(), actor=Answers(source), critic=Answers(True))
    state, _ = explored(asked(budget=BudgetLimits(iterations=1)), tmp_path / "runs", given)
    assert list(state.kept) == ["get-wood-4"]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if key.encode() in file.read_bytes()]


class Stubborn:
    """Takes no error of a question for an answer."""

    def propose(self, now: Situation) -> str | None:
        for _ in range(20):
            with contextlib.suppress(Exception):
                now.ask("Shall we go on?")
        return None


def test_a_part_cannot_swallow_the_end_of_the_budget(asked: Settings, tmp_path: Path) -> None:
    settings = asked(budget=BudgetLimits(tokens=10))
    state, events = explored(settings, tmp_path / "runs", Given(**{**ALL, "curriculum": Stubborn()}))
    assert not state.finished
    assert isinstance(events[-1], e.RunPaused) and "budget of 10 tokens" in events[-1].reason


class Hasty:
    """Asks from several threads at once."""

    def propose(self, now: Situation) -> str | None:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(now.ask, [f"What is {number}?" for number in range(200)]))
        return None if now.number > 1 else answers[0]


def test_questions_of_several_threads_at_once_are_refused(asked: Settings, tmp_path: Path) -> None:
    with pytest.raises(BrokenPart, match="ask takes one question at a time"):
        explored(asked(), tmp_path / "runs", Given(**{**ALL, "curriculum": Hasty()}))
    kinds = [event.type for event in Journal(tmp_path / "runs" / "own").read()]
    assert all(
        kinds[place + 1] == "model_answered" for place, kind in enumerate(kinds) if kind == "model_asked"
    )


def test_the_key_in_the_error_of_a_part_is_not_told(asked: Settings, tmp_path: Path) -> None:
    key = "sk-" + "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    with pytest.raises(BrokenPart) as told:
        explored(asked(), tmp_path / "runs", Given(**{**ALL, "actor": Answers([key])}))
    assert key not in str(told.value)


def test_a_mended_part_goes_on_with_the_run(asked: Settings, tmp_path: Path) -> None:
    flawed = Writer()
    flawed.write = Answers(["x"]).write  # type: ignore[method-assign]
    with pytest.raises(BrokenPart):
        explored(asked(), tmp_path / "runs", Given(**{**ALL, "actor": flawed}))
    with resumed_session("own", runs=tmp_path / "runs", given=Given(**ALL)) as session:
        assert session.explorer.explore().finished


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("Sorry, I cannot.", "does not parse|syntax|SyntaxError"),
        ("```python\nx = 1\n```", "function"),
        ("```python\n```\n```python\n```", "code block"),
    ],
)
def test_an_answer_without_a_program_counts_and_is_shown(
    asked: Settings, tmp_path: Path, answer: str, problem: str
) -> None:
    settings = asked(budget=BudgetLimits(iterations=2))
    state, events = explored(settings, tmp_path / "runs", Given(**{**ALL, "actor": Answers(answer)}))
    refused = [event.problem for event in events if isinstance(event, e.AnswerRefused)]
    assert len(refused) == state.spent.iterations == 2


def test_an_actor_may_give_a_task_up(asked: Settings, tmp_path: Path) -> None:
    state, _ = explored(asked(), tmp_path / "runs", Given(**{**ALL, "actor": Answers(None)}))
    assert state.finished and not state.completed and state.spent.iterations == 0


def test_a_curriculum_that_keeps_count_itself_is_told_how_to_do_without(
    asked: Settings, tmp_path: Path
) -> None:
    given = Given(
        curriculum=Counting(), actor=Answers("def go(bot):\n    bot.chop()\n"), critic=Answers(True)
    )
    _, events = explored(asked(), tmp_path / "runs", given)
    warned = [event.text for event in events if isinstance(event, e.Warned)]
    assert len(warned) == 1
    assert "own_parts:Counting keeps count in its own attributes" in warned[0]
    assert "`finished`" in warned[0]


def test_world_library_embeddings_and_sandbox_are_objects_of_others(asked: Settings, tmp_path: Path) -> None:
    world, box = ToyWorld(), open_sandbox("process")
    library = SkillLibrary(tmp_path / "mine", embeddings=DeterministicFakeEmbedding(size=16))
    given = Given(**{**ALL, "retriever": None}, environment=world, library=library, sandbox=box)
    state, _ = explored(asked(), tmp_path / "runs", given)
    assert state.finished and len(state.kept) == 3
    assert world.observe().inventory["plank"] >= 6
    assert [match.skill.name for match in library.search("plank")]
    with new_session(asked(), runs=tmp_path / "runs", name="again", given=given) as session:
        assert session.explorer.explore().finished, "objects are the caller's, and still open"
    box.close()
    library.close()


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        (Box(), "sandbox own_parts:Box failed: OSError: no room; mend it and resume the run"),
        (Box("done"), "sandbox own_parts:Box returned 'done' .str.; `run` must return an Execution"),
    ],
)
def test_a_broken_sandbox_pauses_the_run_which_a_sound_one_resumes(
    asked: Settings, tmp_path: Path, box: Box, problem: str
) -> None:
    with pytest.raises(BrokenPart, match=problem):
        explored(asked(), tmp_path / "runs", Given(**ALL, sandbox=box))
    assert isinstance(Journal(tmp_path / "runs" / "own").read()[-1], e.RunPaused)
    whole = open_sandbox("process")
    box.run = whole.run  # type: ignore[method-assign]
    with resumed_session("own", runs=tmp_path / "runs", given=Given(**ALL, sandbox=box)) as session:
        assert session.explorer.explore().finished
    whole.close()


def test_a_named_sandbox_that_cannot_be_closed_is_warned_of(
    asked: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BrokenPart, match="no room"):
        explored(asked(**NAMED, sandbox="own_parts:Box"), tmp_path / "runs")
    assert "sandbox own_parts:Box cannot be closed: OSError: still busy" in caplog.messages


def test_embeddings_beside_a_library_object_are_refused(asked: Settings, tmp_path: Path) -> None:
    given = Given(library=SkillLibrary(tmp_path / "mine"), embeddings=DeterministicFakeEmbedding(size=4))
    with pytest.raises(ValueError, match="the library has its own embeddings"):
        explored(asked(), tmp_path / "runs", given)


def chat(*answers: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([AIMessage(content=answer) for answer in answers]))


def test_chat_models_are_objects_one_for_each_role(asked: Settings, tmp_path: Path) -> None:
    program = "```python\ndef get_wood(bot):\n    while bot.chop() < 3:\n        pass\n    print(1)\n```"
    models = {role: chat("Answer.", "Answer.", "Answer.") for role in ROLES}
    models["actor"] = chat(program)
    settings = asked(budget=BudgetLimits(iterations=1))
    given = Given(models=models, curriculum=Ladder(), critic=Answers(True))
    state, events = explored(settings, tmp_path / "runs", given)
    assert state.completed == ["Hold 4 wood"]
    answered = [event for event in events if isinstance(event, e.ModelAnswered)]
    assert {event.model.rpartition(":")[2] for event in answered} == {"GenericFakeChatModel"}
    assert kept_settings(tmp_path).model.startswith("object:langchain_core")


@tool
def doubled(number: int) -> int:
    """Twice the number."""
    return 2 * number


def halved(number: int) -> int:
    """Half the number."""
    return number // 2


class Caller:
    def write(self, now: Any) -> str:
        assert "doubled" in now.reference and "halved" in now.reference
        return "def go(bot):\n    print('told', tools.doubled(number=tools.halved(number=42)))\n"


def test_functions_and_langchain_tools_are_given(asked: Settings, tmp_path: Path) -> None:
    given = Given(**{**ALL, "actor": Caller(), "critic": Answers(True)}, tools=(doubled, halved))
    state, events = explored(asked(), tmp_path / "runs", given)
    assert state.finished
    logs = [event.execution.log for event in events if isinstance(event, e.ExecutionFinished)]
    assert "told 42" in logs[0]
    with (
        pytest.raises(ObjectMissing, match=r"tools: doubled.*, tools=\.\.\.\)"),
        resumed_session(
            "own", runs=tmp_path / "runs", given=Given(**{**ALL, "actor": Caller(), "critic": Answers(True)})
        ),
    ):
        pass


def test_a_name_alone_is_no_tool_that_was_given(asked: Settings, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="object:doubled"):
        explored(asked(tools=("object:doubled",)), tmp_path / "runs")
    assert not (tmp_path / "runs" / "own").exists()


def test_a_model_object_that_makes_no_tool_calls_is_named(asked: Settings, tmp_path: Path) -> None:
    models = dict.fromkeys(ROLES, chat(*["Answer."] * 20))
    given = Given(**ALL, models=models, tools=(doubled,))
    _, events = explored(asked(budget=BudgetLimits(iterations=1)), tmp_path / "runs", given)
    warned = [event.text for event in events if isinstance(event, e.Warned)]
    assert any("makes no tool calls of its own" in text for text in warned)


class Hoarding:
    """Keeps a great many things; only their number and their beginning are looked at."""

    def __init__(self) -> None:
        self.hoard = Endless(range(10))

    def propose(self, now: Any) -> str | None:
        self.hoard.append(now.number)
        return None


class Endless(list[int]):
    def __repr__(self) -> str:
        raise AssertionError("it would take for ever")


def test_a_part_that_keeps_much_is_looked_at_briefly(asked: Settings, tmp_path: Path) -> None:
    _, events = explored(asked(), tmp_path / "runs", Given(curriculum=Hoarding()))
    assert ["keeps hoard in its own" in ev.text for ev in events if isinstance(ev, e.Warned)] == [True]
