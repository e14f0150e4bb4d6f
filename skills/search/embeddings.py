"""Embeddings by name: the default that ships with Fieldcraft, LangChain's, or a class of your own."""

from __future__ import annotations

import importlib
from typing import NamedTuple, Protocol, cast

from fieldcraft.common import plugins
from fieldcraft.skills.library.errors import LibraryError

DEFAULT = "minilm"


class EmbeddingsUnavailable(LibraryError):
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


EMBEDDINGS = plugins.Kind(
    noun="embeddings",
    group="fieldcraft.embeddings",
    method="embed_documents",
    built_in={DEFAULT: "fieldcraft.skills.search.minilm:MiniLM"},
    ways=f", and provider:model with one of {', '.join(sorted(_PROVIDERS))}",
    unknown=EmbeddingsUnavailable,
    broken=EmbeddingsUnavailable,
)


def load_embeddings(name: str) -> TextEmbeddings:
    """Resolve a name to embeddings.

    Args:
        name: `minilm`, which needs no network; `provider:model` for LangChain's, such as
            `openai:text-embedding-3-small`; a name that an installed package announces (entry points of the
            group `fieldcraft.embeddings`); or `package.module:Class`, made without arguments.

    Raises:
        EmbeddingsUnavailable: no such provider or class, or its package is not installed.
    """
    provider = _PROVIDERS.get(name.partition(":")[0])
    if provider is not None:
        return _from_provider(name, provider)
    own: TextEmbeddings = plugins.make(EMBEDDINGS, name)
    return own


def _from_provider(name: str, provider: _Provider) -> TextEmbeddings:
    model = name.partition(":")[2]
    if not model:
        raise EmbeddingsUnavailable(f"embeddings {name!r} name no model; write provider:model")
    try:
        found = getattr(importlib.import_module(provider.module), provider.factory)
    except (ImportError, AttributeError) as error:
        raise EmbeddingsUnavailable(
            f'the embeddings {name!r} cannot be loaded ({error}); pip install "{provider.install}"'
        ) from None
    try:
        return cast(TextEmbeddings, found(model=model))
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EmbeddingsUnavailable(f"the embeddings {name!r} cannot be made: {first}") from error
