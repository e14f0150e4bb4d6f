"""Where one tool is wanted, only the source that has it is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldcraft.tools import ToolRegistry, UnknownTool, load_tools
from fieldcraft.tools.sources.remembering import RememberedTools
from fieldcraft.tools.sources.settings import OpenApiDocument, ToolSources

Seek = Callable[..., ToolRegistry]


@pytest.fixture
def sources(tmp_path: Path) -> ToolSources:
    """Three web APIs of one operation each; the third has a broken document."""
    for name in ("cats", "dogs"):
        operation = {
            "operationId": f"list_{name}",
            "summary": "List.",
            "responses": {"200": {"description": ""}},
        }
        document = {
            "openapi": "3.1.0",
            "info": {"title": name, "version": "1"},
            "servers": [{"url": "http://127.0.0.1:9"}],
            "paths": {f"/{name}": {"get": operation}},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "birds.json").write_text("{")
    documents = {
        name: OpenApiDocument(document=str(tmp_path / f"{name}.json"), servers=("http://127.0.0.1:9",))
        for name in ("cats", "dogs", "birds")
    }
    return ToolSources(openapi=documents)


def test_a_built_in_tool_and_a_function_open_no_source(sources: ToolSources) -> None:
    with load_tools(["calculator"], sources, sought="calculator") as registry:
        assert (registry.names(), registry.problems) == (("calculator",), [])
    with load_tools(["math:sqrt"], sources, sought="math:sqrt") as registry:
        assert (registry.names(), registry.problems) == (("sqrt",), [])


def test_a_source_that_had_the_tool_is_opened_alone_the_next_time(sources: ToolSources) -> None:
    with load_tools([], sources, sought="list_dogs") as registry:
        assert registry.names() == ("list_cats", "list_dogs")
        assert [problem.name for problem in registry.problems] == ["openapi.birds"]
    with load_tools([], sources, sought="list_dogs") as registry:
        assert (registry.names(), registry.problems) == (("list_dogs",), [])


def test_a_tool_that_moved_is_found_among_the_others(sources: ToolSources, tmp_path: Path) -> None:
    with load_tools([], sources):
        pass
    cats, dogs = tmp_path / "cats.json", tmp_path / "dogs.json"
    moved, stayed = cats.read_text(), dogs.read_text()
    cats.write_text(stayed)
    dogs.write_text(moved)

    with load_tools([], sources, sought="list_dogs") as registry:
        assert registry.origin("list_dogs") == "openapi.cats"


def test_a_tool_that_nothing_has_is_looked_for_everywhere(sources: ToolSources) -> None:
    registry = load_tools(["calculator"], sources, sought="list_dog")

    with registry, pytest.raises(UnknownTool, match="did you mean 'list_dogs'"):
        registry.get("list_dog")


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {"b": {"c": {"d": 1}}}}'])
def test_a_file_of_names_that_is_none_costs_nothing(
    content: str, sources: ToolSources, own_cache: Path
) -> None:
    (own_cache / "tool-names.json").write_text(content)

    with load_tools([], sources, sought="list_cats") as registry:
        assert "list_cats" in registry
    assert RememberedTools().had("openapi.cats", sources.openapi["cats"], "list_cats")
    assert not RememberedTools().had("openapi.cats", sources.openapi["cats"], "list_dogs")
