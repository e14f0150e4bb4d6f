"""Keep what servers of OpenAI's protocol add to a turn with tool calls, which LangChain's class drops.

Gemini signs calls (`extra_content`), DeepSeek, Kimi and Qwen want `reasoning_content` back, OpenRouter
`reasoning_details`, LiteLLM `thinking_blocks`. Whatever a message or a call has beyond OpenAI's own members
goes back as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatResult

_MESSAGE, _CALLS = "message_as_it_came", "calls_as_they_came"
_OWN_MEMBERS = frozenset(
    {"role", "content", "tool_calls", "function_call", "refusal", "annotations", "audio", "name", "parsed"}
)
_ABOUT_THE_ANSWER = frozenset({"stop_reason", "finish_reason", "token_ids", "prompt_token_ids", "logprobs"})
_NOT_KEPT = _OWN_MEMBERS | _ABOUT_THE_ANSWER
_OWN_MEMBERS_OF_CALLS = frozenset({"id", "type", "function", "index", "custom"})
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
_PARTS = ("audio_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
_REASONING = ("reasoning_content", "reasoning", "thinking")
_LISTS_OF_REASONING = ("reasoning_details", "thinking_blocks")


class KeepsTurns:
    """A mixin for `BaseChatOpenAI`."""

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        messages = list(_messages(response))
        for message in messages:
            _mend_calls(message)
        if not _countable(_member(response, "usage")):
            _set(response, "usage", None)
        result: ChatResult = super()._create_chat_result(response, generation_info)  # type: ignore[misc]
        for generation, message in zip(result.generations, messages, strict=False):
            _keep(generation.message.additional_kwargs, _members(message))
        return result

    def _get_request_payload(self, input_: Any, **more: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, **more)  # type: ignore[misc]
        if "messages" in payload:
            turns: list[BaseMessage] = self._convert_input(input_).to_messages()  # type: ignore[attr-defined]
            for turn, sent in zip(turns, payload["messages"], strict=True):
                _put_back(turn.additional_kwargs, sent)
        return payload


def _messages(response: Any) -> Iterable[Any]:
    """The messages of an answer, which is a pydantic model that was not validated."""
    for choice in _member(response, "choices") or ():
        message = _member(choice, "message")
        if message is not None:
            yield message


def _member(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


def _set(thing: Any, name: str, value: Any) -> None:
    if isinstance(thing, dict):
        thing[name] = value
    else:
        setattr(thing, name, value)


def _members(thing: Any) -> dict[str, Any]:
    if isinstance(thing, dict):
        return thing
    return dict(thing.model_dump(warnings=False)) if hasattr(thing, "model_dump") else {}


def _mend_calls(message: Any) -> None:
    """Give each call an id of its own and arguments as text, however the server wrote them.

    What is no call with a name is left out: LangChain's class loses the whole answer over it.
    """
    calls = _member(message, "tool_calls")
    if calls is None:
        return
    calls = [call for call in calls if _is_call(call)] if isinstance(calls, list) else []
    _set(message, "tool_calls", calls or None)
    seen: set[str] = set()
    for call in calls:
        identity = _member(call, "id")
        if not isinstance(identity, str) or not identity.strip() or identity in seen:
            identity = next(name for number in count(1) if (name := f"call-{number}") not in seen)
            _set(call, "id", identity)
        seen.add(identity)
        function = _member(call, "function")
        if function is not None:
            _set(function, "arguments", _as_text(_member(function, "arguments")))


def _is_call(call: Any) -> bool:
    function = _member(call, "function")
    return function is not None and isinstance(_member(function, "name"), str | None)


def _countable(usage: Any) -> bool:
    """Whether LangChain's class can read a report of tokens; it loses the answer over one of another form."""
    if usage is None:
        return True
    counts = _members(usage)
    details = [counts.get(name) for name in _DETAILS]
    if not counts or not all(_is_count(counts.get(name)) for name in _COUNTS):
        return False
    return all(
        detail is None or (isinstance(detail, dict) and all(_is_count(detail.get(name)) for name in _PARTS))
        for detail in details
    )


def _is_count(value: Any) -> bool:
    return value is None or isinstance(value, int)


def _as_text(arguments: Any) -> str:
    """Arguments as a JSON object, if they are one: as an object, in a string, or in a string within one."""
    if isinstance(arguments, str):
        try:
            read = json.loads(arguments) if arguments.strip() else {}
            read = json.loads(read) if isinstance(read, str) and read.strip() else read
        except (ValueError, RecursionError):
            return arguments
    else:
        read = arguments
    if not read:
        return "{}"
    if isinstance(read, dict):
        return arguments if isinstance(arguments, str) and arguments.lstrip()[:1] == "{" else json.dumps(read)
    return f"(no object) {json.dumps(read)}"


def _keep(extra: dict[str, Any], message: Mapping[str, Any]) -> None:
    """What the message has beyond OpenAI's own members, into LangChain's `additional_kwargs`."""
    beside = {key: value for key, value in message.items() if key not in _NOT_KEPT and value}
    reasoning = next(
        (value for key in _REASONING if isinstance(value := beside.get(key), str) and value),
        "\n".join(_texts(beside.get(key) for key in _LISTS_OF_REASONING)),
    )
    if reasoning:
        extra["reasoning_content"] = reasoning
    calls = {
        call["id"]: added
        for call in message.get("tool_calls") or ()
        if isinstance(call, dict)
        and (added := {k: v for k, v in call.items() if k not in _OWN_MEMBERS_OF_CALLS and v is not None})
    }
    if isinstance(message.get("content"), list):
        beside["content"] = message["content"]
    extra |= {key: kept for key, kept in ((_MESSAGE, beside), (_CALLS, calls)) if kept}


def _texts(lists: Iterable[Any]) -> Iterable[str]:
    for part in (part for parts in lists if isinstance(parts, list) for part in parts):
        if isinstance(part, dict):
            found = (part.get(key) for key in ("text", "summary", "thinking"))
            yield from (text for text in found if isinstance(text, str) and text)


def _put_back(extra: Mapping[str, Any], sent: dict[str, Any]) -> None:
    kept, calls = extra.get(_MESSAGE), extra.get(_CALLS)
    if isinstance(kept, dict):
        sent |= {key: value for key, value in kept.items() if key == "content" or key not in _OWN_MEMBERS}
    if not isinstance(calls, dict):
        return
    for call in sent.get("tool_calls") or ():
        added = calls.get(call["id"])
        if isinstance(added, dict):
            call |= {key: value for key, value in added.items() if key not in _OWN_MEMBERS_OF_CALLS}
