"""What the tools of each source would cost in a request, and what of them no provider takes as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from fieldcraft.agent.tooling.offering.offers import Offers
from fieldcraft.agent.tooling.offering.shelf import exceeds
from fieldcraft.tools import ToolRegistry
from fieldcraft.tools.search import ToolSearch

_SHOWN = 5
_LONGEST_LIST = 500


@dataclass
class SourceFit:
    """The tools of one source as models are offered them.

    Attributes:
        tools: how many can be offered.
        tokens: about how many tokens a request takes more that offers all of them.
        misfits: tools that no provider takes as they are, with what is offered otherwise; in words.
    """

    tools: int = 0
    tokens: int = 0
    misfits: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def remarks(self) -> list[str]:
        """The misfits for people, one line for each kind, the first few tools by name."""
        by_kind: dict[str, list[str]] = {}
        for name, kinds in self.misfits.items():
            for kind in kinds:
                by_kind.setdefault(kind.partition(" (")[0], []).append(name)
        return [f"{kind}: {_listed(names)}" for kind, names in by_kind.items()]


def fits_of(registry: ToolRegistry) -> dict[str, SourceFit]:
    """How the tools of each source fit, by origin."""
    offers = Offers(registry)
    found: dict[str, SourceFit] = {}
    for name in registry:
        fit = found.setdefault(registry.origin(name), SourceFit())
        offer = offers.of(name)
        if offer is None:
            fit.misfits[name] = ("cannot be offered",)
            continue
        fit.tools += 1
        fit.tokens += offer.tokens
        if offer.misfits:
            fit.misfits[name] = offer.misfits
    return found


def cost_of_all(fits: dict[str, SourceFit], bounds: ToolSearch) -> str:
    """What a request with all tools would take, and whether they are searched instead, for people."""
    tools, tokens = (sum(getattr(fit, name) for fit in fits.values()) for name in ("tools", "tokens"))
    what = "the only tool takes" if tools == 1 else f"all {tools:,} tools take"
    cost = f"{what} about {tokens:,} tokens in each request of a role that has"
    if exceeds(bounds, tools, tokens):
        return (
            f"{cost} them; that is too many, so it gets `search_tools` and the few that fit ([tool_search])"
        )
    return f"{cost} {'it' if tools == 1 else 'them'}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN])[:_LONGEST_LIST] + more
