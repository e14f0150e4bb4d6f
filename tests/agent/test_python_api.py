"""`explore`, `solve` and `replay` from Python: what they take, and what they return."""

from __future__ import annotations

import inspect
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tools import tool
from toy_world import ToyWorld

from fieldcraft import (
    BudgetLimits,
    FixedTask,
    RunResult,
    RunSettings,
    RunState,
    Situation,
    explore,
    replay,
    solve,
)
from fieldcraft.agent import new_session
from fieldcraft.agent.api import MissingLibrary, OtherTasks
from fieldcraft.agent.arguments import (
    ExploreArguments,
    OtherSettings,
    ReplayArguments,
    keys_of,
    settings_and_objects,
)
from fieldcraft.agent.given import ObjectMissing
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.events import Event
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.listeners import BadListener
from fieldcraft.agent.settings import ROLES
from fieldcraft.envs import Observation
from fieldcraft.skills import SkillLibrary
from fieldcraft.study import StudyPlan, run_study
from fieldcraft.study.api import PlanFields, StudyArguments


def twice(number: int) -> int:
    """Twice a number."""
    return 2 * number


@tool
def thrice(number: int) -> int:
    """Three times a number."""
    return 3 * number


def parameters(function: Callable[..., Any]) -> set[str]:
    named = inspect.signature(function).parameters.values()
    return {each.name for each in named if each.kind is each.KEYWORD_ONLY}


HOW_IT_IS_RUN = {"iterations", "runs", "name", "resume", "method", "progress", "otel"}
"""Arguments of `explore` that are no fields of `RunSettings`."""


def test_every_setting_is_an_argument_of_explore() -> None:
    assert parameters(explore) >= HOW_IT_IS_RUN
    settings = {"environment"} | (parameters(explore) - HOW_IT_IS_RUN) | keys_of(OtherSettings)
    assert settings == set(RunSettings.model_fields)


def test_the_arguments_that_explore_spells_out_are_those_of_its_kin() -> None:
    assert parameters(explore) | keys_of(OtherSettings) == keys_of(ExploreArguments)
    assert parameters(replay) == keys_of(ReplayArguments)
    assert parameters(run_study) | keys_of(PlanFields) == keys_of(StudyArguments)
    assert keys_of(PlanFields) | {"kind"} == set(StudyPlan.model_fields)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explore(sead=3), "explore() has no argument 'sead'; did you mean 'seed'"),
        (lambda: explore(modle="offline"), "did you mean 'model'?"),
        (lambda: solve("x", curriculum="auto"), "solve() has no argument 'curriculum'"),
        (
            lambda: run_study("items", seeeds=(1,)),
            "run_study() has no argument 'seeeds'; did you mean 'seeds'?",
        ),
        (lambda: explore(model=3), "model is a name or an object of BaseChatModel, not int 3"),
        (lambda: explore(role_models={"actor": 3}), "model is a name or an object of BaseChatModel"),
        (lambda: explore(ToyWorld), "not the class ToyWorld; make one of it"),
        (lambda: explore(curriculum=ToyWorld), "curriculum is a name or an object, and ToyWorld is a class"),
        (lambda: explore(library=3), "library is a name or an object of SkillLibrary, not int 3"),
        (lambda: explore(tools=[3]), "a tool is a name, a function or a LangChain tool, not int 3"),
    ],
)
def test_a_slip_is_a_type_error_with_the_cure(
    call: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError) as refused:
        call()
    assert message in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_names_go_into_the_settings_and_objects_beside_them() -> None:
    world, one, other = ToyWorld(), FakeListChatModel(responses=["a"]), FakeListChatModel(responses=["b"])
    settings, given = settings_and_objects(
        world,
        {
            "model": one,
            "role_models": {"critic": "openai:gpt-5", "actor": other},
            "tools": ["calculator", twice, thrice],
            "curriculum": "random",
            "sandbox": None,
            "library": Path("skills"),
            "seed": 3,
        },
    )
    assert settings == {
        "curriculum": "random",
        "library": "skills",
        "role_models": {"critic": "openai:gpt-5"},
        "seed": 3,
        "tools": ("calculator",),
    }
    assert given.environment is world
    assert given.tools == (twice, thrice)
    assert set(given.models) == set(ROLES) - {"critic"}
    assert given.models["actor"] is other
    assert given.models["tools"] is one
    assert given.curriculum is None
    assert given.sandbox is None


@pytest.fixture
def arguments(tmp_path: Path, script: Path) -> ExploreArguments:
    return {
        "model": f"scripted:{script}",
        "questions": 0,
        "seed": 3,
        "runs": tmp_path / "runs",
        "library": tmp_path / "library",
        "name": "one",
    }


