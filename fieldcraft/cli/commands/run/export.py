"""`fieldcraft runs export`: the spans and metrics of a run for OpenTelemetry, from its journal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import typer

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.telemetry.exporting import Exported

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name, its folder, or `latest`.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write OTLP in JSON, line by line, to this file.")
]


def export(
    run: RunName = "latest",
    otel: o.Otel = None,
    out: Out = None,
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Send the spans and metrics of a run to an OpenTelemetry collector, or write them to a file."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.flags import given

    if out is not None and otel is not None:
        raise UsageProblem("--otel sends the spans and --out writes them; give one of the two")
    settings = load_settings(given(runs=runs, otel=otel))
    folder = find_run(Path(settings.runs), run)
    exported, place = _write(folder, out) if out is not None else _send(folder, settings.otel)
    _tell(folder.name, exported, place, as_json=as_json)
    return 0


def _send(folder: Path, otel: str | bool) -> tuple[Exported, str]:
    from fieldcraft.agent.telemetry.destination import destination_of

    destination = destination_of(otel)
    if destination is None:
        raise UsageProblem(
            "where to? --otel URL names an OpenTelemetry collector, --out FILE a file; the variable "
            "OTEL_EXPORTER_OTLP_ENDPOINT or `otel` in fieldcraft.toml does it for every run"
        )
    from fieldcraft.agent.telemetry.exporting import export_to

    return export_to(folder, destination), destination.shown


def _write(folder: Path, out: Path) -> tuple[Exported, str]:
    """Write into a new file that takes the place of `out` at the end."""
    from fieldcraft.agent.telemetry.destination import check_installed, wants_content

    check_installed()
    from fieldcraft.agent.telemetry.exporting import export_into

    made = out.with_name(f".{token_hex(8)}.part")
    try:
        with made.open("x", encoding="utf-8") as file:
            exported = export_into(folder, file.write, content=wants_content())
        made.replace(out)
    except OSError as error:
        raise CommandFailed(
            f"{out} cannot be written ({error.strerror}); name another place with --out"
        ) from error
    finally:
        made.unlink(missing_ok=True)
    return exported, str(out)


def _tell(run: str, exported: Exported, place: str, *, as_json: bool) -> None:
    from fieldcraft.cli.views.console import console, counted, print_json, say

    if as_json:
        totals = asdict(exported) | {"totals": exported.totals.model_dump()}
        print_json({"run": run, "to": place, **totals})
        return
    words = f"{counted(exported.spans, 'span')} of {counted(exported.events, 'event')}"
    console().print(say(f"{run}: {words} to {place}"), soft_wrap=True)
