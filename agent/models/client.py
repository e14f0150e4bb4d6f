"""Call a model: one request, one usable answer, with its cost and within limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from fieldcraft.agent.models.deadline import within
from fieldcraft.agent.models.endings import (
    broken_off_by,
    is_truncated,
    refusal_of,
    refusal_of_request,
    was_ended_by,
)
from fieldcraft.agent.models.errors import (
    BadScript,
    ModelRationed,
    ModelRefused,
    ModelUnavailable,
    ToolsRefused,
)
from fieldcraft.agent.models.failures.error_parts import status_of
from fieldcraft.agent.models.failures.faults import PassingFault, judge_fault
from fieldcraft.agent.models.failures.parameters import Parameters, parameters_of
from fieldcraft.agent.models.failures.refused_tools import NOT_VALID, named_tools
from fieldcraft.agent.models.failures.retrying import NobodyWaits, Retrying, Waits
from fieldcraft.agent.models.keeping.kept_turns import turn_of
from fieldcraft.agent.models.messages import Answer, Message, ToolRequest, Usage
from fieldcraft.agent.models.prices import price_of
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.providers import LOCAL, provider_of, resolve_model
from fieldcraft.agent.models.reasoning import reasoning_apart, split_reasoning
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.models.structured import StructuredOutput, fault_of_answer, fault_of_form, invoke
from fieldcraft.agent.models.tool_calls import requests_of
from fieldcraft.agent.models.turns import (
    cache_marks,
    forms_of,
    to_langchain,
    without_secrets,
    without_system,
)
from fieldcraft.agent.models.usage import total_of, usage_of
from fieldcraft.agent.models.windows.asking import window_of
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import entered

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

logger = logging.getLogger(__name__)

_SHORT = 2_000
"""Tokens of a prompt that fits any window, so that nothing has to be known of it."""
_LONGEST_ANSWER = 200_000
"""The most characters of an answer that are kept, more than any parser accepts."""


class ModelClient:
    """One model, called with retries.

    The provider's retries are switched off, so that attempts, waits and cost are known.

    Attributes:
        window: how much of a prompt the model takes; its callers keep to it.

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
        self.window = window_of(name, self._model, self.settings, made=model is None)
        self._structured = StructuredOutput(
            name, self.settings, self._model, local=self._local, given=model is not None
        )
        self._price = price_of(name if model is None else _known_as(model), self.settings)
        base_url = self.settings.base_url
        self._parameters = parameters_of(name, base_url) if model is None else Parameters(name)
        self._waits: Waits = NobodyWaits()
        provider = PROVIDERS.get(provider_of(name)) if model is None else None
        self._marks = provider is not None and provider.marks

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
    def profile(self) -> Mapping[str, Any]:
        """What LangChain's package says of the model, such as `image_inputs`; empty where it says nothing."""
        said = getattr(self._model, "profile", None)
        return said if isinstance(said, Mapping) else {}

    @property
    def calls_tools(self) -> bool:
        """Whether the model supports tool calls. The offline one does not, nor one that refused them."""
        from langchain_core.language_models.chat_models import BaseChatModel

        return self._parameters.tools and type(self._model).bind_tools is not BaseChatModel.bind_tools

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

        A parameter that the model does not take is left out, and asking again for that is no attempt. Ctrl-C
        ends the wait at once.

        Args:
            messages: the whole conversation; nothing is remembered between calls.
            role: the calling role, such as `actor`.
            call: the running number of this role's calls in the run, from 1. `scripted` answers by it.
            tools: the tools that the model may call, in the form of OpenAI's API.
            shape: the class of an answer in JSON; without tools its schema is sent, where the model has that.

        Raises:
            ModelUnavailable: no usable answer within the retries; it contains what was spent.
            ModelRationed: a rate limit beyond `rate_limit_seconds`, or whose wait was ended.
            ModelRefused: the provider refused permanently: wrong key, unknown model, invalid request.
        """
        started = time.monotonic()
        if not self._local and self.window.count(messages) > _SHORT:
            self.window.settle()
        conversation = messages if self._local else without_secrets(messages)
        place = {"role": role, "call": call} if self._local and provider_of(self.name) == "scripted" else {}
        bill: list[Usage] = []
        retrying = Retrying(self.name, self.settings, role, self._waits, patient=not self._local)
        try:
            reply = self._in_a_form_it_takes(
                conversation,
                lambda form: retrying(
                    lambda: self._attempt(self._turns(form, tools), place, tools, shape, bill)
                ),
            )
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
        taken = {request.id for message in messages for request in message.requests}
        return self._answer(
            reply,
            requests_of(reply, taken) if tools else (),
            total_of(bill),
            seconds=max(time.monotonic() - started - retrying.waited, 0.0),
            retrying=retrying,
        )

    def _answer(
        self,
        reply: AIMessage,
        requests: tuple[ToolRequest, ...],
        spent: Usage,
        *,
        seconds: float,
        retrying: Retrying,
    ) -> Answer:
        text, reasoning = split_reasoning(entered(reply.text, _LONGEST_ANSWER))
        return Answer(
            **spent.model_dump(),
            text=text,
            reasoning=entered(reasoning_apart(reply) or reasoning, _LONGEST_ANSWER),
            model=self.name,
            seconds=seconds,
            waited=retrying.waited,
            attempts=retrying.attempts,
            truncated=is_truncated(reply),
            refusal=refusal_of(reply),
            requests=requests,
            turn=turn_of(reply, requests, model=self.name, text=text),
        )

    def _in_a_form_it_takes(
        self, messages: Sequence[Message], ask: Callable[[Sequence[Message]], AIMessage]
    ) -> AIMessage:
        """Ask; a provider that finds the turns with tools not valid is asked again with plainer ones."""
        first: ModelRefused | None = None
        for form in self._forms(messages):
            if first is not None:
                logger.warning("%s; it is asked again with plainer turns", first)
            try:
                return ask(form)
            except ModelRefused as refusal:
                if refusal.status not in NOT_VALID or isinstance(refusal, ToolsRefused):
                    raise
                first = first or refusal
                self._marks = self._marks and "cache_control" not in str(refusal)
        assert first is not None
        raise first

    def _forms(self, messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """The same once more where marks for its cache turn out not to be taken, then in plainer turns."""
        marked = self._marks
        for form in forms_of(messages):
            yield form
            if marked and not self._marks:
                marked = False
                yield form

    def _turns(self, form: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[BaseMessage]:
        marks = cache_marks(form, goes_on=bool(tools)) if self._marks else ()
        return to_langchain(form, model=self.name, marks=marks)

    def _attempt(
        self,
        conversation: list[BaseMessage],
        place: dict[str, Any],
        tools: Sequence[dict[str, Any]],
        shape: type[BaseModel] | None,
        bill: list[Usage],
    ) -> AIMessage:
        """Call the model once; the cost of the answer is added to `bill`, even if it is unusable.

        An answer that was refused, or cut before it had any text, is an answer: the same request would only
        end in the same way.
        """
        try:
            form = {} if tools else self._structured.form(shape)
            if form:
                reply = self._in_form(conversation, form, bill)
            else:
                reply = self._billed(conversation, place, tools, bill)
            text, reasoning = split_reasoning(reply.text)
            usable = bool(text.strip() or (tools and requests_of(reply)))
        except Exception as error:
            return self._refused(error, tools)
        if refusal_of(reply) or is_truncated(reply):
            return reply
        if broken := broken_off_by(reply):
            raise PassingFault(f"the provider broke the answer off ({broken})")
        if not usable:
            what = "nothing but reasoning" if reasoning or reasoning_apart(reply) else "empty answer"
            ended = was_ended_by(reply)
            raise PassingFault(f"{what} ({ended})" if ended else what)
        return reply

    def _refused(self, error: Exception, tools: Sequence[dict[str, Any]]) -> AIMessage:
        """What a provider's filter says to the prompt, as an answer; other errors are raised as faults."""
        from langchain_core.messages import AIMessage

        words = refusal_of_request(error)
        if not words:
            fault = judge_fault(error, name=self.name, timeout=self.settings.timeout)
            named = named_tools(error, tools) if type(fault) is ModelRefused else ()
            if named:
                raise ToolsRefused(str(fault), status=status_of(error), tools=named) from error
            raise fault from error
        return AIMessage(content="", additional_kwargs={"refusal": words})

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
        bill.append(usage_of(reply, conversation, self._price, tools))
        return reply

    def _invoke(
        self, conversation: list[BaseMessage], arguments: Mapping[str, Any], tools: Sequence[dict[str, Any]]
    ) -> AIMessage:
        if self._local:
            model = self._model.bind_tools(list(tools)) if tools else self._model
            return model.invoke(conversation, **arguments)
        while True:
            sent = self._parameters.prepare(self._model, tools)
            turns = conversation if self._parameters.system else without_system(conversation)
            ask = (
                partial(invoke, self._parameters.fitted(self._model), turns, arguments)
                if arguments
                else partial(sent.invoke, turns)
            )
            try:
                return within(self.settings.timeout, ask)
            except Exception as error:
                if named_tools(error, tools) or not self._parameters.learn(error, sent):
                    raise


def _known_as(model: BaseChatModel) -> str:
    """`provider:model`, by which a model that was given as an object is priced; empty where unknown."""
    try:
        said = model._get_ls_params()
        return f"{said.get('ls_provider', '')}:{said.get('ls_model_name', '')}".strip(":")
    except Exception:
        return ""
