"""What the world says of how to get a thing answers questions about it."""

from __future__ import annotations

import json
from pathlib import Path

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript import kept_calls

ASKS = "def ask_about(bot):\n    bot.recipe('stone_pickaxe')\n"


def test_the_answerer_is_shown_what_a_program_was_told(tmp_path: Path) -> None:
    answers = {
        "curriculum": [
            {"task": "Ask", "questions": [{"question": "What does it take to obtain stone_pickaxe?"}]},
            {"task": "Look"},
        ],
        "answerer": ["Three cobblestone."] * 9,
        "critic": [{"success": True}] * 9,
        "actor": [f"```python\n{ASKS}```", "```python\ndef look(bot):\n    bot.status()\n```"],
        "describer": ["Asks."] * 9,
    }
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    settings = RunSettings(
        model=f"scripted:{tmp_path / 'answers.json'}",
        options={"size": 96},
        library=str(tmp_path / "library"),
        facts="none",
        budget=BudgetLimits(iterations=2),
    )
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        state = session.explorer.explore()
    asked = [
        call.messages[-1][1] for call in kept_calls(tmp_path / "runs" / "one") if call.role == "answerer"
    ]

    assert "stone_pickaxe" in state.explained
    assert any("To craft stone_pickaxe: need " in text for text in asked)
