"""The live page as a person meets it: served by the command, opened in a real browser, used."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browsing, chromium
from machine import lacking
from serve_runs import add, grow

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.tail import checkpoint
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.steering import Inbox

HOSTILE = "</pre><img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


class Server:
    """`fieldcraft serve` in a process of its own."""

    def __init__(self, runs: Path, *flags: str) -> None:
        self._command = [sys.executable, "-m", "fieldcraft", "serve", "--runs", str(runs), *flags]
        self.address = ""

    def start(self, port: str = "0") -> None:
        self.process = subprocess.Popen(
            [*self._command, "--port", port], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run that goes on, of three iterations, with hostile words."""
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    with Run.create(tmp_path / "runs", RunSettings(), name="long") as made:
        add(made, e.Warned(text=HOSTILE))
        grow(made, 3)
        yield made


@pytest.fixture
def server(run: Run) -> Iterator[Server]:
    started = Server(run.folder.parent)
    started.start()
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of such a run for all tests that only look."""
    folder = tmp_path_factory.mktemp("served")
    with (
        pytest.MonkeyPatch.context() as patch,
        Run.create(folder / "runs", RunSettings(), name="long") as made,
    ):
        patch.setenv("FIELDCRAFT_CACHE", str(folder / "cache"))
        add(made, e.Warned(text=HOSTILE))
        grow(made, 3)
        started = Server(made.folder.parent)
        started.start()
        yield started
        started.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    binary = chromium()
    if binary is None:
        lacking("Chromium")
    with browsing(binary, tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


@pytest.fixture
def page(browser: Page) -> Page:
    """A page of a browser that has seen no other."""
    browser.begin_again()
    return browser


def open_run(page: Page, server: Server) -> None:
    page.open(f"{server.address}r/long/")
    page.until("document.body.innerText.includes('running')")


def test_what_happens_in_the_run_appears_as_text_and_nothing_of_it_acts(
    page: Page, server: Server, run: Run
) -> None:
    open_run(page, server)
    add(run, e.Warned(text=f"just now: {HOSTILE}"))
    page.until("document.querySelector('.feed').textContent.includes('just now: </pre><img src=x')")
    assert page.value("document.title") == "long · Fieldcraft"
    assert page.value("document.querySelectorAll('img, main script').length") == 0
    assert page.problems == []


def test_nothing_is_asked_of_another_machine(page: Page, served: Server) -> None:
    page.requests.clear()
    open_run(page, served)
    assert page.requests
    assert all(request.startswith(served.address) for request in page.requests)


@pytest.mark.parametrize(
    ("width", "scheme", "paper"), [(390, "dark", "20, 22, 24"), (1280, "light", "251, 250, 247")]
)
@pytest.mark.parametrize("path", ["", "r/long/", "r/long/iterations", "compare?a=long&b=long"])
def test_pages_fit_phones_and_desktops_and_follow_the_colour_scheme(
    page: Page, served: Server, width: int, scheme: str, paper: str, path: str
) -> None:
    page.look(width, 800, scheme)
    page.open(served.address + path)
    page.until("document.getAnimations().length === 0")
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("getComputedStyle(document.body).backgroundColor") == f"rgb({paper})"


def test_the_rest_of_a_page_follows_its_first_frame(page: Page, served: Server) -> None:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(f"{served.address}r/long/")
    shown = "[...document.querySelectorAll('section h2')].every((title) => title.checkVisibility())"
    page.until(f"document.getAnimations().length === 0 && {shown}")


def test_buttons_send_notes_to_the_run(page: Page, server: Server, run: Run) -> None:
    open_run(page, server)
    page.value("document.querySelector('#words').value = 'look for <b>iron</b>'")
    page.click("button[value=say]")
    page.until(
        "document.querySelector('.steering [data-answer]').textContent.startsWith('Sent; the run hears')"
    )
    assert page.value("document.querySelector('#words').value") == ""
    page.click("button[value=pause]")
    page.until("document.body.innerText.includes('2 notes not heard yet')")
    waiting = Inbox(run.folder).waiting()
    assert [(note.kind, note.text) for note in waiting] == [("say", "look for <b>iron</b>"), ("pause", "")]


def test_a_button_without_the_words_it_needs_says_so(page: Page, server: Server) -> None:
    open_run(page, server)
    page.click("button[value=task]")
    page.until("document.querySelector('.steering [data-answer]').textContent.includes('needs a text')")


def test_what_somebody_opened_stays_open_while_the_run_goes_on(page: Page, server: Server, run: Run) -> None:
    open_run(page, server)
    page.value("document.querySelector('[data-key=iteration-2]').open = true")
    page.until("document.querySelector('[data-key=iteration-2]').textContent.includes('walked 2')")
    grow(run, 1)
    page.until("document.querySelector('[data-key=iteration-4]') !== null")
    assert page.value("document.querySelector('[data-key=iteration-2]').open")
    assert "walked 2" in page.text("[data-key=iteration-2]")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_stopped_is_said_and_found_again(
    page: Page, server: Server, run: Run, how: signal.Signals
) -> None:
    open_run(page, server)
    address = server.address
    server.stop(how)
    page.until("!document.querySelector('#lost').hidden")
    add(run, e.Warned(text="while nobody served"))
    server.start(address.split(":")[2].split("/")[0])
    assert server.address == address
    page.until("document.querySelector('.feed').textContent.includes('while nobody served')")
    page.until("document.querySelector('#lost').hidden")


def test_a_run_that_is_killed_and_goes_on_is_followed(page: Page, server: Server, run: Run) -> None:
    open_run(page, server)
    segment = run.journal.segments()[-1]
    run.close()
    page.until("document.body.innerText.includes('interrupted')")
    with segment.open("ab") as file:
        file.write(b'{"number": 99, "type": "warned", "te')
    with Run.open(run.folder.parent, "long") as again:
        grow(again, 2)
        again.journal.rotate_if_large(lambda: checkpoint(again), limit=1)
        again.state.events += 1
        grow(again, 1)
        page.until("document.querySelector('[data-key=iteration-6]') !== null")


def test_ctrl_c_ends_the_server_at_once_although_a_page_is_open(page: Page, server: Server) -> None:
    open_run(page, server)
    assert server.stop() == 0
