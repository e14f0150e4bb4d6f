"""What going on with a run of somebody else would start, import, read, write and tell, before it does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fieldcraft.agent.extensions import KINDS, OBJECT, own_parts
from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.journal.marks import is_marked, mark_run
from fieldcraft.agent.journal.run import Run, RunError
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.settings import ROLES, RunSettings
from fieldcraft.agent.steering.events import NoteHeard
from fieldcraft.agent.steering.inbox import FOLDER as INBOX
from fieldcraft.common.text import visible_line
from fieldcraft.envs import available
from fieldcraft.skills.sandbox.base import ProgramLimits
from fieldcraft.tools.announced import BUILT_IN

NAMED = 8
"""How many things a refusal names."""
_PLAIN_WORD = re.compile(r"[\w -]{0,64}")
_HARMLESS_MODELS = {"offline", *PROVIDERS}

Vouch = Callable[[Run], None]
"""Looks at a run that is open and locked; raises before anything that it names is used."""


class ForeignRun(RunError):
    """A run that this user did not make here, and that reaches further than what is set here."""


def vouch_for(here: RunSettings, *, trusted: bool = False, cure: str) -> Vouch:
    """What `resumed_session` asks before it opens what the run's settings name.

    A run with this user's mark goes on. So does one without, of an earlier version or from elsewhere, as long
    as it reaches no further than `here`; else it is refused, and what it reaches for is named.

    Args:
        here: the settings in force where the run is resumed.
        trusted: the person trusts the run: it is marked, and goes on.
        cure: what to do about a refusal.
    """

    def vouch(run: Run) -> None:
        if is_marked(run.folder):
            return
        if trusted:
            mark_run(run.folder)
            return
        found = [*_owners(run.folder), *_wishes(run), *reach(run.settings, here, run.folder)]
        reaches = list(dict.fromkeys(found))
        if reaches:
            named = "; ".join(visible_line(what, 100) for what in reaches[:NAMED])
            more = f"; and {len(reaches) - NAMED} more" if len(reaches) > NAMED else ""
            raise ForeignRun(
                f"run {run.id!r} has no mark of being made by you here (a copied or restored folder "
                "loses it); to go on with it would mean: "
                f"{named}{more}. {cure}"
            )

    return vouch


def reach(settings: RunSettings, here: RunSettings, folder: Path) -> list[str]:
    """In words, whatever a run with these settings would reach for beyond what is set `here`.

    Tools other than the built-in ones count even where they are set here as well: the journal says which
    calls are still to be made, and a person's answers to whether they may.
    """
    return [
        *_world(settings, here),
        *_models(settings, here),
        *_parts(settings, here),
        *_tools(settings),
        *(f"to read {path}" for path in settings.corpus if path not in here.corpus),
        *_prompts(settings, here),
        *_limits(settings, here),
        *(f"to import the listener {name}" for name in settings.listeners if name not in here.listeners),
        *_library(settings, here, folder),
        *(["to run programs without a sandbox"] if "unsafe" == settings.sandbox != here.sandbox else []),
    ]


def _world(settings: RunSettings, here: RunSettings) -> Iterator[str]:
    known = {here.environment, *available()}
    if settings.environment not in known and not settings.environment.startswith(OBJECT):
        yield f"to import the world {settings.environment}"
    for name, value in settings.options.items():
        if here.options.get(name) != value and not _is_plain(value):
            yield f"to open the world with {name}={value}"


def _models(settings: RunSettings, here: RunSettings) -> Iterator[str]:
    known = {here.model_for(role) for role in ROLES}
    for model in sorted({settings.model_for(role) for role in ROLES} - known):
        provider, _, file = model.partition(":")
        if model.startswith(OBJECT):
            continue
        if provider not in _HARMLESS_MODELS and not (provider == "scripted" and _is_file(file)):
            yield f"to load the model {model}"
    for role in ROLES:
        known_here = here.options_for(role)
        for name, value in settings.options_for(role).items():
            if known_here.get(name) != value and not isinstance(value, int | float | None):
                yield f"to ask models with {name}={value}"


def _parts(settings: RunSettings, here: RunSettings) -> Iterator[str]:
    kept_here = set(own_parts(here))
    for field, name in own_parts(settings):
        if (field, name) not in kept_here and not name.startswith(OBJECT):
            yield f"to load the {KINDS[field].noun} {name}"


def _prompts(settings: RunSettings, here: RunSettings) -> Iterator[str]:
    if settings.prompts not in {"", here.prompts}:
        yield f"to use the prompts in {settings.prompts}"


def _limits(settings: RunSettings, here: RunSettings) -> Iterator[str]:
    usual = ProgramLimits()
    for name, wanted in settings.limits.model_dump(exclude_none=True).items():
        allowed = getattr(here.limits, name)
        if wanted > max(getattr(usual, name), 0 if allowed is None else allowed):
            yield f"to let programs use {name}={wanted:g}"


def _tools(settings: RunSettings) -> Iterator[str]:
    for name, server in settings.mcp.items():
        where = getattr(server, "url", None) or " ".join([server.command or "", *server.args])
        yield f"to start the MCP server {name} ({where})"
    for name in settings.openapi:
        yield f"to call the web API {name}"
    for tool in settings.all_tools():
        if tool not in BUILT_IN and not tool.startswith(OBJECT):
            yield f"to call the tool {tool}"


def _library(settings: RunSettings, here: RunSettings, folder: Path) -> Iterator[str]:
    for owner in sorted(set(settings.library_owners) - set(here.library_owners)):
        yield f"to write into a library of {owner}"
    try:
        library = Path(settings.library).resolve()
        own = [place.resolve() for place in (Path.cwd(), folder.absolute().parent.parent)]
        if library == Path(here.library).resolve():
            return
        if any(library.is_relative_to(place) for place in own) and _is_library(library):
            return
    except (OSError, ValueError):  # a name that no file can have
        pass
    yield f"to {'write into' if settings.keep_skills else 'read'} the library {settings.library}"


def _wishes(run: Run) -> Iterator[str]:
    """What stands in the run, or waits in its inbox, as the wish of a person whom the models are to heed."""
    heard = any(isinstance(event, NoteHeard) for event in run.tape)
    if heard or run.state.steering.words or run.state.steering.tasks:
        yield "to heed what people said to it"
    try:
        with inside(run.folder, INBOX) as inbox:
            if inbox.names("file"):
                yield "to hear the notes in its inbox"
    except FileNotFoundError:
        pass
    except OSError:
        yield f"to read {INBOX}, which is no folder of its own"


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _is_library(path: Path) -> bool:
    """Whether a library is there, or nothing: no folder of something else."""
    try:
        return path.joinpath(".fieldcraft").is_dir() or not any(path.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _is_plain(value: Any) -> bool:
    """Whether a value of an option cannot name a place, a host or a program."""
    match value:
        case None | bool() | int() | float():
            return True
        case str():
            return _PLAIN_WORD.fullmatch(value) is not None
        case list():
            return all(_is_plain(part) for part in value)
        case dict():
            return all(_is_plain(part) for pair in value.items() for part in pair)
        case _:
            return False


def _owners(folder: Path) -> Iterator[str]:
    """A run in another user's folder may change while it is lived."""
    if not hasattr(os, "getuid"):
        return
    with inside(folder) as place:
        names = [name for name in place.names() if name.startswith("journal-")]
        owners = {status.st_uid for name in names if (status := place.status(name)) is not None}
    if owners != {os.getuid()}:
        yield "to write into files of another user"
