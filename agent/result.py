"""What a run came to: its state, how it ended, and how that looks in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Literal, TypeAlias

from fieldcraft.agent.journal.state import RunState
from fieldcraft.common.text import visible_line

Ended: TypeAlias = Literal["finished", "budget", "stopped", "stalled", "model silent"]
"""How a run ended. All but `finished` can be resumed.

`finished`: nothing is left to do. `budget`: a limit is used up. `stopped`: somebody asked it to stop.
`stalled`: several times in a row the world could not be observed, or no usable task was proposed.
`model silent`: a model gave no answer.
"""

SKILLS_SHOWN = 40
"""Skills that a notebook lists."""


class RunResult(RunState):
    """Where a run stands at its end, as `fieldcraft.agent.RunState`, and how it ended.

    Attributes:
        ended: how, see `Ended`.
        reason: the same in one line.
        name: of the run, for `explore(resume=...)`.
        folder: the run's files.
    """

    ended: Ended
    reason: str
    name: str
    folder: Path

    @classmethod
    def at_end(cls, state: RunState, *, ended: Ended, reason: str, folder: Path) -> RunResult:
        """The result of a run in `folder` that ended in `state`."""
        fields = {name: getattr(state, name) for name in RunState.model_fields}
        return cls.model_construct(
            **fields,
            ended=ended,
            reason=visible_line(reason, 500),
            name=folder.name,
            folder=folder.absolute(),
        )

    def __repr__(self) -> str:
        return f"<RunResult {self}>"

    def __str__(self) -> str:
        return f"{visible_line(self.name, 100)} ended: {self._ending()}; {figures(self)}"

    def __rich_repr__(self) -> Iterator[Any]:
        yield "name", visible_line(self.name, 100)
        yield "ended", self.ended
        yield "reason", self.reason
        yield "iterations", self.spent.iterations
        yield "items", len(self.found())
        yield "skills", len(self.kept)

    def _repr_html_(self) -> str:
        """A small table for a notebook. Names come from worlds and models, so all of it is escaped."""
        spent = self.spent
        rows = [
            ("Run", self.name),
            ("Ended", self._ending()),
            ("Iterations", f"{spent.iterations:,}"),
            ("Tasks", f"{len(self.completed):,} done, {len(self.failed):,} failed"),
            (f"{self.noun.capitalize()}s", f"{len(self.found()):,} different ones"),
            ("Milestones", _listed(list(self.reached), 20) or "none"),
            ("Tokens", f"{spent.tokens:,}"),
            ("Cost", f"${spent.money:,.4f}" + (" and answers of unknown price" if spent.unpriced else "")),
            *([("Rate limits", f"{spent.waited:,.0f} s waited")] if spent.waited else []),
            ("Folder", str(self.folder)),
        ]
        table = "".join(
            f'<tr><th style="text-align:left">{_shown(name)}</th>'
            f'<td style="text-align:left">{_shown(words)}</td></tr>'
            for name, words in rows
        )
        return f"<table>{table}</table>{self._skills_html()}"

    def _skills_html(self) -> str:
        if not self.kept:
            return "<p>No skill was kept.</p>"
        names = "".join(
            f"<li><code>{_shown(name, 80)}</code></li>" for name in list(self.kept)[:SKILLS_SHOWN]
        )
        more = len(self.kept) - SKILLS_SHOWN
        rest = f"<li>and {more:,} more</li>" if more > 0 else ""
        summary = f"<summary>{_count(len(self.kept), 'skill')} kept</summary>"
        return f"<details>{summary}<ul>{names}{rest}</ul></details>"

    def _ending(self) -> str:
        return f"{self.ended} ({self.reason})"


def figures(state: RunState, limit: int | None = None) -> str:
    """`12 of 60 iterations, 34 items, 21 skills`; without a limit, `12 iterations, ...`."""
    done = f"{state.spent.iterations:,} of " if limit is not None else ""
    iterations = _count(state.spent.iterations if limit is None else limit, "iteration")
    return f"{done}{iterations}, {_count(len(state.found()), state.noun)}, {_count(len(state.kept), 'skill')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(names: list[str], limit: int) -> str:
    words = ", ".join(visible_line(name, 80) for name in names[:limit])
    more = len(names) - limit
    return f"{words} and {more:,} more" if more > 0 else words


def _shown(text: str, limit: int = 2_000) -> str:
    return escape(visible_line(text, limit))
