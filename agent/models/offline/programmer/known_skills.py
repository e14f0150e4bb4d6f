"""The skills that an actor's prompt offers: what each yields, and how it is called."""

from __future__ import annotations

import re

from .reading import code_block, mentioned, subsections

_CALL = re.compile(r"""bot\.(?:craft|mine)(?:\(|, )\s*["']([^"']+)["']""")
_NO_YIELD = ("place", "kill", "eat", "deposit", "explore", "find")


class KnownSkill:
    """A skill of the prompt.

    Attributes:
        entry: the function's name.
        yields: the item that it is for; empty where that is not known.
        caring: whether it first cares for a weak body, unless called without.
        asking: whether it asks about other things at its end, unless called with nothing to `ask` about.
        counted: whether it takes a `count`.
        source: its code, empty where the prompt does not show it.
        doubtful: it mines a block of its yield's name, which may leave something else.
    """

    def __init__(self, entry: str, text: str, items: list[str]) -> None:
        source = self.source = code_block(text)
        self.entry = entry
        self.yields = _yield(entry, source, text.partition("```")[0], items)
        self.doubtful = entry.startswith("mine") and f'bot.mine, "{self.yields}"' in source
        head = next((line for line in source.split("\n") if f"def {entry}(" in line), "")
        self.asking = ", ask=" in head
        self.caring = ", care=" in head
        self.counted = bool(re.search(rf"def {re.escape(entry)}\(bot, count\b", source))

    def call(self, count: str) -> str:
        """The call as source; `count` is source too."""
        arguments = ["bot"]
        arguments += [f"count={count}"] if self.counted else []
        arguments += ["care=False"] if self.caring else []
        arguments += ["ask=()"] if self.asking else []
        return f"{self.entry}({', '.join(arguments)})"


def known_skills(section: str, items: list[str]) -> list[KnownSkill]:
    """The skills of the prompt's section, in its order (best match first)."""
    return [KnownSkill(entry, text, items) for entry, text in subsections(section) if entry.isidentifier()]


def _yield(entry: str, source: str, description: str, items: list[str]) -> str:
    """By the entry's own words, else by what its program last crafts or mines, else by its description."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", entry).lower()
    if words.split("_")[0] in _NO_YIELD:
        return ""
    named = [item for item in items if words.endswith("_" + re.sub(r"\W", "_", item.lower()))]
    if named or words.startswith("mine_"):
        return max(named, key=len, default="")
    made: list[str] = [name for name in _CALL.findall(source) if name in items]
    if made:
        return made[-1]
    return next(iter(mentioned(description, items)), "")
