"""The Minecraft world as the contract wants it; the grid world's primitives, on a real server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.launching import Launcher, PlainLauncher
from fieldcraft.envs.minecraft import drawing
from fieldcraft.envs.minecraft.beginning import begin
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.life import Life
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.minecraft.options import Options, describe_options, read_options
from fieldcraft.envs.minecraft.packages import VIEWER, install
from fieldcraft.envs.minecraft.programs import REFERENCE, run_program
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest
from fieldcraft.envs.suggest import nearest
from fieldcraft.envs.types import EnvironmentSpec, Names, OptionInfo, Position, PrimitiveError, Progress

Count = Annotated[int, Field(ge=1, le=2304)]
TICKS_A_SECOND = 20
CALL_SECONDS = 75.0
"""How long one primitive may take, but for those that say so themselves."""

OF_THE_BEGINNING = ("reset", "inventory", "position")
PROGRAM_SECONDS = 600.0
SMELT_SECONDS, SMELTED_AT_ONCE = 12.0, 16
SLOTS = 36
DIRECTIONS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
CURE = "or use the container (docs/docker-compose.md), or --sandbox unsafe to run them all the same"
_DESCRIPTION = "Minecraft on a real server: survival, with all its names and recipes."


class MinecraftWorld(Environment):
    """A bot in Minecraft, with the primitives of the grid world.

    Nothing is started before the first reset. The options are those of
    `fieldcraft.envs.minecraft.options.Options`; the seed is the server's business and has no effect here.

    Args:
        launcher: starts the bot's process; without one, the process is not confined.
    """

    def __init__(self, launcher: Launcher | None = None) -> None:
        self._launcher: Launcher = launcher or PlainLauncher()
        self._options = Options()
        self._life = Life()
        self._link: Link | None = None
        self._known = Names()
        self.spec = _spec(self._options, Names())

    @property
    def link(self) -> Link:
        """The connection, for tests and measurements. Enters the world of the default options if need be."""
        if self._link is None:
            self.reset(seed=0)
        assert self._link is not None
        return self._link

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:  # noqa: ARG002
        """Begin a new life on the server, softly or with empty hands; see `Options`.

        Raises:
            CannotPlay: an option is wrong, something is not installed, or the server does not let us in.
        """
        chosen = read_options(options)
        life = Life()
        link = self._link
        if link is None or _where(link.options) != _where(chosen):
            self.close()
            link = Link(chosen, self._launcher, life)
            link.connect()
        else:
            link.begin_life(chosen, life)
        self._link, self._options, self._life = link, chosen, life
        names = link.ask("names")
        self._known = Names.model_validate(names["all"])
        self.spec = _spec(chosen, Names.model_validate(names["survival"]))
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

    def remarks(self) -> tuple[str, ...]:
        """What is missing to draw pictures."""
        problem = drawing.missing()
        return () if problem is None else (f"no pictures: {problem}",)

    def render(self) -> bytes:
        """A PNG of what the bot sees, as its eyes are turned.

        Raises:
            CannotPlay: what draws is not installed, or failed; the message names the cure.
        """
        problem = drawing.missing()
        if problem is not None:
            raise CannotPlay(problem)
        return drawing.draw(self.link.ask("surroundings"))

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Those that say where the server is: what the bot holds is the world's business by now."""
        return {name: value for name, value in options.items() if name not in OF_THE_BEGINNING}

    def resume(self, progress: Progress) -> None:
        """Count on from what an interrupted run had reached."""
        self._life.continue_from(progress)

    def observe(self) -> Observation:
        """What the bot sees, with every field set. Finds the server again if it was lost."""
        seen = self.link.ask("observe")
        life = self._life
        life.hold(seen["inventory"])
        return Observation(
            tick=life.tick,
            position=seen["position"],
            biome=seen["biome"],
            time=seen["time"],
            health=seen["health"],
            hunger=seen["hunger"],
            nearby_blocks=seen["blocks"],
            seen_blocks=life.remember_blocks(seen["blocks"]),
            nearby_entities=seen["entities"],
            equipment=seen["equipment"],
            inventory=dict(sorted(seen["inventory"].items())),
            slots_used=seen["slots"],
            slots_total=SLOTS,
            chests=seen["chests"],
            events=list(life.events),
        )

    def progress(self) -> Progress:
        """What was ever reached since the reset."""
        return self._life.progress()

    @property  # type: ignore[misc]  # the bridge keeps the clock
    def tick(self) -> int:
        """Physics ticks since the reset, as of the last answer of the bridge."""
        return self._life.tick

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The options of a reset."""
        return describe_options()

    def close(self) -> None:
        """Leave the server and end the processes."""
        if self._link is not None:
            self._link.leave()
            self._link = None

    def cancel(self) -> None:
        """End the primitive under way soon: it refuses with what it did. Safe from any thread."""
        if self._link is not None:
            self._link.cancel()

    def run_program(self, request: ProgramRequest, call_back: CallBack) -> ProgramReport:
        """Run a JavaScript program in the process that owns the bot; a fresh one takes its place after it.

        Raises:
            CannotPlay: this machine cannot confine the program; the message names the cure.
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

    @primitive
    def mine(self, block: str, count: Count = 1) -> int:
        """Walk to the nearest blocks of this name within 16 tiles and mine them with the best tool held.

        Returns the number of items gathered. The error says what is missing and how many were mined.
        """
        names = self._names
        if block not in names.blocks and block in names.items:
            raise PrimitiveError(f"cannot mine {block}: it is an item, not a block")
        _check_known(block, names.blocks, "mine", "block")
        gathered: int = self._do("mine", block=block, count=count)
        return gathered

    @primitive
    def craft(self, item: str, count: Count = 1) -> int:
        """Craft at least count of an item from the inventory; some recipes need a certain block nearby.

        Returns the number made. The error says all that is missing.
        """
        _check_known(item, self._names.items, "craft", "item")
        made: int = self._do("craft", item=item, count=count)
        return made

    @primitive
    def smelt(self, item: str, count: Count = 1, fuel: str | None = None) -> int:
        """Smelt count of an item (name what goes in); needs fuel and a certain block nearby.

        Without a fuel named, any held fuel is burnt. Returns the number made.
        """
        _check_known(item, self._names.items, "smelt", "item")
        if fuel is not None:
            _check_known(fuel, self._names.items, "burn", "item")
        seconds = CALL_SECONDS + SMELT_SECONDS * min(count, SMELTED_AT_ONCE)
        made: int = self._do("smelt", seconds, item=item, count=count, fuel=fuel)
        return made

    @primitive
    def place(self, block: str, position: Position | None = None) -> Position:
        """Place a held block on a free tile within 4 blocks; next to you where no position is given.

        Returns where it was placed.
        """
        _check_known(block, {*self._names.items, *self._names.blocks}, "place", "item")
        return _position(self._do("place", block=block, position=_plain(position)))

    @primitive
    def kill(self, mob: str, count: Count = 1) -> int:
        """Hunt and kill mobs of this name in view, with the best weapon held.

        Returns the number of items gathered.
        """
        _check_known(mob, self._names.mobs, "kill", "mob")
        gathered: int = self._do("kill", mob=mob, count=count)
        return gathered

    @primitive
    def eat(self, item: str | None = None) -> str:
        """Eat one food item, the most fitting where none is named. Returns what was eaten."""
        if item is not None:
            _check_known(item, self._names.items, "eat", "item")
        eaten: str = self._do("eat", item=item)
        return eaten

    @primitive
    def equip(self, item: str) -> str:
        """Take an item in hand, or wear it if it is armour. Returns the slot."""
        _check_known(item, self._names.items, "equip", "item")
        slot: str = self._do("equip", item=item)
        return slot

    @primitive
    def explore(
        self,
        direction: str | None = None,
        distance: Annotated[int, Field(ge=1, le=256)] = 48,
        until: str | None = None,
    ) -> Position | None:
        """Walk up to distance blocks (north, northeast, east, ...), toward unseen ground by default.

        Stops as soon as a block or mob named until comes into view and returns its position, else None.
        """
        if direction is not None and direction not in DIRECTIONS:
            raise PrimitiveError(f"cannot explore {direction!r}: directions are {', '.join(DIRECTIONS)}")
        if until is not None:
            self._check_place_name(until, "explore until")
        found = self._do("explore", direction=direction, distance=distance, until=until)
        return None if found is None else _position(found)

    @primitive
    def goto(self, position: Position, within: Annotated[float, Field(ge=0, le=16)] = 1.5) -> Position:
        """Walk to within this distance of a position. Returns where you stand then."""
        return _position(self._do("goto", position=_plain(position), within=within))

    @primitive
    def find(self, name: str) -> Position | None:
        """The nearest block (seen before, within 16 tiles) or mob (in view) of this name, or None."""
        self._check_place_name(name, "find")
        found = self.link.ask("find", name=name)
        return None if found is None else _position(found)

    @primitive
    def inventory(self) -> dict[str, int]:
        """What you hold: item names and counts."""
        held: dict[str, int] = self.link.ask("inventory")
        self._life.hold(held)
        return dict(sorted(held.items()))

    @primitive
    def position(self) -> Position:
        """Where you stand."""
        return _position(self.link.ask("position"))

    @primitive
    def nearby(self, radius: Annotated[int, Field(ge=1, le=16)] = 16) -> dict[str, Position]:
        """The blocks seen and the mobs in view within this radius: each name with its nearest position."""
        found = self.link.ask("nearby", radius=radius)
        return {name: _position(place) for name, place in sorted(found.items())}

    @primitive
    def deposit(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Put items into the chest at a position, or the nearest one. Returns the number put in."""
        _check_known(item, self._names.items, "deposit", "item")
        put: int = self._do("deposit", item=item, count=count, position=_plain(position))
        return put

    @primitive
    def withdraw(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Take items out of the chest at a position, or the nearest one. Returns the number taken."""
        _check_known(item, self._names.items, "withdraw", "item")
        taken: int = self._do("withdraw", item=item, count=count, position=_plain(position))
        return taken

    @primitive
    def wait(self, ticks: Annotated[int, Field(ge=1, le=1500)] = 20) -> None:
        """Let this many ticks pass (20 a second)."""
        self._do("wait", ticks / TICKS_A_SECOND + 5, ticks=ticks)

    @primitive
    def say(self, text: str) -> None:
        """Say something; it appears among the events."""
        if len(text) > 250:
            raise PrimitiveError("cannot say more than 250 characters at once; shorten the text")
        if text.startswith("/"):
            raise PrimitiveError("cannot say a command of the server; programs have no operator rights")
        self._do("say", text=text)

    @property
    def _names(self) -> Names:
        """All that the server may know; `spec` lists those that can be had in survival."""
        if not self._known.items:
            self.link.ask("ping")
        return self._known

    def _do(self, method: str, seconds: float = CALL_SECONDS, **params: Any) -> Any:
        return self.link.do(method, seconds=seconds, **params)

    def _check_place_name(self, name: str, action: str) -> None:
        names = self._names
        if name not in names.blocks and name not in names.mobs:
            item = " (it is an item)" if name in names.items else ""
            known = (*names.blocks, *names.mobs)
            raise PrimitiveError(
                f"cannot {action} {name}: no block or mob has this name{item}{nearest(name, known)}"
            )


def _where(options: Options) -> tuple[object, ...]:
    return (options.host, options.port, options.version, options.username, options.auth)


def _check_known(name: str, known: Any, action: str, kind: str) -> None:
    if name not in known:
        raise PrimitiveError(f"cannot {action} {name}: no {kind} has this name{nearest(name, known)}")


def _plain(position: Position | None) -> dict[str, float] | None:
    return None if position is None else position.model_dump()


def _position(found: Any) -> Position:
    return Position.model_validate(found)


def _spec(options: Options, names: Names) -> EnvironmentSpec:
    return EnvironmentSpec(
        id="minecraft-v1",
        description=_DESCRIPTION,
        languages=("python", "javascript"),
        repeatable=False,
        can_render=drawing.missing() is None,
        seconds_limit=PROGRAM_SECONDS,
        names=names,
        options=options.model_dump(mode="json"),
    )
