"""Each operation of a web API is a tool; requests go where its user allows, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import SERVERS, free_port

from fieldcraft.tools import ToolError, ToolExecutor, ToolRegistry, traits_of
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
Execute = Callable[..., ToolExecutor]
Serve = Callable[..., str]
SHOP = str(SERVERS / "shop.yaml")


@pytest.fixture
def shop(load: Load, execute_all: Execute, serve: Serve) -> ToolExecutor:
    """The tests' web API, called where it really is."""
    origin = serve("shop.py")
    registry = load(openapi={"shop": OpenApiDocument(document=SHOP, servers=(f"{origin}/api",))})
    return execute_all(registry, calls_per_task=1_000)


def document(**paths: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": paths}


def write(folder: Path, data: Any) -> str:
    file = folder / "api.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return str(file)


def problems(registry: ToolRegistry) -> dict[str, str]:
    return {problem.name: problem.message for problem in registry.problems}


def test_each_operation_is_a_tool_and_what_is_broken_is_named(shop: ToolExecutor) -> None:
    told = problems(shop.registry)

    assert shop.names() == (
        "create_pet",
        "delete_pets_id",
        "get_pets_id",
        "listPets",
        "patch_pets_id",
        "plant",
        "put_pets_id",
        "styles",
        "upload",
    )
    assert shop.registry.origin("plant") == "openapi.shop"
    assert "get_pets_id(id: str, id_query: int = ...): Get a pet." in shop.registry.specs()
    assert "leads in a circle" in told["openapi.shop: GET /loop"]
    assert "leads nowhere" in told["openapi.shop: GET /nowhere"]
    assert "bundle it into one file" in told["openapi.shop: GET /outside"]
    assert "allow it with servers = ['https://elsewhere.example.com']" in told["openapi.shop: elsewhere"]
    assert "it cannot be read: in: Input should be" in told["openapi.shop: GET /odd"]
    assert "there is a tool 'listPets' already" in told["openapi.shop: listPets"]


def test_effects_follow_the_methods(shop: ToolExecutor) -> None:
    names = ("listPets", "put_pets_id", "delete_pets_id", "create_pet")

    assert [str(traits_of(shop.registry.get(name)).effect) for name in names] == [
        "reads",
        "idempotent",
        "idempotent",
        "writes",
    ]


def test_parameters_are_written_as_their_styles_say(shop: ToolExecutor) -> None:
    sent = shop.call(
        "listPets",
        {
            "tags": ["a b", "c&d"],
            "ids": [1, 2],
            "filter": {"age": {"min": 3}, "kind": ["cat"]},
            "where": {"a": True},
            "X_Request_ID": "7",
            "session": "x;y",
            "limit": 5,
        },
    )
    styles = shop.call("styles", {"plain": ["a/b", 2], "label": [1, 2], "matrix": {"x": 1}})

    assert sent["path"] == (
        "/api/pets?tags=a%20b&tags=c%26d&ids=1%7C2&filter%5Bage%5D%5Bmin%5D=3&filter%5Bkind%5D=cat"
        "&where=%7B%22a%22%3A%20true%7D&limit=5"
    )
    assert (sent["headers"]["x-request-id"], sent["headers"]["cookie"]) == ("7", "session=x%3By")
    assert styles["path"] == "/api/lists/a%2Fb,2/.1.2/;matrix=x,1"


def test_bodies_are_written_as_their_content_types_say(shop: ToolExecutor) -> None:
    created = shop.call("create_pet", {"body": {"name": "Rex", "mother": {"name": "Ada"}}})
    form = shop.call("put_pets_id", {"id": "1", "body": {"name": "Rex & Co", "tags": ["a", "b"]}})
    text = shop.call("patch_pets_id", {"id": "1", "body": "hello"})

    upload = shop.call("upload", {"body": {"file": "hello", "note": "mine"}})["body"]

    assert 'name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\nhello' in upload
    assert 'name="note"\r\n\r\nmine' in upload
    assert created["headers"]["content-type"] == "application/json"
    assert json.loads(created["body"]) == {"name": "Rex", "mother": {"name": "Ada"}}
    assert form["body"] == "name=Rex+%26+Co&tags=a&tags=b"
    assert (text["body"], text["headers"]["content-type"]) == ("hello", "text/plain")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("create_pet", {}, "'body' is a required property"),
        ("create_pet", {"body": {"name": 3}}, "body.name: 3 is not of type 'string'"),
        ("create_pet", {"body": {"name": "a", "mother": {}}}, "body.mother: 'name' is a required property"),
        ("plant", {"body": {"children": [{"children": [{"leaf": 1}]}]}}, "body.children.0.children.0"),
        ("listPets", {"limit": 0}, "limit: 0 is less than or equal to the minimum of 0"),
        ("listPets", {"Authorization": "mine"}, "takes no argument 'Authorization'"),
        ("get_pets_id", {"id": ".."}, "is part of a path and cannot be '..'"),
        ("get_pets_id", {"id": ""}, "is part of a path and cannot be ''"),
        ("listPets", {"X_Request_ID": "a\r\nB: c"}, "cannot hold control characters"),
    ],
)
def test_wrong_arguments_say_what_was_wrong(
    name: str, arguments: dict[str, Any], message: str, shop: ToolExecutor
) -> None:
    with pytest.raises(ToolError) as caught:
        shop.call(name, arguments)
    assert message in str(caught.value)


