"""The stages in which a prompt is shortened; `fieldcraft.agent.prompts.fitting` has their order in words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.common.text import cut_text
from fieldcraft.envs import Names
from fieldcraft.skills import Skill
from fieldcraft.skills.program.reading import signature

OUTCOME_SHOWN = 300
"""Characters that stay of an earlier tool outcome or unusable answer."""
LONG_TURN = 2_500
"""Characters from which what a model asked to read may be cut; other turns of ours are shorter."""
BEGINNING_SHOWN = 400
"""Characters that stay of an earlier attempt's code."""
ANSWERS_KEPT, TASKS_KEPT, SAID_KEPT, FACTS_KEPT = 12, 20, 12, 8
LENGTHS = (1_500, 600, 250)
"""Characters that stay of each long text, one after the other; of code four times as many."""
NAME_LEVELS = 10

_OUTCOMES = (2_000, 1_000, OUTCOME_SHOWN)
_LEFT_OUT = "(left out)"


@dataclass(frozen=True)
class Draft:
    """The values of a prompt's template, and the turns of the conversation after it."""

    values: Mapping[str, Any]
    turns: tuple[Message, ...] = ()

    def listed(self, name: str) -> list[Any]:
        """A value that is a list; empty where there is none."""
        value = self.values.get(name)
        return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []

    def with_values(self, **changes: Any) -> Draft:
        """The same with other values."""
        return replace(self, values={**self.values, **changes})


@dataclass(frozen=True)
class Stage:
    """One kind of thing that goes.

    Attributes:
        what: in words.
        levels: how many steps it has on a draft, 0 where there is nothing to leave out.
        shorten: the draft after so many of its steps, from 1.
    """

    what: str
    levels: Callable[[Draft], int]
    shorten: Callable[[Draft, int], Draft]


def _dropping(what: str, names: Sequence[str], *, keep: int = 0, backwards: bool = False) -> Stage:
    """Leave out the first entries of lists one by one, or the last ones, until `keep` of each are left."""

    def levels(draft: Draft) -> int:
        return sum(max(0, len(draft.listed(name)) - keep) for name in names)

    def shorten(draft: Draft, level: int) -> Draft:
        changes: dict[str, Any] = {}
        for name in names:
            entries = draft.listed(name)
            gone = min(level, max(0, len(entries) - keep))
            level -= gone
            if gone:
                changes[name] = entries[:-gone] if backwards else entries[gone:]
        return draft.with_values(**changes)

    return Stage(what, levels, shorten)


def _replacing(
    what: str, name: str, brief: Callable[[Any], Any], *, keep: int = 0, backwards: bool = False
) -> Stage:
    """Put something shorter in place of a list's entries one by one, but for the last `keep`."""

    def levels(draft: Draft) -> int:
        return max(0, len(draft.listed(name)) - keep)

    def shorten(draft: Draft, level: int) -> Draft:
        entries = draft.listed(name)
        places = range(len(entries) - level, len(entries)) if backwards else range(level)
        return draft.with_values(
            **{name: [brief(entry) if at in places else entry for at, entry in enumerate(entries)]}
        )

    return Stage(what, levels, shorten)


def _cutting(what: str, limits: Sequence[int], cut: Callable[[Draft, int], Draft]) -> Stage:
    """Cut texts to one limit after the other, where the last one changes anything."""

    def levels(draft: Draft) -> int:
        return len(limits) if cut(draft, limits[-1]) != draft else 0

    return Stage(what, levels, lambda draft, level: cut(draft, limits[level - 1]))


def _without_code(skill: Any) -> Any:
    if not isinstance(skill, Skill):
        return skill
    brief = _declaration(skill.entry, skill.source, skill.language)
    return skill.model_copy(update={"source": brief}) if len(brief) < len(skill.source) else skill


