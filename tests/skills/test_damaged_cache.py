"""Files of the cache that are damaged, locked, on a full disk or of a newer version: the search goes on."""

from __future__ import annotations

import logging
import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.search.remembered import RememberedVectors, Vector

PLACE = ("skills", "letters-1")
PATIENCE = 120
CASES = 50

Damage = Callable[[Path], None]


def vectors(count: int = 40, size: int = 96) -> dict[bytes, Vector]:
    numbers = np.random.default_rng(1).standard_normal((count, size)).astype(np.float32)
    return {f"key {number}".encode(): vector for number, vector in enumerate(numbers)}


@pytest.fixture
def path(cache: Path) -> Path:
    """A file with vectors, closed."""
    remembered = RememberedVectors(PLACE)
    remembered.remember(vectors())
    remembered.close()
    return cache.joinpath(*PLACE, "vectors.sqlite")


def check_use(remembered: RememberedVectors) -> None:
    """Nothing wrong is recalled, and what is added now is found again."""
    known = vectors()
    for key, vector in remembered.recall(list(known)).items():
        assert np.array_equal(vector, known[key])
    remembered.remember(known)
    found = remembered.recall(list(known))
    assert found.keys() == known.keys()
    assert all(np.array_equal(found[key], known[key]) for key in known)


