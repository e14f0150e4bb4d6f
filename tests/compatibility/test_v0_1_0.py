"""What version 0.1.0 wrote is read by this one: runs killed anywhere, a library, settings."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import resumed_session
from fieldcraft.agent.forking.fork import CannotFork, fork_run
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.cli.main import main
from fieldcraft.cli.options.config import load_settings
from fieldcraft.cli.views.console import console
from fieldcraft.cli.views.following import read_overview
from fieldcraft.skills import SkillLibrary, Verified

FIXTURES = Path(__file__).parents[1] / "fixtures" / "v0_1_0"
GRID = sorted(folder.name for folder in (FIXTURES / "grid").iterdir())
LOT = sorted({folder.name for folder in (FIXTURES / "wood-lot").iterdir()} - {"finished"})
KILLED = [*(f"grid/{place}" for place in GRID), *(f"wood-lot/{place}" for place in LOT)]
PLACES = [*KILLED, "wood-lot/finished"]
LOT_TASKS = ["Chop 4 wood", "Saw 4 planks", "Saw 12 planks"]
SCRIPTED = ("tool-call-begun", "in-verification")
GRID_TASKS = ["Get 1 oak_log", "Craft 4 oak_planks"]


@pytest.fixture(autouse=True)
def _world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.syspath_prepend(FIXTURES)
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "160")
    console.cache_clear()


@pytest.fixture
def copied(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the place that the test is for, as the working directory."""
    folder = tmp_path / Path(request.param).name
    shutil.copytree(FIXTURES / request.param, folder)
    monkeypatch.chdir(folder)
    return folder


Lives = Callable[[str], Path]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    """Copies a place once, goes on with its run to the end, and gives the folder."""

    @cache
    def go_on(place: str) -> Path:
        folder = tmp_path_factory.mktemp("resumed") / "place"
        shutil.copytree(FIXTURES / place, folder)
        with contextlib.chdir(folder), resumed_session("life") as session:
            session.explorer.explore()
        return folder

    return go_on


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    status = main(list(arguments))
    out, err = capsys.readouterr()
    assert status == 0, out + err
    return out


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(command(capsys, "runs", "show", "life", "--json"))


def acknowledged(run: Path) -> list[dict[str, Any]]:
    """Every whole line of the journal."""
    text = b"".join(path.read_bytes() for path in sorted(run.glob("journal-*.jsonl")))
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]


def done(folder: Path) -> list[str]:
    """The tasks that were done, in their order."""
    state = read_overview(folder / "runs/life").state
    return [words for words, success in state.finished_tasks if success]


def digests(library: Path) -> set[str]:
    return {str(path.relative_to(library)) for path in library.glob("*/versions/*")}


def test_every_kind_of_death_is_there() -> None:
    assert len(GRID) == 10
    assert len(LOT) == 10


