"""The flags that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WORLD = "The world"
MODELS = "Models"
BUDGET = "Budget, including all resumed parts"
KEEPING = "Where results are kept"
OUTPUT = "Output"
CONDUCT = "Method"
TOOLS = "Tools"

Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="WORLD",
        help="The environment's id, module:Class, or gym:ENV_ID.",
        rich_help_panel=WORLD,
    ),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="An option of the environment, with its value in JSON; repeatable.",
        rich_help_panel=WORLD,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", help="The seed of the environment.", rich_help_panel=WORLD)
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="FILE",
        help="Draw the world at the end of the run to this PNG file.",
        rich_help_panel=WORLD,
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
        help="The model of one role: curriculum, answerer, actor, critic, describer or tools; repeatable.",
        rich_help_panel=MODELS,
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The URL of another server that speaks the provider's protocol.",
        rich_help_panel=MODELS,
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
Aim = Annotated[
    str | None,
    typer.Option(
        "--aim",
        metavar="TEXT",
        help="What the agent is to make of the world, in a sentence, in place of the world's own aim.",
        rich_help_panel=WORLD,
    ),
]
WorldProcess = Annotated[
    bool | None,
    typer.Option(
        "--world-process/--no-world-process",
        help="Let the world live in a process of its own, which is ended where its code hangs.",
        rich_help_panel=WORLD,
    ),
]
See = Annotated[
    str | None,
    typer.Option(
        "--see",
        metavar="ROLES",
        help="Show the world's picture to the models of roles: curriculum, answerer, actor, critic, or all.",
        rich_help_panel=MODELS,
    ),
]
KeepPrompts = Annotated[
    bool | None,
    typer.Option(
        "--keep-prompts/--no-keep-prompts",
        help="Keep the messages of every model call in the run's folder, or do not.",
        rich_help_panel=MODELS,
    ),
]
Iterations = Annotated[
    int | None,
    typer.Option(
        "--iterations", metavar="N", help="The most programs written and run.", rich_help_panel=BUDGET
    ),
]
Tokens = Annotated[
    int | None,
    typer.Option(
        "--tokens", metavar="N", help="The most tokens, input and output together.", rich_help_panel=BUDGET
    ),
]
Money = Annotated[
    float | None, typer.Option("--money", metavar="USD", help="US dollars.", rich_help_panel=BUDGET)
]
Minutes = Annotated[
    float | None,
    typer.Option(
        "--minutes",
        metavar="N",
        help="The most minutes spent in model calls and programs.",
        rich_help_panel=BUDGET,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        "--patience",
        metavar="N",
        help="Stop once so many iterations in a row brought nothing new.",
        rich_help_panel=BUDGET,
    ),
]
Elsewhere = Annotated[
    list[str] | None,
    typer.Option(
        "--elsewhere",
        metavar="KEY=VALUE",
        help="Where nothing new comes any more, go on in a new world with this option changed; repeatable, "
        "each once.",
        rich_help_panel=WORLD,
    ),
]
Episodes = Annotated[
    int | None,
    typer.Option(
        "--episodes",
        metavar="N",
        help="The most episodes that end, in a world that has episodes.",
        rich_help_panel=BUDGET,
    ),
]
Library = Annotated[
    str | None,
    typer.Option(
        "--library", metavar="FOLDER", help="The folder of the skill library.", rich_help_panel=KEEPING
    ),
]
LibraryOwner = Annotated[
    list[str] | None,
    typer.Option(
        "--library-owner",
        metavar="USER",
        help="Also write to a library that this user or @group owns; repeatable.",
        rich_help_panel=KEEPING,
    ),
]
Keep = Annotated[
    bool | None,
    typer.Option(
        "--keep/--no-keep", help="Keep new skills, or leave the library unchanged.", rich_help_panel=KEEPING
    ),
]
Mark = Annotated[
    bool,
    typer.Option(
        "--mark",
        help="Mark the skills that work as verified and trusted in the library.",
        rich_help_panel=KEEPING,
    ),
]
Runs = Annotated[
    str | None, typer.Option("--runs", metavar="FOLDER", help="The folder of runs.", rich_help_panel=KEEPING)
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name", help="The name of the run; made from the current time if omitted.", rich_help_panel=KEEPING
    ),
]
TrustRun = Annotated[
    bool,
    typer.Option(
        "--trust-run",
        help="With --resume: resume a run that you did not make here, and use everything that it names: "
        "environments, tools, servers, files and its library.",
        rich_help_panel=KEEPING,
    ),
]
Take = Annotated[
    list[str] | None,
    typer.Option(
        "--take",
        metavar="SETTING",
        help="With --resume: give the run this setting as fieldcraft.toml and the variables have it now: "
        "mcp, limits, language, budget and others; repeatable.",
        rich_help_panel=KEEPING,
    ),
]
Curriculum = Annotated[
    str | None,
    typer.Option(
        "--curriculum",
        metavar="NAME",
        help="What sets the tasks: auto, random, fixed (with --tasks), episodes (the world's own tasks), "
        "human, or your own as module:Class.",
        rich_help_panel=CONDUCT,
    ),
]
Actor = Annotated[
    str | None,
    typer.Option(
        "--actor",
        metavar="NAME",
        help="What writes the programs: model, or your own as module:Class.",
        rich_help_panel=CONDUCT,
    ),
]
Retriever = Annotated[
    str | None,
    typer.Option(
        "--retriever",
        metavar="NAME",
        help="What finds skills for a task: library, or your own as module:Class.",
        rich_help_panel=CONDUCT,
    ),
]
Embeddings = Annotated[
    str | None,
    typer.Option(
        "--embeddings",
        metavar="NAME",
        help="What the library searches by: minilm, provider:model, or your own as module:Class.",
        rich_help_panel=CONDUCT,
    ),
]
Tasks = Annotated[
    Path | None,
    typer.Option(
        "--tasks",
        metavar="FILE",
        help="A file with a fixed list of tasks: one a line, or YAML or JSON.",
        rich_help_panel=CONDUCT,
    ),
]
Critic = Annotated[
    str | None,
    typer.Option(
        "--critic",
        metavar="NAME",
        help="What judges: environment (the goal's check, else the model), model, human, none, or your own "
        "as module:Class.",
        rich_help_panel=CONDUCT,
    ),
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
        help="An ablation: library, critic, environment-feedback or execution-errors; repeatable.",
        rich_help_panel=CONDUCT,
    ),
]
Attempts = Annotated[
    int | None,
    typer.Option("--attempts", metavar="N", help="The most attempts at each task.", rich_help_panel=CONDUCT),
]
Sandbox = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        help="Where programs run: auto, process, docker, unsafe (no isolation), or your own as module:Class.",
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
        help="Ask you before a call: never, always, writes (a tool that may change something), or a tool's "
        "name; repeatable.",
        rich_help_panel=TOOLS,
    ),
]
Approvals = Annotated[
    str | None,
    typer.Option(
        "--approvals",
        metavar="HOW",
        help="Where a call's approval is waited for: ask at this terminal, wait for an answer from anywhere "
        "(`runs approve`), or set-aside its task and go on with others.",
        rich_help_panel=TOOLS,
    ),
]
ApprovalExpires = Annotated[
    float | None,
    typer.Option(
        "--approval-expires",
        metavar="MINUTES",
        help="How long an answer is waited for.",
        rich_help_panel=TOOLS,
    ),
]
ApprovalExpired = Annotated[
    str | None,
    typer.Option(
        "--approval-expired",
        metavar="RULE",
        help="What happens then: deny the call, skip its task, or stop the run.",
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
Otel = Annotated[
    str | None,
    typer.Option(
        "--otel",
        metavar="[URL]",
        help="Send spans and metrics to the OpenTelemetry collector at URL; without one, to that of the "
        "OTEL_ variables or of this machine (docs/opentelemetry.md).",
        rich_help_panel=OUTPUT,
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Print lines instead of the dashboard.", rich_help_panel=OUTPUT)
]
Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON document to standard output.", rich_help_panel=OUTPUT)
]
