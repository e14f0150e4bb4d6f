"""Those who follow a run: found by name, called with every event, and unable to do it harm."""

from __future__ import annotations

import functools
import logging
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft import explore
from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.listeners import BadListener, load_listener
from fieldcraft.agent.settings import BudgetLimits

Settings = Callable[..., RunSettings]

EARS = """
heard = []
made = 0

def note(event):
    heard.append(event.type)

def fail(event):
    heard.append("once")
    raise KeyError("no such\\nthing")

class Counter:
    def __init__(self):
        global made
        made += 1
    def __call__(self, event):
        heard.append("counted")

class Needs:
    def __init__(self, what):
        pass

async def later(event):
    pass

def nothing():
    pass

value = 3
"""


@pytest.fixture
def ears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "ears.py").write_text(EARS)
    (tmp_path / "exits.py").write_text("raise SystemExit(3)")
    (tmp_path / "breaks.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ears", raising=False)
    import ears

    return ears


def run(settings: RunSettings, runs: Path, **options: Any) -> int:
    with new_session(settings, runs=runs, name="one", **options) as session:
        return session.explorer.explore().spent.iterations


def test_a_named_function_and_a_named_class_hear_every_event(
    toy_settings: Settings, tmp_path: Path, ears: Any
) -> None:
    run(toy_settings(listeners=("ears:note", "ears:Counter")), tmp_path / "runs")
    assert {"world_reset", "model_asked", "task_finished", "run_paused"} <= set(ears.heard)
    assert ears.heard.count("counted") == len(ears.heard) / 2
    assert ears.made == 1


def test_a_resume_calls_the_listeners_that_the_run_names(
    toy_settings: Settings, tmp_path: Path, ears: Any
) -> None:
    run(toy_settings(listeners=("ears:note",), budget=BudgetLimits(iterations=1)), tmp_path / "runs")
    ears.heard.clear()
    with resumed_session("one", runs=tmp_path / "runs", budget=BudgetLimits(iterations=2)) as session:
        session.explorer.explore()
    assert {"run_resumed", "execution_finished"} <= set(ears.heard)


@pytest.mark.parametrize("given", [False, True])
def test_one_that_raises_is_warned_of_once_and_harms_nothing(
    given: bool, toy_settings: Settings, tmp_path: Path, ears: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings = toy_settings() if given else toy_settings(listeners=("ears:fail",))
    after: list[e.Event] = []
    listeners = (ears.fail, after.append) if given else (after.append,)
    with caplog.at_level(logging.WARNING):
        assert run(settings, tmp_path / "runs", listeners=listeners) == 5
    assert ears.heard == ["once"]
    (warning,) = (record for record in caplog.records if record.name == "fieldcraft.agent.listeners")
    assert "ears:fail failed and is not called again" in warning.getMessage()
    assert "KeyError" in warning.getMessage() and "\n" not in warning.getMessage()
    assert warning.exc_info is not None
    assert any(isinstance(event, e.RunPaused) for event in after)


def test_a_resume_calls_those_that_it_is_given_by_name(
    ears: Any, toy_settings: Settings, tmp_path: Path
) -> None:
    settings = toy_settings(budget=BudgetLimits(iterations=1), listeners=("ears:note",))
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        session.explorer.explore()
    ears.heard.clear()
    explore(resume="one", runs=tmp_path / "runs", iterations=2, listeners=["ears:Counter", "ears:note"])
    assert ears.heard.count("counted") * 2 == len(ears.heard) > 2


def test_ctrl_c_in_a_listener_comes_through(toy_settings: Settings, tmp_path: Path) -> None:
    def interrupt(_event: e.Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(toy_settings(), tmp_path / "runs", listeners=(interrupt,))


def test_what_the_caller_itself_follows_with_is_not_swallowed(toy_settings: Settings, tmp_path: Path) -> None:
    def fail(_event: e.Event) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(toy_settings(), tmp_path / "runs", follow=fail)
    with resumed_session("one", runs=tmp_path / "runs") as session:
        assert session.explorer.explore().spent.iterations == 5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("note", "no listener 'note'. Known: none. Your own: module:Name"),
        ("ears:", "listener 'ears:': 'ears:' is incomplete; write it as module:Name"),
        ("nobody:note", "no module 'nobody' can be imported"),
        ("ears:nte", "module 'ears' has no 'nte'; did you mean 'note'?"),
        ("ears:value", "listener 'ears:value' cannot be called (int)"),
        ("ears:later", "is async"),
        ("ears:nothing", "does not take one event"),
        ("ears:Needs", "missing 1 required positional argument"),
        ("breaks:note", "ZeroDivisionError"),
        ("exits:note", "SystemExit: 3"),
        ("ears:note\nx", "module 'ears' has no"),
    ],
)
@pytest.mark.usefixtures("ears")
def test_a_name_that_leads_to_no_listener_is_refused_before_anything_is_made(
    name: str, words: str, toy_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BadListener) as refused:
        run(toy_settings(listeners=(name,)), tmp_path / "runs")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("listener", [3, "ears:note", dict, lambda: None])
def test_an_object_that_is_none_is_refused_too(listener: Any, toy_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadListener):
        run(toy_settings(), tmp_path / "runs", listeners=(listener,))


def test_a_partial_and_a_method_are_listeners(toy_settings: Settings, tmp_path: Path) -> None:
    heard: list[e.Event] = []

    def add(to: list[e.Event], event: e.Event) -> None:
        to.append(event)

    run(toy_settings(), tmp_path / "runs", listeners=(functools.partial(add, heard), heard.append))
    assert heard


def test_an_announced_listener_is_found_by_its_name(tmp_path: Path) -> None:
    """In a process of its own, whose path holds an installed package."""
    (tmp_path / "ears.py").write_text(EARS)
    package = tmp_path / "ears-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: ears\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[fieldcraft.listeners]\ncounter = ears:Counter\n")
    source = """
        from fieldcraft.agent.listeners import BadListener, load_listener
        assert type(load_listener("counter")).__name__ == "Counter"
        try:
            load_listener("countr")
        except BadListener as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "no listener 'countr'; did you mean 'counter'?" in done.stdout, done.stderr


def test_loading_one_leaves_the_callable_as_it_is(ears: Any) -> None:
    assert load_listener("ears:note") is ears.note
