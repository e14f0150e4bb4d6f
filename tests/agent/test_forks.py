"""A fork shares the past of its run byte for byte, and goes on by itself as its run did."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_world import ToyWorld

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.forking.fork import CannotFork, fork_run
from fieldcraft.agent.forking.moments import NoSuchMoment
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal import store
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.run import RunError, list_runs
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.skills import SkillLibrary

Settings = Callable[..., RunSettings]
Lived = Callable[..., Path]


@pytest.fixture
def lived(toy_settings: Settings, tmp_path: Path) -> Lived:
    def live(environment: str = "toy_world:ToyWorld", **changes: Any) -> Path:
        settings = toy_settings(environment=environment, **changes)
        with new_session(settings, runs=tmp_path / "runs", name="one") as session:
            session.explorer.explore()
        return tmp_path / "runs" / "one"

    return live


def content(run: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(run.glob("journal-*.jsonl")))


def go_on(run: Path, **options: Any) -> Any:
    with resumed_session(run.name, runs=run.parent, **options) as session:
        session.explorer.explore()
        return session.explorer.result


def own_events(run: Path) -> list[Any]:
    events = Journal(run).read()
    forked = next(index for index, event in enumerate(events) if isinstance(event, e.RunForked))
    return events[forked:]


@pytest.mark.parametrize("world", ["toy_world:ToyWorld", "toy_world:ForgetfulWorld"])
def test_a_fork_at_any_task_goes_on_as_its_run_did(world: str, lived: Lived, tmp_path: Path) -> None:
    one = lived(world)
    finished = [event.number for event in Journal(one).read() if isinstance(event, e.TaskFinished)]
    forks = [fork_run("one", at=f"event:{number}", runs=tmp_path / "runs") for number in [2, *finished]]
    shutil.rmtree(tmp_path / "library")
    for fork in forks:
        assert fork.remark == ""
        assert content(one).startswith(content(fork.folder)[: -len(own_lines(fork.folder))])
        assert not [event for event in own_events(fork.folder) if isinstance(event, e.ModelAsked)]
        go_on(fork.folder)
        assert history(fork.folder) == history(one), fork.events
    assert not (tmp_path / "library").exists()


def own_lines(run: Path) -> bytes:
    lines = content(run).splitlines(keepends=True)
    begin = next(index for index, line in enumerate(lines) if b'"run_forked"' in line)
    return b"".join(lines[begin:])


def test_a_moment_within_a_task_leads_to_that_tasks_start(lived: Lived, tmp_path: Path) -> None:
    lived()
    fork = fork_run("one", at=2, runs=tmp_path / "runs", new_name="two")
    assert fork.iterations == 1
    assert fork.remark.startswith(
        "iteration 2 lies within task 2; the fork begins at that task's start, after"
    )
    assert list(SkillLibrary(fork.folder / "library").entries()) == ["chop_wood"]
    within = fork_run("one", at=f"event:{fork.events + 3}", runs=tmp_path / "runs")
    assert within.events == fork.events
    assert "lies within task 2" in within.remark


def test_the_end_of_a_paused_run_lies_in_no_task(lived: Lived, tmp_path: Path) -> None:
    one = lived(budget=BudgetLimits(iterations=1))
    last = Journal(one).read()[-1]
    assert isinstance(last, e.RunPaused)
    fork = fork_run("one", at=f"event:{last.number}", runs=tmp_path / "runs")
    assert (fork.remark, fork.iterations) == ("", 1)


def test_a_fork_has_its_own_library_and_leaves_that_of_its_run_alone(lived: Lived, tmp_path: Path) -> None:
    lived()
    before = sorted(str(path) for path in (tmp_path / "library").rglob("*"))
    fork = fork_run("one", at=1, runs=tmp_path / "runs", new_name="two")
    go_on(fork.folder)
    ours, theirs = SkillLibrary(fork.folder / "library"), SkillLibrary(tmp_path / "library")
    assert ours.entries() == theirs.entries()
    assert sorted(str(path) for path in (tmp_path / "library").rglob("*")) == before


def test_a_fork_of_a_fork_shares_the_past_of_both(lived: Lived, tmp_path: Path) -> None:
    one = lived()
    two = fork_run("one", at=1, runs=tmp_path / "runs", new_name="two")
    go_on(two.folder)
    three = fork_run("two", at=4, runs=tmp_path / "runs", new_name="three")
    assert content(two.folder).startswith(content(three.folder)[: -len(last_line(three.folder))])
    go_on(three.folder)
    assert history(three.folder) == history(one)
    named = [
        (event.of, event.run) for event in Journal(three.folder).read() if isinstance(event, e.RunForked)
    ]
    assert named == [("one", "two"), ("two", "three")]


def last_line(run: Path) -> bytes:
    return content(run).splitlines(keepends=True)[-1]


def test_a_fork_may_have_another_model(lived: Lived, tmp_path: Path) -> None:
    lived()
    other = tmp_path / "other.json"
    shutil.copy(tmp_path / "answers.json", other)
    fork = fork_run(
        "one", at=1, runs=tmp_path / "runs", new_name="two", changes={"model": f"scripted:{other}"}
    )
    said = [event.text for event in own_events(fork.folder) if isinstance(event, e.Warned)]
    assert said == [
        f"from here on scripted:{other} answers for every role (before: scripted:{tmp_path / 'answers.json'})"
    ]
    go_on(fork.folder)
    models = [event.model for event in own_events(fork.folder) if isinstance(event, e.ModelAnswered)]
    assert set(models) == {f"scripted:{other}"}


def test_a_snapshot_that_is_gone_is_made_again_by_the_recorded_programs(lived: Lived, tmp_path: Path) -> None:
    one = lived()
    shutil.rmtree(one / "snapshots")
    fork = fork_run("one", at=4, runs=tmp_path / "runs", new_name="two")
    go_on(fork.folder)
    assert history(fork.folder) == history(one)
    said = [event.text for event in own_events(fork.folder) if isinstance(event, e.Warned)]
    assert said == ["no snapshot of this moment is kept; the world was rebuilt by rerunning"]


def test_the_world_at_every_segments_start_is_kept(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fieldcraft.agent.journal.snapshots.RECENT_SNAPSHOTS", 1)
    monkeypatch.setattr(store.Journal.rotate_if_large, "__kwdefaults__", {"limit": 1})
    one = lived()
    starts = [event.state.snapshot for event in Journal(one).read() if isinstance(event, e.Checkpoint)]
    assert len(starts) == 3
    assert {f"{digest}.bin" for digest in starts} <= {path.name for path in (one / "snapshots").iterdir()}
    fork = fork_run("one", at=4, runs=tmp_path / "runs", new_name="two")
    assert f"{starts[1]}.bin" in {path.name for path in (fork.folder / "snapshots").iterdir()}
    go_on(fork.folder)
    assert history(fork.folder) == history(one)


def test_a_world_that_lives_on_cannot_be_forked(lived: Lived, tmp_path: Path) -> None:
    lived("toy_world:LastingWorld")
    with pytest.raises(
        CannotFork, match="the world lasting-v1 can neither take snapshots nor be begun again"
    ):
        fork_run("one", at=1, runs=tmp_path / "runs")
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["one"]


def test_a_world_that_was_an_object_is_forked_from_its_snapshots(
    toy_settings: Settings, tmp_path: Path
) -> None:
    from fieldcraft.agent.given import Given

    settings, given = toy_settings(budget=BudgetLimits(iterations=1)), Given(environment=ToyWorld())
    with new_session(settings, runs=tmp_path / "runs", name="one", given=given) as session:
        held = session.explorer.explore().observation
    fork = fork_run("one", at=1, runs=tmp_path / "runs", new_name="two")
    with resumed_session("two", runs=fork.folder.parent, given=given) as session:
        session.explorer.explore()
        assert session.environment.observe() == held


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (40, "run 'one' has 5 iterations, and no iteration 40"),
        ("event:9999", "events, and no event 9999"),
        ("event:1", "the world of run 'one' has not begun at event 1"),
        ("soon", "'soon' is no moment of a run; say 40 for the end of iteration 40, or event:812"),
    ],
)
def test_a_moment_that_the_run_does_not_have_is_refused(
    at: Any, said: str, lived: Lived, tmp_path: Path
) -> None:
    lived()
    with pytest.raises(NoSuchMoment, match=said):
        fork_run("one", at=at, runs=tmp_path / "runs")


def test_a_name_that_is_taken_is_refused_and_one_is_made_where_none_is_given(
    lived: Lived, tmp_path: Path
) -> None:
    lived()
    with pytest.raises(RunError, match="a run 'one' exists"):
        fork_run("one", at=1, runs=tmp_path / "runs", new_name="one")
    names = [fork_run("one", at=1, runs=tmp_path / "runs").folder.name for _ in range(2)]
    assert names == ["one-at-1", "one-at-1-2"]
    assert [folder.name for folder in list_runs(tmp_path / "runs")] == ["one", *names]


def test_a_fork_of_a_run_that_others_made_is_not_marked_as_ones_own(lived: Lived, tmp_path: Path) -> None:
    one = lived()
    assert (fork_run("one", at=1, runs=tmp_path / "runs").folder / "made-here").exists()
    (one / "made-here").unlink()
    assert not (fork_run("one", at=1, runs=tmp_path / "runs").folder / "made-here").exists()


def test_a_library_that_is_gone_is_put_together_from_the_journal(lived: Lived, tmp_path: Path) -> None:
    one = lived()
    before = SkillLibrary(tmp_path / "library").entries()
    shutil.rmtree(tmp_path / "library")
    shutil.rmtree(one / "snapshots")
    fork = fork_run("one", at=5, runs=tmp_path / "runs")
    assert fork.missing == ()
    library = SkillLibrary(fork.folder / "library")
    assert library.entries() == before
    assert library.get("saw-planks").dependencies == {"chop_wood": before["chop_wood"]}
    go_on(fork.folder)
    assert history(fork.folder) == history(one)


def test_what_cannot_be_put_together_is_named(lived: Lived, tmp_path: Path) -> None:
    one = lived()
    shutil.rmtree(tmp_path / "library")
    journal = one / "journal-000001.jsonl"
    journal.write_text(journal.read_text().replace("Chops wood from the tree.", "Chops a tree."))
    fork = fork_run("one", at=1, runs=tmp_path / "runs")
    assert [name.split()[0] for name in fork.missing] == ["chop-wood"]
    assert json.loads((fork.folder / "forked.json").read_text())["of"] == "one"
