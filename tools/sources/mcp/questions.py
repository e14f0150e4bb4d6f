"""Answer what servers ask in the middle of a call: a person's input, or a model's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from mcp_types import (
    INVALID_REQUEST,
    CreateMessageResult,
    ElicitRequestURLParams,
    ElicitResult,
    ErrorData,
    TextContent,
)

from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.mcp.calls import CallInProgress
from fieldcraft.tools.sources.mcp.contents import blocks_of, texts_of
from fieldcraft.tools.sources.mcp.forms import Form, Refused

if TYPE_CHECKING:
    from mcp.client.session import ClientRequestContext
    from mcp_types import CreateMessageRequestParams, ElicitRequestParams

    from fieldcraft.tools.sources.settings import McpServer

MOST_QUESTIONS = 10
"""The most questions for a person, and for a model, in one call."""
LONGEST_SAMPLED = 100_000
"""The most characters of a prompt that a server puts to the model."""
_LONGEST_MESSAGE = 1_000
_MODEL = "the model of the role tools"


class Questions:
    """The answers to one server's questions.

    Args:
        name: the configured name of the server.
        server: says whether a person, and a model, may be asked.
        current: the call in progress that a question belongs to, `None` where none is.
    """

    def __init__(self, name: str, server: McpServer, current: Callable[[], CallInProgress | None]) -> None:
        self._name = name
        self._server = server
        self._current = current
        self._asking = anyio.Lock()

    async def elicited(
        self,
        context: ClientRequestContext,  # noqa: ARG002
        params: ElicitRequestParams,
    ) -> ElicitResult | ErrorData:
        """What a person enters; declined where the policy says so, or nobody is there."""
        call = self._current()
        if call is None:
            return ElicitResult(action="decline")
        message = visible_line(params.message, _LONGEST_MESSAGE)
        try:
            if self._server.elicitation == "decline":
                raise Refused("decline", "declined by the server's setting `elicitation`")
            if not call.may_ask("person", MOST_QUESTIONS):
                raise Refused("decline", f"declined, as the {MOST_QUESTIONS + 1}th question of one call")
            return await self._ask_person(call, params, message)
        except Refused as refused:
            call.note(f"the server asked a person: {message!r}; {refused}")
            return ElicitResult(action=refused.action)

    async def _ask_person(
        self, call: CallInProgress, asked: ElicitRequestParams, message: str
    ) -> ElicitResult:
        person = call.context.person
        if person is None:
            raise Refused("decline", "declined, since nobody is there to answer")
        title = (
            f"The MCP server {self._name!r} asks in the middle of {visible_line(call.name, 100)}: {message}"
        )

        def put(given_up: Callable[[], bool]) -> ElicitResult:
            form = Form(title, lambda question: person.ask(question, given_up))
            if isinstance(asked, ElicitRequestURLParams):
                form.confirm(f"Open {visible_line(asked.url, 2_000)} yourself, and say when it is done.")
                return ElicitResult(action="accept")
            return ElicitResult(action="accept", content=form.filled(asked.requested_schema))

        try:
            async with self._asking:
                return await call.waiting_for(put)
        except ToolError as error:
            raise Refused("cancel", f"not answered: {error}") from error

    async def sampled(
        self,
        context: ClientRequestContext,  # noqa: ARG002
        params: CreateMessageRequestParams,
    ) -> CreateMessageResult | ErrorData:
        """The answer of the model of the role `tools`, on the run's budget; an error where it is refused."""
        call = self._current()
        if call is None:
            return ErrorData(code=INVALID_REQUEST, message="a model is asked in the middle of a call only")
        try:
            answer = await self._ask_model(call, params)
        except ToolError as error:
            call.note(f"the server asked for a model's answer; refused: {error}")
            return ErrorData(code=INVALID_REQUEST, message=str(error))
        return CreateMessageResult(
            role="assistant",
            content=TextContent(type="text", text=answer),
            model=_MODEL,
            stop_reason="endTurn",
        )

    async def _ask_model(self, call: CallInProgress, asked: CreateMessageRequestParams) -> str:
        model, budget = call.context.model, call.context.budget
        if self._server.sampling == "decline":
            raise ToolError("the server's setting `sampling` declines it")
        if model is None or budget is None:
            raise ToolError("there is no run here with a model and a budget")
        if refusal := budget.refusal():
            raise ToolError(refusal)
        if not call.may_ask("model", MOST_QUESTIONS):
            raise ToolError(f"the server asked more than {MOST_QUESTIONS} times in one call")
        prompt = _prompt(asked)
        if len(prompt) > LONGEST_SAMPLED:
            raise ToolError(
                f"the prompt has {len(prompt):,} characters, at most {LONGEST_SAMPLED:,} are asked"
            )
        return await call.waiting_for(lambda _: model.ask(prompt))


def _prompt(asked: CreateMessageRequestParams) -> str:
    """The conversation as one prompt; a single message of the user stands alone."""
    parts = [(message.role, texts_of(blocks_of(message.content_as_list))) for message in asked.messages]
    said = [parts[0][1]] if len(parts) == 1 else [f"{role}: {text}" for role, text in parts]
    return "\n\n".join([*filter(None, [asked.system_prompt]), *said])
