"""Readers of a stranger's library: skill folders, programs, published libraries."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _reader import Opened, Reader

from fieldcraft.skills import ProgramError, Skill, SkillLibrary, parse_program
from fieldcraft.skills.formats.voyager_reading import read_published
from fieldcraft.skills.library.errors import LibraryError
from fieldcraft.skills.library.likeness import likeness, near
from fieldcraft.skills.program.javascript import read_script

PYTHON = '''"""A program."""

LIMIT = 3


def get_log(bot, count=1):
    """Get logs."""
    held = bot.inventory().get("oak_log", 0)
    while held < count and held < LIMIT:
        try:
            bot.mine("oak_log", count - held)
        except Exception as error:
            print(f"no log: {error!r}")
            break
        held = {name: many for name, many in bot.inventory().items()}["oak_log"]
    return held
'''
JAVASCRIPT = """// Get logs.
async function getLog(bot, count = 1) {
  const held = bot.inventory.items().filter((item) => /_log$/.test(item.name)).length
  for (let i = held; i < count; i++) {
    await mineBlock(bot, `oak_log`, 1)
    if (bot.health < 5) { bot.chat('low: ' + (bot.health ?? 0)); return }
  }
}
"""


@contextmanager
def _skill() -> Iterator[Reader]:
    """SKILL.md of a library with one other skill, which must stay whole."""
    with tempfile.TemporaryDirectory() as folder:
        library = SkillLibrary(folder)
        library.keep(Skill(name="get-log", description="Get: logs", source=PYTHON, entry="get_log"))
        source = "def other(bot):\n    return bot.position()\n"
        library.keep(Skill(name="other", description="Another.", source=source, entry="other"))
        document = Path(folder, "get-log", "SKILL.md")

        def read(data: bytes) -> object:
            document.write_bytes(data)
            opened = SkillLibrary(folder)
            if "other" not in opened.names():
                raise AssertionError("the other skill is gone")
            return opened.problems()

        yield Reader([document.read_bytes()], read)


@contextmanager
def _python() -> Iterator[Reader]:
    yield Reader(
        [PYTHON.encode()], lambda data: parse_program(data.decode(errors="replace")), (ProgramError,)
    )


@contextmanager
def _javascript() -> Iterator[Reader]:
    yield Reader(
        [JAVASCRIPT.encode()], lambda data: read_script(data.decode(errors="replace")), (ProgramError,)
    )


@contextmanager
def _likeness() -> Iterator[Reader]:
    def skill(source: str) -> Skill:
        return Skill(name="get-log", description="Get logs.", source=source, entry="get_log")

    def read(data: bytes) -> object:
        first = skill(data.decode(errors="replace"))
        return likeness(first), near(first, skill(PYTHON)), near(first, first)

    yield Reader([PYTHON.encode()], read)


@contextmanager
def _published() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "code").mkdir()
        (folder / "description").mkdir()
        (folder / "code" / "getLog.js").write_text(JAVASCRIPT)
        listed = {"getLog": {"code": JAVASCRIPT, "description": "async function getLog(bot) {\n // Logs.\n}"}}

        def read(data: bytes) -> object:
            (folder / "skills.json").write_bytes(data)
            (folder / "description" / "getLog.txt").write_bytes(data)
            return read_published(folder)

        yield Reader([json.dumps(listed).encode()], read, (LibraryError,))


SKILL_READERS: dict[str, Opened] = {
    "skill": _skill,
    "python": _python,
    "javascript": _javascript,
    "likeness": _likeness,
    "published": _published,
}
