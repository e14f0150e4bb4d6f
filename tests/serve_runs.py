"""Runs that grow without a model: events of small made-up iterations, as the loop writes them."""

from __future__ import annotations

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.tail import checkpoint
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Observation, Position, Progress
from fieldcraft.skills import Execution


def grow(run: Run, count: int, *, each_its_own_segment: bool = False) -> None:
    """Add so many iterations, each a task of its own in which a new item is held."""
    while run.tape:  # of an unfinished task, which a session would play back
        apply(run.state, run.tape.pop(0))
    for _ in range(count):
        number = run.state.spent.iterations + 1
        task = run.state.task_number + 1
        items = {**run.state.progress.items, f"item_{number}": number}
        add(run, e.TaskProposed(task_number=task, task=Task(words=f"Walk {number}")))
        add(
            run,
            e.ExecutionStarted(iteration=number, attempt=1, source=f"def walk(bot):\n    'walk {number}'\n"),
        )
        add(
            run,
            e.ExecutionFinished(
                iteration=number,
                execution=Execution(log=f"walked {number}"),
                observation=Observation(tick=number, position=Position(x=number, y=64, z=-number)),
                progress=Progress(items=items),
            ),
        )
        add(run, e.Judged(iteration=number, verdict=Verdict(success=True, reasoning="It walked.")))
        add(run, e.TaskFinished(task_number=task, success=True, attempts=1))
        if each_its_own_segment:
            run.journal.rotate_if_large(lambda: checkpoint(run), limit=1)


def add(run: Run, event: e.Event) -> None:
    """Write one event."""
    apply(run.state, run.journal.append(event, sync=False))
