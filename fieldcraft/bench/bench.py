"""A benchmark that is run: its episodes in a folder, each of which can be stopped and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fieldcraft.agent.journal.folders import forget, inside
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.bench.definition import Benchmark, EpisodeResult
from fieldcraft.bench.plan import BenchPlan, EpisodeTrial, name_of, settings_of
from fieldcraft.bench.playing import PlayRequest
from fieldcraft.bench.registry import benchmark
from fieldcraft.common.errors import MissingRequirement
from fieldcraft.envs.apart import make_world
from fieldcraft.skills.sandbox import require_system
from fieldcraft.study.batch import Batch, held, keep_plan
from fieldcraft.study.records import Record
from fieldcraft.study.study import check_reset
from fieldcraft.study.trials import Request, TrialRequest

NOUN = "benchmark"
PARTS = ("runs", "libraries")


class NeedsExtra(MissingRequirement):
    """The world of a benchmark is not installed; the message has the command that brings it."""


@dataclass
class Bench(Batch[EpisodeTrial]):
    """A plan, the folder of its results, and the state of its episodes. Make it with `open_bench`.

    Attributes:
        plan: what is played.
        benchmark: its definition.
    """

    plan: BenchPlan
    benchmark: Benchmark
    folder: Path
    records: list[Record[EpisodeTrial]] = field(default_factory=list)
    mixed: int = 0
    stopped: str = ""

    noun = NOUN
    worker = "fieldcraft.bench.worker"

    @property
    def runs(self) -> Path:
        """The folder with a run for each episode, which `fieldcraft runs` shows like any other run."""
        return self.folder / "runs"

    def request(self, record: Record[EpisodeTrial]) -> Request:
        """The run of a model, or the episode of another player."""
        plan, trial = self.plan, record.trial
        if trial.arm in ("random", "expert"):
            return PlayRequest(
                name=record.name,
                runs=self.runs,
                benchmark=plan.benchmark,
                player=trial.arm,
                variant=trial.variant,
                seed=trial.seed,
                number=trial.number,
                steps=plan.steps,
            )
        settings = settings_of(plan, self.benchmark, trial, self.folder / "libraries")
        return TrialRequest(name=record.name, runs=self.runs, settings=settings)

    def needs(self, record: Record[EpisodeTrial]) -> str | None:
        """The episode before, where the library is kept."""
        return self._before.get(record.name)

    @cached_property
    def _before(self) -> dict[str, str]:
        """The episode after which each begins with the library that it left."""
        before: dict[str, str] = {}
        last: dict[int, str] = {}
        for record in self.records:
            if record.trial.arm == "kept":
                seed = record.trial.seed
                if seed in last:
                    before[record.name] = last[seed]
                last[seed] = record.name
        return before

    def results(self, arm: str) -> list[EpisodeResult]:
        """The finished episodes of an arm, in the plan's order."""
        return [
            EpisodeResult(
                variant=record.trial.variant,
                seed=record.trial.seed,
                number=record.trial.number,
                steps=record.measured.ticks,
                scores=record.measured.scores,
                achieved=record.measured.achieved,
                end=record.measured.ended,
            )
            for record in self.records
            if record.trial.arm == arm and record.measured is not None
        ]


@contextmanager
def open_bench(
    plan: BenchPlan, folder: Path = Path("benches"), *, name: str | None = None, fresh: bool = False
) -> Iterator[Bench]:
    """Open a benchmark, or one that was started before, and hold its lock.

    Args:
        plan: what is played; a folder that was started before refuses a different plan.
        folder: the folder of benchmarks.
        name: the name of its own folder; made from the plan if omitted, so that the same plan resumes.
        fresh: delete its episodes first.

    Raises:
        StudyError: it has another plan, another process has it open, or its folder cannot be written.
        UnknownBenchmark, BrokenBenchmark: there is none of this name.
        NeedsExtra: its world is not installed.
        BadWorldOptions, BrokenEnvironment: its world cannot be made or reset.
        UnknownModel, MissingExtra, MissingKey, BadScript: a model of the plan cannot be opened.
        SystemUnsupported: programs do not run on this operating system.
    """
    played = benchmark(plan.benchmark)
    if plan.player == "model":
        require_system()
        clients_of(plan.settings)
    check_world(played, plan)
    home = folder / (name or f"{plan.benchmark.replace(':', '-')}-{plan.player}-{plan.digest()}")
    with held(home, home, PARTS, noun=NOUN):
        if fresh:
            _forget(home)
        keep_plan(plan, home / "plan.json", noun=NOUN)
        records = [Record[EpisodeTrial](name=name_of(plan, trial), trial=trial) for trial in plan.trials()]
        opened = Bench(plan, played, home, records)
        opened.look_up(opened.runs)
        yield opened


def check_world(played: Benchmark, plan: BenchPlan) -> None:
    """Make the world once and begin its first episode, so that errors are reported before anything is spent.

    Raises:
        NeedsExtra: it is not installed.
        BadWorldOptions, BrokenEnvironment: it cannot be made or reset.
    """
    if played.missing:
        raise NeedsExtra(f"the benchmark {played.name} needs the extra {played.extra!r}: {played.missing}")
    start = played.beginning(plan.variants[0], plan.seeds[0], 1, plan.steps)
    with closing(make_world(played.environment, apart=plan.settings.world_process)) as world:
        check_reset(world, played.environment, start.seed, start.options)


def _forget(home: Path) -> None:
    with inside(home) as place:
        if place.kind("plan.json") is not None:
            place.remove("plan.json")
    for part in PARTS:
        forget(home / part)
