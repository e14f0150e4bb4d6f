"""Read settings: flags override `FIELDCRAFT_*` variables, which override `fieldcraft.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.notices.settings import NoticeSettings
from fieldcraft.agent.settings import DEFAULT_ADDRESS, PARTS, RunSettings
from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options.flags import flag_of
from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.fields import LARGEST_COUNT
from fieldcraft.common.files import read_file
from fieldcraft.common.invalid import allowed, in_words
from fieldcraft.common.plugins import check_name
from fieldcraft.common.secrets.names import names_a_secret
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line
from fieldcraft.tools.sources.secrets import guarded_text

FILE = Path("fieldcraft.toml")
FILE_LIMITS = Limits(size=300_000, depth=16, items=20_000)
"""The limits on the settings file, which may lie in a folder that others made."""
_DOTS = 100
"""The most dots in a line of the file: the time to parse a dotted key grows with the square of its parts."""
PREFIX = "FIELDCRAFT_"
OTHER_VARIABLES = ("CACHE", "CHROMA_URL")
"""Environment variables with this prefix that other modules read."""
_SECRET_TABLES = frozenset({"env", "headers", "credentials"})
_HEADER = re.compile(r"\s*\[(?P<name>[^\[\]]{1,500})\]\s*(?:#.*)?$")
_ENTRY = re.compile(r"\s*(?P<name>[^=\[\]#]{1,500}?)\s*=")
TABLES = {"model_options": ModelSettings}
"""The models that validate tables which are plain dictionaries in the settings."""


class Settings(BaseSettings, RunSettings):
    """The settings of a run, and what is none of its own: `runs`, its folder's place, `otel`, `notice`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    runs: str = "runs"
    otel: str | bool = ""
    notice: NoticeSettings = NoticeSettings()

    @field_validator("seed", mode="before")
    @classmethod
    def _seed_that_is_kept(cls, value: Any) -> Any:
        """Refuse what a journal would cut to another seed."""
        if isinstance(value, int) and abs(value) > LARGEST_COUNT:
            raise ValueError(f"must be from {-LARGEST_COUNT} to {LARGEST_COUNT}")
        return value

    @field_validator("model_options")
    @classmethod
    def _known_options(cls, value: dict[str, Any]) -> dict[str, Any]:
        ModelSettings.model_validate(value)
        return value

    @field_validator("role_options")
    @classmethod
    def _known_role_options(cls, value: dict[str, Any]) -> dict[str, Any]:
        for options in value.values():
            given = {name: each for name, each in options.items() if each != DEFAULT_ADDRESS}
            ModelSettings.model_validate(given)
        return value

    @field_validator(*PARTS)
    @classmethod
    def _known_part(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a name that is neither built in nor announced nor `module:Name`. Imports nothing of it."""
        field = str(info.field_name)
        if value != cls.model_fields[field].default:
            from fieldcraft.agent.extensions import KINDS

            check_name(KINDS[field], value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named by the base class
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _file_settings())

    def for_run(self, **changes: Any) -> RunSettings:
        """The settings that are passed to the run, with `changes` applied."""
        fields = {name: getattr(self, name) for name in RunSettings.model_fields}
        return RunSettings(**{**fields, **changes})


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """The current settings; `flags` override all others.

    Raises:
        UsageProblem: a value cannot be used or a key is unknown; the message says where it is set.
    """
    _check_variables()
    if FILE.exists() and not FILE.is_file():
        raise UsageProblem(
            f"{FILE} is not a file; move it away, or write the settings into a file of this name"
        )
    try:
        return Settings(**flags)
    except ValidationError as error:
        raise UsageProblem(_first_problem(error, flags)) from error
    except RecursionError:
        raise UsageProblem(
            f"a variable {PREFIX}* holds JSON that is nested too deeply; make it flatter"
        ) from None
    except SettingsError as error:
        field = str(error).partition('field "')[2].partition('"')[0]
        raise UsageProblem(
            f"{PREFIX}{field.upper()} must hold JSON, such as {PREFIX}OPTIONS='{{\"size\": 96}}'"
        ) from error


def _file_settings() -> dict[str, Any]:
    """The content of the settings file in the current folder; empty if there is none."""
    if not FILE.exists():
        return {}
    try:
        text = read_file(FILE, limit=FILE_LIMITS.size).decode("utf-8")
        if any(line.count(".") > _DOTS for line in text.split("\n")):
            raise DataError(f"a line of it has more than {_DOTS} dots")
        settings: dict[str, Any] = bounded(tomllib.loads(text), FILE_LIMITS)
    except DataError as error:
        raise UsageProblem(f"{FILE} cannot be used: {error}") from error
    except RecursionError:
        raise UsageProblem(f"{FILE} is nested deeper than {FILE_LIMITS.depth} levels") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{FILE} cannot be read: {error}") from error
    except ValueError as error:
        raise UsageProblem(f"{FILE} is not valid TOML: {visible_line(error)}") from error
    return settings


def _check_variables() -> None:
    known = [*Settings.model_fields, *(name.lower() for name in OTHER_VARIABLES)]
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).partition("__")[0].lower()
        if variable.startswith(PREFIX) and name not in known and (close := nearest(name, known)):
            raise UsageProblem(f"{variable} is not a setting{close} (in capitals, after {PREFIX})")


def _first_problem(error: ValidationError, flags: Mapping[str, Any]) -> str:
    detail = error.errors(include_url=False)[0]
    place = [str(part) for part in detail["loc"]]
    where, key = _source(place, flags), visible_line(".".join(place))
    if detail["type"] == "extra_forbidden":
        known = _known_keys(place[:-1])
        if names_a_secret(place[-1]):
            return f"{where}: no setting {key!r}; a key is read from its variable, such as OPENAI_API_KEY"
        near = nearest(place[-1], known)
        if near and len(place) == 1:
            return f"{where}: no setting {key!r}{near}"
        return f"{where}: no setting {key!r}{near or '.'} Known settings: {', '.join(known)}"
    problem, given = visible_line(in_words(detail), 500), detail["input"]
    if where == "--minutes" and isinstance(given, int | float):
        given /= 60
    words = allowed(detail)
    close = nearest(given, words) if words and isinstance(given, str) else ""
    named = f"{where}: " if where.startswith("--") else f"{where}: {key}: "
    return f"{named}{problem}{_got(place, given)}{close}"


def _got(place: Sequence[str], given: Any) -> str:
    """The given value, if it can be shown."""
    hidden = _SECRET_TABLES.intersection(place) or any(map(names_a_secret, place))
    if hidden or isinstance(given, Mapping):
        return ""
    return f" (got {redact(guarded_text(str(given)))[:60]!r})"


def _source(place: Sequence[str], flags: Mapping[str, Any]) -> str:
    """The flag, variable or file that set the value, as a person would look for it."""
    if _holds(flags, place):
        return flag_of(place) or "command line"
    for depth in range(len(place), 0, -1):
        variable = PREFIX + "__".join(place[:depth]).upper()
        if variable in os.environ:
            return variable
    line = line_of(place)
    return f"{FILE}, line {line}" if line else str(FILE)


def source_of(name: str) -> str:
    """The variable or the file that sets a whole setting, or a part of it."""
    variable = PREFIX + name.upper()
    named = [each for each in os.environ if each == variable or each.startswith(f"{variable}__")]
    return named[0] if named else str(FILE)


def line_of(place: Sequence[str]) -> int | None:
    """The line of the settings file that a setting stands in, where a look at each line can tell it."""
    try:
        lines = read_file(FILE, limit=FILE_LIMITS.size).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError, DataError):
        return None
    table: list[str] = []
    found: dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            table = _parts(header["name"])
            reached = len(table) if table == list(place[: len(table)]) else 0
        elif (entry := _ENTRY.match(line)) and (whole := table + _parts(entry["name"])):
            reached = len(whole) if whole == list(place[: len(whole)]) else 0
        else:
            continue
        if reached:
            found.setdefault(reached, number)
    return found[max(found)] if found else None


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]


def _holds(data: Any, place: Iterable[str]) -> bool:
    for part in place:
        if not isinstance(data, Mapping) or part not in data:
            return False
        data = data[part]
    return True


def _known_keys(place: Iterable[str]) -> list[str]:
    model: Any = Settings
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = TABLES.get(part) or model.model_fields[part].annotation
        elif get_origin(model) is dict:
            model = get_args(model)[1]
    return sorted(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
