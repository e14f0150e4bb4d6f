"""`provider:model` names to LangChain chat models. Every provider's package is imported when asked for."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fieldcraft.agent.models.errors import MissingExtra, MissingKey, UnknownModel
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.envs import nearest

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

_NO_KEY = "not-needed"


@dataclass(frozen=True)
class Provider:
    """A provider with its own LangChain package, which is also named by an extra of ours.

    `arguments` says how it wants to be called, given the model's name, the settings and the key. A
    server at a `base_url` of the user's speaks through `compatible`, which keeps to the widely copied
    part of the protocol, and may do without a key.
    """

    package: str
    cls: str
    arguments: Callable[[str, ModelSettings, str], dict[str, Any]]
    key: str | None = None
    compatible: str | None = None


def _hosted(model: str, settings: ModelSettings, key: str) -> dict[str, Any]:
    return {
        "model": model,
        "api_key": key,
        "base_url": settings.base_url,
        "timeout": settings.timeout,
        "max_retries": 0,
        "temperature": settings.temperature,
        "max_tokens": settings.max_output_tokens,
    }


def _ollama(model: str, settings: ModelSettings, _key: str) -> dict[str, Any]:
    return {
        "model": model,
        "base_url": settings.base_url,
        "client_kwargs": {"timeout": settings.timeout},
        "temperature": settings.temperature,
        "num_predict": settings.max_output_tokens,
    }


PROVIDERS: Mapping[str, Provider] = {
    "anthropic": Provider("langchain_anthropic", "ChatAnthropic", _hosted, key="ANTHROPIC_API_KEY"),
    "ollama": Provider("langchain_ollama", "ChatOllama", _ollama),
    "openai": Provider(
        "langchain_openai", "ChatOpenAI", _hosted, key="OPENAI_API_KEY", compatible="BaseChatOpenAI"
    ),
}
LOCAL = ("offline", "scripted", "toolformer")
"""The models that are part of Fieldcraft: deterministic, without a key, never retried."""
_MODELS_OF_LOCAL = {"scripted": "FILE", "toolformer": "FOLDER"}


def provider_of(name: str) -> str:
    """The part of a model's name that says who serves it."""
    return name.partition(":")[0]


def resolve_model(name: str, *, settings: ModelSettings) -> BaseChatModel:
    """The chat model of a name, ready to be asked; nothing has been sent yet.

    Args:
        name: `openai:gpt-5`, `anthropic:...`, `ollama:...`, `scripted:FILE`, `toolformer:FOLDER`, `offline`,
            or `module:Class` of any LangChain chat model that can be made without arguments.
        settings: limits and address.

    Raises:
        UnknownModel: no such provider, module or class, or a name without its model.
        MissingExtra: the provider's package is not installed.
        MissingKey: the provider's key is not in the environment.
        BadScript: the file of scripted answers cannot be used.
    """
    check_name(name)
    provider, _, model = name.partition(":")
    match provider:
        case "offline":
            from fieldcraft.agent.models.offline import OfflineChatModel

            return OfflineChatModel(timeout=settings.timeout)
        case "scripted":
            from fieldcraft.agent.models.scripted import ScriptedChatModel

            return ScriptedChatModel.from_file(Path(model))
        case "toolformer":
            return _toolformer(Path(model), settings)
        case _ if provider in PROVIDERS:
            return _from_provider(name, settings)
        case _:
            return _from_module(name)


def _toolformer(folder: Path, settings: ModelSettings) -> BaseChatModel:
    from fieldcraft.tools.toolformer.errors import require_extra

    require_extra()
    from transformers.utils.logging import disable_progress_bar

    from fieldcraft.tools.toolformer.chat import ToolformerChat

    disable_progress_bar()
    return ToolformerChat.load(
        folder,
        tokens=settings.max_output_tokens,
        corpus=settings.corpus,
        offered=settings.tools,
        sources=settings.sources,
    )


def check_name(name: str) -> None:
    """Refuse the name of a model that nobody serves, before anything of it is imported.

    Raises:
        UnknownModel: no such provider or module, or a name without its model.
    """
    provider, _, model = name.partition(":")
    served = provider in (*PROVIDERS, *LOCAL) or (bool(model) and _is_module(provider))
    if not served or bool(model) is (provider == "offline"):
        raise UnknownModel(_unknown(name, provider))


def _unknown(name: str, provider: str) -> str:
    known = sorted([*PROVIDERS, *LOCAL])
    if provider == "offline":
        return f"{name!r}: the offline model takes no name of its own; say 'offline'"
    if provider in known:
        return f"{name!r} names no model; say '{provider}:{_MODELS_OF_LOCAL.get(provider, 'MODEL')}'"
    return (
        f"no model provider {provider!r}{nearest(provider, known) or '.'} Known: {', '.join(known)}, "
        "or 'module:Class' of a LangChain chat model"
    )


def _from_provider(name: str, settings: ModelSettings) -> BaseChatModel:
    provider_name, _, model = name.partition(":")
    provider = PROVIDERS[provider_name]
    try:
        package = importlib.import_module(provider.package)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == provider.package
        raise MissingExtra(
            f"{name} needs the extra '{provider_name}': pip install 'fieldcraft[{provider_name}]'"
            + ("" if missing else f" (its import failed: {error})")
        ) from error
    cls = getattr(package, provider.cls)
    if settings.base_url is not None and provider.compatible is not None:
        cls = getattr(importlib.import_module(cls.__module__), provider.compatible)
    arguments = provider.arguments(model, settings, _key_of(name, provider, settings))
    return cast("BaseChatModel", cls(**{key: value for key, value in arguments.items() if value is not None}))


def _key_of(name: str, provider: Provider, settings: ModelSettings) -> str:
    if provider.key is None:
        return _NO_KEY
    key = os.environ.get(provider.key, "").strip()
    if key:
        return key
    if settings.base_url is not None:
        return _NO_KEY
    raise MissingKey(f"{name} needs a key: set the environment variable {provider.key}")


def _is_module(name: str) -> bool:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _from_module(name: str) -> BaseChatModel:
    from langchain_core.language_models.chat_models import BaseChatModel

    module_name, _, class_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UnknownModel(
            f"{name}: importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    cls = getattr(module, class_name, None)
    if cls is None:
        raise UnknownModel(f"{name}: {module_name} has no {class_name!r}{nearest(class_name, vars(module))}")
    if not (isinstance(cls, type) and issubclass(cls, BaseChatModel)):
        raise UnknownModel(f"{name}: {class_name} is not a subclass of LangChain's BaseChatModel")
    try:
        return cls()
    except Exception as error:
        raise UnknownModel(f"{name} could not be made without arguments: {error}") from error
