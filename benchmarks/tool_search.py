"""What 1,500 tools of five documents cost a run, and whether the right one is found. Prints JSON.

python benchmarks/tool_search.py            1,500 tools, 60 paraphrases (about a minute)
python benchmarks/tool_search.py --quick    300 tools, and the paraphrases that are about them

An iteration is what the author of programs and the proposer of tasks are sent: the tools that are offered,
and the tools in the author's prompt, beside prompts of the length that a run of the gridworld has. It is
compared with an iteration with five tools of the same documents, which are all shown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from fieldcraft.agent.tooling.offering.shelf import ToolShelf
from fieldcraft.tools import ToolExecutor, ToolPolicy, ToolRegistry, load_tools
from fieldcraft.tools.search import ToolSearch
from fieldcraft.tools.sources.settings import OpenApiDocument, ToolSources

DATA = Path(__file__).parent / "data" / "tool_search.json"
"""Things of five products, and paraphrases of operations with the operation that each is about."""
ADDRESS = "http://127.0.0.1:9"
PROMPTS = 24_000
"""Characters that the two prompts of an iteration are taken to have without any tool."""
VERBS = {
    "list": ("get", "List {things}. Returns one page, the latest first; filter by state or by date."),
    "create": ("post", "Create {a} {thing} with the given fields, and return it with its id."),
    "get": ("get", "Retrieve {a} {thing} by its id, with all of its fields."),
    "update": ("patch", "Update fields of {a} {thing}; those that are left out stay as they are."),
    "delete": ("delete", "Delete {a} {thing} for good."),
    "search": ("get", "Search {things} by text, with operators for single fields."),
    "export": ("post", "Export {things} to a file of CSV or JSON, and return where it can be fetched."),
    "archive": ("post", "Archive {a} {thing}, so that it no longer shows in lists but can be restored."),
    "share": ("post", "Share {a} {thing} with a person or a team, to read or to edit."),
    "history": ("get", "List all changes that were made to {a} {thing}, with their authors."),
}
FIELDS = ("name", "description", "owner_id", "state", "labels", "due_date", "priority", "currency")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="six things of each product instead of thirty")
    asked = parser.parse_args()
    data = json.loads(DATA.read_text())
    things = {product: names[: 6 if asked.quick else 30] for product, names in data["products"].items()}
    with tempfile.TemporaryDirectory() as folder, opened(things, Path(folder)) as registry:
        print(json.dumps(measure(registry, data["paraphrases"]), indent=2))


def opened(things: dict[str, list[str]], folder: Path) -> ToolRegistry:
    """The tools of one document for each product."""
    documents: dict[str, OpenApiDocument] = {}
    for product, names in things.items():
        path = folder / f"{product}.json"
        path.write_text(json.dumps(document(product, names)))
        documents[product] = OpenApiDocument(document=str(path), prefix=f"{product}_", servers=(ADDRESS,))
    return load_tools([], ToolSources(openapi=documents))


def document(product: str, things: list[str]) -> dict[str, Any]:
    """An OpenAPI document with ten operations for each thing."""
    paths: dict[str, Any] = {}
    for thing in things:
        plural = f"{thing}s"
        for verb, (method, words) in VERBS.items():
            article = "an" if thing[0] in "aeiou" else "a"
            shown = {"thing": thing.replace("_", " "), "things": plural.replace("_", " "), "a": article}
            paths.setdefault(f"/{plural}/{verb}/{{id}}", {})[method] = operation(
                f"{verb}_{plural if verb in ('list', 'search', 'export') else thing}",
                words.format(**shown),
                with_body=method in ("post", "patch"),
            )
    info = {"title": product, "version": "1"}
    return {"openapi": "3.1.0", "info": info, "servers": [{"url": ADDRESS}], "paths": paths}


def operation(name: str, words: str, *, with_body: bool) -> dict[str, Any]:
    """One operation of a document."""
    at = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}, "description": "the page, from 1"}
    fields = {field: {"type": "string", "description": f"the {field} to set"} for field in FIELDS}
    content = {"application/json": {"schema": {"type": "object", "properties": fields}}}
    body = {"requestBody": {"content": content}} if with_body else {}
    return {
        "operationId": name,
        "summary": words,
        "parameters": [at, page],
        "responses": {"200": {"description": "ok"}},
        **body,
    }


def measure(registry: ToolRegistry, paraphrases: list[list[str]]) -> dict[str, Any]:
    """Characters of an iteration with all tools and with five, and how often the right tool is found."""
    executor = ToolExecutor(registry, policy=ToolPolicy(calls_per_task=1_000))
    five = list(registry.names())[:: max(1, len(registry) // 5)][:5]
    known = [(words, name) for words, name in paraphrases if name in registry]
    began = time.perf_counter()
    many = shelf(executor, list(registry.names()), programs=False)
    many.offer("warm")
    opening = time.perf_counter() - began
    cost_of_five = characters(executor, five, "")
    costs = [characters(executor, list(registry.names()), words) for words, _ in known[:5]]
    found = [place(many, words, name) for words, name in known]
    executor.close()
    return {
        "tools": len(registry),
        "characters_with_five_tools": cost_of_five,
        "characters_with_all_tools": max(costs),
        "ratio": round(max(costs) / cost_of_five, 3),
        "characters_if_all_were_offered": everything(executor, list(registry.names())),
        "paraphrases": len(known),
        "among_the_first_five": round(sum(0 < at <= 5 for at in found) / len(found), 3),
        "first": round(sum(at == 1 for at in found) / len(found), 3),
        "missed": [f"{words} -> {name}" for at, (words, name) in zip(found, known, strict=True) if not at],
        "seconds_to_index": round(opening, 2),
    }


_INDEXES: dict[tuple[str, ...], Any] = {}


def shelf(executor: ToolExecutor, names: list[str], *, programs: bool) -> ToolShelf:
    """What a role, or the programs, have of these tools with the default settings."""
    return ToolShelf(executor, names, ToolSearch(), programs=programs, indexes=_INDEXES)


def characters(executor: ToolExecutor, names: list[str], about: str) -> int:
    """Of the requests of one iteration: two roles with their offers, and the author's list of tools."""
    offers = len(json.dumps(shelf(executor, names, programs=False).offer(about)))
    return PROMPTS + 2 * offers + len(shelf(executor, names, programs=True).reference(about))


def everything(executor: ToolExecutor, names: list[str]) -> int:
    """Characters of an iteration where every tool was offered."""
    bounds = ToolSearch(tools=10_000, tokens=10**9, offered=10_000)
    role, programs = (
        ToolShelf(executor, names, bounds, programs=each, indexes=_INDEXES) for each in (False, True)
    )
    return PROMPTS + 2 * len(json.dumps(role.offer(""))) + len(programs.reference(""))


def place(tools: ToolShelf, words: str, name: str) -> int:
    """At which place a search finds a tool, from 1; 0 where it does not."""
    found = [each["name"] for each in tools.allowed.call("search_tools", {"query": words})]
    return found.index(name) + 1 if name in found else 0


if __name__ == "__main__":
    main()
