"""A cache folder that cannot be written or is full costs what it would hold, and one line in the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.skills import Provenance, Skill, SkillLibrary, Verified
from fieldcraft.skills.search.index import SkillIndex
from fieldcraft.tools.builtin.corpus.index import PassageIndex


@pytest.fixture
def no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that nobody can make, not even root: a file is in its place."""
    (tmp_path / "taken").write_text("a file")
    folder = tmp_path / "taken" / "cache"
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(folder))
    return folder


def test_skills_are_found_in_memory_and_one_line_says_so(
    no_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = SkillIndex(tmp_path / "library", None, None)
    index.sync({})
    assert index.search("wood", 5).dense == {}
    index.close()
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert f"the cache {no_folder} cannot be used" in record.getMessage()
    assert "working in memory" in record.getMessage()


def test_a_corpus_is_searched_in_memory_and_follows_its_files(
    no_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = tmp_path / "notes"
    corpus.mkdir()
    (corpus / "otters.txt").write_text("Otters sleep in the water.")
    index = PassageIndex(corpus)
    assert [found.source for found in index.search("otters", 3)] == ["otters.txt"]
    (corpus / "owls.txt").write_text("Owls sleep by day.")
    assert [found.source for found in index.search("owls", 3)] == ["owls.txt"]
    (corpus / "otters.txt").unlink()
    assert index.search("otters", 3) == []
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


FULL = """
import resource, signal, sys
sys.dont_write_bytecode = True
from pathlib import Path
from fieldcraft.skills import SkillLibrary
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
library = SkillLibrary(Path(sys.argv[1]), environment="wood-v1")
print([hit.skill.name for hit in library.search("chop wood", 3)])
library.close()
"""


@pytest.mark.parametrize("size", [0, 5_000, 60_000, 200_000])
def test_a_full_disk_ends_no_search(size: int, tmp_path: Path) -> None:
    library = SkillLibrary(tmp_path / "library", environment="wood-v1")
    library.keep(
        Skill(
            name="chop-wood",
            entry="chop_wood",
            source="def chop_wood(bot):\n    bot.chop()\n",
            description="Chops wood.",
            environment="wood-v1",
            verified=Verified.FULL,
            provenance=Provenance(run="one", iteration=1, task="Chop wood"),
        )
    )
    library.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "library"), str(size)],
        env={"FIELDCRAFT_CACHE": str(tmp_path / "other-cache"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "['chop-wood']\n", done.stderr