def check_file(path: Path) -> None:
    """The file is sound and holds everything."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM vectors").fetchone()[0] == len(vectors())


def hurt(path: Path, rng: random.Random) -> None:
    """Some bytes of one page, or of every page, are something else."""
    content = bytearray(path.read_bytes())
    pages = range(0, len(content), 4096)
    for page in pages if rng.random() < 0.5 else [rng.choice(pages)]:
        for _ in range(rng.choice([1, 8, 200])):
            content[page + rng.randrange(min(4096, len(content) - page))] = rng.randrange(256)
    path.write_bytes(content)


@pytest.mark.parametrize("seed", range(CASES))
def test_random_damage_costs_what_was_remembered(
    path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    hurt(path, random.Random(seed))
    remembered = RememberedVectors(PLACE)
    check_use(remembered)
    remembered.close()
    check_file(path)
    assert len(caplog.records) <= 1, caplog.text


@pytest.mark.parametrize("seed", range(0, CASES, 2))
def test_random_damage_under_an_open_file_costs_what_was_remembered(
    path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    remembered = RememberedVectors(PLACE)
    hurt(path, random.Random(seed))
    check_use(remembered)
    remembered.close()
    again = RememberedVectors(PLACE)
    check_use(again)
    again.close()
    assert len(caplog.records) <= 2, caplog.text


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 3 * 4096 + 100])


def newer(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[18:20] = bytes([9, 9])
    path.write_bytes(content)


def newer_to_write(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[18] = 9
    path.write_bytes(content)


def newer_schema(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[44:48] = bytes([0, 0, 0, 9])
    path.write_bytes(content)


def other_columns(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript("DROP TABLE vectors; CREATE TABLE vectors (key BLOB PRIMARY KEY, other INT)")


def hot_journal(path: Path) -> None:
    magic = b"\xd9\xd5\x05\xf9 \xa1c\xd7" + (1).to_bytes(4, "big") + bytes(500)
    path.with_name(path.name + "-journal").write_bytes(magic + b"\0\0\0\2" + b"rubbish" * 700)


def write_ahead(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    path.with_name(path.name + "-wal").write_bytes(b"\x37\x7f\x06\x82" + b"rubbish" * 700)
    path.with_name(path.name + "-shm").write_bytes(b"rubbish" * 5000)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("these are no vectors\n" * 300)


EVERY = [
    cut,
    newer,
    newer_to_write,
    newer_schema,
    other_columns,
    hot_journal,
    write_ahead,
    zeros,
    empty,
    text,
]


@pytest.mark.parametrize("damage", EVERY, ids=lambda damage: damage.__name__)
def test_a_file_that_is_no_database_of_ours_is_replaced_with_one_line(
    path: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    damage(path)
    remembered = RememberedVectors(PLACE)
    check_use(remembered)
    remembered.close()
    check_file(path)
    assert len(caplog.records) <= 1, caplog.text
    caplog.clear()
    again = RememberedVectors(PLACE)
    assert len(again.recall(list(vectors()))) == len(vectors()) and not caplog.records
    again.close()


def test_a_locked_file_is_left_alone(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fieldcraft.skills.search.remembered._LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        remembered = RememberedVectors(PLACE)
        check_use(remembered)
        remembered.close()
        other.execute("ROLLBACK")
    check_file(path)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "database is locked); working in memory" in caplog.text


def test_a_full_disk_costs_what_would_be_remembered(path: Path) -> None:
    program = textwrap.dedent(
        """
        import resource, signal, sys
        import numpy as np
        from fieldcraft.skills.search.remembered import RememberedVectors
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        remembered = RememberedVectors(("skills", "letters-1"))
        size = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        many = {f"new {n}".encode(): np.zeros(96, np.float32) for n in range(2000)}
        remembered.remember(many)
        print(len(remembered.recall(list(many))))
        """
    )
    command = [sys.executable, "-c", program, str(path.stat().st_size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "2000"
    assert "working in memory" in done.stderr and done.stderr.count("\n") == 1
    check_file(path)


def test_two_processes_that_rebuild_at_once_both_go_on(path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        import numpy as np
        from fieldcraft.skills.search.remembered import RememberedVectors
        remembered = RememberedVectors(("skills", "letters-1"))
        print("open", flush=True)
        sys.stdin.readline()
        for number in range(60):
            key = f"{sys.argv[1]} {number}".encode()
            remembered.remember({key: np.full(96, number, np.float32)})
            assert remembered.recall([key])[key][0] == number
        print("done")
        """
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([7]) * (len(content) - 100))
    for process in started:
        said, complaints = process.communicate("go\n", timeout=PATIENCE)
        assert said == "done\n", complaints
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_damage_that_would_kill_the_process_is_found_before_chroma_reads_it(cache: Path) -> None:
    """With a thousand skills Chroma keeps graphs in files of its own, which it reads as they are."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from fieldcraft.skills import Skill
        from fieldcraft.skills.search.index import SkillIndex
        source = "def say_{0}(bot):\\n    bot.say({0})\\n"
        skills = [
            Skill(name=f"say-{n}", description=f"Says {n}.", source=source.format(n), entry=f"say_{n}")
            for n in range(1100)
        ]
        index = SkillIndex(Path("library"), "skill_test_embeddings:Letters", None)
        index.sync({skill.digest: skill for skill in skills})
        print(len(index.search("say 7", 5).dense))
        index.close()
        """
    )
    command = [sys.executable, "-c", program]
    for seed in range(4):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, cwd=Path(__file__).parent, check=False
        )
        assert done.stdout == "5\n", done.stderr
        assert done.stderr.count("damaged") == (seed > 0)
        graphs = sorted(cache.rglob("data_level0.bin"))
        content = bytearray(graphs[0].read_bytes())
        rng = random.Random(seed)
        for _ in range(2000):
            content[rng.randrange(len(content))] = rng.randrange(256)
        graphs[0].write_bytes(content)


def test_a_search_goes_on_over_damage_anywhere_in_its_files(
    library: SkillLibrary, make_skill, letters: str, cache: Path
) -> None:
    library._embeddings = letters
    for entry in ("mine_log", "walk", "eat"):
        library.keep(make_skill(entry))
    found = {match.skill.name for match in library.search("mine a log")}
    library.close()
    rng = random.Random(5)
    for _ in range(8):
        for file in sorted(cache.rglob("*")):
            if file.is_file() and file.stat().st_size and rng.random() < 0.7:
                hurt(file, rng)
        assert {match.skill.name for match in library.search("mine a log")} == found
        library.close()
