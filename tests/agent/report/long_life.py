"""Events of a made-up run of any length, for what no test could wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Observation, Position, Progress
from fieldcraft.skills import Execution, Verified

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


def numbered(events: Iterator[Any]) -> Iterator[e.Event]:
    for number, event in enumerate(events, 1):
        event.number, event.time = number, 1_700_000_000.0 + number
        yield event


def long_life(
    iterations: int, *, source: str = "def f(bot):\n    bot.mine()\n", text: str = ""
) -> list[e.Event]:
    """A new item every tenth iteration, a milestone every thousandth, a skill that calls the one before."""
    return list(numbered(_events(iterations, source, text)))


def _events(iterations: int, source: str, text: str) -> Iterator[Any]:
    yield e.RunStarted(run=f"long{text}", settings=RunSettings())
    yield e.WorldReset(observation=Observation(position=Position(x=0, y=64, z=0)), progress=Progress())
    progress = Progress()
    for i in range(1, iterations + 1):
        yield e.ModelAnswered(role="actor", call=i, text=source, model="m", input_tokens=90, output_tokens=10)
        yield e.TaskProposed(task_number=i, task=Task(words=f"Task {i} {text}"[:500], reason=text))
        yield e.ExecutionStarted(
            iteration=i, attempt=1, source=source, skills={f"skill_{i - 10}": "0" * 64} if i > 10 else {}
        )
        progress = progress.model_copy(deep=True)
        if i % 10 == 0:
            progress.items[f"item_{i}{text}"] = i
        if i % 1000 == 0:
            progress.milestones[f"age {i // 1000}{text}"] = i
        place = Position(x=i % 97, y=64, z=i % 89)
        yield e.ExecutionFinished(
            iteration=i,
            execution=Execution(log=text, skills_called={f"skill_{i - 10}": 2} if i > 10 else {}),
            observation=Observation(tick=i, position=place),
            progress=progress,
        )
        yield e.Judged(iteration=i, verdict=Verdict(success=i % 3 > 0, critique=text))
        yield e.ModelAnswered(role="critic", call=i, text="", model="m", input_tokens=4, output_tokens=1)
        if i % 10 == 0:
            entry = f"skill_{i}"
            yield e.SkillKept(
                iteration=i,
                name=entry.replace("_", "-"),
                entry=entry,
                digest="0" * 64,
                verified=Verified.FULL,
            )
        yield e.TaskFinished(task_number=i, success=i % 3 > 0, attempts=1)
