"""What one user of tools may call, what of it is shown, and `search_tools` for the rest.

A few tools are all shown. Of many, a user is shown `search_tools` and the few that fit what it is about; a
model is offered what it found from its next turn on, for the rest of the task, after what it was offered
before. What is shown depends on the registry, the text and the journal's calls alone, so a resumed run is
shown the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from fieldcraft.agent.models.usage import estimated_tokens
from fieldcraft.agent.tooling.offering.offers import Offers
from fieldcraft.agent.tooling.offering.tool_index import ToolIndex
from fieldcraft.common.text import visible_line
from fieldcraft.tools import AllowedTools, ToolError, ToolExecutor, ToolRegistry, declare
from fieldcraft.tools.calls.describing import LONGEST_ARGUMENTS, signature
from fieldcraft.tools.search import ToolSearch

SEARCH = "search_tools"
IN_PROGRAMS = "search"
"""The name by which programs also find tools, where no tool has it."""
FOUND = 5
"""The most tools that one search finds, and that are shown of many."""
FEW_TOKENS = 2_000
"""About the most tokens that the few take that are shown of many."""

_LONGEST_LINE = 700
"""Characters of a tool's line in a reference with a few of many."""
_LONGEST_SPEC = 2_000
_LONGEST_ARGUMENTS = 450
_LONGEST_SUMMARY = 300
_LONGEST_WHOLE = 8_000
_RESERVED = 2
"""Places of a request's tools that are kept for `search_tools` and `read_skill`."""

Indexes = dict[tuple[str, ...], ToolIndex]


