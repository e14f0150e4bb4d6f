"""What the tests of tools in a run share: scripts, lives, and runs that are cut off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kept_texts import kept_text

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.journal import events as e

Settings = Callable[..., RunSettings]

TOOLS = ("calculator", "toy_tools:lookup", "toy_tools:stamp", "toy_tools:post")
WOOD: dict[str, Any] = {"task": "Chop 4 wood", "goal": {"kind": "item", "item": "wood", "count": 4}}
DONE = {"reasoning": "it is there", "success": True}


def program(*lines: str, name: str = "chop_wood") -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"```python\ndef {name}(bot):\n    while bot.chop():\n        break\n    bot.chop()\n{body}\n```"


def wants(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}


def script(folder: Path, **by_role: list[Any]) -> str:
    path = folder / "answers.json"
    known = {"answerer": ["Chop."] * 20, "describer": ["Chops wood."] * 5, **by_role}
    path.write_text(json.dumps(known))
    return f"scripted:{path}"


def live(settings: RunSettings, runs: Path, **options: Any) -> tuple[RunState, list[Any]]:
    events: list[Any] = []
    with new_session(settings, runs=runs, listeners=(events.append,), **options) as session:
        return session.explorer.explore(), events


def prompt(runs: Path, name: str) -> str:
    return kept_text(runs, f"{name}-")


def calls_of(events: list[Any]) -> list[tuple[str, str]]:
    return [(event.user, event.tool) for event in events if isinstance(event, e.ToolCalled)]


def cut(unbroken: Path, lines: int) -> Path:
    folder = unbroken.parent / f"cut-{lines}"
    shutil.copytree(unbroken, folder)
    journal = folder / "journal-000001.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))
    return folder


def resume(folder: Path, **options: Any) -> RunState:
    with resumed_session(folder.name, runs=folder.parent, **options) as session:
        return session.explorer.explore()
