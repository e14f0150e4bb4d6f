"""Several processes share one Chroma server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chroma_server import chroma_server, free_port
from machine import PATIENCE

from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.search.dense import ServerUnavailable

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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with chroma_server(tmp_path / "chroma") as started:
        yield started


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
        self.process.communicate(timeout=PATIENCE)


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
