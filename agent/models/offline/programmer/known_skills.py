"""The skills that an actor's prompt offers: what each yields, and how it is called.

The best are shown with their code, others by a call and what they are for, the rest by a call.
"""

from __future__ import annotations

import re

from .reading import code_block, mentioned, subsections

_CALL = re.compile(r"""bot\.(?:craft|mine)(?:\(|, )\s*["']([^"']+)["']""")
_LISTED = re.compile(r"- [A-Za-z_]\w*\(bot\b.*\)$")
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
        purpose: what the prompt says of it instead of its code.
        doubtful: it mines a block of its yield's name, which may leave something else.
    """

    def __init__(self, entry: str, text: str, items: list[str]) -> None:
        source = self.source = code_block(text)
        called = source.partition(f"def {entry}(")[2].partition("\n")[0] or text.partition(f"{entry}(")[2]
        self.entry = entry
        self.purpose = "" if source else text
        self.yields = _yield(entry, source, text.partition("```")[0], items)
        self.doubtful = entry.startswith("mine") and (not source or f'bot.mine, "{self.yields}"' in source)
        self.asking = ", ask=" in called.partition("`")[0]
        self.caring = ", care=" in called.partition("`")[0]
        self.counted = called.startswith("bot, count")

    def call(self, count: str) -> str:
        """The call as source; `count` is source too."""
        arguments = ["bot"]
        arguments += [f"count={count}"] if self.counted else []
        arguments += ["care=False"] if self.caring else []
        arguments += ["ask=()"] if self.asking else []
        return f"{self.entry}({', '.join(arguments)})"


def known_skills(section: str, items: list[str]) -> list[KnownSkill]:
    """The skills of the prompt's section, in its order (best match first)."""
    described = [(entry, text) for entry, text in subsections(section) if entry.isidentifier()]
    listed = [(line[2:].partition("(")[0], line[2:]) for line in section.splitlines() if _LISTED.match(line)]
    known = dict(described)
    listed = [(entry, called) for entry, called in listed if entry not in known]
    return [KnownSkill(entry, text, items) for entry, text in (*described, *listed)]


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
