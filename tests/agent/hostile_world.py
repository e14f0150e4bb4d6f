"""A world, and tools, all of whose texts try to leave their place in a prompt."""

from __future__ import annotations

from typing import Any

from hostile_values import HOSTILE as ANYTHING
from langchain_core.tools import StructuredTool
from toy_world import ToyWorld

from fieldcraft.envs import Names, Observation, PrimitiveError, primitive

HOSTILE = ANYTHING.encode("utf-8", "replace").decode()


class HostileWorld(ToyWorld):
    """Its names, description, observations and errors are hostile."""

    spec = ToyWorld.spec.model_copy(
        update={
            "id": "hostile-v1",
            "description": HOSTILE,
            "names": Names(items=("wood", "plank", HOSTILE), blocks=(HOSTILE,), mobs=(HOSTILE,)),
        }
    )

    def observe(self) -> Observation:
        """Hostile in every field."""
        return (
            super()
            .observe()
            .model_copy(
                update={
                    "biome": HOSTILE,
                    "nearby_blocks": [HOSTILE],
                    "nearby_entities": {HOSTILE: 3.0},
                    "equipment": {HOSTILE: HOSTILE},
                    "chests": {HOSTILE: {HOSTILE: 1}},
                    "events": [HOSTILE],
                    "extra": {HOSTILE: HOSTILE},
                }
            )
        )

    @primitive
    def shout(self) -> None:
        raise PrimitiveError(HOSTILE)

    shout.__doc__ = HOSTILE


def _told(**arguments: Any) -> str:
    return HOSTILE


hostile_tool = StructuredTool(
    name="hostile_tool",
    description=HOSTILE,
    func=_told,
    args_schema={
        "type": "object",
        "title": HOSTILE,
        "properties": {
            "plain": {"type": "string", "description": HOSTILE, "enum": ["a", HOSTILE], "default": HOSTILE},
            HOSTILE: {"type": "string"},
        },
        "required": ["plain"],
    },
)
