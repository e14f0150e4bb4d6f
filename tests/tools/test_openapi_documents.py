"""Documents as their makers wrote them: in many files, of version 2, with odd schemas, and very large."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recording import Api, answering, recording, written

from fieldcraft.tools import ToolExecutor, ToolRegistry
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
Execute = Callable[..., ToolExecutor]
Files = Callable[[dict[str, Any]], str]


@pytest.fixture
def api() -> Iterator[Api]:
    with recording() as api:
        yield api


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write files below a folder; gives the path of `docs/api.yaml`."""

    def write(contents: dict[str, Any]) -> str:
        for name, content in contents.items():
            file = tmp_path / "docs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(tmp_path / "docs" / "api.yaml")

    return write


def ref(to: str) -> dict[str, str]:
    return {"$ref": to}


def body(schema: Any, name: str = "send") -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"post": {"operationId": name, "requestBody": {"required": True, "content": content}}}


def root(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": paths, **more}


def problems(registry: ToolRegistry) -> dict[str, str]:
    return {problem.name.rpartition(": ")[2]: problem.message for problem in registry.problems}


def schema_of(registry: ToolRegistry, name: str) -> dict[str, Any]:
    schema = registry.get(name).args_schema  # type: ignore[union-attr]
    assert isinstance(schema, dict)
    return schema


MANY = {
    "api.yaml": root({"/pets": ref("paths/pets.yaml"), "/own": body(ref("schemas/pet.yaml"), "own")}),
    "paths/pets.yaml": {
        "parameters": [ref("../shared.yaml#/page")],
        **body(ref("../schemas/pet.yaml"), "add"),
        "get": {"operationId": "list", "responses": {"200": ref("../nothing.yaml")}},
    },
    "shared.yaml": "page: {name: page, in: query, schema: {$ref: '#/number'}}\nnumber: {type: integer}\n",
    "schemas/pet.yaml": {
        "type": "object",
        "properties": {
            "owner": ref("owner.yaml#/Owner"),
            "mother": ref("pet.yaml"),
            "name": {"type": "string"},
        },
        "additionalProperties": False,
    },
    "schemas/owner.yaml": {"Owner": {"properties": {"pets": {"type": "array", "items": ref("pet.yaml")}}}},
}


def test_the_files_of_a_document_are_read_and_circles_across_them_stay(
    files: Files, load: Load, execute_all: Execute, api: Api
) -> None:
    registry = load(openapi={"a": OpenApiDocument(document=files(MANY), servers=(api.url,))})
    executor = execute_all(registry)

    pet = {"owner": {"pets": [{"mother": {"name": "Ada"}}]}}
    executor.call("own", {"body": pet})
    executor.call("list", {"page": 2})

    assert registry.names() == ("add", "list", "own")
    assert not registry.problems
    assert json.loads(api.sent[0].body) == pet
    assert api.last.path == "/pets?page=2"
    with pytest.raises(Exception, match="'nane' was unexpected"):
        executor.call("add", {"body": {"mother": {"nane": "x"}}})
    assert set(schema_of(registry, "own")["$defs"]) == {"pet", "Owner"}


@pytest.mark.attack("an OpenAPI document that references files outside its folder, or other servers")
def test_a_reference_out_of_the_folder_is_refused_by_name(files: Files, load: Load, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("type: string")
    document = files({"api.yaml": "", "inner/x.yaml": ""})
    (tmp_path / "docs" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    places = {
        "up": ("../secret.yaml", "it is outside the document's folder"),
        "absolute": (str(tmp_path / "secret.yaml"), "it is outside the document's folder"),
        "link": ("link.yaml", "it is outside the document's folder"),
        "server": ("http://127.0.0.1:9/x.yaml#/a", "it is on a server"),
        "nothing": ("nothing.yaml", "cannot be read: No such file or directory"),
    }
    paths: dict[str, Any] = {f"/{name}": body(ref(place), name) for name, (place, _) in places.items()}
    files({"api.yaml": root({**paths, "/good": body({}, "good")})})

    registry = load(openapi={"a": OpenApiDocument(document=document, servers=("http://a",))})

    assert registry.names() == ("good",)
    for name, (place, why) in places.items():
        message = problems(registry)[f"POST /{name}"]
        assert place in message
        assert why in message
        assert "bundle it into one file" in message


def test_the_files_of_a_document_on_a_server_come_from_its_origin(load: Load, api: Api) -> None:
    with recording() as other:
        documents = {
            "/docs/api.json": root(
                {
                    "/a": body(ref("a.json#/A"), "a"),
                    "/b": body(ref(f"{other.url}/b.json"), "b"),
                }
            ),
            "/docs/a.json": {"A": {"type": "object", "properties": {"up": ref("../c.json")}}},
            "/c.json": {"type": "string"},
        }
        api.answer = lambda handler: answering(json.dumps(documents[handler.path]).encode())(handler)

        registry = load(openapi={"a": OpenApiDocument(document=f"{api.url}/docs/api.json")})

        assert registry.names() == ("a",)
        assert schema_of(registry, "a")["$defs"]["c"] == {"type": "string"}
        assert "it is on another server" in problems(registry)["POST /b"]
        assert other.sent == []


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        ({"$recursiveAnchor": True, "type": "string"}, {"type": "string"}),
        ({"$recursiveRef": "#", "description": "a"}, {"description": "a"}),
        ({"$id": "http://a/b", "$schema": "x", "type": "string"}, {"type": "string"}),
        ({"type": "string", "required": True}, {"type": "string"}),
        ({"type": "object", "required": "name"}, {"type": "object"}),
        ({"type": "any", "description": "a"}, {"description": "a"}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": ["string", None]}, {"type": ["string", "null"]}),
        ({"type": "string", "pattern": "(["}, {"type": "string"}),
        ({"type": "string", "pattern": 5, "format": 7}, {"type": "string"}),
        ({"type": "string", "enum": None}, {"type": "string"}),
        ({"minimum": "3", "maximum": "much", "multipleOf": 0}, {"minimum": 3}),
        ({"maxLength": -1, "minItems": "2"}, {"minItems": 2}),
        ({"allOf": [], "oneOf": None, "anyOf": [{"type": "null"}, 5]}, {"anyOf": [{"type": "null"}]}),
        ({"properties": None, "items": "string"}, {}),
        (
            {"properties": {"a": None, "b": {"type": "string"}}},
            {"properties": {"a": {}, "b": {"type": "string"}}},
        ),
        ({"additionalProperties": "false", "uniqueItems": "yes"}, {}),
        ({"title": 5, "description": ["a"], "x-odd": 1, "default": None}, {"default": None}),
        ({"$ref": "#/components/schemas/Nothing"}, {"$ref": "#/$defs/Nothing"}),
        ({"$ref": 5, "type": "string"}, {"type": "string"}),
    ],
)
def test_an_odd_keyword_costs_itself_and_not_the_operation(
    odd: Any, kept: Any, load: Load, tmp_path: Path
) -> None:
    document = written(tmp_path, {"/x": body({"type": "object", "properties": {"odd": odd}})})

    registry = load(openapi={"a": OpenApiDocument(document=document, servers=("http://a",))})

    assert not registry.problems
    assert schema_of(registry, "send")["properties"]["body"]["properties"]["odd"] == kept


def test_the_parts_of_an_all_of_do_not_forbid_each_other(
    load: Load, execute_all: Execute, api: Api, tmp_path: Path
) -> None:
    closed = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    extra = {"type": "object", "properties": {"extra": {"type": "string"}}, "required": ["extra"]}
    paths = {
        "/both": body({"allOf": [ref("#/components/schemas/Closed"), extra]}, "both"),
        "/one": body(ref("#/components/schemas/Closed"), "one"),
    }
    document = written(tmp_path, paths, components={"schemas": {"Closed": closed}})
    executor = execute_all(load(openapi={"a": OpenApiDocument(document=document, servers=(api.url,))}))

    executor.call("both", {"body": {"name": "a", "extra": "b"}})

    assert json.loads(api.last.body) == {"name": "a", "extra": "b"}
    with pytest.raises(Exception, match="'extra' was unexpected"):
        executor.call("one", {"body": {"name": "a", "extra": "b"}})


SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "a", "version": "1"},
    "host": "api.example.com",
    "basePath": "/v1",
    "schemes": ["http", "https"],
    "securityDefinitions": {
        "login": {"type": "basic"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    },
    "parameters": {"page": {"name": "page", "in": "query", "type": "integer", "minimum": 1}},
    "definitions": {
        "Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    },
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
            "get": {
                "operationId": "get",
                "security": [{"key": []}],
                "parameters": [
                    ref("#/parameters/page"),
                    {"name": "csv", "in": "query", "type": "array", "items": {"type": "string"}},
                    {
                        "name": "multi",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "multi",
                    },
                ],
            },
            "put": {
                "operationId": "put",
                "parameters": [
                    {"name": "pet", "in": "body", "required": True, "schema": ref("#/definitions/Pet")}
                ],
            },
            "post": {
                "operationId": "post",
                "security": [{"login": []}],
                "parameters": [
                    {"name": "note", "in": "formData", "type": "string", "required": True},
                    {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}},
                ],
            },
            "patch": {
                "operationId": "upload",
                "consumes": ["multipart/form-data"],
                "parameters": [{"name": "file", "in": "formData", "type": "file"}],
            },
        }
    },
}


