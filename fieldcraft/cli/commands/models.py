"""`fieldcraft models ...`: try a model before a run relies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import FAILURE, UsageProblem
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.models.checking import ModelReport
    from fieldcraft.agent.models.client import ModelClient
    from fieldcraft.cli.options.config import Settings

EXAMPLES = """
Examples:

  fieldcraft models check openai:gpt-5-mini

  fieldcraft models check ollama:qwen3 --role actor        may it write the programs?

  fieldcraft models check openai:mine --base-url http://localhost:8000/v1     a server of your own

  fieldcraft models check                                  the model of fieldcraft.toml

  fieldcraft models check anthropic:claude-sonnet-4-5 --picture --json

It costs about as much as one iteration of a run.
"""

app = typer.Typer(help="Try a model before a run relies on it.", epilog=EXAMPLES, no_args_is_help=True)

Named = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="provider:model, module:Class, scripted:FILE or offline; if omitted, the one of the settings.",
        show_default=False,
    ),
]
Role = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="Only this role matters: curriculum, answerer, actor, critic, describer or tools.",
        rich_help_panel=o.MODELS,
    ),
]
Eyes = Annotated[
    bool,
    typer.Option(
        "--picture",
        help="Show it a picture even if its provider does not say that it takes pictures.",
        rich_help_panel=o.MODELS,
    ),
]


@app.callback()
def models() -> None:
    """Keep `check` a command of its own."""


@app.command(epilog=EXAMPLES)
def check(
    name: Named = None,
    role: Role = None,
    base_url: o.BaseUrl = None,
    picture: Eyes = False,
    as_json: o.Json = False,
) -> int:
    """Ask a model one question of each kind that a run asks: say what works, what it costs and its window.

    The exit code is 0 if everything that a run needs of a model works, or with --role, that this role needs.
    """
    from fieldcraft.agent.journal.recorded_log import silenced
    from fieldcraft.agent.models.checking import NEEDS, check_model
    from fieldcraft.cli.views.console import console, print_json
    from fieldcraft.cli.views.waits import ShownWaits
    from fieldcraft.common.suggest import nearest

    if role is not None and role not in NEEDS:
        raise UsageProblem(
            f"--role {role}: no such role{nearest(role, NEEDS) or '.'} Roles: {', '.join(NEEDS)}"
        )
    settings, client = _client(name, role, base_url)
    client.attend(ShownWaits())
    waiting = console(stderr=True)
    with silenced(), waiting.status(f"asking {client.name}") as status:
        report = check_model(
            client, picture=picture, asking=lambda kind: status.update(f"asking {client.name}: {kind}")
        )
    if report.window is not None:
        report.too_small = _without_room(settings, client)
    roles = {each: report.serves(each) for each in NEEDS}
    wanted = [role] if role else list(NEEDS)
    if as_json:
        print_json({**report.model_dump(mode="json"), "usage": report.usage.model_dump(), "roles": roles})
    else:
        _print(report, roles)
    return 0 if all(roles[each] for each in wanted) else FAILURE


def _without_room(settings: Settings, client: ModelClient) -> dict[str, str]:
    """The roles whose shortest prompts are too long, in the world of the settings where it can be made."""
    from fieldcraft.agent.roles.least_prompts import roles_without_room
    from fieldcraft.common.errors import FieldcraftError
    from fieldcraft.envs.apart import make_world

    try:
        environment = make_world(settings.environment, apart=settings.world_process)
    except FieldcraftError:
        return roles_without_room(settings, client, None)
    try:
        return roles_without_room(settings, client, environment)
    finally:
        environment.close()


def _client(name: str | None, role: str | None, base_url: str | None) -> tuple[Settings, ModelClient]:
    from fieldcraft.agent.models.client import ModelClient
    from fieldcraft.agent.models.settings import ModelSettings
    from fieldcraft.agent.settings import ROLES
    from fieldcraft.cli.options.config import load_settings

    settings = load_settings(f.given(model=name, model_options=f.given(base_url=base_url)))
    of_run: dict[str, Any] = {
        "tools": settings.all_tools(),
        "sources": settings.tool_sources,
        "corpus": settings.corpus,
    }
    options = ModelSettings.model_validate({**of_run, **settings.model_options})
    chosen = name or (settings.model_for(role) if role else settings.model)
    client = ModelClient(chosen, options)
    client.check_roles(ROLES)
    return settings, client


def _print(report: ModelReport, roles: dict[str, bool]) -> None:
    from fieldcraft.cli.views.console import console, say, table
    from fieldcraft.cli.views.lines import BAD, GOOD

    marks = {True: (GOOD, "good"), False: (BAD, "bad"), None: ("-", "quiet")}
    shown = table("", "question", "what came", "#tokens", "#seconds", title=report.name, whole=2)
    for question in report.questions:
        usage = question.usage
        tokens = f"{usage.input_tokens:,} + {usage.output_tokens:,}" if question.works is not None else ""
        seconds = f"{question.seconds:.1f}" if question.works is not None else ""
        shown.add_row(
            say(*marks[question.works]),
            say(question.kind, "name"),
            say(question.detail),
            say(tokens, "quiet"),
            say(seconds, "quiet"),
        )
    screen = console()
    screen.print(shown)
    for line in _facts(report):
        screen.print(say(line, "quiet"))
    for problem in report.too_small.values():
        screen.print(say(problem, "warn"))
    able = [role for role, serves in roles.items() if serves]
    calls_failed = any(each.kind == "tool call" and each.works is False for each in report.questions)
    if len(able) == len(roles) and calls_failed:
        screen.print(say("it can serve in every role, but not with --tools: its tool call failed", "warn"))
    elif len(able) == len(roles):
        screen.print(say("it can serve in every role", "good"))
    else:
        words = f"as: {', '.join(able)}" if able else "in no role"
        screen.print(say(f"it can serve {words}", "warn" if able else "bad"))


def _facts(report: ModelReport) -> list[str]:
    from fieldcraft.cli.options.pricing import how_to_price

    usage = report.usage
    window = f"{report.window:,} tokens" if report.window else "unknown; set model_options.context"
    price = f"{usage.money:.6f} USD" if usage.priced else f"price unknown; {how_to_price(report.name)}"
    counted = "estimated, for the provider reported none" if usage.estimated else "as the provider reported"
    tokens = f"{usage.input_tokens:,} tokens in and {usage.output_tokens:,} out, {counted}"
    waited = sum(question.waited for question in report.questions)
    reasoned = any(question.reasoning for question in report.questions)
    return [
        f"window: {window}",
        f"cost: {price}; {tokens}" if report.reported else "cost: nothing was reported",
        "reasoning: set aside, not read as the answer" if reasoned else "reasoning: none was shown",
        *([f"waited: {waited:.0f} s, for its rate limit"] if waited else []),
    ]
