"""Which skill each name in a published skill comes from. In Voyager all skills share one scope.

Here each skill has its own, and a name that it does not define is bound to the digest of the skill that does:
as its entry, or as a helper beside it. Skills that call each other in a circle cannot all be bound by digest;
there the functions that close the circle are copied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count

from fieldcraft.skills.formats.voyager_reading import Piece, Published
from fieldcraft.skills.javascript import GIVEN, Script, read_script
from fieldcraft.skills.skill import Provenance, Skill, folder_name

COPIED = "\n\n// Copied for Fieldcraft: functions of skills that call this one in turn.\n"
"""Stands before what was copied; the export leaves it out, with all that follows."""

ENVIRONMENT = "minecraft-v1"

DEEPEST = 100
"""Skills that call one another in a row while they are linked; the next call is left unresolved."""
MOST_COPIES = 50
"""Functions that are copied into one skill."""


@dataclass
class Linked:
    """The skills of a library, each after those it calls; `skills` are the versions, oldest first."""

    skills: dict[str, list[Skill]] = field(default_factory=dict)
    unresolved: dict[str, list[str]] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    copied: dict[str, list[str]] = field(default_factory=dict)


def link(published: Published) -> Linked:
    """Bind every name of every version, and make skills of them."""
    linker = _Linker(published)
    for entry in published.families:
        linker.build(entry, ())
    return linker.linked


class _Linker:
    def __init__(self, published: Published) -> None:
        self.linked = Linked()
        self._published = published
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._homes = _homes(published)

    def build(self, entry: str, above: tuple[str, ...]) -> None:
        """Make the skills of one family, after those that its versions call. `above` are being made."""
        if entry in self.linked.skills:
            return
        family = self._published.families[entry]
        skills = [self._skill(piece, (*above, entry)) for piece in family]
        self.linked.skills[entry] = list({skill.digest: skill for skill in skills}.values())

    def _skill(self, piece: Piece, above: tuple[str, ...]) -> Skill:
        script, dependencies = self._bound(piece, above)
        lacking = sorted(script.names.free - GIVEN - dependencies.keys())
        if lacking:
            self.linked.unresolved.setdefault(piece.place, lacking)
        return Skill(
            name=self._name(piece.entry),
            description=piece.description,
            source=script.source,
            entry=piece.entry,
            language="javascript",
            environment=ENVIRONMENT,
            dependencies=dependencies,
            trusted=False,
            provenance=Provenance(source="imported"),
        )

    def _bound(self, piece: Piece, above: tuple[str, ...]) -> tuple[Script, dict[str, str]]:
        """The script, with what had to be copied into it, and the digests of what it calls."""
        script, copies = piece.script, list[str]()
        while True:
            wanted = sorted((script.names.free - GIVEN) & self._homes.keys())
            circular = next((name for name in wanted if self._homes[name].entry in above), None)
            if circular is None or len(copies) == MOST_COPIES:
                break
            copies.append(circular)
            script = _with_copy(
                script, self._homes[circular].script.functions[circular].text, first=len(copies) == 1
            )
        if copies:
            self.linked.copied[piece.place] = copies
        dependencies = {}
        for name in wanted:
            home = self._homes[name]
            if home.entry in above or (len(above) >= DEEPEST and home.entry not in self.linked.skills):
                continue
            self.build(home.entry, above)
            dependencies[name] = self.linked.skills[home.entry][-1].digest
            if name != home.entry:
                self.linked.helpers[name] = home.entry
        return script, dependencies

    def _name(self, entry: str) -> str:
        """The family's folder: its function's name in ASCII words, made unique where it is not."""
        if entry not in self._names:
            plain = folder_name(entry) or "skill"
            tries = chain((plain,), (f"{plain[:55].rstrip('-')}-{number}" for number in count(2)))
            self._names[entry] = next(name for name in tries if name not in self._taken)
            self._taken.add(self._names[entry])
        return self._names[entry]


def _homes(published: Published) -> dict[str, Piece]:
    """Where each name is defined that others may call. Later ones count, as in Voyager, and entries most."""
    current = [family[-1] for family in published.families.values()]
    helpers: dict[str, Piece] = {}
    for piece in current:
        for name in piece.script.functions:
            if name in helpers:
                published.note(
                    piece.place, f"its helper {name} is also in {helpers[name].place}; the last one counts"
                )
            helpers[name] = piece
    return {**helpers, **{piece.entry: piece for piece in current}}


def _with_copy(script: Script, text: str, *, first: bool) -> Script:
    return read_script(script.source.rstrip() + (COPIED if first else "\n\n") + text + "\n")
