"""The prompts that a run kept, as texts by role, number of the call and template."""

from __future__ import annotations

from pathlib import Path

from fieldcraft.agent.transcript import kept_calls


def kept_texts(runs: Path, role: str = "") -> dict[str, str]:
    """By names such as `actor-00004-actor`, those of every run in a folder or of the run itself, in order."""
    folders = (
        [runs] if (runs / "prompts").is_dir() else sorted(path for path in runs.iterdir() if path.is_dir())
    )
    calls = [call for folder in folders for call in kept_calls(folder)]
    named = {f"{call.role}-{call.call:05d}-{call.template}": call.text for call in calls}
    return {name: text for name, text in sorted(named.items()) if name.startswith(role)}


def kept_text(runs: Path, beginning: str) -> str:
    """The text of the first one whose name begins like that."""
    return next(text for name, text in kept_texts(runs).items() if name.startswith(beginning))
