"""`fieldcraft tools add`: try a tool or a source of tools, then write it into `fieldcraft.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options.flags import pairs
from fieldcraft.common.files import Folder, read_file
from fieldcraft.common.text import valid_text, visible_line

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

EXAMPLES = """
Examples:

  fieldcraft tools add calculator                              a tool that is built in or announced

  fieldcraft tools add my_tools:word_count                     a function in my_tools.py

  fieldcraft tools add .mcp.json                               every server in another client's file

  fieldcraft tools add files -- npx -y @modelcontextprotocol/server-filesystem .

  fieldcraft tools add http://localhost:8000/mcp --name wiki --header 'Authorization=Bearer ${WIKI_TOKEN}'

  fieldcraft tools add http://localhost:8000/sse --name old --start-timeout 60 --without 'delete_*'

  fieldcraft tools add shop.yaml --server http://localhost:8080 --credential 'key=${SHOP_KEY}'

${NAME} stands for an environment variable and is written as it is, so no secret lands in the file.
"""

What = Annotated[
    str,
    typer.Argument(
        metavar="WHAT",
        help="A tool's name, module:function, an mcpServers file, an OpenAPI document, a URL, "
        "or the name of an MCP server whose command follows after --.",
    ),
]
Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- COMMAND ARGS...]", help="The command that starts the MCP server."),
]
Name = Annotated[
    str | None, typer.Option("--name", help="The name of the source; made from what is added if omitted.")
]
Prefix = Annotated[str | None, typer.Option("--prefix", help="A prefix for the names of its tools.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="PATTERN", help="A tool of the source to use, instead of all; repeatable."
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PATTERN", help="A tool of the source to leave out; repeatable."),
]
Type = Annotated[
    str | None,
    typer.Option(
        "--type", metavar="http|sse", help="The protocol of an MCP server's URL; found out if omitted."
    ),
]
StartTimeout = Annotated[
    float | None,
    typer.Option("--start-timeout", metavar="SECONDS", help="How long an MCP server may take to start."),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env", metavar="NAME=VALUE", help="An environment variable for an MCP server; repeatable."
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME=VALUE", help="An HTTP header of each request; repeatable."),
]
Server = Annotated[
    list[str] | None,
    typer.Option(
        "--server", metavar="URL", help="A server URL at which a web API may be called; repeatable."
    ),
]
Credential = Annotated[
    list[str] | None,
    typer.Option("--credential", metavar="SCHEME=VALUE", help="A credential for a web API; repeatable."),
]
Untried = Annotated[bool, typer.Option("--untried", help="Write it into the file without trying it.")]

_REFUSED_AS_OLDER = re.compile(r" answered 40[045] ")
"""How a server is said to refuse the newer protocol over HTTP, which one of the older (SSE) does."""

_MOST_LISTED = 40
"""Names of tools that are listed."""

_FITTING = re.compile(r"[\w-]+")
"""Allowed names of sources in the headings of `fieldcraft.toml`."""


def add(
    what: What,
    command: Command = None,
    name: Name = None,
    prefix: Prefix = None,
    only: Only = None,
    without: Without = None,
    type_: Type = None,
    start_timeout: StartTimeout = None,
    env: Env = None,
    header: Header = None,
    server: Server = None,
    credential: Credential = None,
    untried: Untried = False,
    as_json: o.Json = False,
) -> int:
    """Try a tool or a source of tools, and write it into fieldcraft.toml for every run in this folder."""
    from fieldcraft.cli.options.config import FILE
    from fieldcraft.cli.views.console import console, print_json, say

    common: dict[str, Any] = {"prefix": prefix, "only": only, "without": without}
    of_server: dict[str, Any] = {"type": type_, "start_timeout": start_timeout}
    headers = pairs("--header", header, parse_json=False)
    variables = pairs("--env", env, parse_json=False)
    credentials = pairs("--credential", credential, parse_json=False)
    place, entry = _entry(what, command or [], name, untried)
    if place[0] == "mcp":
        entry |= {"env": variables, "headers": headers, **of_server, **common}
    elif any(value is not None for value in of_server.values()):
        raise UsageProblem("--type and --start-timeout are for MCP servers")
    elif place[0] == "openapi":
        entry |= {"servers": server, "headers": headers, "credentials": credentials, **common}
    elif any((*common.values(), env, header, server, credential, name)):
        raise UsageProblem(f"{what} takes none of these flags: they are for servers and documents")
    if len(place) > 1 and not _FITTING.fullmatch(place[1]):
        raise UsageProblem(f"{place[1]!r} cannot name a source; use letters, digits, _ and - only")
    entry = {key: value for key, value in entry.items() if value}
    found, remarks = ([], []) if untried else _found(place, entry, what)
    where = _write(place, entry, what)
    if as_json:
        print_json({"written": where, "tools": found, "remarks": remarks})
    else:
        console().print(say(f"wrote {where} into {FILE}", "good"))
        if found:
            console().print(say(f"{len(found)} tool{'s' * (len(found) != 1)}: {_listed(found)}"))
        for remark in remarks:
            console().print(say(remark, "quiet"), soft_wrap=True)
    return 0


def _entry(
    what: str, command: list[str], name: str | None, untried: bool
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The place of the new entry in the settings, and its value."""
    from fieldcraft.tools.calls.naming import identifier
    from fieldcraft.tools.loading import is_source

    if command:
        return ("mcp", name or what), {"command": command[0], "args": command[1:]}
    if not is_source(what):
        return ("tools",), {}
    is_document = what.lower().endswith((".json", ".yaml", ".yml"))
    stem = urlsplit(what).hostname or "" if "://" in what else Path(what).stem
    made = name or identifier(stem) or "api"
    if "://" in what and not is_document:
        return ("mcp", made), {"url": what}
    if "://" not in what and not (untried or Path(what).exists()):
        raise UsageProblem(f"{what} cannot be read: there is no such file")
    if what.lower().endswith(".json") and "://" not in what:
        from fieldcraft.tools.sources.mcp.config import is_mcp_configuration, read_configuration

        if is_mcp_configuration(read_configuration(Path(what))):
            return ("tools",), {}
    return ("openapi", made), {"document": what}


