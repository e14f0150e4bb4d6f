"""The kinds of part that can be named in a run's settings, and what is built in of each."""

from __future__ import annotations

from collections.abc import Iterator

from fieldcraft.agent.settings import ROLES, RunSettings
from fieldcraft.common.plugins import Kind, check_name
from fieldcraft.skills.sandbox import SANDBOX
from fieldcraft.skills.search.embeddings import EMBEDDINGS

OBJECT = "object:"
"""How the name of an object that a caller gave begins in the settings that a run keeps."""

CURRICULUM = Kind(
    noun="curriculum",
    group="fieldcraft.curricula",
    method="propose",
    built_in=dict.fromkeys(("auto", "random", "human", "fixed", "solve", "open", "subgoals", "episodes"), ""),
)
ACTOR = Kind(noun="actor", group="fieldcraft.actors", method="write", built_in={"model": ""})
CRITIC = Kind(
    noun="critic",
    group="fieldcraft.critics",
    method="judge",
    built_in=dict.fromkeys(("environment", "model", "human", "none", "never"), ""),
)
RETRIEVER = Kind(noun="retriever", group="fieldcraft.retrievers", method="search", built_in={"library": ""})

KINDS = {
    "curriculum": CURRICULUM,
    "actor": ACTOR,
    "critic": CRITIC,
    "retriever": RETRIEVER,
    "embeddings": EMBEDDINGS,
    "sandbox": SANDBOX,
}
"""By the field of `RunSettings` that names the part."""


def check_parts(settings: RunSettings) -> None:
    """Refuse a part that nobody knows, before anything is opened. Imports none.

    Raises:
        UnknownPart, EmbeddingsUnavailable, SandboxUnavailable: the message lists the nearest names.
        BrokenPart: two packages announce one name.
    """
    for field, kind in KINDS.items():
        name = getattr(settings, field)
        if not name.startswith(OBJECT):
            check_name(kind, name)


def objects_of(settings: RunSettings) -> list[str]:
    """The arguments of `explore` for which a run was given objects."""
    named = {"environment": settings.environment, **{field: getattr(settings, field) for field in KINDS}}
    found = [name for name, value in named.items() if value.startswith(OBJECT)]
    if any(settings.model_for(role).startswith(OBJECT) for role in ROLES):
        found.append("model")
    if any(tool.startswith(OBJECT) for tool in settings.all_tools()):
        found.append("tools")
    return found


def own_parts(settings: RunSettings) -> Iterator[tuple[str, str]]:
    """The parts that are not built in, as pairs of field and name."""
    for field, kind in KINDS.items():
        name = getattr(settings, field)
        if name not in kind.built_in:
            yield field, name
