"""Parameters that a model does not take: left out after the first error that names them.

Which parameters a model takes is known to its server alone: reasoning models refuse a temperature, newer ones
`max_tokens`, some a turn of the system's, and local servers whatever they do not know. So they are sent, and
where the server answers that one is not taken, it is left out for the rest of the process.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.failures.error_parts import status_of, words_of
from fieldcraft.agent.redact import redact

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable

    Sent = Runnable[Any, AIMessage]
    """A model as it is called: with arguments bound to it, or as it is."""

logger = logging.getLogger(__name__)

_STATUSES = frozenset({400, 404, 422, 500, 501})
"""Of errors about a request; 404 is OpenRouter's where no server of a model supports tools, 500 Ollama's."""
_WITHOUT_OTHERS = frozenset({404, 500, 501})
"""Statuses that are read only for what they say about tools."""
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "num_predict")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "max_tokens": _LIMITS,
    "tool_choice": ("tool_choice",),
    "parallel_tool_calls": ("parallel_tool_calls",),
    "stream_options": ("stream_options", "stream_usage"),
    "response_format": ("response_format",),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "n": ("n",),
    "seed": ("seed",),
    "stop": ("stop", "stop_sequences"),
    "reasoning_effort": ("reasoning_effort",),
    "presence_penalty": ("presence_penalty",),
    "frequency_penalty": ("frequency_penalty",),
    "logit_bias": ("logit_bias",),
    "logprobs": ("logprobs",),
    "verbosity": ("verbosity",),
    "service_tier": ("service_tier",),
    "store": ("store",),
}
"""What a parameter is called in LangChain's classes and on the wire."""
_SHORT = frozenset({"n", "stop", "store", "seed"})
"""Names that are words of English too: they count in quotes only."""
_TOOLS = re.compile(
    r"(?:does not|doesn't|do not|don't|not) (?:currently )?support(?:ed)? (?:for )?(?:the )?(?:use of )?"
    r"(?:json mode/)?(?:tools?|tool.?(?:use|calling|calls)|function.?call(?:ing|s)?|functions)\b"
    r"|(?:tools?|tool.?(?:use|calling|calls)|function.?calling)[\"'`]? (?:(?:is|are) )?"
    r"(?:not (?:supported|enabled|available)|unsupported)|\btools? cannot be used"
    r"|(?:unsupported|unknown|unrecognized|unexpected)[^.\[]{0,60}\btools\b(?!\.?\[|[.,'\"]{1,2} ?\d)"
    r"|\btools\b['\"`)\]]*(?: param(?:eter)?)?[,:]? ?[^.\d]{0,30}"
    r"(?:extra.(?:fields|inputs|forbidden)|not (?:permitted|allowed)|requires --jinja)"
    r"|no endpoints found that support tool use|tool choice requires --enable-auto-tool-choice",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"system role (?:is )?not supported"
    r"|(?:developer|system) (?:instruction|message|prompt|role)s?[^.]{0,40} not (?:enabled|supported|allowed)"
    r"|(?:does not|doesn't) (?:currently )?support (?:the )?[\"'`]?"
    r"(?:system|developer)\b|only (?:user,? (?:and|or)|user and) (?:assistant|model) roles are supported",
    re.IGNORECASE,
)
_WINDOW = re.compile(
    r"(?<!less than the )(?<!less than the `)context.?(?:length|window|size)|prompt is too long"
    r"|input token count",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?:at most|maximum[^.\d]{0,60}?|less than or equal to|lower than|model limit of"
    r"|range[^.\d]{0,40}\[\d+, ?|<=|>)"
    r"\s*[`'\"]?(\d{1,9})\b",
    re.IGNORECASE,
)
_ASKED_TOO_MUCH = re.compile(r"maximum tokens you requested[^.]{0,30} exceeds?", re.IGNORECASE)
"""Amazon's words for a limit of output tokens over the model's own."""
_INSTEAD = re.compile(r"use [`'\"]?max_completion_tokens", re.IGNORECASE)
_LONGEST_SAID = 300
_LEAST_HALVED = 512
"""A limit of output tokens that is not halved any more."""


