"""Ask a model's provider or server how large its context window is.

Whatever a server answers is data: bounded in time and size, and not believed outside of sane numbers.
No failure of it is ever that of the run, whose window is then unknown until a refusal names it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.bounded_http import bounded_client
from fieldcraft.agent.models.deadline import within
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.providers import LOCAL
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.models.windows.window import ContextWindow
from fieldcraft.common.data import Limits, read_json

if TYPE_CHECKING:
    import httpx
    from langchain_core.language_models.chat_models import BaseChatModel

OLLAMA_CONTEXT = 16_384
"""The `num_ctx` that is sent to Ollama where neither `context` nor the model's file sets one.

By itself Ollama gives a model a few thousand tokens, and cuts longer prompts without a word. Its memory grows
with each token of the window, so the whole window of a model may not fit. A model with a smaller window gets
that, and one that is loaded with a larger one keeps it.
"""
OLLAMA_DEFAULT = 4_096
"""What Ollama gives a model by itself."""
_SECONDS, _SECONDS_IN_ALL = 5.0, 12.0
_LEAST, _MOST = 256, 100_000_000
_LIMITS = Limits(size=16_000_000, depth=64, items=1_000_000)
_SIZES = frozenset(
    {
        "max_model_len",
        "context_length",
        "context_window",
        "max_context_length",
        "loaded_context_length",
        "max_input_tokens",
        "max_sequence_length",
        "n_ctx",
        "n_ctx_train",
    }
)
"""What vLLM, Ollama, LM Studio, llama.cpp, OpenRouter, Groq, Mistral and others call it."""
_NESTED = ("meta", "top_provider", "default_generation_settings", "limits")
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)


def window_of(name: str, model: BaseChatModel, settings: ModelSettings, *, made: bool) -> ContextWindow:
    """The window of a model: as its settings say, its provider's profile, or its server when asked.

    Args:
        name: `provider:model`.
        model: the chat model.
        settings: its settings.
        made: the model was made from its name, at the address of the settings.
    """
    output = settings.max_output_tokens or _number(getattr(model, "max_tokens", None))
    provider, _, served = name.partition(":")
    address = settings.base_url or getattr(model, "openai_api_base", None)
    if provider == "ollama" and made:
        if settings.context is None:
            return ContextWindow(ask=lambda: _of_ollama(model, served), output=output)
        model.num_ctx = settings.context  # type: ignore[attr-defined]
    if settings.context is not None or provider in LOCAL:
        return ContextWindow(settings.context, output=output)
    if address is None or provider not in PROVIDERS or not made:
        known = _number(getattr(model, "num_ctx", None))
        return ContextWindow(known or (None if address else _of_profile(model)), output=output)
    key = _key_of(provider)
    return ContextWindow(ask=lambda: _quietly(lambda: _of_server(str(address), served, key)), output=output)


def _of_profile(model: BaseChatModel) -> int | None:
    profile = getattr(model, "profile", None)
    return _number(profile.get("max_input_tokens")) if isinstance(profile, Mapping) else None


def _of_server(address: str, model: str, key: str) -> int | None:
    """What a server of OpenAI's protocol says of a model, on the pages of its kinds."""
    base = address.rstrip("/")
    root = re.sub(r"(?:/api)?/v\d+$", "", base)
    with bounded_client(_SECONDS) as client:
        client.headers.update({"Authorization": f"Bearer {key}"} if key else {})
        listed = _read(client, f"{base}/models" if re.search(r"/v\d+$", base) else f"{base}/v1/models")
        entry = _entry(listed, model, alone=True)
        found = [*_sizes(entry)]
        if not found or _of_llama_cpp(entry):
            found += _sizes(_read(client, f"{root}/props"))
        found = found or [*_sizes(_entry(_read(client, f"{root}/api/v0/models"), model))]
        if not found and isinstance(running := _read(client, f"{root}/api/ps"), Mapping):
            found = [*_sizes(_entry(running, model))] or _unloaded_in_ollama(client, root, model)
    return min(found, default=None)


