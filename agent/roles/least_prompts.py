"""Refuse a model before the run whose window no prompt fits, where the window is known by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldcraft.agent.models.errors import WindowTooSmall
from fieldcraft.agent.prompts.fitting import Prompted
from fieldcraft.agent.prompts.rendering import Prompts
from fieldcraft.agent.prompts.variables import samples
from fieldcraft.agent.roles.fitted_calls import Client, fitting
from fieldcraft.agent.settings import RunSettings
from fieldcraft.envs import Environment
from fieldcraft.envs.programs import RunsPrograms


def check_windows(
    settings: RunSettings, clients: Mapping[str, Client], prompts: Prompts, environment: Environment
) -> None:
    """Try the least prompts of the actor and the curriculum, without asking any server.

    Raises:
        WindowTooSmall: the message says what the prompt takes, and what to do.
    """
    for role, template in _asked(settings):
        if clients[role].window.known is not None:
            _try_least(role, template, clients[role], prompts, _known(settings, template, environment))


def roles_without_room(
    settings: RunSettings, client: Client, environment: Environment | None
) -> dict[str, str]:
    """For each role whose shortest prompt does not fit the window of a model: why not, in words.

    Args:
        settings: of the run that would ask.
        client: the model.
        environment: the world of the run, not yet reset; without it the prompts hold nothing of the world.
    """
    actor = "actor" if settings.language == "python" else "actor_javascript"
    templates = {
        "curriculum": "curriculum_task",
        "answerer": "answer",
        "actor": actor,
        "critic": "critic",
        "describer": "describe",
    }
    found: dict[str, str] = {}
    for role, template in templates.items():
        known = {} if environment is None else _known(settings, template, environment)
        try:
            _try_least(role, template, client, Prompts(), known)
        except WindowTooSmall as problem:
            found[role] = str(problem)
    return found


def _known(settings: RunSettings, template: str, environment: Environment) -> dict[str, Any]:
    """What the prompts of a template say of the world from the beginning."""
    spec = environment.spec
    known: dict[str, Any] = {
        "world": spec.description,
        "names": spec.names,
        "language": settings.language,
        "observation": "",
    }
    if template == "actor_javascript" and isinstance(environment, RunsPrograms):
        known["reference"] = environment.program_reference()
    elif template == "actor":
        known["primitives"] = environment.api_reference()
    return known


def _try_least(role: str, template: str, client: Client, prompts: Prompts, known: Mapping[str, Any]) -> None:
    bare = samples(template)[-1]
    values = {**bare, **{name: value for name, value in known.items() if name in bare}}
    messages = prompts.render(template, **values)
    fitting(client, prompts.render, Prompted(template, values, len(messages)), messages, role=role)


def _asked(settings: RunSettings) -> list[tuple[str, str]]:
    """The roles and the templates that a run with these settings surely asks with."""
    asked = []
    if settings.actor == "model":
        asked.append(("actor", "actor" if settings.language == "python" else "actor_javascript"))
    if settings.curriculum == "auto":
        asked.append(("curriculum", "curriculum_task"))
    return asked