class Parameters:
    """What one model takes of the parameters that it is sent.

    Args:
        name: the model, for the warnings.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = RLock()
        self._left_out: set[str] = set()
        self._most_tokens: int | None = None
        self._renamed = False

    @property
    def tools(self) -> bool:
        """Whether it may be offered tools."""
        return "tools" not in self._left_out

    @property
    def system(self) -> bool:
        """Whether it takes a turn of the system's."""
        return "system" not in self._left_out

    def prepare(self, model: BaseChatModel, tools: Sequence[dict[str, Any]]) -> Sent:
        """The model as it is to be called: a copy without what it does not take, with `tools` bound to it."""
        fitted = self.fitted(model)
        return self.without(fitted.bind_tools(list(tools)) if tools and self.tools else fitted)

    def fitted(self, model: BaseChatModel) -> BaseChatModel:
        """The model, or a copy of it without the parameters that it does not take."""
        updates: dict[str, Any] = {}
        keywords = _keywords(model)
        kept = dict(keywords)
        for parameter in sorted(self._left_out & _FIELDS.keys()):
            for field in _FIELDS[parameter]:
                kept.pop(field, None)
                if getattr(model, field, None) is not None and field in type(model).model_fields:
                    updates[field] = False if field == "stream_usage" else None
        limit = _sent_limit(model)
        if limit is not None and "max_tokens" not in self._left_out:
            field, tokens = limit
            if self._renamed:
                updates[field], kept["max_completion_tokens"] = None, tokens
            elif self._most_tokens is not None and tokens > self._most_tokens:
                updates[field] = self._most_tokens
        if kept != keywords:
            updates["model_kwargs"] = kept
        return model.model_copy(update=updates) if updates else model

    def without(self, runnable: Sent) -> Sent:
        """A model with arguments bound to it, without those that it does not take."""
        from langchain_core.runnables import RunnableBinding

        names = {field for parameter in self._left_out & _FIELDS.keys() for field in _FIELDS[parameter]}
        if not isinstance(runnable, RunnableBinding) or not names & set(runnable.kwargs):
            return runnable
        kept = {name: value for name, value in runnable.kwargs.items() if name not in names}
        return runnable.model_copy(update={"kwargs": kept})

    def learn(self, error: Exception, sent: Sent) -> bool:
        """Take from an error which parameter of `sent` is not taken, with one warning.

        Returns:
            Whether there is something new, so that it is worth asking again.
        """
        status = status_of(error)
        if status not in _STATUSES:
            return False
        words = words_of(error)
        with self._lock:
            found = self._found(words, sent, tools_only=status in _WITHOUT_OTHERS)
        if found:
            said = redact(" ".join(str(error).split()))[:_LONGEST_SAID]
            logger.warning("%s does not take %s from now on; it said: %s", self._name, found, said)
        return bool(found)

    def _found(self, words: str, sent: Sent, *, tools_only: bool) -> str:
        """What changes from now on, in words for the warning; empty if nothing does."""
        model, bound = _parts(sent)
        if bound.get("tools") and self.tools and _TOOLS.search(words):
            self._left_out.add("tools")
            return "tools, which are not offered to it"
        if self.system and _SYSTEM.search(words):
            self._left_out.add("system")
            return "turns of the system, which are put before the first question"
        return "" if tools_only or _WINDOW.search(words) else self._named_in(words, model, bound)

    def _named_in(self, words: str, model: Any, bound: Mapping[str, Any]) -> str:
        """What changes for the first parameter that was sent and is named."""
        for parameter in _named(words):
            if parameter in self._left_out or not _is_sent(parameter, model, bound):
                continue
            if parameter == "max_tokens":
                changed = self._other_limit(words, model)
                if changed or _needs_limit(model):
                    return changed or self._half_the_limit(model)
            self._left_out.add(parameter)
            return f"{parameter}, which is left out"
        if "tool_choice" in _named(words) and bound.get("tools") and self.tools:
            self._left_out.add("tools")
            return "tools as they are offered (tool_choice): none are offered"
        return ""

    def _other_limit(self, words: str, model: BaseChatModel) -> str:
        """How a limit of output tokens is to be sent instead, where the error says so."""
        limit = _sent_limit(model)
        if limit is None:
            return ""
        field, tokens = limit
        if field == "max_tokens" and not self._renamed and _INSTEAD.search(words):
            self._renamed = True
            return "max_tokens, so that it is sent as max_completion_tokens"
        most = min((int(number) for number in _MOST.findall(words) if 0 < int(number) < tokens), default=None)
        if most is None:
            return ""
        self._most_tokens = most
        return f"{field} = {tokens}, so that {most} are asked for"

    def _half_the_limit(self, model: BaseChatModel) -> str:
        """Half as many tokens, for a model that has to be sent a limit and refuses this one."""
        limit = _sent_limit(model)
        if limit is None or limit[1] < _LEAST_HALVED:
            return ""
        field, tokens = limit
        self._most_tokens = tokens // 2
        return f"{field} = {tokens}, so that {tokens // 2} are asked for"


