"""Secret values that settings contain instead of a `${NAME}`: they are used, but not written to files.

The same rules decide which values of the settings are registered as secrets, so that a server, error or
program that repeats them cannot bring them into a file or onto the screen (`common.secrets.redaction`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, PlainSerializer, SerializationInfo

from fieldcraft.common.fields import FOR_FILES, Text
from fieldcraft.common.fields import Data as Value
from fieldcraft.common.secrets.names import PLACEHOLDER, counts, is_harmless, names_a_secret
from fieldcraft.common.secrets.redaction import (
    is_path_token,
    is_secret_parameter,
    learn,
    learn_plausible,
    learn_url,
    without_known,
)
from fieldcraft.common.secrets.shapes import names_its_value, without_shapes

LEFT_OUT = "[left out]"
VARIABLE = PLACEHOLDER
Mark = Callable[[str], str]
"""Returns the replacement of a value."""
Data = TypeVar("Data")

_SCHEMES = frozenset({"basic", "bearer", "digest", "token", "apikey", "api-key", "negotiate"})
_NAMES_FOLLOW = frozenset({"-h", "--header", "--headers", "-e", "--env", "-b", "--cookie"})
_USER_FOLLOWS = frozenset({"-u", "--user", "--proxy-user"})
_FLAG = re.compile(r"-{1,2}[A-Za-z][A-Za-z-]{0,40}(?:=.*)?", re.DOTALL)
_ASSIGNED = re.compile(r"(?P<name>-{0,2}[\w.-]{1,80})(?P<by>\s*[=:]\s*)(?P<value>.+)", re.DOTALL)
_IN_URL = re.compile(r"[?&#;](?P<name>[\w.~%\[\]-]{1,80})=(?P<value>[^&#\s]+)")
_IN_JSON = re.compile(r"\"(?P<name>[\w.-]{1,80})\\{0,3}\"\s{0,8}:\s{0,8}\\{0,3}\"(?P<value>[^\"\\]+)")
_IN_PATH = re.compile(r"(?<=/)(?P<value>[\w.~%=:+-]{20,})")


def left_out(_secret: str) -> str:
    """The mark that replaces a value in files."""
    return LEFT_OUT


def _marked(text: str, mark: Mark) -> str:
    """`text` if it only names a variable, or is already a mark; else the replacement."""
    return text if not text or names_its_value(text) or text == LEFT_OUT else mark(text)


def guarded_values(values: Mapping[str, str], mark: Mark = left_out) -> dict[str, str]:
    """Names and values with every literal value replaced."""
    return {name: _marked(text, mark) for name, text in values.items()}


def guarded_text(text: str, mark: Mark = left_out) -> str:
    """Text, such as a URL or an argument, without secrets by name, shape or appearance."""
    assigned = _ASSIGNED.fullmatch(text)
    if assigned is not None and names_a_secret(assigned["name"]):
        if counts(assigned["name"], assigned["value"]):
            return text
        return f"{assigned['name']}{assigned['by']}{_marked(assigned['value'], mark)}"
    if "://" in text:
        text = _replaced(_IN_URL, text, mark, is_secret_parameter)
        text = _replaced(_IN_PATH, text, mark, lambda _, value: is_path_token(value))
    text = _replaced(_IN_JSON, text, mark, lambda name, value: names_a_secret(name) and value != LEFT_OUT)
    return (
        without_known(without_shapes(text, mark), LEFT_OUT)
        if mark is left_out
        else without_shapes(text, mark)
    )


def _replaced(pattern: re.Pattern[str], text: str, mark: Mark, holds: Callable[[str, str], bool]) -> str:
    def shown(match: re.Match[str]) -> str:
        value = match["value"]
        if value.startswith("[left") or not holds(match.groupdict().get("name", ""), value):
            return match[0]
        return match[0][: match.start("value") - match.start()] + _marked(value, mark)

    return pattern.sub(shown, text)


def guarded_words(words: Iterable[str], mark: Mark = left_out) -> tuple[str, ...]:
    """A command's arguments without secrets; the word after `--api-key` or `Authorization:` is one."""
    kept: list[str] = []
    before, expected = "", False
    for word in words:
        if expected and not (_FLAG.fullmatch(word) or counts(before, word)):
            is_scheme = word.strip().lower() in _SCHEMES
            kept.append(word if is_scheme else _marked(word, mark))
            expected = is_scheme
        else:
            kept.append(_after(before, word, mark))
            expected = _expects(word)
        before = word
    return tuple(kept)


def _expects(word: str) -> bool:
    """Whether the word after this one is a secret."""
    flag = word.startswith("-") and "=" not in word
    return (flag or word.rstrip().endswith((":", "="))) and names_a_secret(word.rstrip(" :="))


