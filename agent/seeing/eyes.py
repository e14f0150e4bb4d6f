"""Whether a run's world draws pictures, and the models of the roles that are to see them take any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fieldcraft.agent.models import ModelClient
from fieldcraft.agent.models.providers import provider_of
from fieldcraft.agent.seeing.pictures import carried_picture
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.envs import Environment

BLIND = "offline"
"""The provider whose model reads text only."""


class CannotSee(InputError, ValueError):
    """Pictures are wanted where the world draws none, or a model takes none; the message names the cure."""


def check_eyes(settings: RunSettings, clients: Mapping[str, ModelClient], world: Environment) -> None:
    """Refuse `see` where nothing would be seen, before anything is spent.

    Raises:
        CannotSee: the world draws no pictures, or a model is known to take none.
    """
    if not settings.see:
        return
    if not world.spec.can_render and carried_picture(world.observe()) is None:
        raise CannotSee(
            f"{world.spec.id} draws no pictures and shows none; leave --see out, or choose another world"
        )
    for role in settings.see:
        client = clients[role]
        if provider_of(client.name) == BLIND or client.profile.get("image_inputs") is False:
            raise CannotSee(
                f"{client.name}, which answers for the {role}, takes no pictures; name one that does with "
                f"--role-model {role}=PROVIDER:MODEL, or leave {role} out of --see"
            )


def unsure_eyes(settings: RunSettings, clients: Mapping[str, ModelClient]) -> Iterator[str]:
    """A line on each model of which nobody says whether it takes pictures."""
    unknown = {clients[role].name for role in settings.see if "image_inputs" not in clients[role].profile}
    for name in sorted(unknown):
        yield f"it is not known whether {name} takes pictures; `models check {name}` asks it"
