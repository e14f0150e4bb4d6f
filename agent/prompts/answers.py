"""Answers of models as typed data, in time that grows with their length and no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fieldcraft.agent.models.reasoning import split_reasoning
from fieldcraft.agent.prompts.code_blocks import blocks_in
from fieldcraft.agent.prompts.loose_json import loose_json, nearly_json
from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.errors import ForeignFault
from fieldcraft.common.suggest import reason
from fieldcraft.common.text import visible_line

ANSWER_LIMIT = 100_000
"""Characters of an answer that are read; a longer one is refused."""

_LONGEST_PROBLEM = 2_000
_MOST_OPEN = 8
"""Braces that are never closed, after which no more objects are looked for."""
_MOST_TRIED = 20
"""Objects of an answer that are tried, the last first."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', re.DOTALL)
_WRAPPERS = frozenset(
    {"result", "answer", "final_answer", "response", "output", "json", "verdict", "proposal", "plan"}
)
"""Keys, in lower case, that a model puts around the object that was asked for."""
_BEGINS = re.compile(r"\s*+(?:(?:`{3,}+|~{3,}+)[ \t]*+\w*+\s*+)?")
_UNFENCED = {
    "python": re.compile(r"(?:async )?def \w+\(|import \w|from [\w.]+ import "),
    "javascript": re.compile(r"(?:async )?function\s?\*?\s?\w+\(|(?:const|let) \w+ = "),
}
"""How an answer begins that is a program without a fence."""
_NEVER = re.compile(r"(?!)")
_LANGUAGES = {"python": ("python", "py", "python3", "py3"), "javascript": ("javascript", "js", "node")}

T = TypeVar("T", bound=BaseModel)


