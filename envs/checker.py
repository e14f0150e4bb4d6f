"""A public conformance test for anybody's environment."""

from __future__ import annotations

from dataclasses import dataclass

from fieldcraft.envs.environment import Environment


@dataclass(frozen=True)
class EnvironmentProblem:
    """One promise of the contract that an environment does not keep, and what to do about it."""

    promise: str
    detail: str


def check_environment(environment: Environment, *, seed: int = 0) -> list[EnvironmentProblem]:
    """Try every promise of the contract; the list of those not kept is empty for a sound world."""
    raise NotImplementedError
