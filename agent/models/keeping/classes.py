"""The classes of models that put back what a provider wants back, where LangChain's own drop it."""

from __future__ import annotations

from functools import cache

from fieldcraft.agent.models.keeping.anthropic_client import BoundsAnswers
from fieldcraft.agent.models.keeping.mistral_turns import KeepsThinkingBlocks
from fieldcraft.agent.models.keeping.ollama_turns import KeepsThinking
from fieldcraft.agent.models.keeping.openai_turns import KeepsTurns

_KEEPERS = {
    "langchain_anthropic": BoundsAnswers,
    "langchain_openai": KeepsTurns,
    "langchain_ollama": KeepsThinking,
    "langchain_mistralai": KeepsThinkingBlocks,
}
"""By the package that has the class, or one that it was made from."""


@cache
def keeping_turns(cls: type) -> type:
    """A small subclass of a LangChain class that keeps turns with tool calls whole, or the class itself."""
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    keeper = next((mixin for package, mixin in _KEEPERS.items() if package in packages), None)
    if keeper is None:
        return cls
    return type(cls)(cls.__name__, (keeper, cls), {"__module__": cls.__module__})
