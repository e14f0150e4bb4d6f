"""Lists the public Python names; mkdocstrings writes each entry from the docstrings in the code."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

ROOMS = ("agent", "envs", "skills", "tools", "study")


def pages() -> dict[str, str]:
    """Each page of the reference by its path, in Markdown."""
    found = {f"api/{room}.md": _page(f"fieldcraft.{room}") for room in ROOMS}
    return {"api/fieldcraft.md": _front(), **found}


def documented() -> dict[str, str]:
    """The public names of `fieldcraft` and of its rooms, and where each is defined."""
    homes = {}
    for module in ("fieldcraft", *(f"fieldcraft.{room}" for room in ROOMS)):
        homes |= {f"{module}.{name}": home for name, home in _homes(module)}
    return homes


def _homes(module: str) -> Iterator[tuple[str, str]]:
    """Each public class and function of a module, and the path of its definition."""
    loaded = importlib.import_module(module)
    for name in sorted(loaded.__all__, key=str.lower):
        value = getattr(loaded, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield name, f"{value.__module__}.{value.__qualname__}"


def _page(module: str) -> str:
    """A room's page: what the room is for, and each of its public names."""
    about = inspect.getdoc(importlib.import_module(module)) or ""
    return "\n\n".join([f"# `{module}`", about, *(_entry(*home) for home in _homes(module))]) + "\n"


def _front() -> str:
    """The page of `fieldcraft`: its names with one line each, in full only where no room has them."""
    entries = {home for room in ROOMS for _, home in _homes(f"fieldcraft.{room}")}
    homes = dict(_homes("fieldcraft"))
    rows = [f"| [`{name}`][{home}] | {_first_line(name)} |" for name, home in homes.items()]
    own = [_entry(name, home) for name, home in homes.items() if home not in entries]
    about = "What `from fieldcraft import ...` offers. Each name is explained on the page of its room."
    table = "\n".join(["| name | is |", "| --- | --- |", *rows])
    return "\n\n".join(["# `fieldcraft`", about, table, *own]) + "\n"


def _first_line(name: str) -> str:
    value = getattr(importlib.import_module("fieldcraft"), name)
    return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _entry(name: str, home: str) -> str:
    return f'::: {home}\n    options:\n      heading: "{name}"\n      toc_label: "{name}"'
