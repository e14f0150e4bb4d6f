"""`read_skill`: the author of programs asks for the code of skills of which it sees a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import quoted, visible_line
from fieldcraft.skills import BrokenSkill, Skill, SkillLibrary, UnknownSkill
from fieldcraft.skills.program.summary import needs_and_effects, signature
from fieldcraft.tools import outcome_text

TOOL, ROLE = "read_skill", "actor"

MOST_READ = 3
"""Skills that are shown to one request."""

SOURCE_READ = 24_000
"""Characters of a skill's code that are shown."""

_LONGEST_NAME = 200
_OFFER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": TOOL,
        "description": "Read the code of skills, by the names that you call them by.",
        "parameters": {
            "type": "object",
            "properties": {
                "names": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": f"at most {MOST_READ} names of skills",
                }
            },
            "required": ["names"],
        },
    },
}


class SkillReader:
    """Reads skills of a library by name."""

    def __init__(self, library: SkillLibrary, languages: Collection[str]) -> None:
        self._library = library
        self._languages = languages

    def __bool__(self) -> bool:
        """Whether there is anything to read."""
        return len(self._library) > 0

    def read(self, names: Sequence[str]) -> tuple[list[Skill], list[str]]:
        """The skills of these names, with as much of their code as is shown, and why others cannot be."""
        found: list[Skill] = []
        problems: list[str] = []
        for name in dict.fromkeys(names):
            if len(found) + len(problems) == MOST_READ:
                problems.append(f"at most {MOST_READ} are shown at once")
                break
            try:
                found.append(_cut(self._library.get(name[:_LONGEST_NAME])))
            except UnknownSkill:
                entries = {entry for language in self._languages for entry in self._library.entries(language)}
                shown = visible_line(name, _LONGEST_NAME)
                problems.append(f"there is no skill {shown!r}{nearest(name, entries)}")
            except BrokenSkill as error:
                problems.append(visible_line(error, 500))
        return found, problems


class Tools(Protocol):
    """What answers the other calls: a `ToolAccess`."""

    def offer(self, role: str, about: str = "") -> tuple[dict[str, Any], ...]:
        """The tools of a role."""

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """The outcome of each request."""


class WithSkillReading:
    """The tools of the roles, and `read_skill` for the author of programs.

    Reading changes nothing and costs nothing, so it is not recorded: it is in the model's recorded answer.
    """

    def __init__(self, tools: Tools, reader: SkillReader) -> None:
        self._tools = tools
        self._reader = reader

    def offer(self, role: str, about: str = "") -> tuple[dict[str, Any], ...]:
        """The tools of a role, in the form of OpenAI's API; those that it found stand last."""
        others = self._tools.offer(role, about)
        return (_OFFER, *others) if self._reads(role) else others

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """The outcome of each request, in their order."""
        reads = self._reads(role)
        others = [request for request in requests if not (reads and request.name == TOOL)]
        outcomes = iter(self._tools.answer(role, others) if others else [])
        return [
            self._read(request) if reads and request.name == TOOL else next(outcomes) for request in requests
        ]

    def _reads(self, role: str) -> bool:
        """Whether the role has our tool: from the first skill on, unless a user's own has its name."""
        if role != ROLE or not self._reader:
            return False
        return all(each.get("function", {}).get("name") != TOOL for each in self._tools.offer(role))

    def _read(self, request: ToolRequest) -> Message:
        given = request.arguments.get("names", request.arguments.get("name", []))
        names = [given] if isinstance(given, str) else given
        if request.problem or not isinstance(names, list) or not names:
            problem = request.problem or "give it a list of names of skills"
            text = outcome_text(TOOL, request.arguments, error=f"{TOOL} was not called: {problem}")
        else:
            found, problems = self._reader.read([str(name) for name in names[: MOST_READ + 1]])
            read = [*(_as_read(skill) for skill in found), *problems]
            text = f"{TOOL} gave:\n{quoted(chr(10).join(read), (MOST_READ + 1) * 2 * SOURCE_READ)}"
        return Message(role="tool", text=text, answers=request.id)


def _cut(skill: Skill) -> Skill:
    if len(skill.source) <= SOURCE_READ:
        return skill
    comment = "#" if skill.language == "python" else "//"
    return skill.model_copy(update={"source": f"{skill.source[:SOURCE_READ]}\n{comment} (cut here)"})


def _as_read(skill: Skill) -> str:
    seen = needs_and_effects(skill)
    head = f"{signature(skill)}: {skill.description}" + (f" Seen: {seen}." if seen else "")
    return f"{head}\n{skill.source.strip()}\n"
