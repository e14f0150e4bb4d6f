"""Environments: the contract, and the worlds that ship with Fieldcraft."""

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.checker import EnvironmentProblem, check_environment
from fieldcraft.envs.environment import Environment, happened, primitive, seen_of
from fieldcraft.envs.gym import from_gymnasium, to_gymnasium
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.registry import BrokenEnvironment, UnknownEnvironment, available, load, make
from fieldcraft.envs.types import (
    Chart,
    EnvironmentSpec,
    GainGoal,
    Goal,
    GoalCheck,
    ItemGoal,
    KillGoal,
    MineGoal,
    Names,
    OptionInfo,
    PlaceGoal,
    Position,
    PrimitiveError,
    Progress,
    ReachGoal,
    Requirement,
    RoomGoal,
)

__all__ = [
    "BrokenEnvironment",
    "Chart",
    "Environment",
    "EnvironmentProblem",
    "EnvironmentSpec",
    "GainGoal",
    "Goal",
    "GoalCheck",
    "Happening",
    "ItemGoal",
    "KillGoal",
    "MineGoal",
    "Names",
    "Observation",
    "OptionInfo",
    "PlaceGoal",
    "Position",
    "PrimitiveError",
    "Progress",
    "ReachGoal",
    "Requirement",
    "RoomGoal",
    "UnknownEnvironment",
    "available",
    "check_environment",
    "from_gymnasium",
    "happened",
    "load",
    "make",
    "nearest",
    "primitive",
    "seen_of",
    "to_gymnasium",
]
