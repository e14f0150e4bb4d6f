"""Finding the primitives of a world that would end or block the process which checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldcraft.envs.apart.world import WorldApart
from fieldcraft.envs.checker import CALLS, EnvironmentProblem
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import faults_of
from fieldcraft.envs.trying import arguments_for, tried


def fatal_calls(
    apart: WorldApart, environment: Environment, *, seed: int, options: Mapping[str, Any]
) -> list[EnvironmentProblem]:
    """Call each primitive in the world's own process; what did not return, or ended the process.

    Args:
        apart: the world in a process of its own.
        environment: the same world in this process, which is told to leave these primitives alone.
        seed: of the resets.
        options: of the resets.
    """
    problems: list[EnvironmentProblem] = []
    for name in environment.primitives:
        arguments = arguments_for(environment, name)
        if arguments is None:
            continue
        try:
            apart.reset(seed=seed, options=options)
        except Exception:  # said by the check of resets
            return problems
        lives = apart.lives
        details = list(tried(apart, name, arguments))
        if apart.lives != lives:
            faults_of(environment).hung.add(f"bot.{name}")
            problems += [EnvironmentProblem(CALLS, detail) for detail in details]
    return problems
