"""A model whose answers stand in a file: for tests, demonstrations, and runs that must repeat exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from typing_extensions import override

from fieldcraft.agent.models.errors import BadScript, ModelUnavailable

_CURE = "it must hold a list of answers, or a mapping of roles to lists of answers"


class ScriptedChatModel(BaseChatModel):
    """Answers the n-th call of a role with that role's n-th answer, whatever it is asked.

    It keeps no count of its own: `invoke(messages, role="actor", call=3)` always gives the same answer,
    so that a resumed run goes on at the right place. A plain list in the file (kept under the role `""`)
    answers every role, each from its beginning.
    """

    path: str
    answers: dict[str, tuple[str, ...]]

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
        text = self._answer(role, call)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _answer(self, role: str, call: int) -> str:
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


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScript(f"scripted answers {path} cannot be read: {error}") from error
    return {str(role): tuple(map(_as_text, answers)) for role, answers in _by_role(path, text).items()}


def _by_role(path: Path, text: str) -> dict[str, list[Any]]:
    """The answers under their roles. JSON is tried first: a long script takes YAML's parser seconds."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    sound = isinstance(data, list) or (
        data and isinstance(data, dict) and all(isinstance(answers, list) for answers in data.values())
    )
    if not sound:
        data = _read_yaml(path, text)
    return data if isinstance(data, dict) else {"": data}


def _read_yaml(path: Path, text: str) -> Any:
    """Read YAML, or say on which line it, or the shape of what it holds, is wrong."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        _check_shape(path, root)
        return loader.construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, BadScript):
            raise
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error)
        raise BadScript(f"{path}{where}: not valid YAML or JSON: {problem}") from error
    finally:
        loader.dispose()


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


def _as_text(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)
