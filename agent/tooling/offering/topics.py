"""What a question to a model is about: the words by which tools are chosen that it may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.task import Task
from fieldcraft.common.text import cut_text

LONGEST = 600
_LATEST = 3
"""Tasks that were done or failed last, which say where a run is going that has no task yet."""


def topic_of(values: Mapping[str, Any], messages: Sequence[Message]) -> str:
    """The task or the question of a prompt, else the run's aim and its last tasks, else the prompt itself.

    Args:
        values: what the prompt's template was given; it stays the same as its conversation goes on.
        messages: the conversation.
    """
    match values.get("task"):
        case Task() as task:
            return cut_text(f"{task.words} {task.goal or ''}".strip(), LONGEST)
        case str() as task if task.strip():
            return cut_text(task, LONGEST)
    if isinstance(question := values.get("question"), str) and question.strip():
        return cut_text(question, LONGEST)
    if values:
        lately = [*_latest(values.get("completed")), *_latest(values.get("failed"))]
        return cut_text(" ".join([str(values.get("aim") or ""), *lately]).strip(), LONGEST)
    return cut_text(messages[0].text, LONGEST) if messages else ""


def _latest(tasks: Any) -> list[str]:
    return [str(task) for task in list(tasks)[-_LATEST:]] if isinstance(tasks, list | tuple) else []
