"""Embeddings by name: the default that ships with Fieldcraft, LangChain's, or a class of your own."""

from __future__ import annotations

import importlib
from typing import NamedTuple, Protocol, cast

from fieldcraft.common.errors import Unavailable
from fieldcraft.skills.library.errors import LibraryError

DEFAULT = "minilm"


class EmbeddingsUnavailable(LibraryError, Unavailable):
    """The embeddings cannot be had; the message names what to install or to write instead."""


class TextEmbeddings(Protocol):
    """What turns texts into vectors. Every LangChain `Embeddings` does."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, all of one length."""

    def embed_query(self, text: str) -> list[float]:
        """The vector of a text that is searched for."""


class _Provider(NamedTuple):
    module: str
    factory: str
    install: str


_PROVIDERS = {
    "openai": _Provider("langchain_openai", "OpenAIEmbeddings", "fieldcraft[openai]"),
    "ollama": _Provider("langchain_ollama", "OllamaEmbeddings", "fieldcraft[ollama]"),
    "cohere": _Provider("langchain_cohere", "CohereEmbeddings", "langchain-cohere"),
    "google_genai": _Provider(
        "langchain_google_genai", "GoogleGenerativeAIEmbeddings", "langchain-google-genai"
    ),
    "huggingface": _Provider("langchain_huggingface", "HuggingFaceEmbeddings", "langchain-huggingface"),
    "mistralai": _Provider("langchain_mistralai", "MistralAIEmbeddings", "langchain-mistralai"),
}


def load_embeddings(name: str) -> TextEmbeddings:
    """Resolve a name to embeddings.

    Args:
        name: `minilm`, which needs no network; `provider:model` for LangChain's, such as
            `openai:text-embedding-3-small`; or `package.module:Class`, made without arguments.

    Raises:
        EmbeddingsUnavailable: no such provider or class, or its package is not installed.
    """
    if name == DEFAULT:
        from fieldcraft.skills.search.minilm import MiniLM

        return MiniLM()
    head, colon, tail = name.partition(":")
    if not colon or not tail:
        raise EmbeddingsUnavailable(
            f"no embeddings {name!r}; write {DEFAULT}, provider:model with one of "
            f"{', '.join(sorted(_PROVIDERS))}, or module:Class"
        )
    provider = _PROVIDERS.get(head)
    if provider is None:
        return _construct(name, head, tail, "check that it can be imported")
    cure = f'pip install "{provider.install}"'
    return _construct(name, provider.module, provider.factory, cure, model=tail)


def _construct(name: str, module: str, factory: str, cure: str, **arguments: str) -> TextEmbeddings:
    try:
        found = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise EmbeddingsUnavailable(f"the embeddings {name!r} cannot be loaded ({error}); {cure}") from None
    try:
        return cast(TextEmbeddings, found(**arguments))
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EmbeddingsUnavailable(f"the embeddings {name!r} cannot be made: {first}") from error
