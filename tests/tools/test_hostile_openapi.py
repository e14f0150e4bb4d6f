"""Web APIs, their documents, and callers of them that try to reach what they were not given."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldcraft.tools import ToolError, ToolExecutor, ToolRegistry
from fieldcraft.tools.sources.openapi.paths import filled_path
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
Execute = Callable[..., ToolExecutor]
Serve = Callable[..., str]
Call = Callable[..., Any]

leaves = pytest.mark.attack("a web API's parameter leaves its path, or adds a cookie or a header")
fills = pytest.mark.attack("a web API that fills memory: compressed, deep and endless answers")
documents = pytest.mark.attack(
    "an OpenAPI document: aliases, levels, digits, paths and servers that lead away"
)
redirects = pytest.mark.attack("a web API that sends credentials elsewhere")


def parameter(name: str, place: str = "path", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", **more}


def operation(*parameters: dict[str, Any], name: str = "call", **more: Any) -> dict[str, Any]:
    return {"get": {"operationId": name, "parameters": list(parameters), **more}}


def write(folder: Path, paths: dict[str, Any], **more: Any) -> str:
    file = folder / "api.json"
    file.write_text(json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths, **more}))
    return str(file)


@pytest.fixture
def call(load: Load, execute_all: Execute, serve: Serve, tmp_path: Path) -> Call:
    """Call the operation of a document made of `path` and `parameters`; gives what the server was sent."""
    origin = serve("shop.py")

    def send(path: str, parameters: list[dict[str, Any]], arguments: dict[str, Any], **more: Any) -> Any:
        document = write(tmp_path, {path: operation(*parameters)})
        source = OpenApiDocument(document=document, servers=(f"{origin}/api",), **more)
        return execute_all(load(openapi={"api": source})).call("call", arguments)

    return send


AWAY = [
    "..",
    ".",
    "%2e%2e",
    "%252e%252e",
    "../x",
    "..\\x",
    "a/../../b",
    "..;x",
    "\uff0e\uff0e",
    "a\r\nb",
    "\0",
    "",
]
STYLES: list[dict[str, Any]] = [
    {"style": "simple", "schema": {}},
    {"style": "label", "schema": {}},
    {"style": "matrix", "schema": {}},
    {"content": {"application/json": {"schema": {}}}},
]


@leaves
@pytest.mark.parametrize("value", AWAY)
def test_a_value_cannot_lead_to_another_path(value: str, call: Call) -> None:
    with pytest.raises(ToolError, match=r"is part of a path and cannot be"):
        call("/files/{name}", [parameter("name", schema={})], {"name": value})


@leaves
@pytest.mark.parametrize("style", STYLES, ids=["simple", "label", "matrix", "content"])
@pytest.mark.parametrize(
    "value", ["/../x", "a/b", "?admin=1", "#top", "\\..\\x", {"a/..": "/../../b"}, ["..", "/"]]
)
def test_in_no_style_does_a_value_lead_out(value: Any, style: dict[str, Any], call: Call) -> None:
    try:
        sent = call("/files/{name}/end", [parameter("name", **style)], {"name": value})["path"]
    except ToolError as error:
        assert "is part of a path and cannot be" in str(error)
        return

    assert urlsplit(sent).query == ""
    assert [part for part in sent.split("/") if part][::3] == ["api", "end"]
    assert len(sent.split("/")) == 5


@leaves
@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/files/{a}{b}", {"a": ".", "b": "."}),
        ("/files/{a}.", {"a": "."}),
        ("/files/.{a}", {"a": "."}),
        ("/files/{a}{b}", {"a": "%2", "b": "e%2e"}),
        ("/{a}/{b}", {"a": "x", "b": "..%2f.."}),
    ],
)
def test_values_side_by_side_cannot_lead_out_together(
    path: str, arguments: dict[str, str], call: Call
) -> None:
    with pytest.raises(ToolError, match="part of a path and cannot be"):
        call(path, [parameter(name, schema={}) for name in arguments], arguments)


@leaves
def test_braces_in_a_value_are_no_place(call: Call) -> None:
    parameters = [parameter("a", schema={}), parameter("b", schema={})]

    sent = call("/{a}/{b}", parameters, {"a": "{b}", "b": "x/y"})

    assert sent["path"] == "/api/%7Bb%7D/x%2Fy"


@leaves
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["{a}", "{b}", ".", "x", "/"]), max_size=6), st.text(), st.text())
def test_a_filled_path_has_the_parts_of_its_template(template: list[str], a: str, b: str) -> None:
    from urllib.parse import quote

    path = f"/{''.join(template)}"
    try:
        filled = filled_path(path, {"a": quote(a, safe=""), "b": quote(b, safe="")})
    except ToolError:
        return

    parts, places = filled.split("/"), path.split("/")
    assert len(parts) == len(places)
    for part, place in zip(parts, places, strict=True):
        assert part == place if "{" not in place else unquote(part) not in {"", ".", ".."}


@leaves
def test_a_cookie_stays_one_cookie(call: Call) -> None:
    cookies = [parameter("plain", "cookie", schema={}), parameter("spread", "cookie", schema={})]
    arguments = {"plain": "1; admin=1, b=2\r\nX: y", "spread": {"a; admin": "2", "b=c": "\n"}}

    cookie = call("/x", cookies, arguments)["headers"]["cookie"]

    assert [part.partition("=")[0] for part in cookie.split("; ")] == ["plain", "a%3B%20admin", "b%3Dc"]
    assert not set(";,\r\n ").intersection(cookie.replace("; ", ""))


@leaves
def test_what_says_how_a_request_is_sent_is_no_parameter(call: Call) -> None:
    names = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Cookie", "X-Team"]
    headers = call(
        "/x",
        [parameter(name, "header", schema={}) for name in [*names, "X-Mine"]],
        {"X_Mine": "1", "X_Team": "theirs"},
        headers={"X-Team": "ours"},
    )["headers"]

    assert (headers["x-mine"], headers["x-team"]) == ("1", "ours")
    assert headers["host"].startswith("127.0.0.1:")


@documents
@pytest.mark.parametrize(
    "path",
    ["@evil.example", ".evil.example/x", "//evil/x", "/../admin", "/%2e%2e/admin", "/a\\..\\..\\b", "/a\nb"],
)
def test_a_path_of_a_document_cannot_leave_its_server(path: str, load: Load, tmp_path: Path) -> None:
    document = write(tmp_path, {path: operation(), "/good": operation(name="good")})

    registry = load(openapi={"api": OpenApiDocument(document=document, servers=("http://a/v1",))})

    assert registry.names() == ("good",)
    assert "its path" in registry.problems[0].message


@documents
@pytest.mark.parametrize(
    "url",
    [
        "http://a.evil/v1",
        "http://a@evil/v1",
        "http://a\\@evil/v1",
        "http://evil#@a/v1",
        "http://a/v1/../v2",
        "http://a/v1/%2e%2e/v2",
        "http://a:1/v1",
        "https://a/v1",
        "http://{x}/v1",
        "http://a\t.evil/v1",
    ],
)
def test_a_server_of_a_document_is_called_only_where_it_is_allowed(
    url: str, load: Load, tmp_path: Path
) -> None:
    server = {"url": url, "variables": {"x": {"default": "evil/{y}"}, "y": {"default": "a"}}}
    document = write(tmp_path, {"/x": operation(servers=[server]), "/good": operation(name="good")})

    registry = load(openapi={"api": OpenApiDocument(document=document, servers=("http://a/v1",))})

    assert registry.names() == ("good",)
    assert "which is not allowed" in registry.problems[0].message


@documents
def test_a_value_in_very_many_places_is_not_put_together(call: Call, load: Load, tmp_path: Path) -> None:
    places, before = "{a}" * 1_300, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    server = {"url": places, "variables": {"a": {"default": "x" * 1_000_000}}}
    document = write(tmp_path, {"/x": operation(servers=[server])}, servers=[server])

    registry = load(openapi={"api": OpenApiDocument(document=document, servers=("http://a/v1",))})
    with pytest.raises(ToolError, match=r"its path would have 312,003,901 characters; at most 64,000"):
        call(f"/{places}", [parameter("a", schema={})], {"a": "x" * 240_000})
    with pytest.raises(ToolError, match="its path would have"):
        call(f"/{'{a}/' * 900}", [parameter("a", schema={})], {"a": "x" * 5_000})

    assert "which is not allowed" in registry.problems[0].message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000


@documents
def test_servers_that_very_many_operations_share_are_looked_at_once(load: Load, tmp_path: Path) -> None:
    servers = [{"url": f"http://evil/{'é' * 3_000}{number}"} for number in range(100)]
    paths: dict[str, Any] = {"/x": {"get": {}, "servers": servers}, "/good": operation(name="good")}
    paths |= {f"/a{number}": {"$ref": "#/paths/~1x"} for number in range(1_500)}
    began = time.process_time()

    registry = load(openapi={"api": OpenApiDocument(document=write(tmp_path, paths), servers=("http://a",))})

    assert registry.names() == ("good",)
    assert time.process_time() - began < 30


@documents
def test_one_broken_operation_costs_itself(load: Load, tmp_path: Path) -> None:
    deep: Any = {}
    for _ in range(220):
        deep = {"items": deep}
    doubling = {f"D{n}": {"allOf": [{"$ref": f"#/components/schemas/D{n + 1}"}] * 2} for n in range(60)}
    paths = {
        "/good": operation(name="good"),
        "/parameters": operation(name="a") | {"parameters": 5},
        "/servers": operation(name="b", servers="x"),
        "/variables": operation(name="c", servers=[{"url": "/", "variables": [1]}]),
        "/security": operation(name="d", security=7),
        "/deep": operation(parameter("x", schema=deep), name="deep"),
        "/digits": operation(parameter("x", schema={"maximum": "DIGITS"}), name="digits"),
        "/doubling": operation(parameter("x", schema={"$ref": "#/components/schemas/D0"}), name="doubling"),
        "/half": operation(name="half", description="half \ud83d"),
        "/index": operation({"$ref": "#/paths/²"}, name="index"),
        "/item": 5,
    }
    file = Path(write(tmp_path, paths, components={"schemas": {**doubling, "D60": {}}}))
    file.write_text(file.read_text().replace('"DIGITS"', "9" * 10_000))

    registry = load(openapi={"api": OpenApiDocument(document=str(file), servers=("http://a",))})

    assert {"good", "half"} <= set(registry.names())
    assert not {"deep", "digits", "doubling", "index"} & set(registry.names())
    assert all(json.dumps(line).encode() and line.isprintable() for line in registry.specs())
    assert all("\n" not in problem.message for problem in registry.problems)


@documents
def test_a_document_of_four_megabytes_is_read_and_one_of_forty_refused(load: Load, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "description": "d" * 50} for n in range(50)},
    }
    paths = {f"/p{n}": operation(parameter("x", "query", schema=schema), name=f"o{n}") for n in range(800)}
    document = write(tmp_path, paths)
    wanted = OpenApiDocument(document=document, servers=("http://a",), only=("o7",))
    began = time.process_time()

    assert Path(document).stat().st_size > 3_500_000
    assert load(openapi={"api": wanted}).names() == ("o7",)
    assert time.process_time() - began < 30

    Path(document).write_bytes(b"{" + b" " * 40_000_000)
    (problem,) = load(openapi={"api": wanted}).problems
    assert "has more than 32,000,000 bytes" in problem.message


@fills
@pytest.mark.parametrize("name", ["bomb", "enormous"])
def test_an_answer_is_read_no_further_than_allowed(name: str, call: Call) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ToolError, match=f"/api/files/{name} answered more than 32,000,000 bytes"):
        call("/files/{name}", [parameter("name", schema={})], {"name": name})

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256_000


@fills
def test_a_deep_answer_is_text(call: Call) -> None:
    given = call("/files/{name}", [parameter("name", schema={})], {"name": "deep"})

    assert given == "[" * 220 + "]" * 220


@redirects
def test_another_server_gets_no_credentials_though_it_is_allowed(
    load: Load, execute_all: Execute, serve: Serve, tmp_path: Path
) -> None:
    there = serve("shop.py")
    here = serve("shop.py", there)
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    paths = {"/wander": operation(security=[{"key": []}])}
    source = OpenApiDocument(
        document=write(tmp_path, paths, components={"securitySchemes": schemes}),
        servers=(here, there),
        headers={"X-Team": "ours", "Authorization": "Bearer abc"},
        credentials={"key": "secret-key"},
    )

    sent = execute_all(load(openapi={"api": source})).call("call", {})

    assert sent["path"] == "/landed"
    assert not {"x-key", "x-team", "authorization", "cookie"} & sent["headers"].keys()


@fills
def test_what_a_redirection_of_a_document_carries_is_not_read(load: Load, serve: Serve) -> None:
    origin, before = serve("shop.py"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    registry = load(openapi={"api": OpenApiDocument(document=f"{origin}/heavy.yaml", servers=(origin,))})

    assert registry.names()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000


@documents
def test_a_document_is_read_from_no_other_server_than_was_named(load: Load, serve: Serve) -> None:
    there = serve("shop.py")
    here = serve("shop.py", there)

    (problem,) = load(openapi={"api": OpenApiDocument(document=f"{here}/wandering.yaml")}).problems
    (endless,) = load(openapi={"api": OpenApiDocument(document=f"{here}/round")}).problems

    assert problem.message == (
        f"{here}/wandering.yaml leads to {there}/openapi.yaml; name that, if it is to be read"
    )
    assert endless.message == f"{here}/round redirects without end"
