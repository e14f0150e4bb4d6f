"""Environments: the contract, and the worlds that ship with Fieldcraft."""

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.attachments import Attachment
from fieldcraft.envs.checker import EnvironmentProblem, check_environment
from fieldcraft.envs.environment import Environment, happened, primitive, seen_of
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.goals.own import BadGoal, BadGoalType, WorldGoal
from fieldcraft.envs.gym import from_gymnasium, to_gymnasium
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.registry import BrokenEnvironment, UnknownEnvironment, available, load, make
from fieldcraft.envs.types import (
    AchieveGoal,
    Chart,
    EnvironmentSpec,
    Examples,
    GainGoal,
    Goal,
    GoalCheck,
    GoalForm,
    ItemGoal,
    KillGoal,
    MineGoal,
    Names,
    OptionInfo,
    OwnGoal,
    PlaceGoal,
    Position,
    PrimitiveError,
    Progress,
    ReachGoal,
    Requirement,
    RoomGoal,
    ScoreGoal,
)

__all__ = [
    "AchieveGoal",
    "Attachment",
    "BadGoal",
    "BadGoalType",
    "BrokenEnvironment",
    "Chart",
    "Environment",
    "EnvironmentProblem",
    "EnvironmentSpec",
    "EpisodeEnd",
    "EpisodeEnded",
    "Examples",
    "GainGoal",
    "Goal",
    "GoalCheck",
    "GoalForm",
    "Happening",
    "ItemGoal",
    "KillGoal",
    "MineGoal",
    "Names",
    "Observation",
    "OptionInfo",
    "OwnGoal",
    "PlaceGoal",
    "Position",
    "PrimitiveError",
    "Progress",
    "ReachGoal",
    "Requirement",
    "RoomGoal",
    "ScoreGoal",
    "UnknownEnvironment",
    "WorldGoal",
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
