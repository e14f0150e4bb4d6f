"""What prompts take from the world they are about: its aim, its examples, the goals that it checks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.envs import Environment, Examples, GoalForm
from fieldcraft.envs.goals.kinds import FORMS
from fieldcraft.envs.values import Frozen

NO_GOAL = "null"


class Words(Frozen):
    """Examples as prompts show them: those of the world, or general words; goals as JSON.

    Attributes:
        tasks: in the world's words, none where it gives none.
        task, goal: of the answer's form.
        step, step_goal: of a plan's form.
        question: about what a task takes.
        program, javascript: the name of a function in both languages.
        needs: what a program must not expect to find.
        about, fact: what a note is about, and the note.
        advice: rules for the choice of tasks.
    """

    tasks: tuple[str, ...] = ()
    task: str = "what to do, in one short sentence"
    goal: str = NO_GOAL
    step: str = "what to do first, in one short sentence"
    step_goal: str = NO_GOAL
    question: str = "What does it take to do this?"
    program: str = "do_this"
    javascript: str = "doThis"
    needs: str = "what the task needs"
    about: str = "NAME"
    fact: str = "what was shown, in one short sentence"
    advice: tuple[str, ...] = ()


def words_of(examples: Examples, forms: Sequence[GoalForm] = ()) -> Words:
    """The examples of a world, with general words for those that it does not give."""
    general = Words()
    form = forms[0].form if forms else NO_GOAL
    program = examples.program or general.program
    first, *others = program.split("_")
    return Words(
        tasks=examples.tasks,
        task=examples.task or general.task,
        goal=form if examples.goal is None else json.dumps(examples.goal),
        step=examples.step or general.step,
        step_goal=form if examples.step_goal is None else json.dumps(examples.step_goal),
        question=examples.question or general.question,
        program=program,
        javascript=first + "".join(part.capitalize() for part in others),
        needs=examples.needs or general.needs,
        about=examples.about or general.about,
        fact=examples.fact or general.fact,
        advice=examples.advice,
    )


def from_world(environment: Environment, aim: str = "") -> dict[str, Any]:
    """The variables of prompts that say what is to be done in this world, and in which words.

    Args:
        environment: the world.
        aim: the user's, which goes before the world's own.
    """
    spec, forms = environment.spec, environment.goal_forms()
    return {
        "aim": aim or spec.aim,
        "examples": words_of(spec.examples, forms),
        "goal_forms": list(forms),
        "has_items": spec.has_items,
        "has_places": spec.has_places,
    }


GENERAL: Mapping[str, Any] = {
    "aim": "",
    "examples": Words(),
    "goal_forms": FORMS[:3],
    "has_items": True,
    "has_places": True,
}
"""The values of these variables in a prompt that is given none, such as one of a user's own code."""


def some(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those of the variables that a template is given."""
    return {name: values[name] for name in names}
