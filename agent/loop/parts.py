"""What the loop is put together from."""

from __future__ import annotations

from dataclasses import dataclass

from fieldcraft.agent.approvals.set_aside import SetAside
from fieldcraft.agent.roles.actor import Author
from fieldcraft.agent.roles.critic import Judge
from fieldcraft.agent.roles.curriculum import TaskSource
from fieldcraft.agent.roles.facts import FactKeeper
from fieldcraft.agent.roles.proposals.persons import PersonsTasks
from fieldcraft.agent.roles.skill_keeper import SkillKeeper
from fieldcraft.agent.roles.skills.known import KnownSkills
from fieldcraft.agent.roles.storage_skills import StorageSkills
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary


@dataclass(frozen=True)
class Parts:
    """What the loop is put together from; `fieldcraft.agent.session` builds them from settings."""

    environment: Environment
    library: SkillLibrary
    curriculum: TaskSource
    persons: PersonsTasks
    actor: Author
    critic: Judge
    known: KnownSkills
    keeper: SkillKeeper
    runner: ProgramRunner
    storage_skills: StorageSkills
    tool_access: ToolAccess
    facts: FactKeeper
    set_aside: SetAside