def test_a_result_is_the_state_with_how_it_ended(arguments: ExploreArguments, tmp_path: Path) -> None:
    result = explore("toy_world:ToyWorld", iterations=2, **arguments)
    assert isinstance(result, RunState)
    assert (result.ended, result.reason) == ("budget", "budget of 2 iterations used up")
    assert (result.name, result.folder) == ("one", tmp_path / "runs" / "one")
    assert result.spent.iterations == 2
    assert repr(result) == (
        "<RunResult one ended: budget (budget of 2 iterations used up); 2 iterations, 1 item, 1 skill>"
    )


def test_a_resume_keeps_the_other_limits_of_the_run(arguments: ExploreArguments, tmp_path: Path) -> None:
    explore("toy_world:ToyWorld", budget=BudgetLimits(iterations=1, money=5.0), **arguments)
    result = explore(resume="one", runs=tmp_path / "runs", iterations=2)
    assert result.spent.iterations == 2
    with (tmp_path / "runs" / "one" / "journal-000001.jsonl").open() as journal:
        resumed = [event for event in map(json.loads, journal) if event["type"] == "run_resumed"]
    assert resumed[0]["settings"]["budget"] == {
        "iterations": 2,
        "tokens": None,
        "money": 5.0,
        "seconds": None,
        "patience": None,
        "episodes": None,
    }


def test_a_run_whose_tasks_end_is_finished(arguments: ExploreArguments) -> None:
    arguments["tasks"] = (FixedTask(task="Chop wood"),)
    result = explore("toy_world:ToyWorld", iterations=60, curriculum="fixed", critic="none", **arguments)
    assert (result.ended, result.reason, result.finished) == ("finished", "no more tasks", True)


