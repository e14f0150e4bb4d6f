"""Call a model: one request, one usable answer, with its cost and within limits."""

from __future__ import annotations

import base64
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.errors import BadScript, ModelUnavailable
from fieldcraft.agent.models.faults import PassingFault, judge_fault
from fieldcraft.agent.models.messages import Answer, Message, Usage
from fieldcraft.agent.models.prices import Tokens, cost, price_of
from fieldcraft.agent.models.providers import LOCAL, provider_of, resolve_model
from fieldcraft.agent.models.reasoning import reasoning_apart, split_reasoning
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.models.tool_calls import assistant_turn, requests_of, tool_turn
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import entered

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.messages.ai import UsageMetadata
    from tenacity import RetryCallState, Retrying

logger = logging.getLogger(__name__)

_CHARACTERS_PER_TOKEN = 4
_LONGEST_WAIT = 60.0
_CUT = ("length", "max_tokens")
_LONGEST_ANSWER = 200_000
"""The most characters of an answer that are kept, more than any parser accepts."""
_MOST_TOKENS = 10**12


class ModelClient:
    """One model, called with retries.

    The provider's retries are switched off, so that attempts, waits and cost are known.

    Args:
        name: `provider:model`, as `resolve_model` takes it.
        settings: the settings of the model.
        model: the chat model itself; its name is then for messages. Its own retries are its maker's choice.

    Raises:
        UnknownModel, MissingExtra, MissingKey, BadScript: as `resolve_model` does, before any call.
    """

    def __init__(
        self, name: str, settings: ModelSettings | None = None, *, model: BaseChatModel | None = None
    ) -> None:
        self.name = name
        self.settings = ModelSettings() if settings is None else settings
        self._model = resolve_model(name, settings=self.settings) if model is None else model
        self._local = model is None and provider_of(name) in LOCAL
        self._price = price_of(name if model is None else _known_as(model), self.settings)

    def check_roles(self, roles: Collection[str]) -> None:
        """Refuse a script with answers for an unknown role.

        Raises:
            BadScript: the message gives the nearest role.
        """
        scripted = (
            getattr(self._model, "answers", {})
            if self._local and provider_of(self.name) == "scripted"
            else {}
        )
        for role in scripted:
            if role and role not in roles:
                known = ", ".join(roles)
                hint = nearest(role, roles) or "."
                raise BadScript(
                    f"{self.name} has answers for a role {role!r} that nobody plays{hint} Roles: {known}"
                )

    @property
    def calls_tools(self) -> bool:
        """Whether the model supports tool calls. The offline one does not."""
        from langchain_core.language_models.chat_models import BaseChatModel

        return type(self._model).bind_tools is not BaseChatModel.bind_tools

    def ask(
        self, messages: Sequence[Message], *, role: str, call: int, tools: Sequence[dict[str, Any]] = ()
    ) -> Answer:
        """Call the model until there is a usable answer, or the limits of the settings are reached.

        Ctrl-C ends the wait at once.

        Args:
            messages: the whole conversation; nothing is remembered between calls.
            role: the calling role, such as `actor`.
            call: the running number of this role's calls in the run, from 1. `scripted` answers by it.
            tools: the tools that the model may call, in the form of OpenAI's API.

        Raises:
            ModelUnavailable: no usable answer within the retries; it contains what was spent.
            ModelRefused: the provider refused permanently: wrong key, unknown model, invalid request.
        """
        started = time.monotonic()
        conversation = _to_langchain(messages if self._local else without_secrets(messages))
        place = {"role": role, "call": call} if self._local and provider_of(self.name) == "scripted" else {}
        bill: list[Usage] = []
        retrying = self._retrying(role)
        try:
            reply = retrying(self._attempt, conversation, place, tools, bill)
        except PassingFault as fault:
            attempts = retrying.statistics["attempt_number"]
            raise ModelUnavailable(
                f"{self.name} gave no usable answer in {attempts} attempt{'s' * (attempts > 1)}; "
                f"the last one: {fault}",
                _total(bill),
            ) from fault
        text, within = split_reasoning(entered(reply.text, _LONGEST_ANSWER))
        return Answer(
            **_total(bill).model_dump(),
            text=text,
            reasoning=entered(reasoning_apart(reply) or within, _LONGEST_ANSWER),
            model=self.name,
            seconds=time.monotonic() - started,
            attempts=retrying.statistics["attempt_number"],
            truncated=_is_truncated(reply),
            requests=requests_of(reply) if tools else (),
        )

    def _retrying(self, role: str) -> Retrying:
        """The retry policy: transient faults only, exponential with jitter unless the server names a wait."""
        import tenacity

        settings = self.settings
        backoff = tenacity.wait_exponential(
            multiplier=settings.backoff, max=_LONGEST_WAIT
        ) + tenacity.wait_random(0, settings.backoff)

        def wait(state: RetryCallState) -> float:
            asked = _fault(state).retry_after
            return backoff(state) if asked is None else asked

        def tell(state: RetryCallState) -> None:
            logger.warning(
                "%s, asked for the %s: %s; attempt %d follows in %.1f s",
                self.name,
                role,
                _fault(state),
                state.attempt_number + 1,
                state.upcoming_sleep,
            )

        attempts = 1 if self._local else settings.retries + 1
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingFault),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(attempts), tenacity.stop_before_delay(settings.retry_seconds)
            ),
            wait=wait,
            before_sleep=tell,
            reraise=True,
        )

    def _attempt(
        self,
        conversation: list[BaseMessage],
        place: dict[str, Any],
        tools: Sequence[dict[str, Any]],
        bill: list[Usage],
    ) -> AIMessage:
        """Call the model once; the cost of the answer is added to `bill`, even if it is unusable."""
        try:
            reply = self._invoke(conversation, place, tools)
            bill.append(self._usage(conversation, reply))
            text, reasoning = split_reasoning(reply.text)
            usable = bool(text.strip() or (tools and requests_of(reply)))
        except Exception as error:
            raise judge_fault(error, name=self.name, timeout=self.settings.timeout) from error
        if not usable:
            cure = " (cut at its limit of output tokens: raise max_output_tokens)" * _is_truncated(reply)
            what = "nothing but reasoning" if reasoning or reasoning_apart(reply) else "empty answer"
            raise PassingFault(f"{what}{cure}")
        return reply

    def _invoke(
        self, conversation: list[BaseMessage], place: dict[str, Any], tools: Sequence[dict[str, Any]]
    ) -> AIMessage:
        model = self._model.bind_tools(list(tools)) if tools else self._model
        if self._local:
            return model.invoke(conversation, **place)
        return _within(self.settings.timeout, lambda: model.invoke(conversation))

    def _usage(self, conversation: list[BaseMessage], reply: AIMessage) -> Usage:
        reported = reply.usage_metadata
        if reported is None or not _believable(reported):
            asked = sum(_estimate(message.text) for message in conversation)
            return cost(self._price, Tokens(asked, _estimate(reply.text)), estimated=True)
        return cost(self._price, _tokens(reported))


