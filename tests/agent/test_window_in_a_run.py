"""A run through a model with a small window: prompts are shortened, refusals teach, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import shortened_prompts
from fieldcraft.agent.models import WindowTooSmall
from fieldcraft.agent.settings import BudgetLimits

Settings = Callable[..., RunSettings]
LONG = "def chop_wood(bot, count=4):\n" + "    # a remark that takes room\n" * 90 + "    bot.chop()\n"
SAW = "def saw_planks(bot, count=1):\n    bot.chop()\n    bot.saw(1)\n"
MARK = "a remark that takes room"


def code(source: str) -> str:
    return f"Plan.\n```python\n{source}\n```"


def task(words: str, item: str, count: int) -> str:
    goal = {"kind": "item", "item": item, "count": count}
    return json.dumps({"reasoning": "r", "task": words, "goal": goal})


class Server:
    """A server of OpenAI's protocol whose model writes the given programs; `judges` may refuse a request.

    Attributes:
        prompts: the text of each request.
    """

    def __init__(self, chat: Any, programs: list[str], judges: Callable[[str, int], Any]) -> None:
        self.prompts: list[str] = []
        self.answered = 0

        def reply(handler: Any) -> None:
            body = handler.server.requests[-1][2]
            prompt = "\n".join(turn["content"] for turn in body["messages"])
            self.prompts.append(prompt)
            refusal = judges(prompt, len(self.prompts))
            if refusal is not None:
                refusal(handler)
                return
            self.answered += 1
            chat.says(code(programs[min(self.answered, len(programs)) - 1]), tokens=None)(handler)

        self.server = chat.serve(reply)
        self.url = self.server.url


@pytest.fixture
def settings_at(toy_settings: Settings, tmp_path: Path) -> Callable[..., RunSettings]:
    """Two tasks, whose programs a model at an address writes; all other roles are scripted."""

    def build(url: str, **options: Any) -> RunSettings:
        script = {
            "curriculum": [task("Chop 1 wood", "wood", 1), task("Saw 1 plank", "plank", 1)],
            "answerer": ["Chop."] * 9,
            "describer": ["Chops wood.", "Saws a plank."],
        }
        (tmp_path / "script.json").write_text(json.dumps(script))
        return toy_settings(
            model=f"scripted:{tmp_path / 'script.json'}",
            role_models={"actor": "openai:tiny"},
            model_options={"base_url": url, "retries": 0, "max_output_tokens": 50, **options},
            budget=BudgetLimits(iterations=2),
        )

    return build


def live(settings: RunSettings, runs: Path) -> tuple[Any, list[Any]]:
    events: list[Any] = []
    with new_session(settings, runs=runs, listeners=(events.append,)) as session:
        return session.explorer.explore(), events


def test_a_known_window_shortens_prompts_and_the_run_says_so(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    server = Server(chat, [LONG, SAW], lambda _prompt, _n: None)

    state, events = live(settings_at(server.url, context=2_000), tmp_path / "runs")

    assert state.completed == ["Chop 1 wood", "Saw 1 plank"]
    assert "def chop_wood(bot, count=4):" in server.prompts[1]
    assert MARK not in server.prompts[1]
    assert [
        event.shortened_for
        for event in events
        if isinstance(event, e.ModelAnswered) and event.role == "actor"
    ] == [0, 2_000]
    (warned,) = [event.text for event in events if isinstance(event, e.Warned)]
    assert warned == (
        "prompts of the actor (actor) are shortened to fit a window of 2,000 tokens of openai:tiny: "
        "code of skills left out where there is no room"
    )
    calls = sum(state.calls.values())
    assert shortened_prompts(state) == f"prompts shortened to fit a window of 2,000 tokens: 1 of {calls}"


@pytest.mark.parametrize(
    "words",
    [
        "maximum context length is {limit} tokens. However, your messages resulted in {asked} tokens.",
        "prompt is too long: {asked} tokens > {limit} maximum",
        "the request exceeds the available context size. try increasing the context size",
    ],
)
def test_a_refusal_for_length_is_answered_by_a_shorter_prompt(
    chat: Any, settings_at: Settings, tmp_path: Path, words: str
) -> None:
    def judges(prompt: str, _number: int) -> Any:
        asked = len(prompt) // 3
        return chat.fails(400, words.format(asked=asked, limit=asked - 100)) if MARK in prompt else None

    server = Server(chat, [LONG, SAW], judges)

    state, events = live(settings_at(server.url), tmp_path / "runs")

    assert state.completed == ["Chop 1 wood", "Saw 1 plank"]
    assert len([event for event in events if isinstance(event, e.ModelAsked) and event.role == "actor"]) == 2
    assert state.shortened == 1


def test_a_model_that_refuses_every_prompt_ends_the_run_with_a_cure(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    refusal = chat.fails(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "context_length_exceeded",
    )
    server = Server(chat, [LONG], lambda _prompt, _n: refusal)

    _, events = live(settings_at(server.url), tmp_path / "runs")

    (reason,) = [event.reason for event in events if isinstance(event, e.RunPaused)]
    assert "\n" not in reason
    assert "openai:tiny: the shortest prompt of the actor takes about " in reason
    assert "the model refused more than " in reason
    assert "choose a model with a larger one, or correct model_options.context" in reason
    assert len(server.prompts) < 12


def test_a_run_that_an_older_version_stopped_for_length_goes_on(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    def judges(prompt: str, number: int) -> Any:
        if number in {2, 3}:  # with its tools, and without
            return chat.fails(400, "refused, in words that say nothing of its length")
        return (
            chat.fails(400, f"maximum context length is {len(prompt) // 3} tokens")
            if MARK in prompt
            else None
        )

    server = Server(chat, [LONG, SAW], judges)
    state, events = live(settings_at(server.url), tmp_path / "runs")
    assert state.completed == ["Chop 1 wood"]
    assert "refused, in words" in next(event.reason for event in events if isinstance(event, e.RunPaused))
    (folder,) = (tmp_path / "runs").iterdir()

    with resumed_session(folder.name, runs=folder.parent) as session:
        state = session.explorer.explore()

    assert state.completed == ["Chop 1 wood", "Saw 1 plank"]
    assert (state.shortened, state.calls["actor"]) == (1, 2)


def test_a_resume_does_not_depend_on_the_window(chat: Any, settings_at: Settings, tmp_path: Path) -> None:
    server = Server(chat, [LONG, SAW], lambda _prompt, _n: None)
    settings = settings_at(server.url, context=2_000)
    settings = settings.model_copy(update={"budget": BudgetLimits(iterations=1)})
    live(settings, tmp_path / "runs")
    (folder,) = (tmp_path / "runs").iterdir()

    with resumed_session(folder.name, runs=folder.parent, budget=BudgetLimits(iterations=2)) as session:
        state = session.explorer.explore()

    assert state.completed == ["Chop 1 wood", "Saw 1 plank"]
    assert len(server.prompts) == 2


def test_a_window_that_no_prompt_fits_is_refused_before_the_run(
    chat: Any, settings_at: Settings, tmp_path: Path
) -> None:
    server = Server(chat, [LONG], lambda _prompt, _n: None)

    with pytest.raises(WindowTooSmall) as problem:
        live(settings_at(server.url, context=500), tmp_path / "runs")

    assert "openai:tiny: the shortest prompt of the actor takes about " in str(problem.value)
    assert "a window of 500 tokens leaves 450 beside the answer; choose a model with a larger one" in str(
        problem.value
    )
    assert not server.prompts
    assert not (tmp_path / "runs").exists()
