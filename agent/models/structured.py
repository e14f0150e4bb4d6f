"""Structured output: JSON roles ask with the JSON schema of their class, where the model has that.

The text form, which the prompts describe, is what is left where a provider refuses the schema or answers
with something else. Answers are read as text in both forms, so that a journal does not depend on the form.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from fieldcraft.agent.models.endings import is_truncated, refusal_of, was_ended_by
from fieldcraft.agent.models.failures.error_parts import status_of
from fieldcraft.agent.models.reasoning import split_reasoning
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.redact import redact

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

logger = logging.getLogger(__name__)

_SIGNS = (
    "schema",
    "response_format",
    "response format",
    "responseformat",
    "response_mime_type",
    "responsemimetype",
    "output_config",
    "output_format",
    "text.format",
    "structured",
    "grammar",
    "guided",
)
"""Words of an error that is about the form of the answer."""
_INVALID = (400, 422)
_ENDED = ("", "stop", "end_turn", "stop_sequence", "eos", "eos_token", "tool_calls", "tool_use")
_BLANKS = 100
"""Blanks at the end of an answer from which on it is a loop, a known fault of constrained decoding."""
_LONGEST = 300


class StructuredOutput:
    """Whether, and how, one model is asked for structured output.

    Args:
        name: the model, for messages.
        settings: `structured` and `base_url` count.
        model: the chat model.
        local: it is one of Fieldcraft's own.
        given: the user gave it as an object.
    """

    def __init__(
        self, name: str, settings: ModelSettings, model: BaseChatModel, *, local: bool, given: bool
    ) -> None:
        self._name = name
        self._model = model
        self._forms: dict[type[BaseModel], dict[str, Any]] = {}
        self._used = not local and _is_wanted(settings, model, given=given)

    def form(self, shape: type[BaseModel] | None) -> Mapping[str, Any]:
        """The arguments of a call by which the model answers in this shape; none for the text form."""
        if shape is None or not self._used:
            return {}
        if shape not in self._forms:
            try:
                self._forms[shape] = _form_of(self._model, shape)
            except Exception as error:
                self.give_up(f"{type(error).__name__}: {error}")
                return {}
        return self._forms[shape]

    def give_up(self, problem: str) -> None:
        """Ask in the text form from now on, with one warning."""
        if self._used:
            self._used = False
            said = redact(" ".join(problem.split()))[:_LONGEST]
            logger.warning(
                "%s: structured output does not work (%s); it is asked in text from now on "
                '(model_options.structured = "never" does so from the start)',
                self._name,
                said,
            )


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a class in the part of the language that every provider takes.

    Each object lists all its fields as required and allows no other; references are resolved, and limits
    and defaults left out, which the class itself checks afterwards.

    Raises:
        RecursionError: the class contains itself.
    """
    whole = shape.model_json_schema()
    return {"title": shape.__name__, **_simple(whole, whole.get("$defs", {}))}


def invoke(
    model: BaseChatModel, conversation: Sequence[BaseMessage], arguments: Mapping[str, Any]
) -> AIMessage:
    """Call a model with the arguments of a form; an answer that was cut is one, whatever the package says.

    OpenAI's package raises where an answer with a schema was cut or filtered; the error holds the answer.
    """
    try:
        return model.invoke(list(conversation), **arguments)
    except Exception as error:
        reply = _reply_in(model, error)
        if reply is None:
            raise
        return reply


def fault_of_form(error: Exception) -> str:
    """What an error says against the form of the answer; empty where the error is about something else."""
    said = f"{type(error).__name__}: {error}"
    status = status_of(error)
    named = any(sign in said.lower() for sign in _SIGNS)
    if isinstance(error, (TypeError, NotImplementedError, UserWarning)) or status in _INVALID:
        return said
    return said if named and (status is not None or isinstance(error, ValueError)) else ""


def fault_of_answer(reply: AIMessage) -> str:
    """Why an answer is none in the form that was asked for; empty where it is, or was refused or cut."""
    from fieldcraft.agent.prompts.answers import holds_object

    cut = is_truncated(reply)
    if refusal_of(reply) or not (cut or was_ended_by(reply) in _ENDED):
        return ""
    text, _ = split_reasoning(reply.text)
    if not text.strip():
        return "the answer was empty"
    if len(text) - len(text.rstrip()) > _BLANKS:
        return "the answer ended in blanks"
    return "" if cut or holds_object(text) else "the answer was no JSON object"


def _is_wanted(settings: ModelSettings, model: BaseChatModel, *, given: bool) -> bool:
    try:
        has_it = (model.profile or {}).get("structured_output") is True
    except Exception:
        has_it = False
    match settings.structured:
        case "never":
            return False
        case "always":
            return has_it or not given
        case "auto":
            return has_it and (given or settings.base_url is None)


def _form_of(model: BaseChatModel, shape: type[BaseModel]) -> dict[str, Any]:
    """What the model's class binds for its own structured output.

    Raises:
        TypeError: it has none by JSON schema.
    """
    schema = schema_of(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            chain: Any = model.with_structured_output(
                schema, method="json_schema", include_raw=True, strict=True
            )
        except (TypeError, ValueError):
            chain = model.with_structured_output(schema, method="json_schema", include_raw=True)
    binding = chain.first.steps__["raw"]
    if binding.bound is not model or not binding.kwargs or "tools" in binding.kwargs:
        raise TypeError(f"{type(model).__name__} has no structured output by JSON schema")
    return dict(binding.kwargs)


def _simple(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return _simple(definitions[node["$ref"].rpartition("/")[2]], definitions)
    simple = {key: node[key] for key in ("description", "type", "enum") if key in node}
    if "const" in node:
        simple["enum"] = [node["const"]]
    if "items" in node:
        simple["items"] = _simple(node["items"], definitions)
    if "properties" in node:
        simple["properties"] = {
            name: _simple(field, definitions) for name, field in node["properties"].items()
        }
        simple["required"] = list(node["properties"])
        simple["additionalProperties"] = False
    choices = [_simple(choice, definitions) for choice in node.get("anyOf") or node.get("oneOf") or ()]
    if choices := [choice for choice in choices if choice]:
        simple["anyOf"] = [leaf for choice in choices for leaf in choice.get("anyOf", [choice])]
    return simple


def _reply_in(model: BaseChatModel, error: Exception) -> AIMessage | None:
    from langchain_core.messages import AIMessage

    try:
        found = model._create_chat_result(error.completion).generations[0]  # type: ignore[attr-defined]
        reply = found.message
        reply.response_metadata = {**(found.generation_info or {}), **reply.response_metadata}
    except Exception:
        return None
    return reply if isinstance(reply, AIMessage) else None