class AnswerUnusable(ForeignFault, ValueError):
    """An answer is not of the form that was asked for; the message tells the model what to change.

    It is one line of visible characters, whatever of the answer it holds.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(visible_line(problem, _LONGEST_PROBLEM))


class Insisted(AnswerUnusable):
    """A proposal of what was refused for good reasons: it is usable, and not wanted."""


class MoreWanted(AnswerUnusable):
    """An answer that asks for something first.

    Attributes:
        template: the prompt that it is answered with.
        values: its variables.
    """

    def __init__(self, problem: str, template: str, values: Mapping[str, Any]) -> None:
        super().__init__(problem)
        self.template = template
        self.values = values


class _NotValid(AnswerUnusable):
    """An object has a key that was asked for, but what it holds is not of its kind."""


class SeveralPrograms(AnswerUnusable):
    """An answer holds several code blocks, and nothing says which of them is the program."""


def parse_json(answer: str, schema: type[T]) -> T:
    """The last JSON object of an answer that fits `schema`, outside reasoning.

    One that is only nearly JSON is read too where no other object of the answer says something else. None is
    taken where a later one has a key that must be there, with a value that is not valid.

    Raises:
        AnswerUnusable: there is none; the message says what is wrong with the last one.
    """
    problem = ""
    fitting: list[T] = []
    for text in list(_objects(_proper(answer)))[: -_MOST_TRIED - 1 : -1]:
        try:
            found, loose = _validated(text, schema)
        except AnswerUnusable as error:
            problem = problem or str(error)
            if isinstance(error, _NotValid) and not fitting:
                break
            continue
        fitting.append(found)
        if not loose:
            break
    if not fitting:
        raise AnswerUnusable(problem or "it holds no JSON object")
    if any(found != fitting[0] for found in fitting):
        raise AnswerUnusable("it holds objects that differ; write one object, of valid JSON")
    return fitting[0]


def holds_object(answer: str) -> bool:
    """Whether an answer holds a JSON object, of whatever keys."""
    for text in list(_objects(answer))[: -_MOST_TRIED - 1 : -1]:
        try:
            _lenient(text)
        except DataError:
            continue
        return True
    return False


def leading_object(answer: str) -> str:
    """The JSON object that an answer begins with, outside reasoning.

    Raises:
        AnswerUnusable: it begins with something else, or the object is not closed.
    """
    text = _BEGINS.sub("", _proper(answer), count=1)
    end = _end_of(text, 0) if text.startswith("{") else None
    if end is None:
        raise AnswerUnusable("it does not begin with a whole JSON object")
    return text[:end]


def _validated(text: str, schema: type[T]) -> tuple[T, bool]:
    """The object, and whether it was only nearly what was asked for."""
    try:
        data, loose = _lenient(text)
        inner = _inside_wrapper(data, schema)
        if inner is not None:
            data, loose = inner, True
        if schema.model_fields.keys().isdisjoint(data):
            raise AnswerUnusable(f"the object has none of the keys {', '.join(schema.model_fields)}")
        return schema.model_validate(_without_nulls(data, schema)), loose
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the object"
        named = any(field.is_required() and name in data for name, field in schema.model_fields.items())
        kind = _NotValid if named else AnswerUnusable
        raise kind(f"{place}: {reason(first['msg'])}") from None
    except DataError as error:
        problem = str(error).removeprefix("it is no valid JSON: ")
        raise AnswerUnusable(f"it is not valid JSON: {problem}") from None


def _lenient(text: str) -> tuple[dict[str, Any], bool]:
    """The object, and whether it is so far from JSON that it counts only where no other differs.

    Raw line breaks in strings and commas after last entries are forgiven.
    """
    try:
        return _object(text), False
    except DataError as error:
        problem = error
    for mend, loose in ((_without_doubled_braces, False), (nearly_json, False), (loose_json, True)):
        mended = mend(text)
        if mended == text:
            continue
        try:
            return _object(mended), loose
        except DataError:
            continue
    raise problem


def _without_doubled_braces(text: str) -> str:
    """The text without the second braces of a template, which some models write as they were shown."""
    return text[1:-1] if text.startswith("{{") and text.endswith("}}") else text


def _object(text: str) -> dict[str, Any]:
    data = read_json(text)
    assert isinstance(data, dict)
    return data


def _inside_wrapper(data: dict[str, Any], schema: type[BaseModel]) -> dict[str, Any] | None:
    """The object in an object of one key that a model put around it, or in what should be a tool call."""
    inner = data.get("arguments", data.get("parameters"))
    if len(data) == 2 and isinstance(data.get("name"), str) and "name" not in schema.model_fields:
        return inner if isinstance(inner, dict) else None
    if len(data) != 1:
        return None
    [(name, inner)] = data.items()
    wraps = name not in schema.model_fields and name.lower() in {*_WRAPPERS, schema.__name__.lower()}
    return inner if wraps and isinstance(inner, dict) else None


def _without_nulls(data: dict[str, Any], schema: type[BaseModel]) -> dict[str, Any]:
    """Without the nulls of fields that may be left out, and of all fields further inside."""
    optional = {name for name, field in schema.model_fields.items() if not field.is_required()}
    return {
        name: _nulls_left_out(value)
        for name, value in data.items()
        if value is not None or name not in optional
    }


def _nulls_left_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nulls_left_out(inner) for name, inner in value.items() if inner is not None}
    return [_nulls_left_out(inner) for inner in value] if isinstance(value, list) else value


def _objects(text: str) -> Iterator[str]:
    """The outermost pairs of braces with what is in them, in order; the last may never be closed."""
    place, unclosed = 0, 0
    while unclosed < _MOST_OPEN and (start := text.find("{", place)) >= 0:
        end = _end_of(text, start)
        if end is None:
            unclosed += 1
            place = start + 1
            if unclosed == 1:
                yield text[start:]
            continue
        yield text[start:end]
        place = end


def _end_of(text: str, start: int) -> int | None:
    """Where the brace at `start` is closed."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0 and token[0] in "}]":
            return token.end()
    return None


def parse_code(answer: str, language: str = "python") -> str:
    """The source in the one code block of an actor's answer, fenced in any way that Markdown has.

    Of several blocks the only one in this language counts, and an empty one never does. An answer without a
    fence that begins as a program does is one.

    Raises:
        SeveralPrograms: several code blocks.
        AnswerUnusable: no code block, one that is never closed, or a giant answer.
    """
    proper = _proper(answer)
    blocks, closed = blocks_in(proper)
    if not blocks and closed and _UNFENCED.get(language, _NEVER).match(proper.lstrip()):
        return proper.strip() + "\n"
    filled = [block for block in blocks if block.source.strip()] or blocks
    named = [block for block in filled if block.language in _LANGUAGES.get(language, (language,))]
    found = named if len(named) == 1 else filled
    match found:
        case [block]:
            return block.source
        case []:
            problem = "it holds no code block" if closed else "its code block is never closed"
        case _:
            problem = f"it holds {len(blocks)} code blocks"
    kind = SeveralPrograms if len(found) > 1 else AnswerUnusable
    raise kind(f"{problem}; put the whole program into exactly one ```{language} block")


def _proper(answer: str) -> str:
    """The answer without its reasoning."""
    if len(answer) > ANSWER_LIMIT:
        raise AnswerUnusable(f"it is {len(answer):,} characters long; at most {ANSWER_LIMIT:,} are read")
    text, reasoning = split_reasoning(answer)
    if reasoning and not text:
        raise AnswerUnusable(
            "it holds nothing but reasoning; write the answer itself after it, and think less"
        )
    return text
