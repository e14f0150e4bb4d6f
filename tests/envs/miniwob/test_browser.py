"""The browser: what is missing is said, it reaches nobody, and it ends whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from fieldcraft.envs import EpisodeEnded, PrimitiveError, make
from fieldcraft.envs.miniwob import browser
from fieldcraft.envs.miniwob.browser import NeedsMiniWob


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 15
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def processes(folder: str) -> list[int]:
    """Those that bear a folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if folder.encode() in line:
            found.append(int(entry.name))
    return found


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where browsers keep their profiles; its path is short, since they have sockets there."""
    with tempfile.TemporaryDirectory(prefix="fc-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr("tempfile.tempdir", None)
        yield folder


def test_a_long_name_of_the_folder_for_temporary_files_does_no_harm(monkeypatch, tmp_path):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    world = make("miniwob-v1")
    assert world.reset(seed=0).task
    world.close()


def test_a_closed_world_leaves_no_process_and_no_file(folder):
    world = make("miniwob-v1")
    world.reset(seed=0)
    assert processes(folder)
    world.close()
    world.close()
    assert eventually(lambda: not processes(folder))
    assert eventually(lambda: not list(Path(folder).iterdir()))


def test_a_killed_process_takes_its_browser_with_it(folder):
    code = (
        "from fieldcraft.envs import make; w = make('miniwob-v1'); w.reset(seed=0); print('on', flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    assert processes(folder)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert eventually(lambda: not processes(folder))
    assert eventually(lambda: not list(Path(folder).iterdir()))


def test_a_browser_that_crashes_ends_the_episode_and_the_next_begins_in_a_new_one(folder):
    world = make("miniwob-v1")
    begun = world.reset(seed=0)
    for number in processes(folder):
        os.kill(number, signal.SIGKILL)
    with pytest.raises(EpisodeEnded, match=r"truncated \(the browser was lost"):
        world.call_primitive("look")
    seen = world.observe()
    assert seen.words == begun.words
    assert seen.ended is not None
    with pytest.raises(ValueError, match="draws no picture"):
        world.render()
    assert world.begin_episode(seed=0, number=2).ended is None
    assert world.call_primitive("look")["instruction"]
    world.close()
    assert eventually(lambda: not processes(folder))


def test_a_script_that_fails_in_the_page_costs_a_call_and_no_episode(world):
    before = world.reset(seed=0, options={"tasks": "choose-list"})
    world._browser.run("document.querySelector('select').dispatchEvent = () => { throw 'broken'; };")
    with pytest.raises(PrimitiveError, match="the page did not take it: javascript error"):
        world.call_primitive("select", ("options", "Theodora"))
    world._browser.run("core.getDOMInfo = () => { alert('stuck'); throw 'stuck'; };")
    assert world.observe().words == before.words
    assert world.observe().ended is None
    assert world.reset(seed=0, options={"tasks": "choose-list"}) == before


def test_a_page_reaches_no_server():
    reached = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        world = make("miniwob-v1")
        world.reset(seed=0)
        for host in ("127.0.0.1", "localhost"):
            script = (
                f"return fetch('http://{host}:{server.server_port}/', {{mode: 'no-cors'}})"
                ".then(() => 'there', error => String(error))"
            )
            assert "Failed to fetch" in world._browser.run(script)
        world.close()
        server.shutdown()
    assert reached == []


@pytest.mark.parametrize("find", [browser.find_browser, browser.find_driver])
def test_a_missing_part_is_one_line_with_the_command_that_brings_it(monkeypatch, tmp_path, find):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.BROWSER_VARIABLE, raising=False)
    monkeypatch.delenv(browser.DRIVER_VARIABLE, raising=False)
    with pytest.raises(NeedsMiniWob, match="apt-get install chromium chromium-driver") as missing:
        find()
    assert "\n" not in str(missing.value)
    world = make("miniwob-v1")
    assert [requirement.met for requirement in world.diagnose()] == [False, False]
    with pytest.raises(NeedsMiniWob):
        world.reset(seed=0)


def test_a_driver_that_does_not_start_is_said_and_leaves_nothing(monkeypatch, folder):
    monkeypatch.setenv(browser.DRIVER_VARIABLE, "/bin/false")
    world = make("miniwob-v1")
    with pytest.raises(NeedsMiniWob, match="does not start with /bin/false"):
        world.reset(seed=0)
    assert eventually(lambda: not list(Path(folder).iterdir()))