@lru_cache(maxsize=256)
def _declaration(entry: str, source: str, language: str) -> str:
    """How a skill is called, as code without a body."""
    skill = Skill.model_construct(name="", description="", source=source, entry=entry, language=language)  # type: ignore[arg-type]
    called = signature(skill)
    if language == "python":
        return f"def {called}:\n    ...  # {_LEFT_OUT}"
    return f"async function {called} {{\n  // {_LEFT_OUT}\n}}"


def _beginning(attempt: Any) -> Any:
    """An attempt without what it printed and most of its code; its error stays."""
    return _brief_attempt(attempt, code=BEGINNING_SHOWN, log=0)


def _brief_attempt(attempt: Any, *, code: int, log: int) -> Any:
    if not isinstance(attempt, Attempt):
        return attempt
    changes: dict[str, Any] = {}
    if attempt.source is not None:
        changes["source"] = without_middle(attempt.source, code)
    run = attempt.execution
    if run is not None:
        brief = {"log": run.log[-log:] if log else "", "failed_calls": run.failed_calls[:5]}
        changes["execution"] = run.model_copy(update=brief)
    return attempt.model_copy(update=changes)


def without_middle(text: str, limit: int) -> str:
    """At most `limit` characters: the beginning and the end of a text that is longer, as whole lines."""
    if len(text) <= limit:
        return text
    room = max(0, limit - len(_LEFT_OUT) - 6)
    head, tail = text[: room * 2 // 3], text[len(text) - room // 3 :]
    if "\n" in head and "\n" in tail:
        head, tail = head[: head.rindex("\n")], tail[tail.index("\n") + 1 :]
    return f"{head}\n# {_LEFT_OUT}\n{tail}"[:limit]


def _cut_lines(text: str, limit: int) -> str:
    return "\n".join(cut_text(line, limit) for line in text.split("\n"))


def _cut_texts(draft: Draft, limit: int) -> Draft:
    """Long lines of observations, long texts, long code and long entries of lists."""
    changes: dict[str, Any] = {}
    for name, value in draft.values.items():
        match value:
            case str() if name in ("observation", "before", "after"):
                changes[name] = _cut_lines(value, limit)
            case str() if name in ("world", "log", "error"):
                changes[name] = cut_text(value, limit)
            case str() if name == "source":
                changes[name] = without_middle(value, 4 * limit)
            case Task():
                changes[name] = value.model_copy(update={"context": cut_text(value.context, limit)})
            case [*entries] if name in ("said", "evidence", "facts", "people"):
                changes[name] = [cut_text(str(entry), limit) for entry in entries]
            case [*entries] if name in ("answers", "asked"):
                changes[name] = [
                    entry.model_copy(update={"answer": cut_text(entry.answer, limit)}) for entry in entries
                ]
            case [*entries, latest] if name == "attempts":
                changes[name] = [*entries, _brief_attempt(latest, code=4 * limit, log=limit)]
    return draft.with_values(**changes)


def _cut_reference(draft: Draft, level: int) -> Draft:
    """Docstrings beyond their first line, then all of them, then the end of what is still long."""
    changes: dict[str, Any] = {}
    if isinstance(text := draft.values.get("primitives"), str):
        changes["primitives"] = _first_lines(text) if level == 1 else _unindented(text)
    if isinstance(text := draft.values.get("tools"), str):
        changes["tools"] = _cut_lines(text, (200, 120, 80)[level - 1])
    if isinstance(text := draft.values.get("reference"), str):
        changes["reference"] = cut_text(text, (8_000, 4_000, 2_000)[level - 1], mark="\n(cut)")
    return draft.with_values(**changes)


def _first_lines(reference: str) -> str:
    """The entries of a reference with the first line of each one's docstring."""
    kept: list[str] = []
    for line in reference.split("\n"):
        if not line[:1].isspace() or (kept and not kept[-1][:1].isspace() and kept[-1]):
            kept.append(line)
    return "\n".join(line for line in kept if line.strip())


def _unindented(reference: str) -> str:
    return "\n".join(line for line in reference.split("\n") if line.strip() and not line[:1].isspace())


def _fewer_names(draft: Draft, level: int) -> Draft:
    """Leave out names by chance, level by level, that the rest of the prompt does not mention."""
    names = draft.values["names"]
    spoken = set(re.findall(r"[\w:.-]+", " ".join(str(v) for k, v in draft.values.items() if k != "names")))
    listed = {kind: getattr(names, kind) for kind in ("items", "blocks", "mobs")}
    changes = {}
    for kind, known in [*listed.items(), *names.kinds.items()]:
        strange = sorted(
            (n for n in known if n not in spoken), key=lambda n: zlib.crc32(n.encode("utf-8", "replace"))
        )
        gone = set(strange[: len(strange) * level // NAME_LEVELS])
        kept = tuple(name for name in known if name not in gone)
        changes[kind] = (*kept, f"... ({len(gone)} more)") if gone else kept
    built_in = {kind: changes[kind] for kind in listed}
    own = {kind: changes[kind] for kind in names.kinds}
    return draft.with_values(names=names.model_copy(update={**built_in, "kinds": own}))


def _earlier(turns: Sequence[Message]) -> list[int]:
    """The places of tool outcomes and unusable answers before the latest turn of the model."""
    latest = max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=0)
    return [at for at in range(latest) if _may_be_cut(turns[at])]


def _may_be_cut(turn: Message) -> bool:
    """Whether a turn is an outcome, or an answer that its provider does not want back as it was."""
    if turn.role == "user":
        return len(turn.text) > LONG_TURN
    plain = turn.role == "assistant" and not turn.requests and not turn.turn
    return (turn.role == "tool" or plain) and len(turn.text) > OUTCOME_SHOWN


def _cut_turns(draft: Draft, places: Sequence[int], limit: int) -> Draft:
    turns = list(draft.turns)
    for at in places:
        turns[at] = turns[at].model_copy(update={"text": cut_text(turns[at].text, limit)})
    return replace(draft, turns=tuple(turns))


def _cut_latest(draft: Draft, limit: int) -> Draft:
    return _cut_turns(draft, [at for at, turn in enumerate(draft.turns) if _may_be_cut(turn)], limit)


STAGES: tuple[Stage, ...] = (
    Stage(
        "earlier tool outcomes",
        lambda draft: len(_earlier(draft.turns)),
        lambda draft, level: _cut_turns(draft, _earlier(draft.turns)[:level], OUTCOME_SHOWN),
    ),
    _replacing("code of skills", "skills", _without_code, backwards=True),
    _replacing("code of earlier attempts", "attempts", _beginning, keep=1),
    _dropping("old answers", ("answers", "asked"), keep=ANSWERS_KEPT),
    _dropping("old tasks", ("completed", "failed"), keep=TASKS_KEPT),
    _dropping("what the world said long ago", ("said",), keep=SAID_KEPT),
    _dropping("facts", ("facts",), keep=FACTS_KEPT, backwards=True),
    _dropping("evidence", ("evidence",), keep=SAID_KEPT, backwards=True),
    _dropping("skills", ("skills",), backwards=True),
    _dropping("earlier attempts", ("attempts",), keep=1),
    _cutting("long texts", LENGTHS, _cut_texts),
    _cutting("parts of the reference", (1, 2, 3), _cut_reference),
    Stage(
        "names",
        lambda draft: NAME_LEVELS * isinstance(draft.values.get("names"), Names),
        _fewer_names,
    ),
    _dropping("answers", ("answers", "asked")),
    _dropping("evidence", ("evidence",), backwards=True),
    _dropping("what the world said", ("said",)),
    _dropping("facts", ("facts",), backwards=True),
    _dropping("tasks", ("completed", "failed", "items")),
    _dropping("what people said", ("people",), keep=1),
    _cutting("tool outcomes", _OUTCOMES, _cut_latest),
)
"""What goes, in this order."""
