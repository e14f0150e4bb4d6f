"""Call a model: one request, one usable answer, with its cost and within limits."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.deadline import within
from fieldcraft.agent.models.errors import BadScript, ModelRationed, ModelUnavailable
from fieldcraft.agent.models.faults import PassingFault, judge_fault
from fieldcraft.agent.models.messages import Answer, Message, Usage
from fieldcraft.agent.models.parameters import Parameters, parameters_of
from fieldcraft.agent.models.prices import price_of
from fieldcraft.agent.models.providers import LOCAL, provider_of, resolve_model
from fieldcraft.agent.models.reasoning import reasoning_apart, split_reasoning
from fieldcraft.agent.models.retrying import NobodyWaits, Retrying, Waits
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.models.tool_calls import requests_of
from fieldcraft.agent.models.turns import to_langchain, without_secrets
from fieldcraft.agent.models.usage import total_of, usage_of
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import entered

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

_CUT = ("length", "max_tokens")
_LONGEST_ANSWER = 200_000
"""The most characters of an answer that are kept, more than any parser accepts."""


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
        base_url = self.settings.base_url
        self._parameters = parameters_of(name, base_url) if model is None else Parameters(name)
        self._waits: Waits = NobodyWaits()

    def attend(self, waits: Waits) -> None:
        """From now on `waits` sees the waits for rate limits, and may end them."""
        self._waits = waits

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
        """Whether the model supports tool calls. The offline one does not, nor one that refused them."""
        from langchain_core.language_models.chat_models import BaseChatModel

        return self._parameters.tools and type(self._model).bind_tools is not BaseChatModel.bind_tools

    def ask(
        self, messages: Sequence[Message], *, role: str, call: int, tools: Sequence[dict[str, Any]] = ()
    ) -> Answer:
        """Call the model until there is a usable answer, or the limits of the settings are reached.

        A parameter that the model does not take is left out, and asking again for that is no attempt. Ctrl-C
        ends the wait at once.

        Args:
            messages: the whole conversation; nothing is remembered between calls.
            role: the calling role, such as `actor`.
            call: the running number of this role's calls in the run, from 1. `scripted` answers by it.
            tools: the tools that the model may call, in the form of OpenAI's API.

        Raises:
            ModelUnavailable: no usable answer within the retries; it contains what was spent.
            ModelRationed: a rate limit beyond `rate_limit_seconds`, or whose wait was ended.
            ModelRefused: the provider refused permanently: wrong key, unknown model, invalid request.
        """
        started = time.monotonic()
        conversation = to_langchain(messages if self._local else without_secrets(messages))
        place = {"role": role, "call": call} if self._local and provider_of(self.name) == "scripted" else {}
        bill: list[Usage] = []
        retrying = Retrying(self.name, self.settings, role, self._waits, patient=not self._local)
        try:
            reply = retrying(lambda: self._attempt(conversation, place, tools, bill))
        except ModelRationed as limit:
            raise ModelRationed(str(limit), total_of(bill), waited=retrying.waited) from limit
        except PassingFault as fault:
            attempts = retrying.attempts
            raise ModelUnavailable(
                f"{self.name} gave no usable answer in {attempts} attempt{'s' * (attempts > 1)}; "
                f"the last one: {fault}",
                total_of(bill),
                waited=retrying.waited,
            ) from fault
        text, within = split_reasoning(entered(reply.text, _LONGEST_ANSWER))
        return Answer(
            **total_of(bill).model_dump(),
            text=text,
            reasoning=entered(reasoning_apart(reply) or within, _LONGEST_ANSWER),
            model=self.name,
            seconds=max(time.monotonic() - started - retrying.waited, 0.0),
            waited=retrying.waited,
            attempts=retrying.attempts,
            truncated=_is_truncated(reply),
            requests=requests_of(reply) if tools else (),
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
            bill.append(usage_of(reply, conversation, self._price, tools))
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
        if self._local:
            model = self._model.bind_tools(list(tools)) if tools else self._model
            return model.invoke(conversation, **place)
        while True:
            sent = self._parameters.prepare(self._model, tools)
            try:
                return within(self.settings.timeout, partial(sent.invoke, conversation))
            except Exception as error:
                if not self._parameters.learn(error, sent):
                    raise


def _known_as(model: BaseChatModel) -> str:
    """`provider:model`, by which a model that was given as an object is priced; empty where unknown."""
    try:
        said = model._get_ls_params()
        return f"{said.get('ls_provider', '')}:{said.get('ls_model_name', '')}".strip(":")
    except Exception:
        return ""


def _is_truncated(reply: AIMessage) -> bool:
    said = reply.response_metadata
    return any(said.get(key) in _CUT for key in ("finish_reason", "stop_reason", "done_reason"))
