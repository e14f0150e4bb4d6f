"""The flags that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

WORLD = "The world"
MODELS = "Models"
BUDGET = "Budget, resumed parts included"
KEEPING = "Where things are kept"
OUTPUT = "Output"
CONDUCT = "How it goes about it"
TOOLS = "Tools"

Env = Annotated[
    str | None,
    typer.Option("--env", metavar="WORLD", help="Id or module:Class.", rich_help_panel=WORLD),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="Of the world, value in JSON; repeatable.",
        rich_help_panel=WORLD,
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Of the world.", rich_help_panel=WORLD)]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture", metavar="FILE", help="Draw the world as it is in the end (PNG).", rich_help_panel=WORLD
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="offline, scripted:FILE, toolformer:FOLDER, or provider:model.",
        rich_help_panel=MODELS,
    ),
]
RoleModel = Annotated[
    list[str] | None,
    typer.Option(
        "--role-model",
        metavar="ROLE=NAME",
        help="Another model for curriculum, answerer, actor, critic, describer or tools; repeatable.",
        rich_help_panel=MODELS,
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url", metavar="URL", help="Another server of the provider's protocol.", rich_help_panel=MODELS
    ),
]
Prompts = Annotated[
    str | None,
    typer.Option(
        "--prompts",
        metavar="FOLDER",
        help="Templates of your own in place of built-in ones; see `prompts list`.",
        rich_help_panel=MODELS,
    ),
]
KeepPrompts = Annotated[
    bool | None,
    typer.Option("--keep-prompts", help="Keep every prompt in the run's folder.", rich_help_panel=MODELS),
]
Iterations = Annotated[
    int | None,
    typer.Option("--iterations", metavar="N", help="Programs written and run.", rich_help_panel=BUDGET),
]
Tokens = Annotated[
    int | None,
    typer.Option("--tokens", metavar="N", help="Input and output together.", rich_help_panel=BUDGET),
]
Money = Annotated[
    float | None, typer.Option("--money", metavar="USD", help="US dollars.", rich_help_panel=BUDGET)
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", metavar="N", help="Spent in models and programs.", rich_help_panel=BUDGET),
]
Library = Annotated[
    str | None,
    typer.Option("--library", metavar="FOLDER", help="The folder of skills.", rich_help_panel=KEEPING),
]
LibraryOwner = Annotated[
    list[str] | None,
    typer.Option(
        "--library-owner",
        metavar="USER",
        help="Write to a library of this user, or of a @group, as to your own; repeatable.",
        rich_help_panel=KEEPING,
    ),
]
Keep = Annotated[
    bool | None,
    typer.Option(
        "--keep/--no-keep", help="Keep new skills, or leave the library as it is.", rich_help_panel=KEEPING
    ),
]
Mark = Annotated[
    bool,
    typer.Option(
        "--mark",
        help="Write into the library that the skills that work are verified here and trusted.",
        rich_help_panel=KEEPING,
    ),
]
Runs = Annotated[
    str | None, typer.Option("--runs", metavar="FOLDER", help="The folder of runs.", rich_help_panel=KEEPING)
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="Of the run; made from the time where omitted.", rich_help_panel=KEEPING),
]
TrustRun = Annotated[
    bool,
    typer.Option(
        "--trust-run",
        help="With --resume: go on with a run that was not made by you here, and with all that it names: "
        "worlds, tools and servers, files, a library.",
        rich_help_panel=KEEPING,
    ),
]
Curriculum = Annotated[
    Literal["auto", "human", "random", "fixed"] | None,
    typer.Option("--curriculum", help="Who sets the tasks.", rich_help_panel=CONDUCT),
]
Tasks = Annotated[
    Path | None,
    typer.Option(
        "--tasks", metavar="FILE", help="A fixed list: one a line, or YAML or JSON.", rich_help_panel=CONDUCT
    ),
]
Critic = Annotated[
    Literal["environment", "model", "human", "none"] | None,
    typer.Option("--critic", help="Who judges.", rich_help_panel=CONDUCT),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="NAME",
        help="full, voyager, react, reflexion, autogpt, random-curriculum, fixed-curriculum.",
        rich_help_panel=CONDUCT,
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="PART",
        help="Leave out library, critic, environment-feedback or execution-errors; repeatable.",
        rich_help_panel=CONDUCT,
    ),
]
Attempts = Annotated[
    int | None, typer.Option("--attempts", metavar="N", help="At each task.", rich_help_panel=CONDUCT)
]
Sandbox = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        help="Where programs run: auto, process, docker or unsafe (no isolation).",
        rich_help_panel=CONDUCT,
    ),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="KEY=VALUE",
        help="What a program may use: seconds=120, memory=1GB, calls, output, frame; repeatable.",
        rich_help_panel=CONDUCT,
    ),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        metavar="[USER=]NAME",
        help="A tool that models and programs may call, or only USER: curriculum, answerer, actor, critic or "
        "programs; repeatable.",
        rich_help_panel=TOOLS,
    ),
]
Corpus = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="PATH",
        help="A folder, .jsonl file or .zim archive for the tools search and answer; repeatable.",
        rich_help_panel=TOOLS,
    ),
]
Approve = Annotated[
    list[str] | None,
    typer.Option(
        "--approve",
        metavar="WHICH",
        help="Ask you before a call: never, always, writes (whatever may change something), or the name of a "
        "tool; repeatable.",
        rich_help_panel=TOOLS,
    ),
]
ListenerNames = Annotated[
    list[str] | None,
    typer.Option(
        "--listener",
        metavar="NAME",
        help="Call this function with every event, module:Name or announced; repeatable.",
        rich_help_panel=OUTPUT,
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Lines instead of the dashboard.", rich_help_panel=OUTPUT)
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output.", rich_help_panel=OUTPUT)
]
