"""`fieldcraft explore` and `fieldcraft solve`: start or resume a run."""

from __future__ import annotations

from typing import Annotated

import typer

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.starting import Look, begin, go_on

EXPLORE_EXAMPLES = """
Examples:

  fieldcraft explore                              the grid world, no key, no server

  fieldcraft explore --seed 3 --iterations 60     another world, a smaller budget

  fieldcraft explore --resume latest              resume the latest run

  fieldcraft explore --resume latest --model openai:gpt-5-mini --sandbox docker --approve writes

  fieldcraft explore --iterations 3000 --patience 300   stop once 300 iterations brought nothing new

  fieldcraft explore --model openai:gpt-5-mini --money 2

  fieldcraft explore --model openai:qwen3 --base-url http://localhost:8000/v1

  fieldcraft explore --role-model actor=anthropic:claude-sonnet-4-5

  fieldcraft explore --curriculum human --critic human

  fieldcraft explore --method react               a baseline method (docs/studies.md)

  fieldcraft explore --without library            an ablation; more specific flags override it

  fieldcraft explore --tools calculator --tools critic=search --corpus notes/ --approve writes

  fieldcraft explore --otel http://localhost:4318   send spans to an OpenTelemetry collector

Every flag can also be set in fieldcraft.toml or as a FIELDCRAFT_* variable.
"""
SOLVE_EXAMPLES = """
Examples:

  fieldcraft solve "craft an iron pickaxe" --library library --seed 8

  fieldcraft solve "craft a furnace" --json --no-keep

The exit code is 0 if the task was done, else 1.
"""


def explore(
    env: o.Env = None,
    option: o.Option = None,
    seed: o.Seed = None,
    world_process: o.WorldProcess = None,
    aim: o.Aim = None,
    picture: o.Picture = None,
    model: o.Model = None,
    role_model: o.RoleModel = None,
    base_url: o.BaseUrl = None,
    prompts: o.Prompts = None,
    keep_prompts: o.KeepPrompts = None,
    see: o.See = None,
    iterations: o.Iterations = None,
    tokens: o.Tokens = None,
    money: o.Money = None,
    minutes: o.Minutes = None,
    patience: o.Patience = None,
    episodes: o.Episodes = None,
    elsewhere: o.Elsewhere = None,
    library: o.Library = None,
    library_owner: o.LibraryOwner = None,
    keep: o.Keep = None,
    runs: o.Runs = None,
    name: o.Name = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Resume this run; `latest` names the latest one.",
            rich_help_panel=o.KEEPING,
        ),
    ] = None,
    trust_run: o.TrustRun = False,
    take: o.Take = None,
    method: o.Method = None,
    without: o.Without = None,
    curriculum: o.Curriculum = None,
    tasks: o.Tasks = None,
    critic: o.Critic = None,
    actor: o.Actor = None,
    retriever: o.Retriever = None,
    embeddings: o.Embeddings = None,
    attempts: o.Attempts = None,
    sandbox: o.Sandbox = None,
    limit: o.Limit = None,
    tools: o.Tools = None,
    corpus: o.Corpus = None,
    approve: o.Approve = None,
    approvals: o.Approvals = None,
    approval_expires: o.ApprovalExpires = None,
    approval_expired: o.ApprovalExpired = None,
    listener: o.ListenerNames = None,
    otel: o.Otel = None,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Let an agent explore an environment: it sets itself tasks, writes programs, keeps those that work.

    Ctrl-C stops at the next event, a second Ctrl-C at once; either way the run can be resumed.
    """
    flags = {
        **f.method(method, without),
        **f.world(env, option, seed, world_process, aim, elsewhere),
        **f.models(model, role_model, base_url, prompts, keep_prompts, see),
        **f.budget(iterations, tokens, money, minutes, patience, episodes),
        **f.keeping(library, library_owner, keep, runs),
        **f.curriculum(curriculum, tasks),
        **f.conduct(
            critic, attempts, sandbox, limit, actor=actor, retriever=retriever, embeddings=embeddings
        ),
        **f.tools(tools, corpus, approve, how=approvals, expires=approval_expires, expired=approval_expired),
        **f.given(listeners=tuple(listener) if listener else None, otel=otel),
    }
    look = Look(plain=plain, as_json=as_json, picture=picture)
    if resume is not None:
        return go_on(resume, flags, name, look, trusted=trust_run, take=take or ())
    if trust_run:
        raise UsageProblem("--trust-run is for --resume RUN only; a new run needs no trust")
    if take:
        raise UsageProblem("--take is for --resume RUN only; a new run has all settings as they are here")
    return begin(flags, name, look)


def solve(
    task: Annotated[str, typer.Argument(help='The task in words, such as "craft an iron pickaxe".')],
    env: o.Env = None,
    option: o.Option = None,
    seed: o.Seed = None,
    world_process: o.WorldProcess = None,
    picture: o.Picture = None,
    model: o.Model = None,
    role_model: o.RoleModel = None,
    base_url: o.BaseUrl = None,
    prompts: o.Prompts = None,
    keep_prompts: o.KeepPrompts = None,
    see: o.See = None,
    iterations: o.Iterations = None,
    tokens: o.Tokens = None,
    money: o.Money = None,
    minutes: o.Minutes = None,
    library: o.Library = None,
    library_owner: o.LibraryOwner = None,
    keep: o.Keep = None,
    runs: o.Runs = None,
    name: o.Name = None,
    critic: o.Critic = None,
    actor: o.Actor = None,
    retriever: o.Retriever = None,
    embeddings: o.Embeddings = None,
    attempts: o.Attempts = None,
    sandbox: o.Sandbox = None,
    limit: o.Limit = None,
    tools: o.Tools = None,
    corpus: o.Corpus = None,
    approve: o.Approve = None,
    approvals: o.Approvals = None,
    approval_expires: o.ApprovalExpires = None,
    approval_expired: o.ApprovalExpired = None,
    listener: o.ListenerNames = None,
    otel: o.Otel = None,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Do one task: break it into steps, do them, and replan after a failure."""
    if not task.strip():
        raise UsageProblem('the task is empty; say what to do, such as "craft an iron pickaxe"')
    flags = {
        **f.world(env, option, seed, world_process),
        **f.models(model, role_model, base_url, prompts, keep_prompts, see),
        **f.budget(iterations, tokens, money, minutes),
        **f.keeping(library, library_owner, keep, runs),
        **f.conduct(
            critic, attempts, sandbox, limit, actor=actor, retriever=retriever, embeddings=embeddings
        ),
        **f.tools(tools, corpus, approve, how=approvals, expires=approval_expires, expired=approval_expired),
        **f.given(listeners=tuple(listener) if listener else None, otel=otel),
    }
    return begin(flags, name, Look(plain=plain, as_json=as_json, picture=picture), solving=task)
