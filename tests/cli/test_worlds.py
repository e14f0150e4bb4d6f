"""Worlds that misbehave, from the command line."""

from __future__ import annotations

SOURCE = """
import os, sys, threading
from fieldcraft.envs import Environment, EnvironmentSpec, Observation, Progress, primitive


class Pit(Environment):
    spec = EnvironmentSpec(id="pit-v1", description="A pit.", seconds_limit=1)

    def reset(self, *, seed, options=None):
        return self.observe()

    def observe(self):
        return Observation()

    def progress(self):
        return Progress()

    @primitive
    def bug(self) -> int:
        "Has a bug."
        return {}["gem"]

    @primitive
    def fall(self) -> int:
        "Ends the process."
        os._exit(3)
"""


def test_check_names_each_primitive_and_shows_the_authors_traceback_if_asked(workshop):
    (workshop.folder / "pit.py").write_text(SOURCE)
    ended = workshop.run("-v", "envs", "check", "pit:Pit")
    assert ended.code == 1
    assert "bug() failed: KeyError: 'gem' (pit.py, line 21)" in " ".join(ended.out.split())
    assert "fall() ended the world's process (exit status 3)" in " ".join(ended.out.split())
    assert 'return {}["gem"]' in ended.err


def test_the_offline_model_is_refused_in_a_world_that_it_cannot_play(workshop):
    (workshop.folder / "pit.py").write_text(SOURCE)
    ended = workshop.run("explore", "--env", "pit:Pit", "--model", "offline")
    assert ended.code == 2
    assert "the offline model cannot play pit-v1" in ended.err and "--model" in ended.err


def test_a_world_in_a_process_of_its_own_is_explored_and_resumed(workshop):
    ended = workshop.run("explore", "--plain", "--world-process", "--iterations", "2", "--name", "apart")
    assert ended.code == 0
    ended = workshop.run("explore", "--plain", "--resume", "apart", "--no-world-process", "--iterations", "3")
    assert ended.code == 0
    assert "from here on the world lives in the process of the run" in ended.out + ended.err


def test_a_study_opens_a_world_in_a_process_of_its_own_where_asked(workshop):
    ending = SOURCE.replace(
        "        return self.observe()\n\n    def observe", "        os._exit(3)\n\n    def observe"
    )
    (workshop.folder / "abyss.py").write_text(ending)
    flags = (
        "--env",
        "abyss:Pit",
        "--world-process",
        "--seeds",
        "1",
        "--methods",
        "full",
        "--iterations",
        "1",
    )
    ended = workshop.run("study", "items", *flags, "--no-figures")
    assert ended.code in (1, 2)
    assert "abyss:Pit" in ended.err and "Traceback" not in ended.err
