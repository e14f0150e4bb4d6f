"""A model with answers from a file: for tests, demonstrations, and runs that must repeat exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import override

from fieldcraft.agent.models.errors import BadScript, ModelUnavailable
from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import read_file
from fieldcraft.common.invalid import in_words
from fieldcraft.common.yaml import read_yaml

_CURE = "it must hold a list of answers, or a mapping of roles to lists of answers"


JSON_LIMITS = Limits(size=64_000_000, depth=256, items=2_000_000)
YAML_LIMITS = Limits(size=4_000_000, depth=256, items=200_000)
_LINE = re.compile(r"\(line (\d+)\)")


class ScriptedCall(BaseModel):
    """One tool call of a scripted answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: dict[str, Any] = {}


class ScriptedCalls(BaseModel):
    """A scripted answer that asks for tools to be called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    tool_calls: tuple[ScriptedCall, ...]


class ScriptedChatModel(BaseChatModel):
    """Answers the n-th call of a role with that role's n-th answer, regardless of the request.

    It keeps no count: `invoke(messages, role="actor", call=3)` always gives the same answer,
    so that a resumed run continues at the right place. A plain list in the file (kept under the role `""`)
    answers every role, each from its beginning.

    An answer `{"tool_calls": [{"name": _, "arguments": {...}}, ...], "text": _}` asks for tools to
    be called (`text` may be left out); the role's next answer is given after their outcomes.
    """

    path: str
    answers: dict[str, tuple[str | ScriptedCalls, ...]]

    @classmethod
    def from_file(cls, path: Path) -> ScriptedChatModel:
        """Read a YAML or JSON file; answers that are not text are given as JSON.

        Raises:
            BadScript: the file cannot be read or has another shape; the message names file and line.
        """
        return cls(path=str(path), answers=_read(path))

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        role: str = "",
        call: int = 1,
        **kwargs: Any,
    ) -> ChatResult:
        answer = self._answer(role, call)
        if isinstance(answer, str):
            message = AIMessage(content=answer)
        else:
            calls = [
                ToolCall(name=made.name, args=made.arguments, id=f"{role}-{call}-{number}", type="tool_call")
                for number, made in enumerate(answer.tool_calls, 1)
            ]
            message = AIMessage(content=answer.text, tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """This model itself: it calls the tools its script names, whether they are there or not."""
        return self

    def _answer(self, role: str, call: int) -> str | ScriptedCalls:
        answers = self.answers.get(role, self.answers.get(""))
        if answers is None:
            known = ", ".join(self.answers)
            raise ModelUnavailable(
                f"{self.path} has no scripted answers for role {role!r} (only for {known}); add a list for it"
            )
        if not 1 <= call <= len(answers):
            raise ModelUnavailable(
                f"scripted answers for role {role!r} ended after {len(answers)}; add more to {self.path}"
            )
        return answers[call - 1]


def _read(path: Path) -> dict[str, tuple[str | ScriptedCalls, ...]]:
    try:
        text = read_file(path, limit=JSON_LIMITS.size).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadScript(f"scripted answers {path} cannot be read: {error}") from error
    return {
        str(role): tuple(_as_answer(path, str(role), answer) for answer in answers)
        for role, answers in _by_role(path, text).items()
    }


def _by_role(path: Path, text: str) -> dict[str, list[Any]]:
    """The answers under their roles. JSON is tried first: a long script takes YAML's parser seconds."""
    try:
        data = read_json(text, JSON_LIMITS)
    except DataError:
        data = None
    sound = isinstance(data, list) or (
        data and isinstance(data, dict) and all(isinstance(answers, list) for answers in data.values())
    )
    if not sound:
        data = _read_yaml(path, text)
    return data if isinstance(data, dict) else {"": data}


def _read_yaml(path: Path, text: str) -> Any:
    """Read YAML, or say on which line it, or the shape of what it holds, is wrong."""
    try:
        data = read_yaml(text, YAML_LIMITS)
    except DataError as error:
        lines = _LINE.findall(str(error))
        where = f", line {lines[-1]}" if lines else ""
        raise BadScript(f"{path}{where}: not valid YAML or JSON: {error}") from error
    _check_shape(path, yaml.compose(text, Loader=yaml.SafeLoader))
    return data


def _check_shape(path: Path, root: yaml.Node | None) -> None:
    match root:
        case yaml.SequenceNode():
            return
        case yaml.MappingNode(value=pairs) if pairs:
            for key, value in pairs:
                if not isinstance(value, yaml.SequenceNode):
                    line = value.start_mark.line + 1
                    raise BadScript(f"{path}, line {line}: {key.value!r} holds no list; {_CURE}")
        case _:
            line = 1 if root is None else root.start_mark.line + 1
            raise BadScript(f"{path}, line {line}: {_CURE}")


def _as_answer(path: Path, role: str, answer: Any) -> str | ScriptedCalls:
    if isinstance(answer, str):
        return answer
    if isinstance(answer, dict) and "tool_calls" in answer:
        try:
            return ScriptedCalls.model_validate(answer)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {in_words(first)}"
            raise BadScript(
                f"{path}: an answer of {role or 'every role'} has bad tool calls: {problem}; "
                'write {"tool_calls": [{"name": "calculator", "arguments": {"expression": "1/3"}}]}'
            ) from error
    return json.dumps(answer, ensure_ascii=False, default=str)