_SHARED: dict[tuple[str, str | None], Parameters] = {}
_SHARING = RLock()


def parameters_of(name: str, base_url: str | None) -> Parameters:
    """What the model of this name at this address takes, as far as this process has learned it."""
    with _SHARING:
        return _SHARED.setdefault((name, base_url), Parameters(name))


def _named(words: str) -> list[str]:
    """The parameters that an error names, in its order."""
    asked_too_much = _ASKED_TOO_MUCH.search(words)
    places = {} if asked_too_much is None else {"max_tokens": asked_too_much.start()}
    for parameter, fields in _FIELDS.items():
        for field in fields:
            camel = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), field)
            spoken = field.replace("_", "[ _-]")
            pattern = f"[\"'`](?:{field})[\"'`]" if field in _SHORT else rf"\b(?:{spoken}|{camel})\b"
            found = re.search(pattern, words, re.IGNORECASE)
            if found is not None:
                places[parameter] = min(found.start(), places.get(parameter, found.start()))
    return sorted(places, key=lambda parameter: places[parameter])


def _parts(sent: Sent) -> tuple[Any, Mapping[str, Any]]:
    """The model, and the arguments that are bound to it."""
    bound: dict[str, Any] = {}
    while (inner := getattr(sent, "bound", None)) is not None:
        bound = {**getattr(sent, "kwargs", {}), **bound}
        sent = inner
    return sent, bound


def _is_sent(parameter: str, model: Any, bound: Mapping[str, Any]) -> bool:
    keywords = _keywords(model)
    for field in _FIELDS[parameter]:
        if field in bound or field in keywords:
            return True
        value = getattr(model, field, None) if field in type(model).model_fields else None
        if value is not None and value is not False:
            return True
    return False


def _keywords(model: Any) -> dict[str, Any]:
    keywords = getattr(model, "model_kwargs", None)
    return dict(keywords) if isinstance(keywords, Mapping) else {}


def _needs_limit(model: Any) -> bool:
    """Whether the class cannot be called without a limit of output tokens."""
    return any(each.__module__.partition(".")[0] == "langchain_anthropic" for each in type(model).__mro__)


def _sent_limit(model: Any) -> tuple[str, int] | None:
    """The field with the limit of output tokens, and the limit."""
    for field in _LIMITS:
        value = getattr(model, field, None) if field in type(model).model_fields else None
        if isinstance(value, int) and not isinstance(value, bool):
            return field, value
    return None
