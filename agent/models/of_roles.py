"""The client of each role's model: one for all roles with the same model and options."""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.language_models.chat_models import BaseChatModel

from fieldcraft.agent.models.client import ModelClient
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.settings import DEFAULT_ADDRESS, ROLES, RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.common.plugins import name_of


class WrongAddress(InputError, ValueError):
    """A model's key would be sent to the server of another provider's model; the message names the cure."""


def clients_of(
    settings: RunSettings, objects: Mapping[str, BaseChatModel] | None = None
) -> dict[str, ModelClient]:
    """The client of each role's model. Asks nothing of it yet.

    Args:
        settings: name the models and their options.
        objects: models that are given, by role.

    Raises:
        UnknownModel, MissingExtra, MissingKey, BadScript: before any call.
        WrongAddress: `base_url` is meant for another provider.
    """
    given = objects or {}
    made: dict[tuple[str, str], ModelClient] = {}
    clients = {}
    for role in ROLES:
        options, model = options_of(settings, role), given.get(role)
        name = settings.model_for(role) if model is None else name_of(model)
        key = (name if model is None else f"{name} {id(model)}", options.model_dump_json())
        if key not in made:
            made[key] = ModelClient(name, options, model=model)
            if model is None:
                made[key].check_roles(ROLES)
        clients[role] = made[key]
    return clients


def options_of(settings: RunSettings, role: str) -> ModelSettings:
    """How a role's model is called: the run's options, and above them those of the role.

    Raises:
        WrongAddress: its provider is another one than that of the run's `model`, for which `base_url` is.
    """
    own = settings.options_for(role)
    if "base_url" not in settings.role_options.get(role, {}) and own.get("base_url"):
        _check_address(settings, role)
    of_run = {"tools": settings.all_tools(), "sources": settings.tool_sources, "corpus": settings.corpus}
    return ModelSettings.model_validate({**of_run, **own})


def _check_address(settings: RunSettings, role: str) -> None:
    main, other = settings.model, settings.model_for(role)
    providers = {name.partition(":")[0] for name in (main, other)} & PROVIDERS.keys()
    if len(providers) > 1:
        raise WrongAddress(
            f"model_options.base_url is the address of {main}, and {other} ({role}) is of another provider, "
            f"whose key would be sent there; write its address into [role_options.{role}] as base_url, or "
            f'base_url = "{DEFAULT_ADDRESS}" for the provider\'s own'
        )
