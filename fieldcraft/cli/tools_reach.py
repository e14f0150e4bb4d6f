"""The context of a tool that a person calls by hand: the configured environment, library and model."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.tools import ToolContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fieldcraft.agent.settings import RunSettings
    from fieldcraft.agent.tooling.context import LibraryOfRun, ModelOfRun, WorldOfRun


class Reach:
    """Environment, library and model, each opened when a tool first uses it, and closed by `stack`."""

    def __init__(self, settings: RunSettings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack

    def context(self) -> ToolContext:
        """The context that `fieldcraft.tools.current_context()` returns to the tool."""
        from fieldcraft.agent.redact import redact
        from fieldcraft.tools.builtin.corpus import Corpora

        corpus = Corpora(self._settings.corpus) if self._settings.corpus else None
        return ToolContext(model=self, library=self, world=self, corpus=corpus, redact=redact)

    def ask(self, prompt: str) -> str:
        """As `ModelPort.ask`."""
        return self._model.ask(prompt)

    def describe(self, query: str, k: int) -> Sequence[str]:
        """As `LibraryView.describe`."""
        return self._library.describe(query, k)

    def reference(self) -> str:
        """As `WorldView.reference`."""
        return self._world.reference()

    def last_seen(self, name: str) -> str | None:
        """As `WorldView.last_seen`."""
        return self._world.last_seen(name)

    def day(self) -> str | None:
        """As `WorldView.day`, but today's date: the world's own day is used in runs only."""
        return None

    @cached_property
    def _model(self) -> ModelOfRun:
        from fieldcraft.agent.models.of_roles import clients_of
        from fieldcraft.agent.tooling.context import ModelOfRun, NoBill

        return ModelOfRun(lambda: clients_of(self._settings)["tools"], NoBill())

    @cached_property
    def _library(self) -> LibraryOfRun:
        from fieldcraft.agent.tooling.context import LibraryOfRun
        from fieldcraft.envs.apart import make_world
        from fieldcraft.skills import SkillLibrary

        world = self._stack.enter_context(
            closing(make_world(self._settings.environment, apart=self._settings.world_process))
        )
        library = SkillLibrary(Path(self._settings.library), environment=world.spec.id)
        return LibraryOfRun(self._stack.enter_context(closing(library)))

    @cached_property
    def _world(self) -> WorldOfRun:
        from fieldcraft.agent.tooling.context import WorldOfRun
        from fieldcraft.envs.apart import make_world

        world = self._stack.enter_context(
            closing(make_world(self._settings.environment, apart=self._settings.world_process))
        )
        world.reset(seed=self._settings.seed, options=self._settings.options)
        view = WorldOfRun(world, dict)
        view.look()
        return view