def test_a_deep_tree_by_a_circular_schema(shop: ToolExecutor) -> None:
    tree: dict[str, Any] = {}
    for _ in range(20):
        tree = {"children": [tree, tree]} if len(json.dumps(tree)) < 1000 else {"children": [tree]}

    assert json.loads(shop.call("plant", {"body": tree})["body"]) == tree


def test_odd_answers_are_told(shop: ToolExecutor, tmp_path: Path) -> None:
    assert shop.call("get_pets_id", {"id": "nonsense"}) == "{not json"
    assert shop.call("get_pets_id", {"id": "picture"}) == "[image/png of 6 bytes, not shown]"
    assert shop.call("get_pets_id", {"id": "nothing"}) is None
    assert shop.call("get_pets_id", {"id": "slash"})["path"] == "/api/pets/slashed"
    assert shop.call("get_pets_id", {"id": "busy"}) == "at last"
    assert shop.call("get_pets_id", {"id": "huge"}).endswith("[cut: 20,000 of 20,000,000 characters]")
    for name, message in {
        "missing": 'GET /api/pets/missing answered 404 Not Found: {"detail": "no such pet"}',
        "away": "answered 302 Found: it leads to http://127.0.0.1:9/pets, which is not allowed",
        "round": "redirects without end",
        "hangup": "gave no answer: Server disconnected",
    }.items():
        with pytest.raises(ToolError) as caught:
            shop.call("get_pets_id", {"id": name})
        assert message in str(caught.value)


@pytest.mark.slow
def test_an_answer_that_never_comes_ends_with_its_deadline(
    load: Load, execute_all: Execute, serve: Serve
) -> None:
    settings = OpenApiDocument(document=SHOP, servers=(serve("shop.py"),), timeout=2)
    executor = execute_all(load(openapi={"shop": settings}), attempts=1)

    with pytest.raises(ToolError, match=r"gave no result within 2(\.0)? s|gave no answer: ReadTimeout"):
        executor.call("get_pets_id", {"id": "never"})
    assert executor.call("get_pets_id", {"id": "1"})["path"] == "/pets/1"


def test_credentials_come_from_variables_and_go_where_the_document_says(
    load: Load, execute_all: Execute, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "key&7")
    monkeypatch.setenv("SHOP_LOGIN", "ada:pass")
    settings = OpenApiDocument(
        document=SHOP,
        servers=(serve("shop.py"),),
        headers={"X-Team": "${TEAM:-moss}"},
        credentials={"key": "${SHOP_KEY}", "cookie": "c", "login": "${SHOP_LOGIN}"},
    )
    executor = execute_all(load(openapi={"shop": settings}))

    changed = executor.call("put_pets_id", {"id": "1", "body": {}})
    deleted = executor.call("delete_pets_id", {"id": "1"})
    listed = executor.call("listPets", {})

    assert changed["path"] == "/pets/1?api_key=key%267"
    assert (changed["headers"]["cookie"], changed["headers"]["x-team"]) == ("shop=c", "moss")
    assert deleted["headers"]["authorization"] == "Basic YWRhOnBhc3M="
    assert "authorization" not in listed["headers"]
    assert "api_key" not in listed["path"]


