"""Which skill each name in a published skill comes from. In Voyager all skills share one scope.

Here each skill has its own, and a name that it does not define is bound to the digest of the skill that
defines it, as its entry or as a helper. Skills that call each other in a circle cannot all be bound by
digest, so the functions that close the circle are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fieldcraft.skills.formats.voyager_reading import Piece, Published
from fieldcraft.skills.library.skill import Provenance, Skill, folder_name
from fieldcraft.skills.program.javascript import GIVEN, Script, read_script
from fieldcraft.skills.program.source import ProgramError

COPIED = "\n\n// Copied for Fieldcraft: functions of skills that call this one in turn.\n"
"""The comment before copied functions; the export drops it and everything after it."""

ENVIRONMENT = "minecraft-v1"

_MOST_COPIES = 64
"""The most functions that are copied into one skill."""
_COPIED_LIMIT = 1_000_000
"""The most characters that are copied in one import."""


@dataclass
class Linked:
    """The skills of a library, each after those it calls; `skills` are the versions, oldest first."""

    skills: dict[str, list[Skill]] = field(default_factory=dict)
    unresolved: dict[str, list[str]] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    copied: dict[str, list[str]] = field(default_factory=dict)


def link(published: Published) -> Linked:
    """Bind every name of every version, and create the skills. Versions that cannot be bound are refused."""
    linker = _Linker(published)
    for entry in published.families:
        linker.build(entry)
    return linker.linked


class _Linker:
    def __init__(self, published: Published) -> None:
        self.linked = Linked()
        self._published = published
        self._names: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._homes = _homes(published)
        self._open: set[str] = set()
        self._done: set[str] = set()
        self._copied = 0

    def build(self, entry: str) -> None:
        """Create the skills of one family after all families that it calls, without recursion."""
        if entry in self._done:
            return
        waiting = [self._family(entry)]
        while waiting:
            needed = next(waiting[-1], None)
            if needed is None:
                waiting.pop()
            elif needed not in self._done:
                waiting.append(self._family(needed))

    def _family(self, entry: str) -> Iterator[str]:
        """Create the skills of one family, after yielding each family that must be created first."""
        self._open.add(entry)
        skills: dict[str, Skill] = {}
        for piece in self._published.families[entry]:
            try:
                script = self._closed(piece)
            except ProgramError as error:
                self._published.refused[piece.place] = str(error)
                continue
            wanted = sorted((script.names.free - GIVEN) & self._homes.keys())
            for name in wanted:
                yield self._homes[name].entry
            skill = self._skill(piece, script, wanted)
            skills[skill.digest] = skill
        self._open.remove(entry)
        self._done.add(entry)
        if skills:
            self.linked.skills[entry] = list(skills.values())

    def _skill(self, piece: Piece, script: Script, wanted: list[str]) -> Skill:
        dependencies = {}
        for name in wanted:
            home = self._homes[name].entry
            if home in self.linked.skills:
                dependencies[name] = self.linked.skills[home][-1].digest
                if name != home:
                    self.linked.helpers[name] = home
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

    def _closed(self, piece: Piece) -> Script:
        """The script with copies of the functions that close a circle of calls.

        Raises:
            ProgramError: there are too many of them.
        """
        free, defined = set(piece.script.names.free), set(piece.script.names.defined)
        texts: dict[str, str] = {}
        while (name := self._circular(free - defined)) is not None:
            function = self._homes[name].script.functions[name]
            texts[name] = function.text
            defined.add(name)
            free |= function.free
            self._copied += len(function.text)
            if len(texts) > _MOST_COPIES or self._copied > _COPIED_LIMIT:
                raise ProgramError(
                    "it stands in a circle of calls with too many functions to copy "
                    f"(such as {name[:80]!r}); break the circle"
                )
        if not texts:
            return piece.script
        self.linked.copied[piece.place] = list(texts)
        copied = "\n\n".join(text + "\n" for text in texts.values())
        return read_script(piece.script.source.rstrip() + COPIED + copied)

    def _circular(self, names: set[str]) -> str | None:
        """The first of these names whose skill is being created now."""
        found = (name for name in names - GIVEN if name in self._homes)
        return min((name for name in found if self._homes[name].entry in self._open), default=None)

    def _name(self, entry: str) -> str:
        """The name of the family's folder: its function's name in ASCII, made unique."""
        if entry not in self._names:
            plain = name = folder_name(entry) or "skill"
            while name in self._numbers:
                self._numbers[plain] += 1
                name = f"{plain[:55].rstrip('-')}-{self._numbers[plain]}"
            self._numbers[name] = 1
            self._names[entry] = name
        return self._names[entry]


def _homes(published: Published) -> dict[str, Piece]:
    """The skill that defines each callable name. Later ones override, as in Voyager; entries come first."""
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