def _after(before: str, word: str, mark: Mark) -> str:
    name, by, value = word.partition(":" if ":" in word and "=" not in word.partition(":")[0] else "=")
    if before.lower() in _NAMES_FOLLOW and by and "://" not in word and not is_harmless(value.strip()):
        blank = value[: len(value) - len(value.lstrip())]
        return f"{name}{by}{blank}{_marked(value.strip(), mark)}"
    if before.lower() in _USER_FOLLOWS and ":" in word:
        return _marked(word, mark)
    return guarded_text(word, mark)


def guarded_data(data: Any, mark: Mark = left_out, name: str = "") -> Any:
    """JSON data, such as the options of a world, without secrets by name, shape or appearance."""
    match data:
        case str() if name and names_a_secret(name) and not counts(name, data):
            return _marked(data, mark)
        case str():
            return guarded_text(data, mark)
        case int() | float() if _is_secret_number(name, data):
            return mark(str(data))
        case list() | tuple():
            words = all(isinstance(part, str) for part in data)
            return list(guarded_words(data, mark)) if words else [guarded_data(p, mark, name) for p in data]
        case Mapping():
            return {key: guarded_data(value, mark, str(key)) for key, value in data.items()}
        case _:
            return data


def _is_secret_number(name: str, value: float) -> bool:
    """Whether a number may be a password of digits; a boolean, or a number of tokens, is not."""
    return not isinstance(value, bool) and names_a_secret(name) and not counts(name, str(value))


def learn_text(text: str) -> None:
    """Register the secrets that `guarded_text` removes from the text."""
    learn_url(text)
    guarded_text(text, _learning)


def learn_words(words: Iterable[str]) -> None:
    """Register the secrets that `guarded_words` removes from the words."""
    words = tuple(words)
    guarded_words(words, _learning)
    for word in words:
        if "://" in word:
            learn_url(word[word.find("=") + 1 :] if word.startswith("-") else word)


def learn_data(data: Any) -> None:
    """Register the secrets that `guarded_data` removes from the data."""
    guarded_data(data, _learning)


def learn_values(values: Mapping[str, str], *, all_secret: bool = False) -> None:
    """Register headers, variables or credentials that have a secret's name or appearance."""
    for name, value in values.items():
        if VARIABLE.search(value) is not None:
            continue
        if all_secret or names_a_secret(name):
            learn(_parts_of(value))
        else:
            learn_plausible([value])


def learn_variable(name: str, value: str) -> None:
    """Register the value of `${NAME}` as a secret."""
    if names_a_secret(name):
        learn(_parts_of(value))
    learn_plausible([value])


def _learning(secret: str) -> str:
    if VARIABLE.search(secret) is None:
        learn(_parts_of(secret))
    return LEFT_OUT


def _parts_of(value: str) -> Iterable[str]:
    """The forms of a credential: whole, without its scheme, decoded, and its password or cookies."""
    yield value
    scheme, _, rest = value.strip().partition(" ")
    secret = rest.strip() if scheme.lower().rstrip(":") in _SCHEMES and rest else value.strip()
    yield secret
    try:
        decoded = base64.b64decode(secret, validate=True).decode() if scheme.lower() == "basic" else secret
    except (binascii.Error, ValueError):
        decoded = secret
    yield decoded
    if ":" in decoded and "://" not in decoded:
        yield decoded.partition(":")[2]
    for pair in secret.split(";"):
        name, by, part = pair.partition("=")
        if by and not is_harmless(part) and re.fullmatch(r"\s*[\w.-]+", name):
            yield part


def _for_files(guard: Callable[[Data], Data]) -> PlainSerializer:
    def serialized(value: Data, info: SerializationInfo[Any]) -> Data:
        return guard(value) if info.context == FOR_FILES and value is not None else value

    return PlainSerializer(serialized)


class Discreet(BaseModel):
    """Settings whose `repr` contains no secret: it shows what a file would contain."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return self.model_dump(context=FOR_FILES).items()


Guarded = Annotated[dict[Text, Text], _for_files(guarded_values)]
"""Names and values; files get only the names, unless a value is a `${NAME}`."""
GuardedText = Annotated[Text, _for_files(guarded_text)]
"""Text, such as a URL; files get it without secrets by name, shape or appearance."""
GuardedWords = Annotated[tuple[Text, ...], _for_files(guarded_words)]
"""A command's arguments; files get them without secrets, such as the word after `--api-key`."""
GuardedData = Annotated[dict[Text, Value], _for_files(guarded_data)]
"""Options; files get them without secrets, which the option's name may indicate too."""