def test_a_refusal_says_which_credentials_are_missing(shop: ToolExecutor) -> None:
    with pytest.raises(ToolError) as caught:
        shop.call("delete_pets_id", {"id": "locked"})

    assert 'it wants credentials: credentials = {login = "${NAME_OF_A_VARIABLE}"}: who are you?' in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "it is sent to https://shop.example.com/v1, which is not allowed; allow it with servers = ["),
        ({"servers": ("shop",)}, "'shop' is not the URL of a server; write it as https://host/path"),
        ({"servers": ("http://a:b",)}, "is not the URL of a server"),
        ({"servers": ("http://a",), "credentials": {"tok": "a"}}, "no security scheme 'tok'; it has: token,"),
        ({"servers": ("http://a",), "credentials": {"odd": "a"}}, "(mutualTLS) is not served here"),
        ({"servers": ("http://a",), "credentials": {"key": "${NO_SUCH}"}}, "NO_SUCH is not set"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings: dict[str, Any], message: str, load: Load) -> None:
    registry = load("calculator", openapi={"shop": OpenApiDocument(document=SHOP, **settings)})

    assert registry.names() == ("calculator",)
    assert message in problems(registry)["openapi.shop"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is neither JSON nor YAML: "),
        ("a: b: c", "is neither JSON nor YAML: "),
        ("[1]", "is not an OpenAPI document: it is not an object"),
        ({"swagger": "1.2"}, "is a Swagger 1.2 document; convert it to OpenAPI 3"),
        ({"openapi": 4}, "is not an OpenAPI 3 document: `openapi` says 4"),
        ({"openapi": "3.1.0", "paths": [1]}, "its paths are not an object"),
        ("openapi: 3.0.0\npaths: &a\n  /x: *a\n", ""),
    ],
)
def test_a_document_that_cannot_be_read_is_named(
    content: Any, message: str, load: Load, tmp_path: Path
) -> None:
    place = str(tmp_path / "none.json") if content is None else write(tmp_path, content)

    registry = load("calculator", openapi={"api": OpenApiDocument(document=place, servers=("http://a",))})

    assert registry.names() == ("calculator",)
    assert message in problems(registry).get("openapi.api", "")


def test_a_document_from_a_url_is_called_where_it_came_from(
    load: Load, execute_all: Execute, serve: Serve, tmp_path: Path
) -> None:
    origin = serve("shop.py")
    refused = load(f"{origin}/openapi.yaml")
    local = document(**{"/pets": {"get": {"responses": {}}}})
    (tmp_path / "api.json").write_text(json.dumps(local))

    assert "https://shop.example.com/v1, which is not allowed" in refused.problems[0].message
    settings = OpenApiDocument(document=f"{origin}/openapi.yaml", servers=(origin,), prefix="shop_")
    executor = execute_all(load(openapi={"shop": settings}))
    assert executor.call("shop_listPets", {})["path"] == "/pets"


def test_a_server_that_is_not_there_is_told(load: Load, execute_all: Execute) -> None:
    settings = OpenApiDocument(document=SHOP, servers=(f"http://127.0.0.1:{free_port()}",))
    executor = execute_all(load(openapi={"shop": settings}), attempts=2)

    with pytest.raises(ToolError, match="http://127.0.0.1:[0-9]+ gave no answer: All connection attempts"):
        executor.call("listPets", {})


def test_a_small_file_that_stands_for_a_huge_schema_is_refused(load: Load, tmp_path: Path) -> None:
    lines = ["x0: &x0 {type: object, properties: {a: {}, b: {}}}"]
    for level in range(1, 40):
        below = f"*x{level - 1}"
        lines.append(f"x{level}: &x{level} {{properties: {{a: {below}, b: {below}, c: {below}}}}}")
    bomb = "\n".join(
        [
            *lines,
            "openapi: 3.1.0",
            "paths:",
            "  /bomb:",
            "    post:",
            "      requestBody: {content: {application/json: {schema: *x39}}}",
        ]
    )
    file = tmp_path / "bomb.yaml"
    file.write_text(bomb)

    registry = load(openapi={"bomb": OpenApiDocument(document=str(file), servers=("http://a",))})

    assert "it holds more than 300,000 values" in problems(registry)["openapi.bomb"]
