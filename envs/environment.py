"""The environment contract: what a world must provide for an agent."""

from __future__ import annotations

import ast
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any, ClassVar, TypeVar, overload

from pydantic import BaseModel, ValidationError, validate_call

from fieldcraft.common.suggest import nearest, reason
from fieldcraft.envs.answers import PLAIN, READERS, as_check, as_data
from fieldcraft.envs.faults import contained, settled
from fieldcraft.envs.goals.checks import checked
from fieldcraft.envs.goals.own import WorldGoal, kept_goal, typed_goal
from fieldcraft.envs.happenings import Happening, merged
from fieldcraft.envs.launching import Launcher
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import (
    Chart,
    EnvironmentSpec,
    Goal,
    GoalCheck,
    GoalForm,
    OptionInfo,
    OwnGoal,
    PrimitiveError,
    Progress,
    Requirement,
)

F = TypeVar("F", bound=Callable[..., Any])

_MAY_RAISE: dict[str, tuple[type[Exception], ...]] = {
    **dict.fromkeys(("reset", "begin_episode", "restore", "options_to_resume", "render"), (ValueError,)),
    **dict.fromkeys(("observe", "progress", "check", "happenings", "pursue", "snapshot"), ()),
    **dict.fromkeys(("chart", "option_reference", "remarks", "resume", "close"), ()),
}
"""The methods whose faults are contained, with what they may raise by contract."""


@overload
def primitive(method: F) -> F: ...


@overload
def primitive(*, judged: bool = ...) -> Callable[[F], F]: ...


def primitive(method: F | None = None, *, judged: bool = False) -> F | Callable[[F], F]:
    """Mark a method of an `Environment` as callable by programs: `bot.<name>(...)`.

    Its signature and docstring are the API reference that the model reads, so annotate every
    argument with a type pydantic can validate and write the docstring for that reader. The method
    returns something JSON can hold (pydantic models count) and raises `PrimitiveError` when the
    world does not allow what was asked.

    Args:
        method: to mark.
        judged: whether what it returns is shown to the critic's model, for worlds in which tasks are about
            answers rather than about what is held. The latest such results count.
    """

    def marked(function: F) -> F:
        function.__fieldcraft_primitive__ = True  # type: ignore[attr-defined]
        function.__fieldcraft_judged__ = judged  # type: ignore[attr-defined]
        return function

    return marked if method is None else marked(method)


