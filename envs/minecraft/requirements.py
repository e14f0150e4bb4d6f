"""What Minecraft needs of this machine: Node.js, packages for it, and a browser for pictures."""

from __future__ import annotations

from collections.abc import Callable

from fieldcraft.envs.minecraft import drawing
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.packages import INSTALL, find_node, find_packages, node_version
from fieldcraft.envs.types import Requirement

_NODE = "Node.js 20 or newer from https://nodejs.org, or: pip install 'fieldcraft[node]'"


def requirements() -> tuple[Requirement, ...]:
    """Each thing that is needed, with the cure where it is missing."""
    problem, _, cure = (drawing.missing() or "").partition("; ")
    return (
        _found("node", _node, _NODE),
        _found("minecraft: bridge", lambda: f"packages in {find_packages()}", INSTALL),
        Requirement(
            name="minecraft: pictures",
            met=not problem,
            detail=problem or "can be drawn",
            cure=cure.removeprefix("run: "),
        ),
    )


def _node() -> str:
    node = find_node()
    return f"{node_version(node)} ({node})"


def _found(name: str, look: Callable[[], str], cure: str) -> Requirement:
    try:
        return Requirement(name=name, met=True, detail=look())
    except CannotPlay as error:
        return Requirement(name=name, met=False, detail=str(error).partition(";")[0], cure=cure)
