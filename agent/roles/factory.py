"""The roles of a run: those that its caller gave, that its settings name, or that are built in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldcraft.agent.extensions import OBJECT
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.roles.actor import Author, ModelActor
from fieldcraft.agent.roles.critic import (
    EnvironmentCritic,
    HumanCritic,
    Judge,
    ModelCritic,
    NeverCritic,
    NoCritic,
)
from fieldcraft.agent.roles.curriculum import (
    AutoCurriculum,
    EpisodeCurriculum,
    FixedCurriculum,
    HumanCurriculum,
    OpenCurriculum,
    RandomCurriculum,
    TaskSource,
)
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.own_parts import OwnActor, OwnCritic, OwnCurriculum, OwnRetriever
from fieldcraft.agent.roles.planning import SolveCurriculum, SubgoalCurriculum
from fieldcraft.agent.roles.proposals.persons import PersonsTasks
from fieldcraft.agent.roles.questions import Answers
from fieldcraft.agent.roles.skills.known import KnownSkills
from fieldcraft.agent.steering.words import shown
from fieldcraft.agent.tooling.skill_reading import SkillReader
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary


@dataclass(frozen=True)
class RoleFactory:
    """Makes the roles of one run.

    Attributes:
        recorder: the run's events and settings.
        asker: asks the models.
        environment: the world.
        library: where skills are kept.
        given: the parts that are the user's own, see `Given.with_named`.
        ask_human: asks the person at the terminal.
        tools: the programs' tools, as the author of one about this reads them.
    """

    recorder: Recorder
    asker: Asker
    environment: Environment
    library: SkillLibrary
    given: Given
    ask_human: Callable[[str], str]
    tools: Callable[[str], str]

    def curriculum(self) -> TaskSource:
        """What sets the tasks."""
        recorder, asker, environment = self.recorder, self.asker, self.environment
        name = recorder.run.settings.curriculum
        answers = Answers(recorder, asker, environment.spec)
        own = self.given.curriculum
        if own is not None:
            return OwnCurriculum(
                own,
                name.removeprefix(OBJECT),
                recorder=recorder,
                asker=asker,
                answers=answers,
                environment=environment,
                library=self.library,
            )
        makers: dict[str, Callable[[], TaskSource]] = {
            "auto": lambda: AutoCurriculum(recorder, asker, answers, environment),
            "random": lambda: RandomCurriculum(recorder, answers, environment),
            "fixed": lambda: FixedCurriculum(recorder, answers),
            "episodes": lambda: EpisodeCurriculum(recorder, answers, environment),
            "human": lambda: HumanCurriculum(self.recorder, self.ask_human),
            "solve": lambda: SolveCurriculum(recorder, asker, answers, environment, self.library),
            "open": lambda: OpenCurriculum(recorder),
            "subgoals": lambda: SubgoalCurriculum(recorder, asker, environment),
        }
        return makers[name]()

    def persons_tasks(self) -> PersonsTasks:
        """The tasks that people ask for while the run is running."""
        answers = Answers(self.recorder, self.asker, self.environment.spec)
        return PersonsTasks(self.recorder, answers, self.environment.spec)

    def actor(self) -> Author:
        """What writes the programs."""
        settings, environment = self.recorder.run.settings, self.environment
        own = self.given.actor
        if own is not None:
            return OwnActor(
                own,
                settings.actor.removeprefix(OBJECT),
                recorder=self.recorder,
                asker=self.asker,
                environment=environment,
                tools=self.tools,
                language=settings.language,
            )
        return ModelActor(
            self.asker,
            environment,
            self.tools,
            attempts_shown=settings.attempts_shown,
            language=settings.language,
            reader=SkillReader(self.library, environment.spec.languages) if settings.retrieved else None,
            not_kept=lambda: self.recorder.state.not_kept,
            facts=KnownFacts(self.recorder),
            people=lambda: shown(self.recorder.state.steering.words),
        )

    def critic(self) -> Judge:
        """What judges whether a task was done."""
        settings, environment = self.recorder.run.settings, self.environment
        own = self.given.critic
        if own is not None:
            return OwnCritic(
                own, settings.critic.removeprefix(OBJECT), asker=self.asker, environment=environment
            )
        facts = KnownFacts(self.recorder)

        def by_model() -> ModelCritic:
            return ModelCritic(self.asker, settings, facts, world=environment.spec)

        makers: dict[str, Callable[[], Judge]] = {
            "environment": lambda: EnvironmentCritic(environment, by_model()),
            "model": by_model,
            "human": lambda: HumanCritic(self.recorder, self.ask_human),
            "none": NoCritic,
            "never": NeverCritic,
        }
        return makers[settings.critic]()

    def known_skills(self) -> KnownSkills:
        """What chooses the skills that the author of programs is shown."""
        name = self.recorder.run.settings.retriever.removeprefix(OBJECT)
        own = self.given.retriever
        retriever = (
            None
            if own is None
            else OwnRetriever(own, name, environment=self.environment, library=self.library)
        )
        return KnownSkills(self.recorder, self.library, self.environment, retriever)
