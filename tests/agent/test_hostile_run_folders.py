"""A run folder of somebody else is data: nothing outside of it is touched, nothing it names is started."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from fieldcraft.agent import explore
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.lines import LINE_LIMIT
from fieldcraft.agent.journal.marks import is_marked
from fieldcraft.agent.journal.run import UnknownRun, find_run
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.cli.main import main
from fieldcraft.cli.views.console import console

LOOKS = (
    ("runs", "list"),
    ("runs", "show", "theirs"),
    ("runs", "watch", "theirs", "--plain"),
    ("runs", "report", "theirs"),
    ("runs", "compare", "theirs", "mine"),
)
RESUME = ("explore", "--resume", "theirs", "--iterations", "2", "--plain")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run of the grid world, with prompts."""
    place = tmp_path_factory.mktemp("lived")
    explore(
        iterations=1,
        runs=place / "runs",
        name="mine",
        options={"size": 64},
        library=str(place / "library"),
        keep_prompts=True,
    )
    return place


@pytest.fixture
def place(lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory: a run of mine, and `theirs`, which came from elsewhere. A hang fails."""
    folder = tmp_path / "place"
    shutil.copytree(lived / "runs/mine", folder / "runs/theirs")
    shutil.copytree(lived / "runs/mine", folder / "runs/mine")
    journal = folder / "runs/theirs/journal-000001.jsonl"
    journal.write_text(journal.read_text().replace(json.dumps(str(lived / "library")), '"library"'))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "160")
    console.cache_clear()

    def hung(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(240)
    yield folder
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    console.cache_clear()


@pytest.fixture
def outside(tmp_path: Path) -> Callable[[], None]:
    """A tree of the person's own; calling it checks that nothing in it changed."""
    home = tmp_path / "home"
    (home / "pictures").mkdir(parents=True)
    for number in range(12):
        (home / f"{number:064x}.bin").write_bytes(b"mine")
        (home / f"holiday-{number}.bin").write_bytes(b"mine")
    (home / "key").write_text("secret\n")

    def state() -> dict[str, Any]:
        return {
            str(path.relative_to(home)): (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
            for path in home.rglob("*")
        }

    before = state()

    def check() -> None:
        assert state() == before
        assert not (tmp_path / "new").exists()

    return check


def put(target: Path, kind: str, home: Path) -> None:
    """Replace an entry of a run folder by what is no plain file or folder of it."""
    is_folder = target.name in {"snapshots", "prompts", "tool-results"}
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    match kind:
        case "link":
            target.symlink_to(home if is_folder else home / "key")
        case "dangling":
            target.symlink_to(home.parent / "new")
        case "loop":
            target.symlink_to(target.name)
        case "device":
            target.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(target)
        case "second name":
            os.link(home / "key", target)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out + err


FILES = ("journal-000001.jsonl", "journal-000002.jsonl", "run.lock", "report.html", "made-here", "snapshots")


@pytest.mark.attack("a run folder with links, pipes and devices in it is looked at")
@pytest.mark.parametrize("kind", ["link", "dangling", "loop", "device", "pipe", "second name"])
def test_looking_touches_nothing_outside(
    kind: str, place: Path, outside: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        if (kind, name) == ("second name", "snapshots"):
            continue
        shutil.copytree(place / "runs/theirs", tmp_path / "kept")
        put(place / "runs/theirs" / name, kind, tmp_path / "home")
        for command in LOOKS:
            code, told = run(capsys, *command)
            outside()
            if code or "damaged" in told:
                assert name in told
        shutil.rmtree(place / "runs/theirs")
        (tmp_path / "kept").rename(place / "runs/theirs")


@pytest.mark.attack("a run folder with links, pipes and devices in it is resumed")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("journal-000001.jsonl", "link"),
        ("journal-000001.jsonl", "pipe"),
        ("journal-000001.jsonl", "second name"),
        ("journal-000002.jsonl", "dangling"),
        ("run.lock", "link"),
        ("run.lock", "pipe"),
        ("run.lock", "second name"),
        ("snapshots", "link"),
        ("prompts", "link"),
    ],
)
def test_a_resume_refuses_by_name_and_touches_nothing(
    name: str,
    kind: str,
    place: Path,
    outside: Callable[[], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(place / "runs/theirs" / name, kind, tmp_path / "home")
    code, told = run(capsys, *RESUME)
    outside()
    assert code == 1
    assert name in told


@pytest.mark.attack("a snapshot or a prompt of a run that is resumed is a link")
def test_files_in_the_folders_of_a_run_are_not_followed(
    place: Path, outside: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = place / "runs/theirs"
    for snapshot in (theirs / "snapshots").glob("*.bin"):
        put(snapshot, "link", tmp_path / "home")
    for prompt in list((theirs / "prompts").iterdir()):
        put(prompt, "link", tmp_path / "home")
    run(capsys, *RESUME)
    outside()


@pytest.mark.attack("a run's name is a link to a folder elsewhere")
def test_a_run_that_is_a_link_is_no_run(
    place: Path, outside: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(place / "runs/theirs", tmp_path / "elsewhere")
    (place / "runs/theirs").symlink_to(tmp_path / "elsewhere")
    assert "theirs" not in run(capsys, "runs", "list")[1]
    code, told = run(capsys, *RESUME)
    assert code == 1
    assert "theirs is a symbolic link, not a folder" in told
    outside()


def rewritten(place: Path, **settings: Any) -> None:
    """Let `theirs` have these settings."""
    journal = place / "runs/theirs/journal-000001.jsonl"
    first, *rest = journal.read_text().splitlines(keepends=True)
    event = json.loads(first)
    event["settings"] |= settings
    journal.write_text(json.dumps(event) + "\n" + "".join(rest))


@pytest.mark.attack("the settings of somebody else's run name programs, modules, files and hosts")
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"environment": "evil_world:World"}, "import the world evil_world:World"),
        (
            {"mcp": {"evil": {"command": "touch", "args": ["../new"]}}},
            "start the MCP server evil (touch ../new)",
        ),
        ({"tools": ["evil_tools:post"]}, "call the tool evil_tools:post"),
        ({"openapi": {"evil": {"document": "../home/key"}}}, "call the web API evil"),
        ({"model": "evil_model:Model"}, "load the model evil_model:Model"),
        ({"model": "toolformer:../home"}, "load the model toolformer:../home"),
        ({"model_options": {"base_url": "http://evil.example/v1"}}, "base_url=http://evil.example/v1"),
        ({"corpus": ["../home"]}, "read ../home"),
        ({"library": "../home"}, "write into the library ../home"),
        ({"library": "runs"}, "write into the library runs"),
        ({"options": {"rules": "../home/key"}}, "open the world with rules=../home/key"),
        ({"library": "x" * 5000}, "write into the library xxx"),
        ({"library": "a\0b"}, "write into the library a"),
        ({"model": "scripted:" + "x" * 5000}, "load the model scripted:xxx"),
        ({"sandbox": "unsafe"}, "run programs without a sandbox"),
        ({"prompts": "../home"}, "use the prompts in ../home"),
        ({"listeners": ("evil_ears:listen",)}, "import the listener evil_ears:listen"),
        ({"limits": {"memory": 2**36}}, "let programs use memory="),
    ],
)
def test_a_resume_names_what_a_foreign_run_reaches_for(
    settings: dict[str, Any],
    named: str,
    place: Path,
    outside: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    rewritten(place, **settings)
    before = (place / "runs/theirs/journal-000001.jsonl").read_bytes()
    for command in (*LOOKS, RESUME):
        code, told = run(capsys, *command)
        outside()
    assert code == 1
    assert named in told
    assert "--trust-run" in told
    assert (place / "runs/theirs/journal-000001.jsonl").read_bytes() == before


def test_a_run_without_a_mark_goes_on_where_it_reaches_no_further_than_here(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not is_marked(place / "runs/theirs")
    assert run(capsys, *RESUME)[0] == 0


def test_a_run_that_is_trusted_goes_on_and_is_known_from_then_on(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewritten(place, library=str(place.parent / "other"))
    assert run(capsys, *RESUME)[0] == 1
    assert run(capsys, *RESUME, "--trust-run")[0] == 0
    assert is_marked(place / "runs/theirs")
    assert run(capsys, "explore", "--resume", "theirs", "--iterations", "3", "--plain")[0] == 0


def test_only_the_folder_that_was_made_here_is_marked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explore(iterations=0, runs=place / "runs", name="new", options={"size": 64}, library=str(place / "other"))
    assert is_marked(place / "runs/new")
    shutil.copytree(place / "runs/new", place / "runs/copy")
    assert not is_marked(place / "runs/copy")
    rewrite = place / "runs/new/journal-000001.jsonl"
    rewrite.write_text(rewrite.read_text().replace('"sandbox":"auto"', '"sandbox":"unsafe"'))
    assert not is_marked(place / "runs/new")
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(place / "of-another-user"))
    assert not is_marked(place / "runs/copy")


def begin(folder: Path, *lines: bytes) -> Path:
    folder.mkdir(parents=True)
    started = e.RunStarted(number=1, run="theirs", settings=RunSettings(budget=BudgetLimits(iterations=1)))
    path = folder / "journal-000001.jsonl"
    path.write_bytes(b"\n".join([started.model_dump_json().encode(), *lines]) + b"\n")
    return path


@pytest.mark.attack("a line of a journal has no end")
def test_a_line_without_end_is_read_to_the_limit_and_refused(tmp_path: Path) -> None:
    path = begin(tmp_path / "theirs")
    with path.open("r+b") as file:
        file.truncate(4 * LINE_LIMIT)
    with pytest.raises(
        JournalError, match=rf"damaged at line 2: the line is longer than {LINE_LIMIT:,} bytes"
    ):
        Journal(tmp_path / "theirs").read()


@pytest.mark.attack("a journal holds events that do not follow from each other")
@pytest.mark.parametrize(
    "lines",
    [
        [b'{"type":"judged","number":2,"time":1e300,"iteration":1,"verdict":{"success":false}}'],
        [b'{"type":"task_finished","number":2,"task_number":5,"success":true,"attempts":1}'],
        [b'{"type":"tool_returned","number":2,"user":"actor","call":7,"tool":"x","value":{}}'],
        [
            b'{"type":"skill_kept","number":2,"iteration":1,"name":"a","entry":"a","digest":"d","verified":"full"}'
        ],
        [
            b'{"type":"execution_finished","number":2,"iteration":1,"execution":{"seconds":null},"observation":'
            b'{"position":{"x":1e15,"y":0,"z":-1e15}},"progress":{"milestones":{"_m\\u001b[2J<b>":1}}}',
            b'{"type":"verification_finished","number":3,"iteration":999999999999999999999,"success":true}',
        ],
    ],
)
def test_events_of_nothing_are_shown_without_a_crash(
    lines: list[bytes], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(place / "runs/theirs")
    begin(place / "runs/theirs", *lines)
    for command in LOOKS:
        code, told = run(capsys, *command)
        assert code == 0
        assert "\x1b[2J" not in told


@pytest.mark.attack("a journal's numbers run backwards")
@pytest.mark.parametrize("number", [b"1", b"7", b"-1", b"1e400", b"null"])
def test_a_wrong_number_is_named(number: bytes, tmp_path: Path) -> None:
    begin(tmp_path / "theirs", b'{"type":"warned","text":"x","number":%s}' % number)
    with pytest.raises(JournalError, match="damaged at line 2"):
        Journal(tmp_path / "theirs").read()


@pytest.mark.attack("a value of a journal is nested without end")
def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    deep = b"[" * 1_000_000 + b"]" * 1_000_000
    begin(tmp_path / "theirs", b'{"type":"tool_returned","number":2,"value":%s}' % deep)
    with pytest.raises(JournalError, match="nested deeper"):
        Journal(tmp_path / "theirs").read()


@pytest.mark.attack("a snapshot that matches its name is no snapshot of the world")
def test_a_snapshot_that_the_world_does_not_take_ends_the_resume_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    theirs = place / "runs/theirs"
    evil = b'{"tiles": [[[[' + b"[" * 5000
    digest = hashlib.sha256(evil).hexdigest()
    journal = theirs / "journal-000001.jsonl"
    text = journal.read_text()
    for known in (theirs / "snapshots").glob("*.bin"):
        text = text.replace(known.stem, digest)
        known.unlink()
    (theirs / "snapshots" / f"{digest}.bin").write_bytes(evil)
    journal.write_text(text)
    code, told = run(capsys, *RESUME)
    assert code == 1
    assert "snapshot" in told


def test_unknown_folders_are_no_runs(place: Path) -> None:
    (place / "runs/empty").mkdir()
    with pytest.raises(UnknownRun, match="no run 'empty'"):
        find_run(place / "runs", "empty")
