"""The conformance test finds what an environment does not keep, and passes the documented example."""

from __future__ import annotations

import itertools
import re
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest

from fieldcraft.envs import (
    BrokenEnvironment,
    Environment,
    EnvironmentSpec,
    Observation,
    PrimitiveError,
    Progress,
    UnknownEnvironment,
    check_environment,
    make,
    primitive,
)
from fieldcraft.envs.checker import check_closing

PAGE = Path(__file__).parents[2] / "docs" / "writing-an-environment.md"


class Counting(Environment):
    """A sound world with one number."""

    spec = EnvironmentSpec(id="counting-v1", description="Counts.", can_snapshot=True)

    def reset(self, *, seed, options=None):
        self._value = seed
        return self.observe()

    def observe(self):
        return Observation(tick=self._value, inventory={})

    def progress(self):
        return Progress()

    def snapshot(self):
        return b"counting:" + str(self._value).encode()

    def restore(self, snapshot):
        head, _, value = snapshot.partition(b":")
        if head != b"counting" or not value.isdigit():
            raise ValueError("not a snapshot of this world")
        self._value = int(value)

    @primitive
    def count(self, by: int = 1) -> int:
        """Count on."""
        self._value += by
        return self._value


class DrawsFromElsewhere(Counting):
    """Begins differently each time."""

    numbers = itertools.count()

    def reset(self, *, seed, options=None):
        self._value = next(self.numbers)
        return self.observe()


class ChangesWhenLookedAt(Counting):
    """Observing moves the clock."""

    def observe(self):
        self._value += 1
        return super().observe()


class HasNoDocstring(Counting):
    """A primitive that the model cannot understand."""

    @primitive
    def mystery(self) -> None:
        raise PrimitiveError("no")


class RefusesSilently(Counting):
    """An error without a message."""

    @primitive
    def refuse(self) -> None:
        """Refuse."""
        raise PrimitiveError("")


class TakesAnySnapshot(Counting):
    """Restores nonsense."""

    def restore(self, snapshot):
        digits = bytes(byte for byte in snapshot if 48 <= byte <= 57)
        self._value = int(digits or b"0")


class ForgetsItems(Counting):
    """Holds what progress does not know."""

    def observe(self):
        return Observation(tick=self._value, inventory={"stone": 1})


class DrawsNoPicture(Counting):
    """Announces pictures and has none."""

    spec = Counting.spec.model_copy(update={"can_render": True})


class Breaks(Counting):
    """One primitive fails, one hangs, one ends the process; the others are checked all the same."""

    spec = Counting.spec.model_copy(update={"seconds_limit": 0.2})

    @primitive
    def fail(self, item: str) -> None:
        """Fail."""
        raise KeyError(item)

    @primitive
    def hang(self) -> None:
        """Hang."""
        threading.Event().wait()

    @primitive
    def leave(self, how: Literal["soon", "later"]) -> None:
        """Leave."""
        sys.exit(how)

    @primitive
    def mystery(self) -> None:
        raise PrimitiveError("no")


class BreaksLater(Counting):
    """Sound at first; breaks as `how` says once it was lived in."""

    how = ""

    def observe(self):
        if self.how == "observe" and self._value > 2:
            raise OSError("no sensor")
        return super().observe()

    def progress(self):
        if self.how == "progress":
            return Progress(items={} if self._value > 2 else {"stone": 1})
        return super().progress()

    def snapshot(self):
        if self.how == "snapshot" and self._value > 2:
            raise OSError("no disk")
        return super().snapshot()

    def close(self):
        raise OSError("no end")


class BadNames(Counting):
    """Breaks at the first reset."""

    def reset(self, *, seed, options=None):
        raise RuntimeError("out of order")


def test_a_sound_environment_has_no_problems():
    assert check_environment(Counting()) == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (DrawsFromElsewhere, "same seed began differently"),
        (ChangesWhenLookedAt, "two looks in a row differ"),
        (HasNoDocstring, "mystery has no docstring"),
        (RefusesSilently, "refuse refused without a message"),
        (TakesAnySnapshot, "damaged snapshot was accepted"),
        (ForgetsItems, "stone is held and not in progress"),
        (DrawsNoPicture, "draws no pictures"),
        (BadNames, "RuntimeError: out of order"),
    ],
)
def test_a_broken_promise_is_told(broken, told):
    assert any(told in str(problem) for problem in check_environment(broken()))


@pytest.mark.parametrize(
    "told",
    [
        "fail(item='something') failed: KeyError: 'something' (test_checker.py, line",
        "hang() had not returned after 0.2 s (spec.seconds_limit)",
        "leave(how='soon') raised SystemExit: soon (test_checker.py, line",
        "mystery has no docstring",
    ],
)
def test_each_primitive_is_checked_whatever_the_others_do(told):
    assert any(told in str(problem) for problem in check_environment(Breaks()))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("observe", "it failed in observe: OSError: no sensor (test_checker.py, line"),
        ("progress", "progress().items has lost stone"),
        ("snapshot", "it failed in snapshot: OSError: no disk (test_checker.py, line"),
    ],
)
def test_what_breaks_only_later_is_found(how, told):
    world = BreaksLater()
    world.how = how
    assert any(told in str(problem) for problem in check_environment(world))


def test_closing_is_checked_apart():
    assert check_closing(Counting()) == []
    assert "it failed in close: OSError: no end" in str(check_closing(BreaksLater())[0])


@pytest.fixture
def orchard(tmp_path, monkeypatch):
    source = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]
    (tmp_path / "documented_orchard.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return source


def test_the_documented_environment_is_short_and_sound(orchard):
    assert len([line for line in orchard.splitlines() if line.strip()]) <= 40
    environment = make("documented_orchard:Orchard")
    assert check_environment(environment) == []
    environment.reset(seed=0)
    assert environment.call_primitive("pick", (2,)) == 2
    with pytest.raises(PrimitiveError, match="cannot pick 5 apple: the tree has 1"):
        environment.call_primitive("pick", (5,))


def test_an_installed_package_announces_its_environment(orchard, tmp_path):
    folder = tmp_path / "documented_orchard-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: documented-orchard\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[fieldcraft.envs]\norchard-v1 = documented_orchard:Orchard\n")
    assert make("orchard-v1").spec.id == "orchard-v1"


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("gridwolrd-v1", UnknownEnvironment, "did you mean 'gridworld-v1'"),
        ("no_such_module:World", UnknownEnvironment, "no module"),
        ("documented_orchard:Orchrad", UnknownEnvironment, "did you mean 'Orchard'"),
        ("documented_orchard:primitive", BrokenEnvironment, "not a subclass"),
    ],
)
def test_a_name_that_leads_nowhere_says_so(orchard, name, error, told):
    with pytest.raises(error, match=told):
        make(name)
