"""Refuse a model before the run whose window no prompt fits, where the window is known by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    spec = environment.spec
    known: dict[str, Any] = {
        "world": spec.description,
        "names": spec.names,
        "language": settings.language,
        "observation": "",
    }
    for role, template in _asked(settings):
        if clients[role].window.known is None:
            continue
        if template == "actor_javascript" and isinstance(environment, RunsPrograms):
            known["reference"] = environment.program_reference()
        elif template == "actor":
            known["primitives"] = environment.api_reference()
        bare = samples(template)[-1]
        values = {**bare, **{name: value for name, value in known.items() if name in bare}}
        messages = prompts.render(template, **values)
        prompt = Prompted(template, values, len(messages))
        fitting(clients[role], prompts.render, prompt, messages, role=role)


def _asked(settings: RunSettings) -> list[tuple[str, str]]:
    """The roles and the templates that a run with these settings surely asks with."""
    asked = []
    if settings.actor == "model":
        asked.append(("actor", "actor" if settings.language == "python" else "actor_javascript"))
    if settings.curriculum == "auto":
        asked.append(("curriculum", "curriculum_task"))
    return asked