def _known_as(model: BaseChatModel) -> str:
    """`provider:model`, by which a model that was given as an object is priced; empty where unknown."""
    try:
        said = model._get_ls_params()
        return f"{said.get('ls_provider', '')}:{said.get('ls_model_name', '')}".strip(":")
    except Exception:
        return ""


def _believable(reported: UsageMetadata) -> bool:
    """Whether these are plausible token counts of one call: a provider may report anything."""
    tokens = _tokens(reported)
    within = all(0 <= count < _MOST_TOKENS for count in astuple(tokens))
    return within and tokens.cache_read + tokens.cache_write <= tokens.input


def _tokens(reported: UsageMetadata) -> Tokens:
    """The counts of LangChain's packages, some of which name a cache's by service tier or lifetime."""
    details: Mapping[str, Any] = reported.get("input_token_details") or {}
    cached = {name: count for name, count in details.items() if isinstance(count, int)}
    an_hour = cached.get("ephemeral_1h_input_tokens", 0)
    written = [count for name, count in cached.items() if name.endswith("cache_creation")]
    return Tokens(
        reported["input_tokens"],
        reported["output_tokens"],
        sum(count for name, count in cached.items() if name.endswith("cache_read")),
        sum(written) + cached.get("ephemeral_5m_input_tokens", 0) + an_hour,
        an_hour,
    )


def _fault(state: RetryCallState) -> PassingFault:
    """The fault that causes a retry; all other errors are raised."""
    fault = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(fault, PassingFault)
    return fault


def _within(seconds: float, ask: Callable[[], AIMessage]) -> AIMessage:
    """Run `ask()` on a separate thread, and abandon it after `seconds`.

    A provider's own timeout counts the pauses between bytes, so a server that sends a byte from time
    to time would block it forever. An abandoned thread ends with its connection, or with the process.
    """
    future: Future[AIMessage] = Future()

    def work() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="fieldcraft-model", daemon=True).start()
    return future.result(timeout=seconds)


def _to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    return [_turn(message) for message in messages]


def without_secrets(messages: Sequence[Message]) -> list[Message]:
    """The messages for a remote model, without secrets that this process knows."""
    shown = [(message, redact(message.text)) for message in messages]
    return [m if text == m.text else m.model_copy(update={"text": text}) for m, text in shown]


def _turn(message: Message) -> BaseMessage:
    from langchain_core.messages import HumanMessage, SystemMessage

    match message.role:
        case "system":
            return SystemMessage(content=_content(message))
        case "user":
            return HumanMessage(content=_content(message))
        case "assistant":
            return assistant_turn(message)
        case "tool":
            return tool_turn(message)


def _content(message: Message) -> str | list[str | dict[str, Any]]:
    if not message.images:
        return message.text
    pictures = (base64.b64encode(image).decode() for image in message.images)
    return [
        {"type": "text", "text": message.text},
        *(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
            for picture in pictures
        ),
    ]


def _estimate(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _total(bill: Sequence[Usage]) -> Usage:
    total = Usage()
    for usage in bill:
        total = total.plus(usage)
    return total


def _is_truncated(reply: AIMessage) -> bool:
    said = reply.response_metadata
    return any(said.get(key) in _CUT for key in ("finish_reason", "stop_reason", "done_reason"))
