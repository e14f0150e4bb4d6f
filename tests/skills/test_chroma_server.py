"""Several processes share one Chroma server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.dense import ServerUnavailable

MEMBER = """
import sys
from fieldcraft.skills import Skill, SkillLibrary

library = SkillLibrary(sys.argv[1])
for line in sys.stdin:
    name = line.strip()
    source = f"def {name}(bot):\\n    bot.say('{name}')\\n"
    library.keep(Skill(name=name, description=f"{name} now.", source=source, entry=name))
    print(*sorted(match.skill.name for match in library.search("walk to the tree")), flush=True)
"""
CHROMA = shutil.which("chroma", path=str(Path(sys.executable).parent)) or shutil.which("chroma")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    if CHROMA is None:
        assert not os.environ.get("CI"), "CI must have the chroma command, which comes with chromadb"
        pytest.skip("the chroma command is not installed")
    port = free_port()
    command = [CHROMA, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(tmp_path / "chroma")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
        process.kill()


class Member:
    """A process that works on the library when told to."""

    def __init__(self, library: Path, url: str) -> None:
        command = [sys.executable, "-c", MEMBER, str(library)]
        environment = {**os.environ, "FIELDCRAFT_CHROMA_URL": url}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def keeps_then_finds(self, name: str) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(name, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().split()

    def leave(self) -> None:
        self.process.communicate(timeout=30)


def test_two_processes_share_a_server_and_outlive_it(tmp_path, server):
    url, process = server
    first, second = Member(tmp_path / "library", url), Member(tmp_path / "library", url)
    assert first.keeps_then_finds("walk") == ["walk"]
    assert second.keeps_then_finds("eat") == ["eat", "walk"]
    assert first.keeps_then_finds("walk") == ["eat", "walk"]
    process.kill()
    process.wait()
    assert first.keeps_then_finds("sleep") == ["eat", "sleep", "walk"]
    assert second.keeps_then_finds("sleep") == ["eat", "sleep", "walk"]
    first.leave()
    second.leave()


def test_a_server_that_does_not_answer_is_named(tmp_path, make_skill):
    library = SkillLibrary(tmp_path / "library", chroma_url=f"http://127.0.0.1:{free_port()}")
    library.keep(make_skill("walk"))
    with pytest.raises(ServerUnavailable, match="chroma run"):
        library.search("walk")
