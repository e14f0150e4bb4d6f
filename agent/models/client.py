"""Call a model: one request, one usable answer, with its cost and within limits."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from fieldcraft.agent.models.deadline import within
from fieldcraft.agent.models.errors import BadScript, ModelUnavailable
from fieldcraft.agent.models.faults import PassingFault, judge_fault
from fieldcraft.agent.models.messages import Answer, Message, Usage
from fieldcraft.agent.models.prices import price_of
from fieldcraft.agent.models.providers import LOCAL, provider_of, resolve_model
from fieldcraft.agent.models.reasoning import reasoning_apart, split_reasoning
from fieldcraft.agent.models.retrying import retry_policy
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.models.structured import StructuredOutput, fault_of_answer, fault_of_form, invoke
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
        self._structured = StructuredOutput(
            name, self.settings, self._model, local=self._local, given=model is not None
        )
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
        self,
        messages: Sequence[Message],
        *,
        role: str,
        call: int,
        tools: Sequence[dict[str, Any]] = (),
        shape: type[BaseModel] | None = None,
    ) -> Answer:
        """Call the model until there is a usable answer, or the limits of the settings are reached.

        Ctrl-C ends the wait at once.

        Args:
            messages: the whole conversation; nothing is remembered between calls.
            role: the calling role, such as `actor`.
            call: the running number of this role's calls in the run, from 1. `scripted` answers by it.
            tools: the tools that the model may call, in the form of OpenAI's API.
            shape: the class of the JSON that is wanted, asked for by its schema where the model has that
                and is offered no tools.

        Raises:
            ModelUnavailable: no usable answer within the retries; it contains what was spent.
            ModelRefused: the provider refused permanently: wrong key, unknown model, invalid request.
        """
        started = time.monotonic()
        conversation = to_langchain(messages if self._local else without_secrets(messages))
        place = {"role": role, "call": call} if self._local and provider_of(self.name) == "scripted" else {}
        bill: list[Usage] = []
        retrying = retry_policy(
            self.name, self.settings, role, attempts=1 if self._local else self.settings.retries + 1
        )
        try:
            reply = retrying(self._attempt, conversation, place, tools, shape, bill)
        except PassingFault as fault:
            attempts = retrying.statistics["attempt_number"]
            raise ModelUnavailable(
                f"{self.name} gave no usable answer in {attempts} attempt{'s' * (attempts > 1)}; "
                f"the last one: {fault}",
                total_of(bill),
            ) from fault
        text, within = split_reasoning(entered(reply.text, _LONGEST_ANSWER))
        return Answer(
            **total_of(bill).model_dump(),
            text=text,
            reasoning=entered(reasoning_apart(reply) or within, _LONGEST_ANSWER),
            model=self.name,
            seconds=time.monotonic() - started,
            attempts=retrying.statistics["attempt_number"],
            truncated=_is_truncated(reply),
            requests=requests_of(reply) if tools else (),
        )

    def _attempt(
        self,
        conversation: list[BaseMessage],
        place: dict[str, Any],
        tools: Sequence[dict[str, Any]],
        shape: type[BaseModel] | None,
        bill: list[Usage],
    ) -> AIMessage:
        """Call the model once; the cost of the answer is added to `bill`, even if it is unusable."""
        try:
            form = {} if tools else self._structured.form(shape)
            if form:
                reply = self._in_form(conversation, form, bill)
            else:
                reply = self._billed(conversation, place, tools, bill)
            text, reasoning = split_reasoning(reply.text)
            usable = bool(text.strip() or (tools and requests_of(reply)))
        except Exception as error:
            raise judge_fault(error, name=self.name, timeout=self.settings.timeout) from error
        if not usable:
            cure = " (cut at its limit of output tokens: raise max_output_tokens)" * _is_truncated(reply)
            what = "nothing but reasoning" if reasoning or reasoning_apart(reply) else "empty answer"
            raise PassingFault(f"{what}{cure}")
        return reply

    def _in_form(
        self, conversation: list[BaseMessage], form: Mapping[str, Any], bill: list[Usage]
    ) -> AIMessage:
        """Call the model for structured output; at once in text where that fails."""
        try:
            reply = self._billed(conversation, form, (), bill)
        except Exception as error:
            problem = fault_of_form(error)
            if not problem:
                raise
            reply = self._billed(conversation, {}, (), bill)
            self._structured.give_up(problem)
            return reply
        problem = fault_of_answer(reply)
        if not problem:
            return reply
        self._structured.give_up(problem)
        return self._billed(conversation, {}, (), bill)

    def _billed(
        self,
        conversation: list[BaseMessage],
        arguments: Mapping[str, Any],
        tools: Sequence[dict[str, Any]],
        bill: list[Usage],
    ) -> AIMessage:
        reply = self._invoke(conversation, arguments, tools)
        bill.append(usage_of(reply, conversation, self._price))
        return reply

    def _invoke(
        self, conversation: list[BaseMessage], arguments: Mapping[str, Any], tools: Sequence[dict[str, Any]]
    ) -> AIMessage:
        model = self._model.bind_tools(list(tools)) if tools else self._model
        if self._local:
            return model.invoke(conversation, **arguments)
        if arguments:
            return within(self.settings.timeout, lambda: invoke(self._model, conversation, arguments))
        return within(self.settings.timeout, lambda: model.invoke(conversation))


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
