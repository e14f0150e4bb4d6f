"""One client for each model and its options, and no key for the server of another provider."""

from __future__ import annotations

from typing import Any

import pytest

from fieldcraft.agent.models.of_roles import WrongAddress, clients_of, options_of
from fieldcraft.agent.settings import RunSettings

LOCAL = {"base_url": "http://127.0.0.1:9/v1"}


def settings(**changes: Any) -> RunSettings:
    return RunSettings(**{"model": "openai:m", "model_options": LOCAL, **changes})


def test_roles_with_the_same_model_and_options_share_a_client() -> None:
    clients = clients_of(RunSettings(role_models={"critic": "offline"}))
    assert len({id(client) for client in clients.values()}) == 1
    clients = clients_of(RunSettings(role_options={"critic": {"timeout": 3}}))
    assert len({id(client) for client in clients.values()}) == 2


def test_options_of_a_role_go_before_those_of_the_run() -> None:
    chosen = settings(role_options={"critic": {"base_url": "http://127.0.0.1:8/v1", "temperature": 0}})
    critic, actor = options_of(chosen, "critic"), options_of(chosen, "actor")
    assert (critic.base_url, critic.temperature) == ("http://127.0.0.1:8/v1", 0)
    assert (actor.base_url, actor.temperature) == (LOCAL["base_url"], None)


def test_an_address_is_not_used_for_another_providers_model() -> None:
    mixed = settings(role_models={"critic": "anthropic:c"})
    with pytest.raises(WrongAddress, match=r"key would be sent there.*\[role_options.critic\] as base_url"):
        options_of(mixed, "critic")
    assert options_of(mixed, "actor").base_url == LOCAL["base_url"]
    own = settings(role_models={"critic": "anthropic:c"}, role_options={"critic": {"base_url": "default"}})
    assert options_of(own, "critic").base_url is None
    beside = settings(model="offline", role_models={"critic": "anthropic:c"})
    assert options_of(beside, "critic").base_url == LOCAL["base_url"]


def test_options_of_an_unknown_role_are_refused() -> None:
    with pytest.raises(ValueError, match="no model role 'critc'; did you mean"):
        settings(role_options={"critc": {}})
