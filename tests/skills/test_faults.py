"""A library that is shared, cut off in the middle, full, read-only, or without its index."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from machine import PATIENCE, needs

from fieldcraft.skills import (
    LibraryLocked,
    LibraryNotWritable,
    SkillLibrary,
)

KEEPER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from fieldcraft.skills import Skill, SkillLibrary

    library, worker, count = SkillLibrary(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
    for number in range(count):
        name = f"{worker}{number % 7}"
        source = f"def {name}(bot):\\n    bot.say('{worker}', {number})\\n" + "    bot.wait(1)\\n" * 50
        skill = Skill(name=name, description=f"Says {number}.", source=source, entry=name)
        library.keep(skill)
        print(skill.name, skill.digest, flush=True)
    """
)


def start_keeper(library: Path, worker: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KEEPER, str(library), worker, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_one_library_and_nothing_is_lost(tmp_path):
    path = tmp_path / "library"
    keepers = [start_keeper(path, worker, 25) for worker in ("first", "second")]
    said = [
        line.split() for keeper in keepers for line in keeper.communicate(timeout=PATIENCE)[0].splitlines()
    ]
    library = SkillLibrary(path)
    assert (len(said), len(library), library.problems()) == (50, 14, [])
    assert all(library.get(name, digest).digest == digest for name, digest in said)


def test_the_second_writer_is_told_who_is_writing(tmp_path, make_skill):
    path = tmp_path / "library"
    hold = (
        "import sys; from fieldcraft.skills import SkillLibrary\nwith SkillLibrary(sys.argv[1]).writing():\n"
    )
    hold += "    print('held', flush=True)\n    sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        library = SkillLibrary(path)
        with pytest.raises(LibraryLocked, match=f"process {holder.pid}"), library.writing(timeout=0.05):
            pass
        assert library.search("anything") == []
        holder.communicate("", timeout=PATIENCE)
    assert library.keep(make_skill("mine_log")).status == "new"


@pytest.mark.parametrize("seed", range(6))
def test_a_keeper_killed_at_any_moment_loses_nothing_it_acknowledged(tmp_path, seed):
    path = tmp_path / "library"
    said: list[list[str]] = []
    choose = random.Random(seed)
    for _ in range(2):
        keeper = start_keeper(path, "skill", 100_000)
        assert keeper.stdout is not None
        said.append(keeper.stdout.readline().split())
        time.sleep(choose.uniform(0, 0.15))
        os.kill(keeper.pid, signal.SIGKILL)
        said += [
            line.split() for line in keeper.communicate()[0].splitlines(keepends=True) if line[-1] == "\n"
        ]
        library = SkillLibrary(path)
        assert library.problems() == []
        assert all(library.get(name, digest).digest == digest for name, digest in said)
    with library.writing():
        assert not list((path / ".fieldcraft" / "work").iterdir())
    last = dict(said)
    unsaid = set(library.names()) - set(last)
    assert set(last) <= set(library.names()), "something acknowledged is lost"
    assert len(unsaid) <= 2, "at most the skill that each kill cut off before it was acknowledged"


def test_an_exchange_cut_in_the_middle_shows_the_new_version_and_is_finished_by_the_next_writer(
    library, make_skill
):
    old, new = (
        make_skill("mine_log", "bot.mine('oak_log', 1)"),
        make_skill("mine_log", "bot.mine('oak_log', 2)"),
    )
    library.keep(new)
    library.keep(old)
    (library.path / ".fieldcraft" / "work" / "mine-log.current").write_text(new.digest)
    (library.path / "mine-log" / "scripts" / "skill.py").write_text(new.source)
    reader = SkillLibrary(library.path)
    assert (reader.get("mine_log").source, reader.problems()) == (new.source, [])
    with reader.writing():
        pass
    assert not (library.path / ".fieldcraft" / "work" / "mine-log.current").exists()
    assert SkillLibrary(library.path).get("mine_log") == new


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX users and limits")
def test_a_full_disk_is_told_and_leaves_no_half_skill(tmp_path, make_skill):
    path = tmp_path / "library"
    SkillLibrary(path).keep(make_skill("mine_log"))
    program = textwrap.dedent(
        """
        import resource, sys
        from fieldcraft.skills import LibraryNotWritable, Skill, SkillLibrary
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        library = SkillLibrary(sys.argv[1])
        long = "def long(bot):\\n" + "    bot.wait(1)\\n" * 3500
        try:
            library.keep(Skill(name="long", description="x", source=long, entry="long"))
        except LibraryNotWritable as error:
            print(error)
        print(library.names(), library.problems())
        """
    )
    command = [sys.executable, "-c", program, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "free some space" in said
    assert "['mine-log'] []" in said
    assert sorted(entry.name for entry in path.iterdir()) == [".fieldcraft", "mine-log"]


@needs("setpriv", there=shutil.which("setpriv") is not None)
def test_a_read_only_folder_can_be_read_and_searched_but_says_that_it_cannot_be_written(
    tmp_path, make_skill, cache
):
    path = tmp_path / "library"
    SkillLibrary(path).keep(make_skill("mine_log"))
    cache.mkdir()
    program = textwrap.dedent(
        """
        import sys
        from fieldcraft.skills import LibraryNotWritable, Skill, SkillLibrary
        library = SkillLibrary(sys.argv[1])
        print(library.names(), [match.skill.name for match in library.search("get a log")])
        source = "def wave(bot):\\n    pass\\n"
        try:
            library.keep(Skill(name="wave", description="x", source=source, entry="wave"))
        except LibraryNotWritable as error:
            print(error)
        """
    )
    mind_permissions = ["setpriv", "--bounding-set", "-dac_override"] if os.getuid() == 0 else []
    closed = [path, cache, *path.rglob("*")]
    for item in closed:
        item.chmod(item.stat().st_mode & 0o555)
    try:
        command = [*mind_permissions, sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    finally:
        for item in closed:
            item.chmod(item.stat().st_mode | 0o200)
    assert "['mine-log'] ['mine-log']" in done.stdout, done.stderr
    assert "check its permissions" in done.stdout


def test_a_damaged_index_is_thrown_away_and_built_again(library, make_skill, cache, caplog):
    for entry in ("mine_log", "walk", "eat"):
        library.keep(make_skill(entry))
    found = [match.skill.name for match in library.search("mine a log")]
    library.close()
    for damage in (b"", b"rubbish" * 1000):
        for path in cache.rglob("*"):
            if path.is_file() and path.name != "lock":
                path.write_bytes(damage)
        assert [match.skill.name for match in library.search("mine a log")] == found
        library.close()
    assert "damaged" in caplog.text
    shutil.rmtree(cache)
    assert [match.skill.name for match in library.search("mine a log")] == found


def test_an_index_damaged_under_a_running_search_is_built_again(library, make_skill, cache):
    library.keep(make_skill("mine_log"))
    library.search("warm up")
    for path in cache.rglob("words.sqlite*"):
        path.write_bytes(b"rubbish" * 1000)
    library.keep(make_skill("walk"))
    library.keep(make_skill("eat"))
    assert len(library.search("something new to look for")) == 3


def test_a_search_works_while_another_process_has_the_index(library, make_skill):
    library.keep(make_skill("mine_log"))
    library.search("warm up")
    program = "import sys; from fieldcraft.skills import SkillLibrary\n"
    program += "print([m.skill.name for m in SkillLibrary(sys.argv[1]).search('log')])"
    with library.writing():
        command = [sys.executable, "-c", program, str(library.path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    assert said.strip() == "['mine-log']"


def test_a_thousand_skills_load_and_one_more_is_found(library, make_skill, letters):
    with library.writing():
        for number in range(1000):
            library.keep(make_skill(f"say_{number}"))
    again = SkillLibrary(library.path, embeddings=letters)
    assert (len(again), again.problems()) == (1000, [])
    again.keep(make_skill("zigzag", description="Zigzags quizzically."))
    assert again.search("Zigzags quizzically.")[0].skill.name == "zigzag"
    again.close()


def test_no_writer_is_needed_to_be_refused(library):
    with pytest.raises(LibraryNotWritable), library.writing():
        raise OSError(28, "No space left on device")
