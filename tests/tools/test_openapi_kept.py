"""What was read of a document is kept, used again while nothing changed, and never believed blindly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recording import recording, taking, written

from fieldcraft.tools import ToolExecutor, ToolRegistry
from fieldcraft.tools.sources.openapi import kept
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
PART = {
    "multipart/form-data": {
        "schema": {"type": "object", "properties": {"file": {"format": "binary", "type": "string"}}}
    }
}
SERVERS = [{"url": "http://{host}/v1", "variables": {"host": {"default": "a"}}}]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "own"))
    return tmp_path / "own" / "openapi"


def document(folder: Path, **paths: Any) -> str:
    pet = {"type": "object", "properties": {"mother": {"$ref": "#/components/schemas/Pet"}}}
    get = {
        "get": {"operationId": "get", "security": [{"key": []}], "parameters": [{"name": "q", "in": "query"}]}
    }
    broken = {"get": {"operationId": "broken", "parameters": [{"name": "a", "in": "the air"}]}}
    return written(
        folder,
        {
            "/send": taking(PART, servers=SERVERS),
            "/get": get,
            "/pet": {
                "put": {
                    "operationId": "put",
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
                    },
                }
            },
            "/broken": broken,
            **paths,
        },
        components={
            "schemas": {"Pet": pet},
            "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "k"}},
        },
    )


def seen(registry: ToolRegistry) -> Any:
    """All that a caller sees of a registry's tools."""
    tools = {
        name: (registry.get(name).description, registry.get(name).args_schema) for name in registry.names()
    }
    return tools, sorted((problem.name, problem.message) for problem in registry.problems)


def test_kept_operations_are_those_of_the_document(
    cache: Path, load: Load, execute_all: Callable[..., ToolExecutor], tmp_path: Path
) -> None:
    with recording() as api:
        source = OpenApiDocument(
            document=document(tmp_path),
            servers=(api.url,),
            server_of={"*": api.url},
            credentials={"key": "7"},
        )
        registries = [load(openapi={"a": source}) for _ in range(2)]
        assert len(list(cache.iterdir())) == 1
        for registry in registries:
            executor = execute_all(registry)
            executor.call("get", {"q": "a b"})
            executor.call("send", {"body": {"file": {"text": "x", "name": "a.txt"}}})
            executor.call("put", {"body": {"mother": {}}})

    assert seen(registries[0]) == seen(registries[1])
    first, second = api.sent[:3], api.sent[3:]
    assert (
        [sent.path for sent in first]
        == [sent.path for sent in second]
        == ["/get?q=a%20b&k=7", "/send", "/pet"]
    )
    assert first[1].parts() == second[1].parts() == [("file", "a.txt", "text/plain", b"x")]


def test_a_document_that_is_kept_is_not_read_again(
    cache: Path, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = OpenApiDocument(document=document(tmp_path), servers=("http://a",))
    before = load(openapi={"a": source}).names()

    monkeypatch.delattr(kept, "operations_of")

    assert load(openapi={"a": source}).names() == before


def test_a_changed_document_or_file_of_it_is_read_anew(cache: Path, load: Load, tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(json.dumps({"get": {"operationId": "old"}}))
    source = OpenApiDocument(
        document=document(tmp_path, **{"/part": {"$ref": "part.json"}}), servers=("http://a",)
    )

    assert "old" in load(openapi={"a": source}).names()
    (tmp_path / "part.json").write_text(json.dumps({"get": {"operationId": "new"}}))
    assert "new" in load(openapi={"a": source}).names()
    document(tmp_path, **{"/more": {"get": {"operationId": "more"}}})
    assert "more" in load(openapi={"a": source}).names()


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000, '{"operations": [5]}', "\0"])
def test_a_kept_file_that_is_damaged_is_made_anew(
    content: str, cache: Path, load: Load, tmp_path: Path
) -> None:
    source = OpenApiDocument(document=document(tmp_path), servers=("http://a",))
    before = seen(load(openapi={"a": source}))
    (file,) = cache.iterdir()
    sound = file.read_bytes()
    file.write_text(content)

    assert seen(load(openapi={"a": source})) == before
    assert json.loads(file.read_bytes()) == json.loads(sound)


@pytest.mark.attack("the cache of OpenAPI documents is a link to a file or folder of others")
@pytest.mark.parametrize("what", ["file", "folder", "root"])
def test_a_cache_that_cannot_be_used_costs_only_time(
    what: str, cache: Path, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = OpenApiDocument(document=document(tmp_path), servers=("http://a",))
    theirs = tmp_path / "theirs"
    match what:
        case "file":
            load(openapi={"a": source})
            (file,) = cache.iterdir()
            theirs.write_text("theirs")
            file.unlink()
            file.symlink_to(theirs)
        case "folder":
            theirs.mkdir()
            cache.parent.mkdir()
            cache.symlink_to(theirs)
        case _:
            theirs.write_text("theirs")
            monkeypatch.setenv("FIELDCRAFT_CACHE", str(theirs))

    assert load(openapi={"a": source}).names() == ("get", "put", "send")
    assert theirs.is_dir() or theirs.read_text() == "theirs"
    assert not theirs.is_dir() or not list(theirs.iterdir())


def test_only_the_last_documents_are_kept(cache: Path, load: Load, tmp_path: Path) -> None:
    for number in range(kept._MOST_KEPT + 3):
        kept.opened(document(tmp_path, **{f"/p{number}": {"get": {"operationId": "p"}}}))

    assert len(list(cache.iterdir())) == kept._MOST_KEPT