class Environment(ABC):
    """A world with primitives, observations and a seed.

    Not thread-safe: one caller at a time. Subclasses mark their primitives with `@primitive`.
    """

    spec: EnvironmentSpec
    goal_types: ClassVar[tuple[type[WorldGoal], ...]] = ()
    """The classes of goals of this world's own."""
    ends_its_calls = False
    """Whether its methods keep deadlines of their own; if not, one that hangs is interrupted."""
    until = inf
    """When the program that runs has to end (`time.monotonic`), for worlds that keep deadlines."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Contain the faults of the class's methods, see `fieldcraft.envs.faults`."""
        super().__init_subclass__(**arguments)
        for name, expected in _MAY_RAISE.items():
            method = cls.__dict__.get(name)
            if inspect.isfunction(method) and not hasattr(method, "__fieldcraft_contained__"):
                setattr(cls, name, contained(method, expected=expected, read=READERS.get(name)))

    @abstractmethod
    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin a new episode. The same seed and options give the same world in every process.

        Raises:
            ValueError: an option is unknown or out of range; the message names the remedy.
        """

    def begin_episode(
        self, *, seed: int, number: int, options: Mapping[str, Any] | None = None
    ) -> Observation:
        """Begin the episode `number`, from 2 on, of a run with this seed; the reset began the first.

        By default a reset with `seed + number - 1`. The same seed, number and options give the same episode,
        whatever happened in those before it.
        """
        return self.reset(seed=seed + number - 1, options=options)

    @abstractmethod
    def observe(self) -> Observation:
        """What the agent sees now. Changes nothing."""

    @abstractmethod
    def progress(self) -> Progress:
        """The progress since the reset, as a new object each time."""

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was last asked, oldest first; asking forgets it. By default nothing.

        It is not part of a snapshot. The agent learns facts from it; a world without it is learned from its
        messages alone.
        """
        return ()

    def pursue(self, goal: Goal | None) -> None:  # noqa: ARG002
        """Know the goal of the agent's task, before each of its programs; `None` where it has none.

        By default ignored. A world may spare that item where a program leaves a choice to it.
        """
        return

    @property
    def tick(self) -> int:
        """The world's clock, in ticks since the reset (20 a second in Minecraft).

        By default that of the observation; an environment may set `self.tick` itself, which is faster.
        """
        own: int | None = self.__dict__.get("_own_tick")
        return self.observe().tick if own is None else own

    @tick.setter
    def tick(self, value: int) -> None:
        self.__dict__["_own_tick"] = value

    def check(self, goal: Goal, since: Progress) -> GoalCheck:
        """Whether `goal` is met; what is counted is counted from `since`, the task's start.

        Raises:
            BadGoal: a goal of a kind of its own that this world does not have.
        """
        if not isinstance(goal, OwnGoal):
            return checked(self, goal, since)
        found = typed_goal(goal, self.goal_types).check(self, since)
        return as_check(found)

    def goal_forms(self) -> tuple[GoalForm, ...]:
        """How prompts offer the goals that can be set here, those of the world's own last."""
        return (*self.spec.offered_goals(), *(each.form() for each in self.goal_types))

    def goal_schemas(self) -> tuple[type[BaseModel], ...]:
        """The classes of the goals of the world's own, by whose JSON schema a model may be asked."""
        return self.goal_types

    def read_goal(self, goal: OwnGoal) -> OwnGoal:
        """A goal of a kind of its own, validated and with what the world shows of it.

        Raises:
            BadGoal: the world has no such kind, or its fields do not fit.
        """
        return kept_goal(typed_goal(goal, self.goal_types))

    def snapshot(self) -> bytes:
        """The complete state as data (never a pickle), if `spec.can_snapshot`.

        Raises:
            NotImplementedError: this world has no snapshots.
        """
        raise NotImplementedError(f"{self.spec.id} cannot take snapshots")

    def restore(self, snapshot: bytes) -> None:
        """Restore the state of a snapshot.

        Raises:
            ValueError: the bytes are not a valid snapshot of this world; nothing was changed.
        """
        raise NotImplementedError(f"{self.spec.id} cannot restore snapshots")

    def render(self) -> bytes:
        """A PNG picture of what the agent sees, if `spec.can_render`. Changes nothing."""
        raise NotImplementedError(f"{self.spec.id} draws no pictures")

    def chart(self, *, whole: bool = False) -> Chart:
        """A picture of the seen land, or the whole land, from above, if the world has one.

        It is for people: agents never get it. Changes nothing.
        """
        raise NotImplementedError(f"{self.spec.id} has no map")

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The options that `reset` accepts, for people; by default none."""
        return ()

    def remarks(self) -> tuple[str, ...]:
        """Further remarks for people on this world with the current options."""
        return ()

    @classmethod
    def install(cls, *, pictures: bool = False) -> str:  # noqa: ARG003
        """Install what this world needs besides Python packages; returns a line that says what was done.

        Raises:
            ValueError: the installation failed; the message gives the reason.
        """
        return "nothing needs to be installed"

    @classmethod
    def diagnose(cls) -> tuple[Requirement, ...]:
        """What this world needs of the machine besides Python packages, for `fieldcraft doctor`.

        Quick, and changes nothing. None unless a world says so.
        """
        return ()

    def confine(self, launcher: Launcher) -> None:  # noqa: ARG002
        """Start this world's processes with `launcher` from now on. Called before the first reset."""
        return

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options for the reset when a run is resumed, derived from its original options."""
        return dict(options)

    def resume(self, progress: Progress) -> None:  # noqa: ARG002
        """Continue the counts of an interrupted run from `progress`.

        Called after the reset when a run is resumed in a world without snapshots.
        """
        return

    def close(self) -> None:
        """Close processes, files and connections. Safe to call twice."""
        return

    @cached_property
    def primitives(self) -> dict[str, Callable[..., Any]]:
        """The primitives by name, sorted, each with its arguments validated."""
        return {
            name: validate_call(getattr(self, name))
            for name, method in inspect.getmembers(type(self), inspect.isfunction)
            if hasattr(method, "__fieldcraft_primitive__")
        }

    @cached_property
    def judged_primitives(self) -> frozenset[str]:
        """The primitives whose results the critic's model is shown."""
        return frozenset(
            name
            for name, method in inspect.getmembers(type(self), inspect.isfunction)
            if getattr(method, "__fieldcraft_judged__", False)
        )

    def call_primitive(
        self, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call a primitive as a program does: arguments validated, result as JSON data.

        Raises:
            PrimitiveError: unknown primitive, wrong arguments, or the world does not allow it.
            NoData: what it returned is no data.
        """
        function = self.primitives.get(name)
        if function is None:
            raise PrimitiveError(f"bot has no primitive {name!r}{nearest(name, self.primitives)}")
        try:
            result = function(*args, **(kwargs or {}))
            return result if type(result) in PLAIN else as_data(settled(self, result), name)
        except ValidationError as error:
            if error.title.rpartition(".")[2] != name:
                raise
            raise PrimitiveError(f"{name}: {_argument_errors(error)}") from None

    def api_reference(self) -> str:
        """Signature and docstring of every primitive, as the model reads them."""
        return "\n\n".join(
            f"bot.{name}{signature_text(function)}\n{_indent(inspect.getdoc(function) or '')}"
            for name, function in self.primitives.items()
        )


def seen_of(environment: Environment) -> tuple[Observation, Progress]:
    """The validated observation and progress of a world, which may come from others.

    Raises:
        ValidationError: they are invalid, or contain numbers that are not finite.
        Exception: any exception of the world.
    """
    return Observation.model_validate(environment.observe()), Progress.model_validate(environment.progress())


def happened(environment: Environment) -> list[Happening]:
    """What happened in a world since this was last asked; see `merged`.

    Nothing where the world cannot say, or says something invalid: an execution does not depend on it.
    """
    try:
        return merged(environment.happenings())
    except Exception:
        return []


def signature_text(function: Callable[..., Any]) -> str:
    """The signature as source text, without `self`. A tuple that is returned reaches programs as a list."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_written(parameter.annotation))
        for parameter in signature.parameters.values()
    ]
    returned = _written(signature.return_annotation)
    if isinstance(returned, _Written) and "tuple[" in returned.text:
        returned = _Written(_as_lists(returned.text))
    return str(signature.replace(parameters=parameters, return_annotation=returned))


class _Written:
    """An annotation as its source has it: its `repr`, which `inspect` shows, is without quotation marks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _written(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _Written(text.replace("fieldcraft.envs.types.", ""))


def _as_lists(annotation: str) -> str:
    """The annotation with `list` for `tuple`, of all that the tuple contains."""
    try:
        tree = ast.parse(annotation, mode="eval")
    except SyntaxError:
        return annotation
    return ast.unparse(_TuplesAsLists().visit(tree))


class _TuplesAsLists(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if not (isinstance(node.value, ast.Name) and node.value.id == "tuple"):
            return node
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kinds = dict.fromkeys(ast.unparse(each) for each in inner if ast.unparse(each) != "...")
        return ast.parse(f"list[{' | '.join(kinds)}]", mode="eval").body


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def _argument_errors(error: ValidationError) -> str:
    problems = []
    for detail in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in detail["loc"])
        problems.append(f"argument {place}: {reason(detail['msg'])} (got {detail['input']!r:.60})")
    return "; ".join(problems)
