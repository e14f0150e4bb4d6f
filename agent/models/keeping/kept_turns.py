"""What a provider wants back with an assistant's tool calls: kept as data, and put back as it came.

Thinking models sign the turn that leads to a tool call, or want the reasoning itself back, and refuse a
conversation without it. LangChain's message holds it in one of three places: blocks of the content
(Anthropic, Gemini, Mistral, OpenAI's responses), `additional_kwargs` (Gemini's signatures of calls, Ollama's
thinking), and what `openai_turns` keeps of compatible servers.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.models.tool_calls import ids_of
from fieldcraft.common.secrets.redaction import REDACTED

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

logger = logging.getLogger(__name__)

LONGEST_TURN = 200_000
"""The most characters of JSON that are kept of one turn."""
_CALL_BLOCKS = {"tool_use": "id", "tool_call": "id", "function_call": "call_id"}
"""Content blocks that are tool calls, with what each calls its id."""
_SIGNATURES = ("signature", "signatures", "data", "encrypted_content")
_NOT_WANTED = frozenset({"parsed", "refusal", "tool_calls", "function_call"})
"""What messages have beside the text that is of no use to the provider, or that the requests say."""
_KINDS = ("model_provider", "output_version")

_NewIds = Mapping[str | None, Sequence[str]]


def turn_of(reply: AIMessage, requests: Sequence[ToolRequest], *, model: str, text: str) -> dict[str, Any]:
    """What the provider wants back with these requests, as JSON data.

    Args:
        reply: the model's message.
        requests: its tool calls, as `requests_of` gives them.
        model: the model's name; another model's turn is of no use.
        text: the text that a turn without any of this would hold.

    Returns:
        Nothing where text and requests say everything, and where it is too long.
    """
    extra = {
        key: value
        for key, value in reply.additional_kwargs.items()
        if key not in _NOT_WANTED and value not in (None, "", [], {})
    }
    if not requests or (isinstance(reply.content, str) and reply.content == text and not extra):
        return {}
    new_ids: dict[str | None, list[str]] = defaultdict(list)
    for old, request in zip(ids_of(reply), requests, strict=True):
        new_ids[old].append(request.id)
    turn = {
        "model": model,
        "content": _renamed_blocks(reply.content, new_ids),
        "extra": {key: _renamed_keys(value, new_ids) for key, value in extra.items()},
        "kind": {key: reply.response_metadata[key] for key in _KINDS if key in reply.response_metadata},
        "id": reply.id,
    }
    try:
        length = len(json.dumps(turn))
    except (TypeError, ValueError, RecursionError):
        logger.warning("%s: a turn with tool calls cannot be kept as it came, for it is no JSON data", model)
        return {}
    if length > LONGEST_TURN:
        logger.warning(
            "%s: a turn with tool calls is %s characters long, too long to be kept as it came", model, length
        )
        return {}
    return turn


def kept_reply(message: Message, *, model: str) -> AIMessage | None:
    """The assistant's message as it came; nothing if it is another model's, damaged, or not kept."""
    from langchain_core.messages import AIMessage, ToolCall

    turn = message.turn
    if turn.get("model") != model or _is_damaged(turn):
        return None
    calls = [
        ToolCall(name=request.name, args=request.arguments, id=request.id, type="tool_call")
        for request in message.requests
    ]
    try:
        return AIMessage(
            content=turn["content"],
            additional_kwargs=turn["extra"],
            response_metadata=turn["kind"],
            id=turn["id"],
            tool_calls=calls,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _is_damaged(turn: Mapping[str, Any]) -> bool:
    """Whether a signature was taken out when the turn was written, or a block is none."""
    content = turn.get("content")
    blocks = content if isinstance(content, list) else []
    if not all(isinstance(block, str) or (isinstance(block, dict) and _is_block(block)) for block in blocks):
        return True
    return any(REDACTED in signature for signature in _signatures(turn))


def _is_block(block: dict[str, Any]) -> bool:
    return isinstance(block.get("type"), str)


def _signatures(data: Any, *, signed: bool = False) -> Iterable[str]:
    match data:
        case str():
            if signed:
                yield data
        case dict():
            for key, value in data.items():
                yield from _signatures(value, signed=signed or key.strip("_").endswith(_SIGNATURES))
        case list():
            for part in data:
                yield from _signatures(part, signed=signed)


def _renamed_blocks(content: Any, new_ids: _NewIds) -> Any:
    """The content with the ids that its calls have here; calls that were not read are left out."""
    if not isinstance(content, list):
        return content
    left = {old: deque(new) for old, new in new_ids.items()}
    blocks: list[Any] = []
    for block in content:
        member = _CALL_BLOCKS.get(block.get("type", "")) if isinstance(block, dict) else None
        if member is None:
            blocks.append(block)
        elif names := left.get(block.get(member)):
            blocks.append({**block, member: names.popleft()})
    return blocks


def _renamed_keys(value: Any, new_ids: _NewIds) -> Any:
    if not isinstance(value, dict):
        return value
    return {new_ids[key][0] if new_ids.get(key) else key: member for key, member in value.items()}
