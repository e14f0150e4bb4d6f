"""Whatever moment a run is killed at, the resumed run equals the unbroken one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_world import LastingWorld, ToyWorld

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.events import SkillKept
from fieldcraft.agent.journal.run import Run, RunLocked, SnapshotDamaged
from fieldcraft.agent.journal.store import Journal
from fieldcraft.envs import Progress

Settings = Callable[..., RunSettings]


def digests(library: Path) -> list[str]:
    return sorted(str(path.relative_to(library)) for path in library.glob("*/versions/*"))


@pytest.fixture
def unbroken(toy_settings: Settings, tmp_path: Path) -> Path:
    with new_session(toy_settings(), runs=tmp_path / "runs", name="unbroken") as session:
        state = session.explorer.explore()
    assert state.spent.iterations == 5
    assert sorted(state.kept) == ["chop-wood", "many-planks", "saw-planks"]
    return tmp_path / "runs" / "unbroken"


def cut(unbroken: Path, lines: int, torn: bytes = b"") -> Path:
    """A copy of the run as it would be, had the process died when `lines` lines were on disk."""
    folder = unbroken.parent / f"cut-{lines}"
    shutil.copytree(unbroken, folder)
    journal = folder / "journal-000001.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]) + torn)
    return folder


def resume(folder: Path) -> None:
    with resumed_session(folder.name, runs=folder.parent) as session:
        session.explorer.explore()


def test_a_run_cut_after_any_event_resumes_to_the_same_history(unbroken: Path, tmp_path: Path) -> None:
    whole, library = history(unbroken), tmp_path / "library"
    skills, saved = digests(library), tmp_path / "saved"
    library.rename(saved)
    events = Journal(unbroken).read()
    kept = [(event.number, event.name) for event in events if isinstance(event, SkillKept)]
    for lines in range(1, len(events)):
        written = {name for number, name in kept if number <= lines + 1}
        for on_disk in sorted(
            {frozenset(written), frozenset(n for number, n in kept if number <= lines)}, key=len
        ):
            folder = cut(unbroken, lines, torn=b'{"type": "mod')
            for name in on_disk:
                shutil.copytree(saved / name, library / name)
            resume(folder)
            assert history(folder) == whole, f"killed after event {lines} with {sorted(on_disk)} on disk"
            assert digests(library) == skills
            shutil.rmtree(folder)
            shutil.rmtree(library)


def test_a_damaged_snapshot_is_rebuilt_by_rerunning(unbroken: Path) -> None:
    whole = history(unbroken)
    folder = cut(unbroken, len((unbroken / "journal-000001.jsonl").read_bytes().splitlines()) - 4)
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.write_bytes(snapshot.read_bytes()[:10])
    resume(folder)
    assert history(folder) == whole
    assert "rebuilt" in (folder / "journal-000001.jsonl").read_text()


def test_a_world_that_cannot_be_rebuilt_names_the_file(unbroken: Path) -> None:
    folder = cut(unbroken, len((unbroken / "journal-000001.jsonl").read_bytes().splitlines()) - 4)
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.unlink()
    journal = folder / "journal-000001.jsonl"
    journal.write_text(journal.read_text().replace("bot.saw(count)", "bot.saw(1)"))
    with pytest.raises(SnapshotDamaged, match=r"snapshots/.*\.bin is missing.*Restore that file"):
        resume(folder)


def test_a_recorded_program_that_is_too_long_to_be_rerun_names_the_cure(unbroken: Path) -> None:
    folder = cut(unbroken, len((unbroken / "journal-000001.jsonl").read_bytes().splitlines()) - 4)
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.unlink()
    journal = folder / "journal-000001.jsonl"
    journal.write_text(journal.read_text().replace("bot.saw(count)", "bot.saw(count)" + " " * 64_000))
    with pytest.raises(SnapshotDamaged, match=r"at most 64,000 are read.*Restore the snapshots from a copy"):
        resume(folder)


def test_a_run_is_open_in_one_place_only(unbroken: Path) -> None:
    with Run.open(unbroken.parent, "unbroken"), pytest.raises(RunLocked, match="open in another process"):
        Run.open(unbroken.parent, "unbroken")


def test_a_world_that_lives_on_counts_the_cut_execution_and_goes_on(
    toy_settings: Settings, tmp_path: Path
) -> None:
    settings = toy_settings(environment="toy_world:LastingWorld")
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    lines = (tmp_path / "runs" / "whole" / "journal-000001.jsonl").read_text().splitlines()
    first_start = next(i for i, line in enumerate(lines) if '"execution_started"' in line)
    folder = cut(tmp_path / "runs" / "whole", first_start + 1)
    LastingWorld.kept["world"] = [{}, {}, 0]
    resume(folder)
    events = history(folder)
    interrupted = [event for event in events if event["type"] == "execution_interrupted"]
    assert [event["iteration"] for event in interrupted] == [1]
    assert max(event["iteration"] for event in events if event["type"] == "judged") == 5


def test_a_world_that_lives_on_counts_on_from_the_last_thing_it_reached(
    toy_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = toy_settings(environment="toy_world:LastingWorld")
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    whole = tmp_path / "runs" / "whole"
    lines = (whole / "journal-000001.jsonl").read_text().splitlines()
    counted: list[Progress] = []
    monkeypatch.setattr(ToyWorld, "resume", lambda _world, progress: counted.append(progress))
    reached = None
    for number, line in enumerate(lines[:-1], 1):
        event = json.loads(line)
        reached = event["progress"] if event.get("progress") else reached
        if event["type"] not in ("run_started", "world_reset", "execution_finished", "task_finished"):
            continue
        folder = cut(whole, number)
        counted.clear()
        resume(folder)
        assert counted == ([] if reached is None else [Progress.model_validate(reached)]), event["type"]
        shutil.rmtree(folder)
