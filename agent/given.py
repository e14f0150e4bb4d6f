"""Parts of a run that a caller gives as objects, beside those that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from fieldcraft.agent.protocols import Actor, Critic, Curriculum, Embeddings, Retriever
    from fieldcraft.envs import Environment
    from fieldcraft.skills import SkillLibrary
    from fieldcraft.skills.sandbox import Sandbox

OBJECT = "object:"
"""How the name of a given object begins in the settings that a run keeps."""


class ObjectMissing(ValueError):
    """A run was started with an object, and is resumed without it or with one of another class."""


@dataclass(frozen=True)
class Given:
    """Objects in place of names. What is left out is made from the settings.

    Objects are the caller's: a run closes none of them.

    Attributes:
        environment: the world.
        models: a LangChain chat model by role, see `fieldcraft.agent.settings.ROLES`.
        tools: functions and LangChain tools, for everyone who has no list of tools of their own.
        curriculum, actor, critic, retriever, embeddings, sandbox: see `fieldcraft.agent.protocols`.
        library: where skills are kept.
    """

    environment: Environment | None = None
    models: Mapping[str, BaseChatModel] = field(default_factory=dict)
    tools: tuple[Callable[..., Any], ...] = ()
    curriculum: Curriculum | None = None
    actor: Actor | None = None
    critic: Critic | None = None
    retriever: Retriever | None = None
    embeddings: Embeddings | None = None
    sandbox: Sandbox | None = None
    library: SkillLibrary | None = None
