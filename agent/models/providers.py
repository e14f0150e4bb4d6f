"""`provider:model` names to LangChain chat models. Every provider's package is imported when asked for."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fieldcraft.agent.models.bounded_http import bounded_client, response_hooks
from fieldcraft.agent.models.errors import MissingExtra, MissingKey, UnknownModel
from fieldcraft.agent.models.keeping.classes import keeping_turns
from fieldcraft.agent.models.provider_list import PROVIDERS, Provider, no_address
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.redact import redact
from fieldcraft.common.plugins import Kind, make
from fieldcraft.common.suggest import nearest

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

_NO_KEY = "not-needed"
_SETTINGS = {
    "base_url": ("azure_endpoint", "endpoint", "base_url", "api_base", "endpoint_url"),
    "timeout": ("timeout", "request_timeout"),
    "max_retries": ("max_retries",),
    "temperature": ("temperature",),
    "max_tokens": ("max_tokens", "max_output_tokens", "max_completion_tokens"),
}
"""The names of settings in LangChain's classes; of several names of one class the first is the right one."""
LOCAL = ("offline", "scripted", "toolformer")
"""The models that are part of Fieldcraft: deterministic, without a key, never retried."""
_COMMON = ("anthropic", "google_genai", "groq", "offline", "ollama", "openai")
_MODELS_OF_LOCAL = {"scripted": "FILE", "toolformer": "FOLDER"}


def provider_of(name: str) -> str:
    """The provider part of a model's name."""
    return name.partition(":")[0]


def resolve_model(name: str, *, settings: ModelSettings) -> BaseChatModel:
    """The chat model of a name; no request has been sent yet.

    Args:
        name: `openai:gpt-5`, `groq:...` or another provider of `PROVIDERS`, `scripted:FILE`,
            `toolformer:FOLDER`, `offline`, or `module:Class` of any LangChain chat model that can be made
            without arguments.
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
            from fieldcraft.agent.models.offline.chat_model import OfflineChatModel

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

    from fieldcraft.tools.toolformer.inference.chat import ToolformerChat

    disable_progress_bar()
    return ToolformerChat.load(
        folder,
        tokens=settings.max_output_tokens,
        corpus=settings.corpus,
        offered=settings.tools,
        sources=settings.sources,
    )


def check_name(name: str) -> None:
    """Refuse the name of an unknown model before anything is imported.

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
        f"no model provider {provider!r}{nearest(provider, known) or '.'} "
        f"Known: {', '.join(_COMMON)} and {len(known) - len(_COMMON)} more (`fieldcraft doctor` lists them), "
        "or 'module:Class' of a LangChain chat model"
    )


def _from_provider(name: str, settings: ModelSettings) -> BaseChatModel:
    provider_name, _, model = name.partition(":")
    provider = PROVIDERS[provider_name]
    try:
        package = importlib.import_module(provider.package)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and provider.package.startswith(error.name or "-")
        raise MissingExtra(
            f"{name} needs the extra '{provider.extra}': pip install 'fieldcraft[{provider.extra}]'"
            + ("" if missing else f" (its import failed: {error})")
        ) from error
    cls = getattr(package, provider.cls)
    if settings.base_url is not None and provider.compatible is not None:
        cls = getattr(importlib.import_module(cls.__module__), provider.compatible)
    cls = keeping_turns(cls)
    key = _key_of(name, provider, settings)
    if provider.arguments is not None:
        arguments = provider.arguments(model, settings, key)
    else:
        arguments = {provider.model: model, **_by_fields(name, cls, settings, key)}
    make = cls if provider.maker is None else getattr(cls, provider.maker)
    try:
        return cast(
            "BaseChatModel", make(**{word: value for word, value in arguments.items() if value is not None})
        )
    except Exception as error:
        problem = " ".join(redact(str(error)).split())[:300]
        raise UnknownModel(f"{name} cannot be used: {type(error).__name__}: {problem}") from error


def _by_fields(name: str, cls: type, settings: ModelSettings, key: str | None) -> dict[str, Any]:
    """The settings under the names that a class of LangChain's has for them."""
    fields = cls.model_fields  # type: ignore[attr-defined]
    known = set(fields).union(field.alias for field in fields.values() if field.alias)
    values = {
        "base_url": settings.base_url,
        "timeout": settings.timeout,
        "max_retries": 0,
        "temperature": settings.temperature,
        "max_tokens": settings.max_output_tokens,
    }
    found: dict[str, Any] = {}
    for setting, names in _SETTINGS.items():
        word = next((word for word in names if word in known), None)
        if word is not None:
            found[word] = values[setting]
        elif setting == "base_url" and settings.base_url is not None:
            raise UnknownModel(no_address(name))
    if "http_client" in known:
        found["http_client"] = bounded_client(settings.timeout)
    if "client_args" in known:
        found["client_args"] = {"event_hooks": response_hooks()}
    if key is not None and "api_key" in known:
        found["api_key"] = key
    return found


def _key_of(name: str, provider: Provider, settings: ModelSettings) -> str | None:
    """The key, a stand-in for a server of the user's, or nothing where there is another way to log in."""
    if not provider.keys:
        return None
    found = (os.environ.get(variable, "").strip() for variable in provider.keys)
    key = next(filter(None, found), None)
    if key is None and settings.base_url is None:
        variables = " or ".join(provider.keys)
        raise MissingKey(f"{name} needs a key: set the environment variable {variables}")
    return key or _NO_KEY


def _is_module(name: str) -> bool:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


CHAT_MODEL = Kind(
    noun="model", group="fieldcraft.models", method="invoke", unknown=UnknownModel, broken=UnknownModel
)


def _from_module(name: str) -> BaseChatModel:
    """A chat model of the user's own: an object of a module, or a class or function that makes one."""
    from langchain_core.language_models.chat_models import BaseChatModel

    found = make(CHAT_MODEL, name)
    if not isinstance(found, BaseChatModel):
        raise UnknownModel(f"{name} gives a {type(found).__name__}, which is no LangChain chat model")
    return found
