"""What each prompt's template is given: the variables by name, in words, with values to try a template on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.prompts.world_words import words_of
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.envs import Examples, GoalForm, ItemGoal, Names, Observation
from fieldcraft.skills import Execution, ProgramFault, Skill

_WORLD = {
    "world": "the world in its own words",
    "names": "lists of names: `items`, `blocks`, `mobs`, and by kind `kinds`",
}
_OBSERVATION = {"observation": "what the agent sees and holds, as text"}
_FACTS = {"facts": "what the world has shown that matters here, a line each"}
_PEOPLE = {"people": "what the people who run the agent said to it lately, written by `spoken`; mostly empty"}
_TASK = {"task": "`words`, `reason`, `context`, `goal` (none where the world cannot check it), `origin`"}
_ANSWERS = "questions about the world, each with `question` and `answer`"
_GOALS = "the built-in kinds of goals that the world can check"
_EXAMPLES = {
    "examples": "words of the world or general ones: `tasks`, `task`, `goal`, `step`, `step_goal`, "
    "`question`, `program`, `javascript`, `needs`, `about`, `fact`, `advice`"
}
_FORMS = {"goal_forms": "the goals that may be set, each with `kind`, `form`, `means`, `brief`"}
_HAS_ITEMS = {"has_items": "whether things are held in the world"}
_HAS_PLACES = {"has_places": "whether there are positions in the world"}
_SKILLS = "skills that suit the task, each with `entry`, `description`, `source`, `language`"
_SKILLS_SHOWN = {
    "skills": _SKILLS,
    "in_full": "how many of `skills`, the first ones, are shown with their code",
    "other_skills": "how skills are called, in the order learned, such as `chop_wood(bot, count=1)`",
    "others_left_out": "how many skills are not among `other_skills`",
    "settled_skills": "how many of `skills`, the first ones, are the same for all attempts at the task",
    "not_kept": "why the last program was not kept as a skill, or was kept with reserve; mostly empty",
}
_SO_FAR = {
    "completed": "tasks that were done, in words: the earlier ones summed up by their first word",
    "failed": "tasks that failed, in words",
    "said": "what the world said lately",
}
_ACTOR_USER = {
    **_WORLD,
    **_OBSERVATION,
    **_FACTS,
    **_PEOPLE,
    **_TASK,
    "language": "of programs: `python` or `javascript`",
    **_SKILLS_SHOWN,
    "attempts": "earlier programs for the task, each with `number`, `source`, `problem`, `error`, "
    "`ended`, `failed_calls`, `log`, `critique`",
    "failure_limit": "failed calls that end a program",
    "tick_limit": "ticks that end a program",
}
_ACTOR = {**_ACTOR_USER, **_EXAMPLES, **_HAS_PLACES}
_OLD = "how many of the first of these are the same from call to call"
_CURRICULUM = {
    **_WORLD,
    **_OBSERVATION,
    **_FACTS,
    **_PEOPLE,
    **_SO_FAR,
    **_EXAMPLES,
    **_HAS_ITEMS,
    "aim": "what the user or the world wants the agent to make of it; may be empty",
    "old_said": _OLD,
    "old_answers": _OLD,
    "old_completed": _OLD,
    "old_items": _OLD,
    "items": "items ever held, in the order in which they first were",
    "achieved": "what was reached besides items, in the order in which it first was",
    "most": "of items ever held, in brackets the most at once if not 1, `done` where a task for it was done",
}

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "actor": {
        **_ACTOR,
        "primitives": "what `bot` offers: signatures and docstrings",
        "tools": "the tools of programs, one to a line; empty where there are none",
    },
    "actor_javascript": {**_ACTOR, "reference": "what a program can use, in the world's own words"},
    "actor_user": _ACTOR_USER,
    "answer": {
        "world": _WORLD["world"],
        "question": "what to answer",
        "evidence": "what the world said on it, a list",
        **_FACTS,
        **_HAS_ITEMS,
    },
    "critic": {
        **_TASK,
        **_FACTS,
        **_HAS_ITEMS,
        "before": "the observation before the task, as text",
        "after": "the observation now, as text",
        "error": "what ended the program early, or nothing",
        "log": "the end of what the program printed",
        "results": "what calls returned that the world has judged, a line each; mostly empty",
    },
    "curriculum_questions": {**_CURRICULUM, "limit": "how many questions may be asked", "asked": _ANSWERS},
    "curriculum_task": {
        **_CURRICULUM,
        **_FORMS,
        "goals": _GOALS,
        "answers": _ANSWERS,
        "limit": "how many questions may come with the task",
        "refused": "what was wrong with the proposals since the last task, latest last",
        "stall": "that nothing new came for long, with what to try; else empty",
    },
    "cut_short": {},
    "decompose": {
        **_WORLD,
        **_OBSERVATION,
        **_FACTS,
        **_PEOPLE,
        **_SO_FAR,
        "task": "what to break into steps, in words",
        **_EXAMPLES,
        **_FORMS,
        **_HAS_ITEMS,
        "skills": _SKILLS,
        "goals": _GOALS,
        "limit": "how many steps there may be",
        "answers": _ANSWERS,
    },
    "describe": {**_TASK, "source": "the function to describe"},
    "further_skills": _ACTOR_USER,
    "last_program": _SKILLS_SHOWN,
    "last_step": {},
    "more_skills": _SKILLS_SHOWN,
    "names": {**_WORLD, **_OBSERVATION},
    "read_log": {
        "world": _WORLD["world"],
        **_EXAMPLES,
        "log": "the end of what a program printed",
        "error": "what ended it early, or nothing",
        "known": "facts that may be contradicted, in words",
        "limit": "how many facts there may be",
    },
    "read_skills": {
        "skills": "the skills whose code was asked for, see `skills` of `actor`",
        "problems": "why others cannot be shown",
    },
    "repair": {"problem": "what is wrong with the answer"},
}
"""The variables of each template, in words."""

PARTS = frozenset({"actor_user", "further_skills", "last_program", "more_skills", "names"})
"""Templates that others include, without a `system` and a `user` block of their own."""

PURPOSES: Mapping[str, str] = {
    "actor": "write a Python program for a task",
    "actor_javascript": "write a JavaScript program for a task",
    "actor_user": "the user's message of both actors",
    "answer": "answer a question about the world",
    "critic": "judge whether a task was done",
    "curriculum_questions": "ask what helps to choose a task, with `ask_first`",
    "curriculum_task": "choose the next task, and ask what helps with the one after it",
    "cut_short": "ask for an answer again that was cut off",
    "decompose": "break a task into steps",
    "describe": "describe a program that worked",
    "further_skills": "skills that suit what an attempt lacked, in the prompts of both actors",
    "last_program": "what became of the last program, in the prompts of both actors",
    "last_step": "say that no tool calls are left",
    "more_skills": "the names of skills, in the prompts of both actors",
    "names": "the names of the world, in five prompts",
    "read_log": "note what a program's log shows of the world",
    "read_skills": "show the code of skills that the actor asked for",
    "repair": "say why an answer could not be used",
}

_SOURCE = 'def chop_wood(bot, count=1):\n    """Chop."""\n    bot.chop()\n'
_SKILL = Skill(name="chop-wood", description="Chops wood.", source=_SOURCE, entry="chop_wood")
_CHOP = Task(
    words="Chop 4 wood", reason="Wood is new.", context="An axe.", goal=ItemGoal(item="wood", count=4)
)
_FAULT = ProgramFault(kind="PrimitiveError", message="cannot chop: need an axe", line=3, text="bot.chop()")
_ATTEMPT = Attempt(
    number=1,
    source=_SOURCE,
    problem="it holds 2 code blocks",
    execution=Execution(fault=_FAULT, log="chopped 3\n", failed_calls=["cannot chop: no tree"]),
    verdict=Verdict(success=False, critique="Take an axe."),
)
_FORM = GoalForm(kind="item", form='{"kind": "item", "item": NAME, "count": N}', means="held at the end")
_FULL: dict[str, Any] = {
    "world": "A clearing.",
    "names": Names(items=("wood", "plank"), blocks=("log",), mobs=("cow",), kinds={"places": ("lake",)}),
    "aim": "Find out what a clearing is good for.",
    "examples": words_of(Examples(tasks=("Chop 3 wood",), advice=("Eat before night.",)), [_FORM]),
    "goal_forms": [_FORM],
    "has_items": True,
    "has_places": True,
    "observation": Observation(inventory={"wood": 2}).text(),
    "language": "python",
    "skills": [_SKILL],
    "in_full": 10,
    "other_skills": ["saw_wood(bot, count=1)"],
    "others_left_out": 7,
    "settled_skills": 10,
    "not_kept": ["saw_wood was not kept as a skill: it does the same as cut_wood"],
    "problems": ["there is no skill 'saw'"],
    "attempts": [_ATTEMPT],
    "failure_limit": 5,
    "tick_limit": 6000,
    "primitives": "bot.chop() -> int\n    Chop the tree.",
    "tools": "- lookup(name: str): Look a thing up.",
    "reference": "- `bot`: a bot.",
    "question": "What takes a plank?",
    "evidence": ["cannot saw: need wood"],
    "before": Observation().text(),
    "after": Observation(inventory={"wood": 2}).text(),
    "error": "PrimitiveError: cannot chop: need an axe",
    "log": "chopped 3",
    "results": ['count_trees() returned {"oak": 3}'],
    "completed": ["Chop 1 wood"],
    "stall": "Nothing new came in the last 60 iterations. Try other goals than lately.",
    "refused": ["the model refused to answer: I cannot help with that."],
    "failed": ["Saw 1 plank (2 times, 3 tasks ago)"],
    "said": ["cannot saw: need wood"],
    "old_said": 1,
    "old_answers": 0,
    "old_completed": 0,
    "old_items": 1,
    "known": ["noted: 'wood floats'"],
    "facts": ["1 wood make 2 plank (iteration 3)"],
    "people": ["ada (after iteration 12): stay near the trees"],
    "items": ["wood"],
    "achieved": ["lake (places)"],
    "most": ["wood (12 done)"],
    "goals": ["item", "place", "kill", "reach", "gain", "mine"],
    "limit": 3,
    "asked": [Answered(question="What takes a plank?", answer="Wood.")],
    "answers": [Answered(question="What takes a plank?", answer="Wood.")],
    "source": _SOURCE,
    "problem": "it holds no JSON object",
}
_BARE: dict[str, Any] = {
    **{name: type(value)() for name, value in _FULL.items() if isinstance(value, list | str)},
    "names": Names(),
    "examples": words_of(Examples()),
    "has_items": False,
    "has_places": False,
    "language": "javascript",
    "failure_limit": 1,
    "tick_limit": 1,
    "in_full": 2,
    "others_left_out": 0,
    "settled_skills": 0,
    "limit": 1,
    "old_said": 0,
    "old_answers": 0,
    "old_completed": 0,
    "old_items": 0,
}


def samples(template: str) -> list[dict[str, Any]]:
    """What a template may be given in the middle of a run, and at its very beginning."""
    full, bare = (
        {name: values[name] for name in VARIABLES[template] if name != "task"} for values in (_FULL, _BARE)
    )
    match template:
        case "decompose":
            return [{**full, "task": "Build a hut"}, {**bare, "task": "Build a hut"}]
        case "actor" | "actor_javascript" | "actor_user" | "further_skills" | "critic" | "describe":
            return [{**full, "task": _CHOP}, {**bare, "task": Task(words="Chop")}]
        case _:
            return [full, bare]
