"""What the code of a user's world does wrong is named, contained, and its traceback kept for the author."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from fieldcraft.envs import (
    BrokenEnvironment,
    Environment,
    EnvironmentSpec,
    ItemGoal,
    Observation,
    PrimitiveError,
    Progress,
    primitive,
)
from fieldcraft.envs.answers import NoData
from fieldcraft.envs.faults import FILE, NeverReturned, WorldFault, faults_of
from fieldcraft.envs.fuse import Fuse, TookTooLong, within
from fieldcraft.envs.needed import taken_snapshot


@dataclass
class Found:
    """What a primitive may return."""

    name: str
    count: int


class Odd(Environment):
    """A world whose primitives return what they should not."""

    spec = EnvironmentSpec(id="odd-v1", description="Odd.", seconds_limit=1)

    def reset(self, *, seed, options=None):
        self.held = {}
        return self.observe()

    def observe(self):
        return Observation()

    def progress(self):
        return Progress()

    @primitive
    def bug(self) -> int:
        """Has a bug."""
        return self.held["missing"]

    @primitive
    def leave(self) -> None:
        """Ends the process."""
        sys.exit(3)

    @primitive
    def number(self) -> int:
        """A number of NumPy."""
        return np.int64(3)

    @primitive
    def table(self) -> object:
        """Arrays within a dict."""
        return {"rows": np.arange(4).reshape(2, 2), "when": [np.float32(0.5), float("nan")]}

    @primitive
    def found(self) -> Found:
        """A dataclass."""
        return Found("gem", 2)

    @primitive
    def each(self) -> object:
        """A generator."""
        yield 1
        yield 2

    @primitive
    def endless(self) -> object:
        """A generator without an end."""
        while True:
            yield 1

    @primitive
    async def wait(self, seconds: float = 0.0) -> int:
        """A coroutine."""
        await asyncio.sleep(seconds)
        return 5

    @primitive
    async def refuse(self) -> int:
        """A coroutine that refuses."""
        raise PrimitiveError("nothing to refuse")

    @primitive
    def itself(self) -> object:
        """The world itself."""
        return {"inside": self}

    @primitive
    def half(self) -> str:
        """Half of a character."""
        return "a\ud800"


@pytest.fixture
def odd():
    world = Odd()
    world.reset(seed=0)
    return world


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("number", 3),
        ("table", {"rows": [[0, 1], [2, 3]], "when": [0.5, None]}),
        ("found", {"name": "gem", "count": 2}),
        ("each", [1, 2]),
        ("wait", 5),
        ("half", "a\ufffd"),
    ],
)
def test_what_python_returns_becomes_data(odd, name, given):
    result = odd.call_primitive(name)
    assert result == given
    assert type(result) is type(given)


@pytest.mark.parametrize(("name", "said"), [("itself", "Odd"), ("endless", "250,000")])
def test_what_is_no_data_is_refused_with_the_primitives_name(odd, name, said):
    with pytest.raises(NoData, match=rf"bot\.{name} returned .*{said}"):
        odd.call_primitive(name)


def test_a_coroutine_may_refuse_as_any_primitive_does(odd):
    with pytest.raises(PrimitiveError, match="nothing to refuse"):
        odd.call_primitive("refuse")


def test_coroutines_run_while_another_event_loop_runs(odd):
    async def within_a_loop():
        return odd.call_primitive("wait")

    assert asyncio.run(within_a_loop()) == 5


def test_coroutines_of_one_world_share_an_event_loop():
    class Connected(Odd):
        @primitive
        async def loop(self) -> bool:
            """Whether this is the loop of the last time."""
            before, self.seen = getattr(self, "seen", None), asyncio.get_running_loop()
            return before is self.seen

    world = Connected()
    assert [world.call_primitive("loop") for _ in range(3)] == [False, True, True]


class Broken(Odd):
    """Methods that break as `how` says."""

    how = ""

    def observe(self):
        if self.how == "exit":
            sys.exit("no more")
        if self.how == "cancel":
            raise asyncio.CancelledError
        if self.how == "hang":
            threading.Event().wait()
        return {"tick": np.int64(4)}

    async def progress(self):
        return {"items": {"gem": 1}}

    def check(self, goal, since):
        return self.how == "met"

    def snapshot(self):
        if self.how == "text":
            return "text"
        raise RuntimeError("cannot save")

    def close(self):
        raise RuntimeError("cannot close")


def test_methods_may_return_dicts_bools_and_coroutines():
    world = Broken()
    assert world.observe() == Observation(tick=4)
    assert world.progress() == Progress(items={"gem": 1})
    assert not world.check(ItemGoal(item="gem"), Progress()).met
    world.how = "met"
    assert world.check(ItemGoal(item="gem"), Progress()).met


@pytest.mark.parametrize(("how", "said"), [("exit", "SystemExit: no more"), ("cancel", "CancelledError")])
def test_what_would_end_the_process_is_an_error_of_the_world(how, said):
    world = Broken()
    world.how = how
    with pytest.raises(WorldFault, match=rf"observe raised {said} \(test_misbehaving.py, line \d+\)"):
        world.observe()


def test_ctrl_c_is_nobodys_fault():
    class Interrupted(Odd):
        def observe(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted().observe()


def test_a_method_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr("fieldcraft.envs.faults.LEAST_SECONDS", 0.2)
    world = Broken()
    world.spec = world.spec.model_copy(update={"seconds_limit": 0.2})
    world.how = "hang"
    with pytest.raises(NeverReturned, match="observe had not returned in time"):
        world.observe()
    world.how = ""
    assert world.observe().tick == 4


def test_closing_never_raises_and_says_why(caplog):
    with caplog.at_level(logging.WARNING):
        Broken().close()
    assert "the world failed to close: RuntimeError: cannot close" in caplog.text


@pytest.mark.parametrize(("how", "said"), [("", "RuntimeError: cannot save"), ("text", "gave a str")])
def test_a_snapshot_that_cannot_be_taken_is_one_line(how, said):
    world = Broken()
    world.how = how
    with pytest.raises(BrokenEnvironment, match=said):
        taken_snapshot(world)


def test_the_traceback_is_kept_with_the_authors_lines_alone(odd, tmp_path):
    faults = faults_of(odd)
    for _ in range(3):
        with pytest.raises(KeyError) as caught:
            odd.call_primitive("bug")
        faults.note("bot.bug", caught.value)
    faults.keep_in(tmp_path)
    faults.note("bot.bug", KeyError("another"))
    kept = (tmp_path / FILE).read_text()
    assert kept.count('return self.held["missing"]') == 1
    assert "in bug" in kept and "call_primitive" not in kept
    assert kept.count("bot.bug: KeyError") >= 2
    assert len(faults.unsaid()) == 2 and faults.unsaid() == []


def test_the_file_of_tracebacks_is_bounded_and_follows_no_link(odd, tmp_path, monkeypatch):
    monkeypatch.setattr("fieldcraft.envs.faults._FILE_LIMIT", 2_000)
    faults = faults_of(odd)
    faults.keep_in(tmp_path)
    for number in range(300):
        faults.note("bot.bug", KeyError("x" * 100 + str(number)))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 8_000
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).symlink_to(elsewhere)
    faults.note("bot.bug", KeyError("y"))
    assert elsewhere.read_text() == ""


def test_an_exception_whose_text_raises_is_told():
    class Spiteful(Exception):
        def __str__(self):
            raise RuntimeError

    odd = Odd()
    faults_of(odd).note("bot.bug", Spiteful())
    assert faults_of(odd).unsaid() == ["bot.bug: Spiteful: (an error without a text)"]


def _spin():
    while True:
        pass


@pytest.mark.parametrize("hang", [_spin, threading.Event().wait, lambda: time.sleep(10**6)])
def test_the_main_thread_is_freed_whatever_it_waits_for(hang):
    with pytest.raises(TookTooLong):
        within(0.1, hang)


def test_code_that_catches_errors_is_ended_too():
    def stubborn():
        while True:
            with contextlib.suppress(Exception):
                _spin()

    with pytest.raises(TookTooLong):
        within(0.1, stubborn)


def test_another_thread_is_freed_where_it_runs_python():
    raised = []

    def work():
        try:
            within(0.1, _spin)
        except TookTooLong as late:
            raised.append(late)
        raised.append(within(5, lambda: "goes on"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert len(raised) == 2 and raised[1] == "goes on"


def test_a_deadline_that_moves_away_is_not_enforced():
    with Fuse(time.monotonic() - 0.9) as fuse:
        fuse.deadline = time.monotonic() + 60
        assert fuse.run(lambda: time.sleep(0.5) or "done") == "done"
