"""The Minecraft environment: reset, observation, progress and close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldcraft.envs.launching import Launcher, PlainLauncher
from fieldcraft.envs.minecraft import drawing
from fieldcraft.envs.minecraft.acting import Player
from fieldcraft.envs.minecraft.answers import AllNames, Seen, Surroundings, checked
from fieldcraft.envs.minecraft.beginning import begin
from fieldcraft.envs.minecraft.episode import Episode
from fieldcraft.envs.minecraft.errors import CannotPlay, Lost
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.minecraft.options import Options, describe_options, read_options
from fieldcraft.envs.minecraft.packages import VIEWER, install
from fieldcraft.envs.minecraft.programs import REFERENCE, run_program
from fieldcraft.envs.minecraft.requirements import requirements
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest
from fieldcraft.envs.types import EnvironmentSpec, Names, OptionInfo, Progress, Requirement
from fieldcraft.envs.words import CRAFTING

OF_THE_BEGINNING = ("reset", "inventory", "position")
PROGRAM_SECONDS = 600.0
SLOTS = 36
CURE = "or use the container (docs/docker-compose.md), or --sandbox unsafe to run them all the same"
_DESCRIPTION = "Minecraft on a real server: survival, with all its names and recipes."


class MinecraftWorld(Player):
    """A bot in Minecraft, with the primitives of the grid world.

    Nothing is started before the first reset. The options are those of
    `fieldcraft.envs.minecraft.options.Options`; the seed has no effect, since the server has its own.

    Args:
        launcher: starts the bot's process; without one, the process is not confined.
    """

    ends_its_calls = True

    def __init__(self, launcher: Launcher | None = None) -> None:
        self._launcher: Launcher = launcher or PlainLauncher()
        self._options = Options()
        self._episode = Episode()
        self._link: Link | None = None
        self._known = Names()
        self.spec = _spec(self._options, Names())

    @property
    def link(self) -> Link:
        """The connection, for tests and measurements. Joins with the default options if necessary."""
        if self._link is None:
            self.reset(seed=0)
        assert self._link is not None
        return self._link

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:  # noqa: ARG002
        """Begin a new episode on the server, with the current or an empty inventory; see `Options`.

        Raises:
            CannotPlay: an option is wrong, something is not installed, or the server refuses the bot.
        """
        chosen = read_options(options)
        episode = Episode()
        link = self._link
        if link is None or _where(link.options) != _where(chosen):
            self.close()
            link = Link(chosen, self._launcher, episode)
            link.connect()
        else:
            link.begin_episode(chosen, episode)
        self._link, self._options, self._episode = link, chosen, episode
        names: AllNames = link.ask("names")
        self._known = names.all.names()
        self.spec = _spec(chosen, names.survival.names())
        begin(link, chosen, self._known)
        return self.observe()

    def confine(self, launcher: Launcher) -> None:
        """Start the bot's process by `launcher` from the next connection on."""
        self._launcher = launcher

    @classmethod
    def install(cls, *, pictures: bool = False) -> str:
        """Install the bridge's packages with npm, for this user; for `pictures` the viewer's too."""
        done = f"the bridge's packages are in {install()}"
        return f"{done}, the viewer's in {install(VIEWER)}" if pictures else done

    @classmethod
    def diagnose(cls) -> tuple[Requirement, ...]:
        """Node.js, the bridge's packages, and what draws pictures."""
        return requirements()

    def remarks(self) -> tuple[str, ...]:
        """What is missing to draw pictures."""
        problem = drawing.missing()
        return () if problem is None else (f"no pictures: {problem}",)

    def render(self) -> bytes:
        """A PNG of what the bot sees in its view direction.

        Raises:
            CannotPlay: the viewer is not installed, or failed; the message names the remedy.
        """
        problem = drawing.missing()
        if problem is not None:
            raise CannotPlay(problem)
        try:
            surroundings: Surroundings = checked(Surroundings, self.link.ask("surroundings"))
        except Lost as lost:
            raise CannotPlay(f"no picture can be drawn of what the bot sees: {lost}") from None
        return drawing.draw(surroundings.model_dump(mode="json", exclude_none=True))

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that name the server; those of the beginning are not applied again."""
        return {name: value for name, value in options.items() if name not in OF_THE_BEGINNING}

    def resume(self, progress: Progress) -> None:
        """Continue the counts of an interrupted run."""
        self._episode.continue_from(progress)

    def observe(self) -> Observation:
        """What the bot sees, with every field set. Reconnects if the connection was lost."""
        seen: Seen = self.link.ask("observe")
        episode = self._episode
        if self.link.believed:
            episode.hold(seen.inventory)
        return Observation(
            tick=episode.tick,
            position=seen.position,
            biome=seen.biome,
            time=seen.time,
            health=seen.health,
            hunger=seen.hunger,
            nearby_blocks=seen.blocks,
            seen_blocks=episode.remember_blocks(seen.blocks),
            nearby_entities=seen.entities,
            equipment=seen.equipment,
            inventory=dict(sorted(seen.inventory.items())),
            slots_used=seen.slots,
            slots_total=SLOTS,
            chests=seen.chests,
            chest_slots={at: free for at, free in seen.chest_slots.items() if at in seen.chests},
            events=list(episode.events),
        )

    def progress(self) -> Progress:
        """The progress since the reset."""
        return self._episode.progress()

    @property  # type: ignore[misc]  # the bridge keeps the clock
    def tick(self) -> int:
        """Physics ticks since the reset, as of the last answer of the bridge."""
        return self._episode.tick

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The options of a reset."""
        return describe_options()

    def close(self) -> None:
        """Leave the server and end the processes."""
        if self._link is not None:
            self._link.leave()
            self._link = None

    def cancel(self) -> None:
        """Cancel the current primitive: it fails with what it did. Safe from any thread."""
        if self._link is not None:
            self._link.cancel()

    def run_program(self, request: ProgramRequest, call_back: CallBack) -> ProgramReport:
        """Run a JavaScript program in the bot's process, which is replaced by a new one afterwards.

        Raises:
            CannotPlay: this machine cannot confine the program; the message names the remedy.
            ServerGone: the server did not come back in time.
        """
        if not self._launcher.confines:
            raise CannotPlay(
                f"JavaScript programs run only where they can be confined: {self._launcher.problem}; {CURE}"
            )
        return run_program(self.link, request, call_back, self.spec)

    def cancel_program(self) -> None:
        """End the running program soon. Safe from any thread."""
        self.cancel()

    def program_reference(self) -> str:
        """What a JavaScript program can use, as the model reads it."""
        return REFERENCE.read_text(encoding="utf-8")


def _where(options: Options) -> tuple[object, ...]:
    return (options.host, options.port, options.version, options.username, options.auth)


def _spec(options: Options, names: Names) -> EnvironmentSpec:
    return EnvironmentSpec(
        id="minecraft-v1",
        description=_DESCRIPTION,
        languages=("python", "javascript"),
        repeatable=False,
        can_render=drawing.missing() is None,
        seconds_limit=PROGRAM_SECONDS,
        names=names,
        examples=CRAFTING,
        options=options.model_dump(mode="json"),
    )