def test_a_document_of_swagger_2_is_taken(load: Load, execute_all: Execute, api: Api, tmp_path: Path) -> None:
    file = tmp_path / "swagger.json"
    file.write_text(json.dumps(SWAGGER))
    source = OpenApiDocument(
        document=str(file), servers=(f"{api.url}/v1",), credentials={"login": "ada:pass", "key": "k"}
    )
    executor = execute_all(load(openapi={"a": source}))

    executor.call("get", {"id": "7", "page": 2, "csv": ["a", "b"], "multi": ["c", "d"]})
    executor.call("put", {"id": "7", "body": {"name": "Rex"}})
    executor.call("post", {"id": "7", "body": {"note": "a b", "tags": ["x", "y"]}})
    executor.call("upload", {"id": "7", "body": {"file": {"text": "hi", "name": "a.txt"}}})
    get, put, post, upload = api.sent

    assert (get.path, get.headers["x-key"]) == ("/v1/pets/7?page=2&csv=a,b&multi=c&multi=d", "k")
    assert (put.headers["content-type"], json.loads(put.body)) == ("application/json", {"name": "Rex"})
    assert (post.form, post.headers["authorization"]) == (
        [("note", "a b"), ("tags", "x,y")],
        "Basic YWRhOnBhc3M=",
    )
    assert upload.parts() == [("file", "a.txt", "text/plain", b"hi")]
    with pytest.raises(Exception, match="'name' is a required property"):
        executor.call("put", {"id": "7", "body": {}})