@pytest.mark.parametrize("copied", PLACES, indirect=True)
def test_a_run_is_listed_and_shown(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [listed] = json.loads(command(capsys, "runs", "list", "--json"))
    assert listed["run"] == "life"
    assert "damaged" not in listed["stands"]
    outcomes = [
        event["success"] for event in acknowledged(copied / "runs/life") if event["type"] == "task_finished"
    ]
    assert [task["success"] for task in shown(capsys)["finished_tasks"]] == outcomes


@pytest.mark.parametrize("copied", PLACES, indirect=True)
def test_a_run_is_reported(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(capsys, "runs", "report", "life")
    assert "life" in (copied / "runs/life/report.html").read_text()


@pytest.mark.parametrize("copied", ["grid/paused"], indirect=True)
def test_a_run_is_resumed_from_the_command_line(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(capsys, "explore", "--resume", "life", "--plain")
    assert shown(capsys)["iterations"] == 4


@pytest.mark.parametrize("place", KILLED)
def test_a_resumed_run_keeps_all_that_was_acknowledged(place: str, resumed: Lives) -> None:
    before, skills = acknowledged(FIXTURES / place / "runs/life"), digests(FIXTURES / place / "library")
    after = acknowledged(resumed(place) / "runs/life")
    assert after[: len(before)] == before
    assert [event["number"] for event in after] == list(range(1, len(after) + 1))
    library = SkillLibrary(resumed(place) / "library")
    assert digests(library.path) >= skills
    assert library.problems() == []
    kept = {(event["name"], event["digest"]) for event in after if event["type"] == "skill_kept"}
    assert all(library.has(name, digest) for name, digest in kept)


@pytest.mark.parametrize("place", LOT)
def test_a_world_that_lives_on_is_lived_in_to_the_end(place: str, resumed: Lives) -> None:
    folder = resumed(f"wood-lot/{place}")
    assert done(folder) == LOT_TASKS
    assert digests(folder / "library") == digests(FIXTURES / "wood-lot/finished/library")


@pytest.mark.parametrize("place", ["execution-started", "tool-call-begun", "torn-line"])
def test_a_program_that_was_cut_off_is_counted_and_not_run_again(place: str, resumed: Lives) -> None:
    types = [event["type"] for event in acknowledged(resumed(f"wood-lot/{place}") / "runs/life")]
    assert types.count("execution_interrupted") == 1
    started = types.count("execution_started")
    assert types.count("execution_finished") == started - 1


def test_a_letter_whose_sending_was_cut_off_is_not_sent_again(resumed: Lives) -> None:
    folder = resumed("wood-lot/tool-call-begun")
    events = acknowledged(folder / "runs/life")
    begun = [event["call"] for event in events if event["type"] == "tool_called" and event["tool"] == "post"]
    assert len((folder / "letters.txt").read_text().splitlines()) == len(begun) - 1


@pytest.mark.parametrize("place", SCRIPTED)
def test_a_scripted_life_in_the_grid_world_ends_with_its_tasks(place: str, resumed: Lives) -> None:
    folder = resumed(f"grid/{place}")
    assert done(folder) == GRID_TASKS
    kept = SkillLibrary(folder / "library").get("get-log")
    assert (kept.verified, kept.tools) == (Verified.FULL, ("calculator",))


@pytest.mark.parametrize("place", [place for place in GRID if place not in SCRIPTED])
def test_a_life_in_the_grid_world_goes_on_to_its_budget(place: str, resumed: Lives) -> None:
    events = Journal(resumed(f"grid/{place}") / "runs/life").read()
    assert max(event.iteration for event in events if event.type == "judged") == 4
    reset = [event for event in events if event.type == "world_reset"]
    assert len(reset) == 1
    assert "rebuilt" not in "".join(event.text for event in events if event.type == "warned")


@pytest.mark.parametrize("copied", ["grid/paused", "wood-lot/paused"], indirect=True)
def test_a_pause_says_why(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "stopped by Ctrl-C" in shown(capsys)["stands"]


@pytest.mark.parametrize("copied", ["wood-lot/finished"], indirect=True)
def test_a_finished_run_stands_as_finished(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys)["stands"] == "finished: no more tasks"
    assert [task["task"] for task in shown(capsys)["finished_tasks"]] == LOT_TASKS


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_a_library_opens_with_all_skills_and_versions(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    assert library.problems() == []
    assert {name: len(library.versions(name)) for name in library.names()} == {
        "craft-planks": 2,
        "craft-table": 1,
        "mine-log": 3,
        "mine-stone": 1,
        "wave-hello": 1,
    }
    for name in library.names():
        for digest in library.versions(name):
            assert library.get(name, digest).digest == digest


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_skills_stand_as_they_stood(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    standing = {skill.name: (skill.verified, skill.trusted, skill.language) for skill in library}
    assert standing == {
        "craft-planks": (Verified.FULL, True, "python"),
        "craft-table": (Verified.PARTIAL, True, "python"),
        "mine-log": (Verified.FULL, True, "python"),
        "mine-stone": (Verified.NO, False, "python"),
        "wave-hello": (Verified.NO, True, "javascript"),
    }
    assert library.get("mine-stone").provenance.library == "theirs"
    assert library.get("craft-table").description == "Crafts a crafting table — of planks."


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_skills_call_the_versions_that_they_were_kept_with(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    oldest, *_, newest = library.versions("mine-log")
    old, new = (library.get("craft-planks", digest) for digest in library.versions("craft-planks"))
    assert [old.dependencies["mine_log"], new.dependencies["mine_log"]] == [oldest, newest]
    assert library.bind_for(old) and library.bind(["craft_table"])


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_an_exchange_of_versions_that_was_cut_off_is_completed(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    oldest = library.versions("mine-log")[0]
    (copied / "library/.fieldcraft/work").mkdir(exist_ok=True)
    (copied / "library/.fieldcraft/work/mine-log.current").write_text(oldest)
    reader = SkillLibrary(copied / "library")
    assert reader.get("mine-log").digest == oldest
    with reader.writing():
        pass
    assert not list((copied / "library/.fieldcraft/work").iterdir())
    assert SkillLibrary(copied / "library").get("mine-log").digest == oldest


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_a_library_is_searched(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    found = [match.skill.name for match in library.search("chop down a tree for logs", k=2)]
    library.close()
    assert "mine-log" in found


@pytest.mark.parametrize("copied", ["skills"], indirect=True)
def test_a_library_is_written_to(copied: Path) -> None:
    library = SkillLibrary(copied / "library")
    before = digests(copied / "library")
    library.mark("mine-stone", verified=Verified.PARTIAL, trusted=True)
    again = SkillLibrary(copied / "library")
    assert (again.get("mine-stone").verified, again.get("mine-stone").trusted) == (Verified.PARTIAL, True)
    assert digests(copied / "library") == before


def test_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FIXTURES / "fieldcraft.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    assert (settings.library, settings.runs, settings.budget.money) == ("skills/library", "lives", 2.5)
    assert settings.role_tools == {"critic": ("calculator",), "programs": ("calculator", "post")}
    assert settings.tasks[0].goal is not None
    assert settings.tool_policy.calls_per_tool == {"web_*": 3}
    assert settings.mcp["kitchen"].args == ("--port", "${KITCHEN_PORT:-9000}")
    assert settings.mcp["library"].headers == {"Authorization": "Bearer ${LIBRARY_TOKEN}"}
    assert settings.openapi["weather"].servers == ("https://weather.example.org/v2",)
    assert settings.for_run().model_for("actor") == "anthropic:claude-sonnet-4-5"


@pytest.mark.parametrize("copied", KILLED, indirect=True)
def test_a_later_loop_goes_on_with_any_run_and_loses_nothing(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied / "runs/life"
    before = acknowledged(run)
    monkeypatch.setattr(e, "LOOP", 2)
    with resumed_session("life") as session:
        state = session.explorer.explore()
    after = acknowledged(run)
    assert after[: len(before)] == before
    programs = [event for event in after if event["type"] in ("execution_started", "answer_refused")]
    assert state.spent.iterations == len(programs)
    finished = [event["task_number"] for event in after if event["type"] == "task_finished"]
    assert finished == list(range(1, len(finished) + 1))
    assert read_overview(run).state == state
    assert [event["type"] for event in after].count("world_reset") == 1
    if before[0]["settings"]["environment"] == "wood_lot:WoodLot":
        assert done(copied) == LOT_TASKS


@pytest.mark.parametrize("copied", ["grid/paused"], indirect=True)
def test_a_run_is_forked_and_the_fork_gone_on_with(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = b"".join(path.read_bytes() for path in sorted((copied / "runs/life").glob("journal-*.jsonl")))
    made = json.loads(command(capsys, "runs", "fork", "life", "--at", "1", "--name", "other", "--json"))
    journal = (copied / "runs/other/journal-000001.jsonl").read_bytes()
    shared = b"".join(journal.splitlines(keepends=True)[: made["events"]])
    assert before.startswith(shared)
    command(capsys, "explore", "--resume", "other", "--plain")
    assert json.loads(command(capsys, "runs", "show", "other", "--json"))["iterations"] == 4
    found = json.loads(command(capsys, "runs", "diff", "life", "other", "--json"))
    assert found["shared_events"] >= made["events"] - 1


@pytest.mark.parametrize("copied", ["wood-lot/finished"], indirect=True)
def test_a_run_in_a_world_that_lives_on_is_not_forked(copied: Path) -> None:
    with pytest.raises(
        CannotFork, match="the world wood-lot-v1 can neither take snapshots nor be begun again"
    ):
        fork_run("life", at=1, runs=copied / "runs")