def test_a_run_that_a_listener_stops_is_stopped(
    toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    with new_session(toy_settings(), runs=tmp_path / "runs") as session:
        session.recorder.request_stop("enough of it")
        session.explorer.explore()
        assert (session.explorer.result.ended, session.explorer.result.reason) == ("stopped", "enough of it")


def test_a_run_whose_model_does_not_answer_says_so(arguments: ExploreArguments, script: Path) -> None:
    script.write_text(json.dumps({"curriculum": [], "actor": []}))
    result = explore("toy_world:ToyWorld", model_failures=2, **arguments)
    assert result.ended == "model silent"
    assert not result.finished


def test_a_run_without_a_usable_task_is_stalled(arguments: ExploreArguments, script: Path) -> None:
    script.write_text(json.dumps({"curriculum": ["no JSON here"] * 20}))
    result = explore("toy_world:ToyWorld", model_failures=2, **arguments)
    assert result.ended == "stalled"
    assert "proposed no usable task" in result.reason


def test_a_run_without_an_end_has_no_result(toy_settings: Callable[..., RunSettings], tmp_path: Path) -> None:
    with (
        new_session(toy_settings(), runs=tmp_path / "runs") as session,
        pytest.raises(RuntimeError, match="call explore"),
    ):
        _ = session.explorer.result


def test_solve_says_whether_the_task_is_done(tmp_path: Path) -> None:
    result = solve("mine 2 dirt", seed=99, iterations=6, runs=tmp_path / "runs", library=tmp_path / "library")
    assert (result.solved, result.ended, result.reason) == (True, "finished", "the task is done")


HOSTILE = "<script>alert('x')</script>\x1b[31m\u202eevil\n" + "a" * 10_000


def test_what_others_named_is_escaped_and_bounded_in_a_notebook() -> None:
    state = RunState(
        kept=dict.fromkeys([HOSTILE, *(f"skill-{number}" for number in range(5_000))], "digest"),
        reached=dict.fromkeys([HOSTILE, *(f"stone-{number}" for number in range(5_000))], 1),
        observation=Observation(),
    )
    result = RunResult.at_end(
        state, ended="stalled", reason=HOSTILE, folder=Path("runs") / ("<b>" + "n" * 200)
    )
    page = result._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)" in page
    assert "and 4,961 more" in page
    assert len(page) < 12_000
    for text in (page, repr(result), str(result)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\n" not in text
    assert len(repr(result)) < 1_000


def test_replay_takes_objects_and_leaves_them_open(arguments: ExploreArguments, tmp_path: Path) -> None:
    explore("toy_world:ToyWorld", iterations=2, **arguments)
    world, library = ToyWorld(), SkillLibrary(tmp_path / "library")
    by_object = replay(library, world, seed=3, tools=[twice, thrice])
    by_name = replay(tmp_path / "library", "toy_world:ToyWorld", seed=3)
    assert [(each.skill, each.outcome) for each in by_object] == [("chop-wood", "works")]
    assert [each.model_copy(update={"seconds": 0.0}) for each in by_object] == [
        each.model_copy(update={"seconds": 0.0}) for each in by_name
    ]
    assert len(library) == 1
    assert library.search("chop wood")


CHOP_BY_TOOL = """Plan.
```python
def chop_wood(bot, count=4):
    for _ in range(tools.twice(number=count)):
        bot.chop()
```
"""


def test_a_skill_is_replayed_with_the_functions_that_it_needs(
    arguments: ExploreArguments, tmp_path: Path, script: Path
) -> None:
    answers = json.loads(script.read_text())
    script.write_text(json.dumps({**answers, "actor": [CHOP_BY_TOOL]}))
    result = explore("toy_world:ToyWorld", iterations=1, tools=[twice], **arguments)
    assert list(result.kept) == ["chop-wood"]
    without, within = (
        replay(tmp_path / "library", ToyWorld(), tools=tools) for tools in ([thrice], [twice, thrice])
    )
    assert [(each.outcome, "needs the tool twice" in each.why) for each in without] == [("skipped", True)]
    assert [each.outcome for each in within] == ["works"]


@pytest.mark.slow
def test_an_object_must_be_given_again_on_resume(arguments: ExploreArguments, tmp_path: Path) -> None:
    world = ToyWorld()
    explore(world, iterations=1, **arguments)
    with pytest.raises(ObjectMissing, match="environment"):
        explore(resume="one", runs=tmp_path / "runs", iterations=2)
    assert explore(world, resume="one", runs=tmp_path / "runs", iterations=2).spent.iterations == 2


DRIVEN = """
import sys
from fieldcraft import explore

def heard(event):
    if event.type == "execution_finished":
        print("on its way", flush=True)

explore(iterations=100_000, runs="runs", name="one", library="library", listeners=[heard])
"""


def test_a_library_that_does_not_exist_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(MissingLibrary, match="there is no library .*libary; name the folder"):
        replay(tmp_path / "libary", ToyWorld())
    assert not list(tmp_path.iterdir())


def test_one_tool_and_one_listener_need_no_list(arguments: ExploreArguments) -> None:
    heard: list[Event] = []
    explore("toy_world:ToyWorld", iterations=1, tools=twice, listeners=heard.append, **arguments)  # type: ignore[arg-type]
    assert heard
    begun = Journal(Path(arguments["runs"]) / "one").read()[0]
    assert isinstance(begun, e.RunStarted) and begun.settings.tools == ("object:twice",)
    with pytest.raises(TypeError, match="a tool is a name, a function or a LangChain tool, not int 3"):
        explore(tools=3)  # type: ignore[arg-type]
    with pytest.raises(BadListener, match="is int, which cannot be called"):
        explore(listeners=3, runs=arguments["runs"])  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_run_is_not_resumed_for_another_task(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    solve("collect 1 log", runs=runs, name="one", library=tmp_path / "library", iterations=1)
    with pytest.raises(OtherTasks, match=r"run 'one' was started with other tasks \('collect 1 log'\)"):
        solve("craft a furnace", runs=runs, resume="one")
    assert solve("collect 1 log", runs=runs, resume="one", iterations=1).name == "one"


def test_a_resume_with_no_iterations_runs_none(arguments: ExploreArguments) -> None:
    first = explore("toy_world:ToyWorld", iterations=1, **arguments)
    again = explore(runs=arguments["runs"], resume=first.name, iterations=0)
    assert (again.ended, again.spent.iterations) == ("budget", 1)


@pytest.mark.slow
def test_a_resume_with_another_library_keeps_to_it(arguments: ExploreArguments, tmp_path: Path) -> None:
    first = explore("toy_world:ToyWorld", iterations=1, **arguments)
    other = SkillLibrary(tmp_path / "other", environment="toy-v1")
    explore(runs=arguments["runs"], resume=first.name, library=other, iterations=2)
    other.close()
    resumed = [event for event in Journal(first.folder).read() if isinstance(event, e.RunResumed)]
    assert [event.settings.library for event in resumed] == [str(tmp_path / "other")]


@pytest.mark.slow
def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVEN],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on its way\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert "KeyboardInterrupt" in errors
    result = explore(resume="one", runs=tmp_path / "runs", iterations=1)
    assert result.ended == "budget"
    assert result.spent.iterations >= 1


def test_a_resume_keeps_its_own_limit_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    explore(iterations=1, name="one", seed=3)
    resumed = explore(resume="one")
    assert (resumed.ended, resumed.spent.iterations) == ("budget", 1)
    with pytest.raises(ValueError, match=r"keeps its own attempts \(4\), seed \(3\); leave that out"):
        explore(resume="one", seed=4, attempts=9)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"seed": "x"}, r"^seed: must be a whole number \(got 'x'\)$"),
        ({"language": "ruby"}, "^language: must be"),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_line(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        explore(**arguments)


def test_an_empty_task_is_refused() -> None:
    with pytest.raises(ValueError, match="the task is empty"):
        solve(" ")


def test_a_warning_of_a_run_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Counting:
        count = 0

        def propose(self, now: Situation) -> str | None:
            self.count += 1
            return None

    monkeypatch.chdir(tmp_path)
    explore(curriculum=Counting(), iterations=1)
    assert "keeps count in its own attributes" in caplog.text