def test_a_document_of_swagger_2_names_its_servers(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "swagger.json"
    file.write_text(json.dumps(SWAGGER))

    (problem,) = load(openapi={"a": OpenApiDocument(document=str(file))}).problems

    assert "allow it with servers = ['https://api.example.com/v1']" in problem.message


@pytest.mark.slow
def test_five_thousand_operations_share_their_definitions(load: Load, tmp_path: Path) -> None:
    parts = {
        f"P{n}": {"type": "object", "properties": {"next": ref(f"#/components/schemas/P{n + 1}")}}
        for n in range(50)
    }
    paths = {f"/p{n}": body(ref(f"#/components/schemas/P{n % 40}"), f"o{n}") for n in range(5_000)}
    document = written(tmp_path, paths, components={"schemas": {**parts, "P50": {"type": "string"}}})

    registry = load(openapi={"a": OpenApiDocument(document=document, servers=("http://a",))})

    assert len(registry.names()) == 5_000
    assert not registry.problems
    first, second = schema_of(registry, "o0")["$defs"], schema_of(registry, "o40")["$defs"]
    assert first["P7"] is second["P7"]


def test_two_apis_with_the_same_names_are_told_apart_by_a_prefix(load: Load, tmp_path: Path) -> None:
    document = written(tmp_path, {"/x": {"get": {"operationId": "get"}}})
    one = OpenApiDocument(document=document, servers=("http://a",))

    clashing = load(openapi={"first": one, "second": one})
    apart = load(openapi={"first": one, "second": one.model_copy(update={"prefix": "second_"})})

    (problem,) = clashing.problems
    assert problem.name == "openapi.second: get"
    assert problem.message.endswith('give its source a prefix: prefix = "second_" under [openapi.second]')
    assert apart.names() == ("get", "second_get")


@pytest.mark.slow
def test_a_document_of_twenty_megabytes_is_taken(load: Load, tmp_path: Path) -> None:
    text = {"type": "string", "description": "d" * 20_000}
    paths = {f"/p{n}": body({"type": "object", "properties": {"a": text}}, f"o{n}") for n in range(1_000)}
    document = written(tmp_path, paths)

    assert Path(document).stat().st_size > 20_000_000
    assert (
        len(load(openapi={"a": OpenApiDocument(document=document, servers=("http://a",))}).names()) == 1_000
    )
