"""Making the proposed calls by the `ToolExecutor`, each in the world of its document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.context import WorldView
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.sampling import Proposal
from fieldcraft.tools.toolformer.syntax.arguments import parameters_of, read

CUT = "..."
_TELLING = ("text", "answer")
"""Keys of a result under which its words stand; what else it has (sources, titles) is left out of a text."""


@dataclass(frozen=True)
class Executed:
    """A proposal and how its call ended: a `result` as text, or why there is none."""

    proposal: Proposal
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class DocumentWorld:
    """The world of a document, to tools that look at it: it has a day, and nothing else."""

    today: str | None

    def reference(self) -> str:
        """Nothing can be done in a document."""
        return ""

    def last_seen(self, name: str) -> str | None:  # noqa: ARG002 - as `WorldView` has it
        """Nothing is seen in a document."""
        return None

    def day(self) -> str | None:
        """The day on which the document was written."""
        return self.today


@contextmanager
def in_world_of(executor: ToolExecutor, day: str | None) -> Iterator[None]:
    """Let tools see the day of a document, in place of the executor's own world, where it has one."""
    before = executor.context
    if day is not None:
        world: WorldView = DocumentWorld(day)
        executor.context = replace(before, world=world)
    try:
        yield
    finally:
        executor.context = before


class CallRunner:
    """Runs calls that are written in texts.

    Args:
        executor: what makes them. Its policy must allow the calls of a whole document as one task.
        longest: characters of a result as it stands in a text.
    """

    def __init__(self, executor: ToolExecutor, *, longest: int) -> None:
        self._executor = executor
        self._longest = longest

    def run(self, name: str, arguments: str) -> str:
        """The result of one call as text, on one line.

        Raises:
            ToolError: the call failed, or gave nothing.
        """
        parameters = parameters_of(self._executor.registry.get(name))
        value = self._executor.call(name, read(arguments, parameters))
        return self._shown(name, value)

    def run_all(self, proposals: Sequence[Proposal], documents: Mapping[int, Document]) -> list[Executed]:
        """The proposals of some documents with their results, side by side within a document."""
        found: dict[Proposal, Executed] = {}
        for number, document in documents.items():
            with in_world_of(self._executor, document.day):
                self._executor.begin_task()
                of_document = [one for one in proposals if one.document == number]
                found.update(zip(of_document, self._run_document(of_document), strict=True))
        return [found[proposal] for proposal in proposals]

    def _run_document(self, proposals: Iterable[Proposal]) -> list[Executed]:
        started: list[tuple[Proposal, Any]] = []
        for proposal in proposals:
            try:
                parameters = parameters_of(self._executor.registry.get(proposal.name))
                future = self._executor.submit(proposal.name, read(proposal.arguments, parameters))
            except ToolError as error:
                started.append((proposal, error))
            else:
                started.append((proposal, future))
        return [self._ended(proposal, outcome) for proposal, outcome in started]

    def _ended(self, proposal: Proposal, outcome: Any) -> Executed:
        try:
            if isinstance(outcome, ToolError):
                raise outcome
            return Executed(proposal, result=self._shown(proposal.name, outcome.result()))
        except ToolError as error:
            return Executed(proposal, error=" ".join(str(error).split())[:300])

    def _shown(self, name: str, value: Any) -> str:
        words = " ".join(result_text(value).split())
        if not words:
            raise ToolError(f"{name} gave nothing")
        if len(words) <= self._longest:
            return words
        cut = words[: self._longest - len(CUT)]
        space = cut.rfind(" ")
        return (cut[:space] if space > len(cut) // 2 else cut) + CUT


def result_text(value: Any) -> str:
    """A result as it stands in a text: words as they are, of a list the first (the best), else JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case []:
            return ""
        case [dict() as first, *_]:
            return result_text(first)
        case dict():
            telling = [key for key in _TELLING if isinstance(value.get(key), str)]
            return str(value[telling[0]]) if telling else json.dumps(value, ensure_ascii=False)
        case _:
            return json.dumps(value, ensure_ascii=False)