class ToolShelf:
    """The tools of one user.

    Args:
        executor: makes the calls.
        names: of the user's tools.
        bounds: from when on it searches.
        programs: whether the user is the programs, which call tools by their own names.
        indexes: of other users, by the names of their tools: users with the same tools share one.

    Attributes:
        allowed: what the user may call, `search_tools` included where it searches.
        searches: whether it is shown a few of its tools.
    """

    def __init__(
        self,
        executor: ToolExecutor,
        names: Sequence[str],
        bounds: ToolSearch,
        *,
        programs: bool,
        indexes: Indexes,
    ) -> None:
        self._own = executor.registry.select(names) if names else ToolRegistry()
        self._bounds = bounds
        self._programs = programs
        self._offers = Offers(self._own)
        self._real = {offered: name for name, offered in self._offers.names.items()}
        self._index = indexes.setdefault(self._own.names(), ToolIndex(self._own))
        self._found: list[str] = []
        self._few: tuple[str, tuple[str, ...]] = ("", ())
        self.searches = self._is_too_much()
        self._reads = self.searches or (not programs and any(offer.cut for offer in self._offers.all()))
        shown = executor.registry.select(names) if names else ToolRegistry()
        self._search_names = self._add_search(shown) if self._reads else ()
        self.allowed = AllowedTools(executor, shown)
        self._search_offer = Offers(shown.select(self._search_names[:1])).all() if self._reads else ()

    def begin_task(self) -> None:
        """Forget what was found."""
        self._found.clear()

    def real(self, offered: str) -> str:
        """The tool that a model calls so."""
        return self._real.get(offered, offered)

    def offer(self, about: str) -> tuple[dict[str, Any], ...]:
        """The tools that a model is offered, in the form of OpenAI's API, those found last at the end."""
        search = tuple(offer.function for offer in self._search_offer)
        if not self.searches:
            return (*(offer.function for offer in self._offers.all()), *search)
        names = dict.fromkeys([*self._fitting(about), *self._found])
        found = [offer.function for name in names if (offer := self._offers.of(name)) is not None]
        return (*search, *found[: self._bounds.offered - _RESERVED])

    def take(self, name: str, value: Any) -> None:
        """Offer what a search found from now on."""
        if name not in self._search_names or not isinstance(value, list):
            return
        room = self._bounds.tokens
        for found in value:
            known = self.real(str(found.get("name"))) if isinstance(found, Mapping) else ""
            offer = self._offers.of(known) if known in self._own and known not in self._found else None
            if offer is not None and offer.tokens <= room:
                self._found.append(known)
                room -= offer.tokens
        most = self._bounds.offered - _RESERVED - FOUND
        while len(self._found) > most or self._tokens_found() > self._bounds.tokens:
            self._found.pop(0)

    def _tokens_found(self) -> int:
        return sum(offer.tokens for name in self._found if (offer := self._offers.of(name)) is not None)

    def reference(self, about: str) -> str:
        """The tools as the author of programs sees them: a line each, with one on how to find the others."""
        if not self.searches:
            return _entries(visible_line(spec, _LONGEST_SPEC) for spec in self._own.specs())
        few = self._fitting(about)
        lines = [
            visible_line(f"{self._signature(name)}: {self._purpose(name, _LONGEST_SUMMARY)}", _LONGEST_LINE)
            for name in few
        ]
        finder = self._search_names[-1]
        lines.append(
            f"{finder}(query: str): {len(self._own) - len(few):,} other tools exist. "
            f'tools.{finder}(query="what it should do") gives a list of {{name, call, description}}'
        )
        return _entries(lines)

    def _is_too_much(self) -> bool:
        if exceeds(self._bounds, len(self._own)):
            return True
        if self._programs:
            tokens = sum(map(estimated_tokens, self._own.specs()))
        else:
            tokens = sum(offer.tokens for offer in self._offers.all())
        return exceeds(self._bounds, len(self._own), tokens)

    def _fitting(self, about: str) -> tuple[str, ...]:
        """The few tools that fit a text; the same text has the same ones."""
        if self._few[0] != about or not self._few[1]:
            self._few = (about, self._chosen(about) if about.strip() else ())
        return self._few[1]

    def _chosen(self, about: str) -> tuple[str, ...]:
        chosen: list[str] = []
        room = FEW_TOKENS
        for name in self._index.search(about, 2 * FOUND):
            offer = self._offers.of(name)
            if offer is not None and offer.tokens <= room and len(chosen) < FOUND:
                chosen.append(name)
                room -= offer.tokens
        return tuple(chosen)

    def _add_search(self, shown: ToolRegistry) -> tuple[str, ...]:
        """Add the search to the user's tools, under a name that none of them has; for programs under two."""
        search = next(name for extra in count() if (name := SEARCH + "_" * extra) not in shown)
        wanted = [search, IN_PROGRAMS] if self._programs and IN_PROGRAMS not in shown else [search]
        return tuple(shown.add(_search_tool(self._search), name=name, origin="built in") for name in wanted)

    def _search(self, query: str) -> list[dict[str, str]]:
        names = self._index.search(self.real(query.strip()), FOUND)
        whole = names[:1] if names and self.real(query.strip()) == names[0] else []
        return [self._described(name, whole=name in whole) for name in names]

    def _described(self, name: str, *, whole: bool) -> dict[str, str]:
        called = name if self._programs else self._offers.names[name]
        arguments, longest = (
            (LONGEST_ARGUMENTS, _LONGEST_WHOLE) if whole else (_LONGEST_ARGUMENTS, _LONGEST_SUMMARY)
        )
        call = self._signature(name, called, longest=arguments)
        return {
            "name": called,
            "call": f"tools.{call}" if self._programs else call,
            "description": self._purpose(name, longest),
        }

    def _signature(self, name: str, called: str = "", *, longest: int = _LONGEST_ARGUMENTS) -> str:
        try:
            return signature(called or name, self._own.get(name), longest=longest)
        except (ToolError, ValueError, TypeError, RecursionError):
            return f"{called or name}(...)"

    def _purpose(self, name: str, longest: int) -> str:
        return visible_line(self._own.get(name).description, longest)


def exceeds(bounds: ToolSearch, tools: int, tokens: int = 0) -> bool:
    """Whether so many tools, which take so many tokens, are searched instead of shown."""
    return tools > min(bounds.tools, bounds.offered - _RESERVED) or tokens > bounds.tokens


def _entries(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _search_tool(search: Callable[[str], list[dict[str, str]]]) -> Callable[..., Any]:
    def search_tools(query: str) -> list[dict[str, str]]:
        """Find tools by what they do, or read all about one by its name. What is found can be called."""
        return search(query)

    return declare(effect="reads", reads_world=False)(search_tools)
