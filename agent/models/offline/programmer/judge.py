"""The critic: whether the world after a program is what its task asked for."""

from __future__ import annotations

import json
import re

from .facts import Facts
from .reading import Observed, Prompt, mentioned

_PUT_AWAY = re.compile(r"at least (-?\d+) more inventory slots")


def judge(prompt: Prompt) -> str:
    """The verdict as JSON."""
    before, after = prompt.data("Before"), prompt.data("After")
    task = prompt.text("Task")
    start, end = Observed(before), Observed(after)
    held, holds = start.inventory, end.inventory
    gained = {name: count - held.get(name, 0) for name, count in holds.items() if count > held.get(name, 0)}
    lost = {name: count - holds.get(name, 0) for name, count in held.items() if count > holds.get(name, 0)}
    change = f"gained {_counts(gained)}; lost {_counts(lost)}"
    failed = prompt.data("Error").strip() not in ("", "none")
    freed = start.slots_used - end.slots_used
    if _emptied(prompt, freed) if task.startswith("Deposit") else _met(task, gained, lost, holds, failed):
        return json.dumps({"reasoning": change, "success": True, "critique": ""})
    return json.dumps({"reasoning": change, "success": False, "critique": _critique(prompt, task)})


def _emptied(prompt: Prompt, freed: int) -> bool:
    wanted = _PUT_AWAY.search(prompt.data("Context"))
    return freed >= (int(wanted[1]) if wanted else 1)


def _met(
    task: str, gained: dict[str, int], lost: dict[str, int], holds: dict[str, int], failed: bool
) -> bool:
    verb = task.partition(" ")[0].lower()
    number = re.search(r"\b(\d{1,4})\b", task)
    count = int(number[1]) if number else 1
    if verb == "place":
        return bool(mentioned(task, list(lost)))
    wanted = mentioned(task, list(holds))
    if wanted:
        return any(holds[name] >= count and name in gained for name in wanted)
    return verb in ("mine", "kill") and not failed and sum(gained.values()) >= count


def _critique(prompt: Prompt, task: str) -> str:
    error = prompt.data("Error").strip()
    if not error or error == "none":
        return "The program ended too early: the world does not show what was asked."
    facts = Facts(error)
    lacking = [name for item in facts.recipes for names in facts.needs_of(item) for name in names[:1]]
    lacking += list(facts.tools.values())
    if lacking:
        return f"Get {', '.join(dict.fromkeys(lacking))} first, then {task[:1].lower()}{task[1:]}."
    return f"The program stopped at: {error[:300]}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
