"""Taking a prompt apart: its kind, its sections, its names, and what the world said in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_:.-]*[A-Za-z0-9_]|[A-Za-z_]")
_OPENING = re.compile(r"(`{3,})\w*")
_CHOICES = re.compile(r"\{([^}]*)\}")
_COUNT = re.compile(r"(?<!\d)(\d{1,15}) ([^\s,;]+)")
_REFUSAL = "Your answer could not be used:"

MOST_NAMES = 10_000
"""That one entry of a list of names may stand for."""

KINDS = (
    ("actor", "Primitives"),
    ("answer", "Question"),
    ("critic", "Before"),
    ("questions", "How to ask"),
    ("decompose", "How to plan"),
    ("task", "How to choose"),
    ("describe", "Function"),
)
"""A prompt's kind, and a heading that no other prompt has."""


class Prompt:
    """The messages of one call.

    Attributes:
        kind: one of `KINDS`, or `unknown`.
        sections: text below each `# Heading`, of the system and the first user message together.
        problems: what was wrong with earlier answers to this prompt, oldest first.
    """

    def __init__(self, messages: list[dict[str, object]]) -> None:
        self.sections: dict[str, str] = {}
        self.problems: list[str] = []
        for message in messages:
            text = str(message.get("text") or "")
            if message.get("role") == "assistant":
                continue
            if text.lstrip().startswith(_REFUSAL):
                self.problems.append(text.partition(_REFUSAL)[2].strip())
            else:
                self.sections.update(sections(text))
        self.kind = next((kind for kind, heading in KINDS if heading in self.sections), "unknown")
        self.observation = Observed(self.data("Observation"))

    def text(self, heading: str) -> str:
        """The section's text, stripped; empty where there is none."""
        return self.sections.get(heading, "").strip()

    @property
    def skills(self) -> str:
        """What the prompt says of skills."""
        return f"{self.text('Skills')}\n\n{self.text('More skills')}".strip()

    def data(self, heading: str) -> str:
        """The quoted lines of a section, without their mark."""
        return unquoted(self.text(heading))

    def names(self, kind: str) -> list[str]:
        """The names of `Items`, `Blocks` or `Mobs`, sorted where the prompt lists them in parts."""
        found: list[str] = []
        parts = 0
        for line in self.text("Names").splitlines():
            label, colon, rest = line.partition(":")
            if colon and kind.lower() in re.findall(r"[a-z]+", label.lower()):
                parts += 1 + ("{" in rest)
                found += [name for entry in rest.split(",") for name in unfolded(entry.strip()) if name]
        return sorted(found) if parts > 1 else found

    def listed(self, heading: str) -> list[str]:
        """The entries of a `- ` list."""
        lines = self.text(heading).splitlines()
        return [line[2:].strip() for line in lines if line.startswith("- ")]

    def number(self, heading: str, pattern: str, default: int) -> int:
        """The first number that `pattern` captures in a section."""
        found = re.search(pattern, self.text(heading))
        return int(found[1]) if found else default


class Observed:
    """An observation's text as data; whatever it does not show is empty."""

    def __init__(self, text: str) -> None:
        fields: dict[str, str] = {}
        for line in text.splitlines():
            label, _, value = line.partition(":")
            fields[label.partition("(")[0].strip()] = value.strip()
        used = re.search(r"^Inventory \((\d{1,9})/(\d{1,9})", text, flags=re.MULTILINE)
        self.slots_used = int(used[1]) if used else 0
        self.slots_total = int(used[2]) if used else 0
        self.inventory = counts(fields.get("Inventory", ""))
        self.blocks = _listing(fields.get("Nearby blocks", ""))
        self.far_blocks = _listing(fields.get("Other blocks recently seen", ""))
        self.mobs = _listing(without_remarks(fields.get("Nearby entities", "")))
        self.health = _level(fields.get("Health", ""))
        self.hunger = _level(fields.get("Hunger", ""))
        self.stored = _added_up(fields.get("Chests", ""))
        self.worn = re.findall(r": ([^\s,;()]+)", fields.get("Equipment", ""))


def unfolded(entry: str) -> list[str]:
    """The names that `{a|b}_{c|d}` stands for; of a plain name, itself."""
    names, end = [""], entry.rfind("}") + 1
    for number, part in enumerate(_CHOICES.split(entry[:end])):
        choices = part.split("|") if number % 2 else [part]
        if len(names) * len(choices) > MOST_NAMES:
            return [entry]
        names = [name + choice for name in names for choice in choices]
    return [name + entry[end:] for name in names]


def counts(text: str) -> dict[str, int]:
    """`3 this, 1 that` as counts by name."""
    return {name: int(count) for count, name in _COUNT.findall(text)}


def _added_up(text: str) -> dict[str, int]:
    """The same with the counts of a name that stands there several times added up."""
    total: dict[str, int] = {}
    for count, name in _COUNT.findall(text):
        total[name] = total.get(name, 0) + int(count)
    return total


def sections(text: str) -> dict[str, str]:
    """Text below each `# Heading` outside code blocks."""
    found: dict[str, list[str]] = {}
    heading, fenced = "", False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if line.startswith("# ") and not fenced:
            heading = line[2:].strip()
        else:
            found.setdefault(heading, []).append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def subsections(text: str) -> list[tuple[str, str]]:
    """The `## Heading` parts of a section: heading and text, in order."""
    parts: list[tuple[str, list[str]]] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if line.startswith("## ") and not fenced:
            parts.append((line[3:].strip(), []))
        elif parts:
            parts[-1][1].append(line)
    return [(heading, "\n".join(lines)) for heading, lines in parts]


def code_block(text: str) -> str:
    """The source in the first code block, empty where there is none."""
    fence = ""
    inside: list[str] = []
    for line in text.split("\n"):
        if fence and line.startswith(fence):
            return "".join(inside)
        if fence:
            inside.append(f"{line}\n")
        elif opening := _OPENING.fullmatch(line):
            fence = opening[1]
    return ""


def without_remarks(text: str) -> str:
    """The text without what it says in brackets."""
    end = text.rfind(")") + 1
    return re.sub(r"\([^)]*\)", "", text[:end]) + text[end:]


def unquoted(text: str) -> str:
    """The lines behind `> `."""
    return "\n".join(line[2:] for line in text.splitlines() if line.startswith("> "))


def mentioned(text: str, names: list[str]) -> list[str]:
    """The names that a text speaks of, in its order: exact words first, else the name's words in a row."""
    known = set(names)
    exact = [word for word in WORD.findall(text) if word in known]
    if exact:
        return list(dict.fromkeys(exact))
    spoken = f" {_spoken(text)} "
    matches = []
    for name in names:
        words = _spoken(name)
        places = [spoken.find(f" {words}{ending} ") for ending in ("", "s", "es")] if words else []
        if found := [place for place in places if place >= 0]:
            matches.append((-len(words), min(found), name))
    return [name for _, _, name in sorted(matches)]


def _spoken(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def named_after(name: str, others: Iterable[str]) -> bool:
    """Whether a name of several words begins with the same word as another: it may be made of the same."""
    first, _, rest = name.partition("_")
    return bool(rest) and first in {other.partition("_")[0] for other in others}


def _listing(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip() and name.strip() != "none"]


def _level(text: str) -> float | None:
    found = re.match(r"(\d{1,9}(?:\.\d{1,9})?)/", text)
    return float(found[1]) if found else None
