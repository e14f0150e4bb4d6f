"""A run of a hostile model, and a page that is served to these tests over a real connection."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from machine import PATIENCE

from fieldcraft.cli.main import main
from fieldcraft.cli.views.lines import lines
from fieldcraft.serve import open_page

HOSTILE = "</pre><img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]


class Client:
    """Asks the page's server as a browser of this machine would."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.address, self.place, self.root = address, parts.netloc, parts.path

    def ask(
        self, path: str, *, method: str = "GET", body: Any = None, absolute: bool = False, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection(self.place, timeout=PATIENCE)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            given = {"Content-Type": "application/json", "Origin": f"http://{self.place}", **given}
        connection.request(method, path if absolute else self.root + path, content, given)
        answer = connection.getresponse()
        read = Answer(answer.status, answer.read().decode(errors="replace"), dict(answer.getheaders()))
        connection.close()
        return read

    def get(self, path: str = "") -> str:
        answer = self.ask(path)
        assert answer.status == 200, (path, answer)
        return answer.text

    def note(self, run: str, **note: Any) -> Answer:
        return self.ask(f"r/{run}/notes", method="POST", body=note)

    @contextmanager
    def stream(self, path: str) -> Iterator[Callable[[], dict[str, str]]]:
        """A stream of events; each call gives the sections that changed next."""
        connection = http.client.HTTPConnection(self.place, timeout=PATIENCE)
        connection.request("GET", self.root + path)
        answer = connection.getresponse()
        assert answer.status == 200

        end = time.monotonic() + 120

        def next_patch() -> dict[str, str]:
            while line := answer.readline():
                assert time.monotonic() < end, "what was waited for did not come"
                if line.startswith(b"data: "):
                    changed: dict[str, str] = json.loads(line[6:])
                    return changed
            raise AssertionError("the stream ended")

        try:
            yield next_patch
        finally:
            connection.close()


Serve = Callable[..., Client]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a hostile model lived two iterations of the grid world as the run `hostile`."""
    folder = tmp_path_factory.mktemp("recorded")
    program = f"def greet(bot):\n    print({HOSTILE!r})  # {HOSTILE}\n    raise ValueError({HOSTILE!r})\n"
    answers = {
        "curriculum": [json.dumps({"reasoning": HOSTILE, "task": f"Greet {HOSTILE}"})],
        "answerer": [HOSTILE] * 4,
        "actor": [f"```python\n{program}\n```"] * 2,
        "critic": [json.dumps({"reasoning": HOSTILE, "success": False, "critique": HOSTILE})] * 2,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("FIELDCRAFT_CACHE", str(folder / "cache"))
        (folder / "answers.json").write_text(json.dumps(answers))
        (folder / "fieldcraft.toml").write_text("questions = 0\n[budget]\niterations = 2\n")
        model = ["--model", "scripted:answers.json", "--critic", "model"]
        assert main(["explore", "--plain", "--name", "hostile", *model]) == 0
    return folder


@pytest.fixture
def runs(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of that run."""
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(recorded / "runs", tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def serve(runs: Path) -> Iterator[Serve]:
    """Serves the page of those runs, in a thread, until the test is over."""
    started = []

    def start(**options: Any) -> Client:
        page = open_page(runs, describe=lines, **{"port": 0, **options})
        thread = threading.Thread(target=page.run)
        thread.start()
        started.append((page, thread))
        return Client(page.address)

    yield start
    for page, thread in started:
        page.stop()
        thread.join()


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve()
