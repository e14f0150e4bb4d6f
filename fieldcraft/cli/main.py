"""The `fieldcraft` command."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from fieldcraft.cli.commands import (
    bench,
    doctor,
    envs,
    explore,
    facts,
    models,
    prompts,
    replay,
    runs,
    serve,
    skills,
    study,
    toolformer,
    tools,
    tools_add,
)
from fieldcraft.cli.errors import STOPPED, explain
from fieldcraft.cli.options.optional_value import WithOtel
from fieldcraft.common.error_output import guard_error_output
from fieldcraft.common.invalid import plain

EXAMPLES = """
Examples:

  fieldcraft explore                       watch an agent start from nothing

  fieldcraft explore --resume latest       resume it

  fieldcraft skills list                   what it learned

  fieldcraft replay --seed 8               does that work in another world?

  fieldcraft solve "craft an iron pickaxe" --seed 8

  fieldcraft study items --seeds 3         which part of the agent is worth what?

  fieldcraft bench list                    benchmarks of the field, beside what others published

  fieldcraft tools call calculator 400/1400

  fieldcraft models check openai:gpt-5-mini     can it do what a run asks of it?

  fieldcraft serve                         all runs, live, in a browser of this machine

  fieldcraft doctor                        what this machine can do

Flags override FIELDCRAFT_* environment variables, which override fieldcraft.toml.
"""


_CHOICE = re.compile(r"'(?P<given>[^']{0,200})' is not one of (?P<known>'.*')")


class _Front(TyperGroup):
    """Passes Ctrl-C on to `main`; Typer itself would exit without a message."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Abort from error


app = typer.Typer(
    cls=_Front,
    help="Agents that explore an environment, set themselves tasks, write programs and keep those that work.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=WithOtel, epilog=explore.EXPLORE_EXAMPLES)(explore.explore)
app.command(cls=WithOtel, epilog=explore.SOLVE_EXAMPLES)(explore.solve)
app.command(epilog=replay.EXAMPLES)(replay.replay)
app.command(epilog=study.EXAMPLES)(study.study)
app.command(epilog=bench.EXAMPLES)(bench.bench)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.add_typer(skills.app, name="skills")
tools.app.command(epilog=tools_add.EXAMPLES)(tools_add.add)
app.add_typer(tools.app, name="tools")
app.add_typer(envs.app, name="envs")
app.add_typer(runs.app, name="runs")
app.add_typer(facts.app, name="facts")
app.add_typer(models.app, name="models")
app.add_typer(prompts.app, name="prompts")
app.add_typer(toolformer.app, name="toolformer")
app.command(epilog=doctor.EXAMPLES)(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        from fieldcraft import __version__

        sys.stdout.write(f"fieldcraft {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help="Show log messages; give it twice for debug messages."
        ),
    ] = 0,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up the log."""
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logging.basicConfig(level=levels[min(verbose, 2)], handlers=[_Log()], force=True)
    logging.getLogger("fieldcraft.progress").setLevel(logging.INFO)
    _check_variables()


def _check_variables() -> None:
    """Leave out what LangChain's import of OpenTelemetry would end at, and say so."""
    if any(name.startswith("OTEL_") and name.endswith("_LIMIT") for name in os.environ):
        from fieldcraft.agent.telemetry.variables import drop_broken_limits

        for line in drop_broken_limits(os.environ):
            logging.getLogger("fieldcraft.telemetry").warning("%s", line)


class _Log(logging.Handler):
    """Prints log messages as dim lines on standard error, without control characters and secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        from fieldcraft.cli.views.console import console, say

        try:
            message = record.getMessage()
        except Exception:
            message = f"{record.msg!s} {record.args!r}"
        style = "warn" if record.levelno >= logging.WARNING else "quiet"
        asked = logging.getLogger().isEnabledFor(logging.INFO)
        source = "" if record.name.startswith("fieldcraft.") and not asked else f"{record.name}: "
        console(stderr=True).print(say(f"{source}{message}", style), soft_wrap=True)
        if record.exc_info and asked:
            console(stderr=True).print(say(logging.Formatter().formatException(record.exc_info), "quiet"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 is success, 1 a failure, 2 wrong usage, 130 a run that was stopped. Unexpected
    errors pass through with their traceback.
    """
    guard_error_output()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        result: Any = app(arguments, prog_name="fieldcraft", standalone_mode=False)
    except TyperException as error:
        message, code = _usage(error), getattr(error, "exit_code", 2)
    except (typer.Abort, KeyboardInterrupt):
        message, code = "stopped", STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        message, code = failure.message, failure.exit_code
    else:
        return result if isinstance(result, int) else 0
    if message:
        _print_error(message)
    return int(code)


def _usage(error: TyperException) -> str:
    """The message for a wrong flag or argument, with the command whose help explains it.

    Empty if no command was given, since the help is shown instead.
    """
    from fieldcraft.common.suggest import nearest

    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if not message:
        return ""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "fieldcraft"
    asked = plain(message).rstrip(".")
    if choice := _CHOICE.search(asked):
        asked += nearest(choice["given"], re.findall(r"'([^']*)'", choice["known"]))
    return f"{asked}{'' if asked.endswith('?') else '.'} See `{path} --help`."


def _print_error(message: str) -> None:
    from fieldcraft.cli.options.naming import as_typed
    from fieldcraft.cli.views.console import console, one_line, say

    screen = console(stderr=True)
    screen.print(say(f"error: {one_line(as_typed(message), 2000)}", "bad"), soft_wrap=not screen.is_terminal)
