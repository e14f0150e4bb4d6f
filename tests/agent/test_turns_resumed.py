"""A run whose model wants its signatures back goes on after a resume, with them or without."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "models"))

from servers import AnthropicServer, Asked, Call, OpenAIServer, ProtocolServer, Said
from tool_workshop import WOOD, cut, live, program, resume

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits

SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
SECRET = "hunter2-hunter2-hunter2"


def script(asked: Asked) -> Said:
    """The curriculum's model calls a tool before it proposes; its thought holds a secret."""
    if "```python" in asked.text:
        return Said(program("pass"))
    if asked.outcomes or "gave:" in asked.text:
        return Said(json.dumps(WOOD))
    call = Call("calculator", {"expression": "6*7"}, signature=SIGNATURE)
    return Said(calls=(call,), reasoning=f"with {SECRET}", signature=SIGNATURE, wanted=("reasoning_content",))


@pytest.fixture(params=[OpenAIServer, AnthropicServer])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProtocolServer]:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, "loopback-0123456789")
    monkeypatch.setenv("TOY_SECRET", SECRET)
    started: ProtocolServer = request.param(script)
    yield started
    started.stop()


def folder_of(server: ProtocolServer, toy_settings: Callable[..., RunSettings], tmp_path: Path) -> Path:
    settings = toy_settings(
        model=server.name,
        model_options={"base_url": server.url, "timeout": 30.0, "retries": 0},
        tools=("calculator",),
        critic="none",
        keep_skills=False,
        budget=BudgetLimits(iterations=1),
    )
    state, _ = live(settings, tmp_path / "runs")
    assert state.completed == ["Chop 4 wood"]
    return next((tmp_path / "runs").iterdir())


def test_what_is_wanted_back_goes_back_whole_while_the_journal_has_no_secret(
    server: ProtocolServer, toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    folder = folder_of(server, toy_settings, tmp_path)
    assert server.refusals == []
    kept = [
        event.turn for event in Journal(folder).read() if isinstance(event, e.ModelAnswered) and event.turn
    ]
    assert SIGNATURE in json.dumps(kept)
    assert SECRET not in json.dumps(kept)


@pytest.mark.parametrize("older", [False, True], ids=["with-turn", "of-an-older-version"])
def test_a_run_that_ended_after_a_tool_call_goes_on(
    server: ProtocolServer, toy_settings: Callable[..., RunSettings], tmp_path: Path, older: bool
) -> None:
    whole = folder_of(server, toy_settings, tmp_path)
    returned = next(
        number for number, event in enumerate(Journal(whole).read(), 1) if isinstance(event, e.ToolReturned)
    )
    folder = cut(whole, returned)
    if older:
        journal = folder / "journal-000001.jsonl"
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        assert sum(bool(event.pop("turn", None)) for event in events) == 1
        journal.write_text("".join(json.dumps(event) + "\n" for event in events))

    state = resume(folder)

    assert state.completed == ["Chop 4 wood"]
    assert len(server.refusals) >= older