def _found(place: tuple[str, ...], entry: dict[str, Any], what: str) -> tuple[list[str], list[str]]:
    """What the new entry provides, as `_tried`; a server of the older HTTP protocol gets its type.

    Raises:
        UsageProblem, CommandFailed: as `_tried`.
    """
    if place[0] != "mcp" or "url" not in entry or "type" in entry:
        return _tried(place, entry, what)
    try:
        return _tried(place, {**entry, "type": "http"}, what)
    except CommandFailed as failed:
        if not _REFUSED_AS_OLDER.search(str(failed)):
            raise
        try:
            found = _tried(place, {**entry, "type": "sse"}, what)
        except CommandFailed:
            raise failed from None
        entry["type"] = "sse"
        return found


def _tried(place: tuple[str, ...], entry: Mapping[str, Any], what: str) -> tuple[list[str], list[str]]:
    """The names of the tools that the new entry provides, and what is to be said of them.

    Raises:
        UsageProblem: its settings are invalid, or a module has no such name.
        CommandFailed: it is not available; the message gives the reason.
    """
    from pydantic import ValidationError

    from fieldcraft.agent.tooling.offering.fit_report import cost_of_all, fits_of
    from fieldcraft.tools import load_tools
    from fieldcraft.tools.calls.arguments import complaints
    from fieldcraft.tools.search import ToolSearch
    from fieldcraft.tools.sources.settings import ToolSources

    try:
        sources = ToolSources.model_validate({place[0]: {place[1]: entry}} if len(place) > 1 else {})
    except ValidationError as error:
        raise UsageProblem(f"{what}: {complaints(error)}") from error
    if place == ("tools",) and ":" in what:
        _require_name(what)
    with load_tools([what] if place == ("tools",) else [], sources) as registry:
        if not registry.names():
            problems = "; ".join(problem.message for problem in registry.problems) or "it has no tools"
            raise CommandFailed(f"{what} was not added: {problems}; --untried adds it without a try")
        registry.specs()
        fits = fits_of(registry)
        misfits = [f"made to fit: {remark}" for fit in fits.values() for remark in fit.remarks()]
        return list(registry.names()), [*misfits, cost_of_all(fits, ToolSearch())]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more


def _require_name(target: str) -> None:
    """Refuse a `module:name` whose module has no such name; loading reports other faults."""
    from fieldcraft.tools import BrokenTool
    from fieldcraft.tools.announced import imported
    from fieldcraft.tools.errors import NoSuchName

    try:
        imported(target)
    except NoSuchName as error:
        raise UsageProblem(f"{target} was not added: {error}") from error
    except BrokenTool:
        return


def _write(place: tuple[str, ...], entry: Mapping[str, Any], what: str) -> str:
    """Add the entry to the file, keeping its comments and order; returns what was written."""
    import tomlkit

    from fieldcraft.cli.options.config import FILE

    document = _document()
    if place == ("tools",):
        listed = document.setdefault("tools", tomlkit.array())
        if what in listed:
            raise UsageProblem(f"{FILE} has {what} already")
        listed.append(what)
        _save(document)
        return f"tools = [..., {what!r}]"
    kind, name = place
    table = document.setdefault(kind, tomlkit.table(is_super_table=True))
    if name in table:
        raise UsageProblem(f"{FILE} has [{kind}.{name}] already; --name gives another name")
    made = tomlkit.table()
    for key, value in entry.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            made[key] = inline
        else:
            made[key] = value
    table[name] = made
    _save(document)
    return f"[{kind}.{name}]"


def _document() -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from fieldcraft.cli.options.config import FILE, FILE_LIMITS

    try:
        if not FILE.exists():
            return tomlkit.document()
        return tomlkit.parse(read_file(FILE, limit=FILE_LIMITS.size).decode("utf-8"))
    except (TOMLKitError, RecursionError) as error:
        raise UsageProblem(f"{FILE} is not valid TOML: {visible_line(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{FILE} cannot be read: {error}") from error


def _save(document: TOMLDocument) -> None:
    import tomlkit

    from fieldcraft.cli.options.config import FILE

    try:
        with Folder.open(FILE.parent) as here:
            here.write(FILE.name, valid_text(tomlkit.dumps(document)).encode())
    except OSError as error:
        raise CommandFailed(f"{FILE} cannot be written: {error.strerror}") from error