def _unloaded_in_ollama(client: httpx.Client, root: str, model: str) -> list[int]:
    """What Ollama will load a model with that is asked for by OpenAI's protocol, which has no `num_ctx`."""
    shown = _read(client, f"{root}/api/show", {"model": model})
    return [_set_in_file(shown) or OLLAMA_DEFAULT] if isinstance(shown, Mapping) else []


def _of_llama_cpp(entry: Any) -> bool:
    """Whether llama.cpp lists this: the window that a model was trained for; the server has its own."""
    return isinstance(entry, Mapping) and "meta" in entry


def _of_ollama(model: BaseChatModel, name: str) -> int:
    """The window that Ollama is asked for with each request; it is set on the model here."""
    size = _quietly(lambda: _said_by_ollama(model, name)) or OLLAMA_CONTEXT
    model.num_ctx = size  # type: ignore[attr-defined]
    return size


def _said_by_ollama(model: BaseChatModel, name: str) -> int | None:
    client: httpx.Client = model._client._client  # type: ignore[attr-defined]
    shown = _read(client, "/api/show", {"model": name})
    if not isinstance(shown, Mapping):
        return None
    about = shown.get("model_info")
    lengths = [
        _number(value)
        for key, value in (about.items() if isinstance(about, Mapping) else ())
        if str(key).endswith(".context_length")
    ]
    most = min(filter(None, lengths), default=_MOST)
    loaded = max(_sizes(_entry(_read(client, "/api/ps"), name)), default=0)
    return min(_set_in_file(shown) or max(loaded, OLLAMA_CONTEXT), most)


def _set_in_file(shown: Mapping[str, Any]) -> int | None:
    """The `num_ctx` of a model's file."""
    found = _NUM_CTX.search(str(shown.get("parameters") or ""))
    return _number(int(found[1])) if found else None


def _quietly(ask: Callable[[], int | None]) -> int | None:
    try:
        return within(_SECONDS_IN_ALL, ask)
    except Exception:
        return None


def _read(client: httpx.Client, page: str, body: dict[str, Any] | None = None) -> Any:
    """What a page holds as JSON; `None` where it holds none."""
    try:
        reply = client.get(page) if body is None else client.post(page, json=body, timeout=_SECONDS)
        return read_json(reply.content, _LIMITS) if reply.status_code == 200 else None
    except Exception:
        return None


def _entry(said: Any, model: str, *, alone: bool = False) -> Any:
    """The model in a server's list; with `alone` the only one there, whatever its name."""
    listed = said if isinstance(said, list) else None
    if isinstance(said, Mapping):
        listed = next((said[key] for key in ("data", "models") if isinstance(said.get(key), list)), None)
    entries = [entry for entry in listed or () if isinstance(entry, Mapping)]
    for entry in entries:
        names = {entry.get(key) for key in ("id", "name", "model") if isinstance(entry.get(key), str)}
        if {model, f"{model}:latest"} & names:
            return entry
    return entries[0] if alone and len(entries) == 1 else None


def _sizes(entry: Any) -> Iterator[int]:
    if not isinstance(entry, Mapping):
        return
    for key in _SIZES & entry.keys():
        if (size := _number(entry[key])) is not None:
            yield size
    for key in _NESTED:
        if isinstance(inner := entry.get(key), Mapping):
            yield from (size for name in _SIZES if (size := _number(inner.get(name))) is not None)


def _number(value: Any) -> int | None:
    """A believable number of tokens."""
    sound = isinstance(value, int) and not isinstance(value, bool) and _LEAST <= value <= _MOST
    return value if sound else None


def _key_of(provider: str) -> str:
    known = PROVIDERS.get(provider)
    found = (os.environ.get(variable, "").strip() for variable in (known.keys if known else ()))
    return next(filter(None, found), "")
