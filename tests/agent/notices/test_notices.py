"""People hear of a run by a command or a web address of their own settings, which can do the run no harm."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from machine import eventually
from pydantic import ValidationError

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.notices.sending import Notices, call
from fieldcraft.agent.notices.settings import NoticeSettings, is_allowed

Settings = Callable[..., RunSettings]


class Posted(HTTPServer):
    """A server on the loopback interface that keeps what is posted to it."""

    def __init__(self, status: int = 204) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.bodies: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Posted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def posted() -> Iterator[Posted]:
    with Posted() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def writes_to(path: Path) -> tuple[str, ...]:
    program = f"import sys; open({str(path)!r}, 'a').write(sys.stdin.read() + '\\n')"
    return (sys.executable, "-S", "-c", program)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_command_hears_once_that_the_run_stopped_also_where_it_is_resumed(
    toy_settings: Settings, tmp_path: Path
) -> None:
    notice = NoticeSettings(on_stop=writes_to(tmp_path / "heard"), seconds=60)
    settings = toy_settings(budget={"iterations": 1})
    with new_session(settings, runs=tmp_path / "runs", name="one", notice=notice) as session:
        session.explorer.explore()
    with resumed_session("one", runs=tmp_path / "runs", notice=notice) as session:
        session.explorer.explore()

    first, second = lines(tmp_path / "heard")
    assert (first["notice"], first["run"], first["iterations"]) == ("stop", "one", 1)
    assert first["text"] == second["text"] == "the run stopped: budget of 1 iterations used up"


def test_a_run_goes_on_where_a_hook_fails_and_says_so_once(
    toy_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notice = NoticeSettings(on_stop=("no-such-program",), on_milestone=(sys.executable, "-c", "exit(3)"))
    with new_session(toy_settings(), runs=tmp_path / "runs", name="one", notice=notice) as session:
        assert session.explorer.explore().spent.iterations == 5

    (warned,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "on_stop: no-such-program did not take a notice: " in warned.message


@pytest.fixture
def run(toy_settings: Settings, tmp_path: Path) -> Iterator[Run]:
    with Run.create(tmp_path / "runs", toy_settings(), name="one") as made:
        yield made


def test_each_occasion_is_posted_to_its_address(run: Run, posted: Posted) -> None:
    notices = Notices(
        NoticeSettings(on_stall=posted.url, on_milestone=posted.url, on_approval=posted.url, seconds=60), run
    )
    progress = {"milestones": {"carpentry": 3}}
    for number, event in enumerate(
        [
            e.WorldReset(observation={}, progress=progress),  # type: ignore[arg-type]
            e.WorldReset(observation={}, progress=progress),  # type: ignore[arg-type]
            e.StallNoticed(iteration=9, since=60, tries="other goals"),
            e.ApprovalAsked(call=1, tool="send_mail", question="May it?\x1b[2J"),
        ],
        start=2,
    ):
        notices(event.model_copy(update={"number": number}))  # type: ignore[arg-type]
    notices.close()

    assert [(body["notice"], body["text"]) for body in posted.bodies] == [
        ("milestone", "milestone: carpentry"),
        ("stall", "nothing new in 60 iterations; trying other goals"),
        ("approval", "a call of the tool send_mail waits for you: May it?[2J"),
    ]


def test_what_is_played_back_is_not_told_again(run: Run, posted: Posted) -> None:
    run.tape = [e.StallNoticed(number=7, iteration=9, since=60, tries="other goals")]
    notices = Notices(NoticeSettings(on_stall=posted.url), run)

    notices(run.tape[0])
    notices.close()

    assert posted.bodies == []


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = (
        f"import os, time; open({str(tmp_path / 'child')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"

    with pytest.raises(Exception, match="timed out"):
        call((sys.executable, "-c", program), {}, 5.0)

    assert eventually(lambda: not _runs(int((tmp_path / "child").read_text())))


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_gets_no_keys_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    program = f"import os; open({str(tmp_path / 'seen')!r}, 'w').write(' '.join(os.environ))"

    call((sys.executable, "-c", program), {}, 60.0)

    assert "OPENAI_API_KEY" not in (tmp_path / "seen").read_text()
    assert "PATH" in (tmp_path / "seen").read_text()


def test_a_refusal_of_the_server_is_a_failure(posted: Posted) -> None:
    posted.status = 403

    with pytest.raises(RuntimeError, match="the server answered 403"):
        call(posted.url, {}, 60.0)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://localhost:9/x", ()),
        ("https://hooks.example.org/services/a", ("https://hooks.example.org/services",)),
        ("https://hooks.example.org:443/a", ("https://hooks.example.org/",)),
    ],
)
def test_an_address_below_an_allowed_one_can_be_called(url: str, allowed: tuple[str, ...]) -> None:
    assert is_allowed(url, allowed)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org.evil.net/services/a",
        "https://hooks.example.org@evil.net/services/a",
        "http://hooks.example.org/services/a",
        "https://hooks.example.org:444/services/a",
        "https://hooks.example.org/services2",
        "https://hooks.example.org/services/../a",
        "https://hooks.example.org/services/%2E%2e/a",
        "https://me:key@localhost/",
        "https://[::1",
    ],
)
def test_no_other_address_can(url: str) -> None:
    assert not is_allowed(url, ("https://hooks.example.org/services/",))


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("notify-me --now", "must be a URL, or a command as a list of words"),
        (5, "must be a URL, or a command as a list of words"),
        (["notify-me", 5], "must be a URL, or a command as a list of words"),
        ([""], "must begin with the name of a program"),
        ("https://elsewhere.example.org/x?key=secret", "https://elsewhere.example.org/x lies below no URL"),
    ],
)
def test_a_hook_that_cannot_be_called_is_refused_by_name(hook: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("?", r"\?")) as refused:
        NoticeSettings(on_stop=hook)

    assert "secret" not in str(refused.value)
