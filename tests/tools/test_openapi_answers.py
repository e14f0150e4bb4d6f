"""What a web API answers reaches the caller: data, the headers that matter, files, and clear errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from recording import Api, answering, recording, written

from fieldcraft.tools import ToolError, ToolExecutor, ToolPolicy, ToolRegistry
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
GET = {"/x": {"get": {"operationId": "get", "responses": {}}}}


@pytest.fixture
def api() -> Iterator[Api]:
    with recording() as api:
        yield api


@pytest.fixture
def get(api: Api, load: Load, tmp_path: Path) -> Iterator[Callable[[Any], Any]]:
    """Call an operation that the server answers so; files are kept below `tmp_path`."""
    opened: list[ToolExecutor] = []

    def call(answer: Any) -> Any:
        api.answer = answer
        source = OpenApiDocument(document=written(tmp_path, GET), servers=(api.url,))
        registry = load(openapi={"api": source})
        results = tmp_path / "run" / "tool-results"
        opened.append(ToolExecutor(registry, policy=ToolPolicy(attempts=1), results=results))
        return opened[-1].call("get", {})

    yield call
    for executor in opened:
        executor.close()


JSON = "application/json"


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"Link": '<http://a/?page=2>; rel="next"'}, {"link": '<http://a/?page=2>; rel="next"'}),
        ({"Location": "/x/7"}, {"location": "/x/7"}),
        ({"Retry_After": "30"}, {"retry-after": "30"}),
        (
            {"X_Total_Count": "70", "X_Next_Page": "2", "X_Frame_Options": "DENY", "ETag": "a"},
            {"x-total-count": "70", "x-next-page": "2"},
        ),
        ({"X_Pagination_Current_Page": "1"}, {"x-pagination-current-page": "1"}),
    ],
)
def test_headers_that_matter_stand_next_to_the_body(
    headers: dict[str, str], kept: dict[str, str], get: Callable[[Any], Any]
) -> None:
    found = get(answering(b"[1]", 201, Content_Type=JSON, **headers))

    assert found == {"body": [1], "headers": kept}


def test_without_such_headers_the_body_is_the_result(get: Callable[[Any], Any]) -> None:
    assert get(answering(b"[1]", Content_Type=JSON, X_Powered_By="x", Date="now")) == [1]
    assert get(answering(b"", 202, Location="/jobs/1")) == {"body": None, "headers": {"location": "/jobs/1"}}
    assert get(answering(b"a,b", Content_Type="text/csv")) == "a,b"
    assert get(answering(b'{"a": 1}\n', Content_Type="application/problem+json")) == {"a": 1}


@pytest.mark.parametrize("media", ["image/png", "application/pdf", "application/octet-stream", "audio/mpeg"])
def test_a_file_is_kept_in_the_folder_of_the_run(
    media: str, get: Callable[[Any], Any], tmp_path: Path
) -> None:
    named = {"Content_Disposition": 'attachment; filename="a b.bin"'}

    found = get(answering(PNG, Content_Type=media, Location="/x/7", **named))

    assert media in found
    assert "10 bytes" in found
    assert "name: a b.bin" in found
    assert "location: /x/7" in found
    (kept,) = (tmp_path / "run" / "tool-results").iterdir()
    assert str(kept) in found
    assert kept.read_bytes() == PNG


def test_a_download_that_breaks_off_is_told(get: Callable[[Any], Any]) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        answering(b"x" * 1_000, Content_Type="application/pdf", Content_Length="5000")(handler)
        handler.close_connection = True

    with pytest.raises(ToolError, match=r"/x broke off its answer after 1,000 of 5,000 bytes"):
        get(broken)


def test_a_download_of_half_a_gigabyte_is_not_begun(get: Callable[[Any], Any]) -> None:
    def huge(handler: BaseHTTPRequestHandler) -> None:
        answering(b"x" * 1_000, Content_Type="application/pdf", Content_Length="500000000")(handler)
        handler.close_connection = True

    with pytest.raises(ToolError, match=r"/x answered more than 32,000,000 bytes: 500,000,000"):
        get(huge)


def test_an_error_says_when_to_try_again(get: Callable[[Any], Any]) -> None:
    with pytest.raises(ToolError, match=r"answered 429 Too Many Requests \(Retry-After: 30\): slow down"):
        get(answering(b"slow down", 429, Content_Type="text/plain", Retry_After="30"))


def test_the_user_says_where_operations_are_sent(
    load: Load, execute_all: Callable[..., ToolExecutor], api: Api, tmp_path: Path
) -> None:
    elsewhere = [{"url": "https://uploads.example.com"}]
    paths = {
        "/a": {"get": {"operationId": "a"}},
        "/b": {"servers": elsewhere, "get": {"operationId": "b"}},
        "/c": {"get": {"operationId": "c", "servers": elsewhere}},
    }
    document = written(tmp_path, paths, servers=[{"url": "https://api.example.com"}])
    some = OpenApiDocument(
        document=document, servers=(api.url,), server_of={"b": f"{api.url}/v2"}, prefix="some_"
    )
    every = OpenApiDocument(document=document, server_of={"*": f"{api.url}/all"})

    executor = execute_all(load(openapi={"some": some, "every": every}))
    for name in ("some_a", "some_b", "a", "b", "c"):
        executor.call(name, {})

    assert [sent.path for sent in api.sent] == ["/a", "/v2/b", "/all/a", "/all/b", "/all/c"]
    (problem,) = executor.registry.problems
    assert problem.name == "openapi.some: c"
    assert "allow it with servers = ['https://uploads.example.com']" in problem.message


def test_a_place_in_the_path_without_a_parameter_is_one_of_text(
    load: Load, execute_all: Callable[..., ToolExecutor], api: Api, tmp_path: Path
) -> None:
    paths = {"/a/{id}/b#first": {"get": {"operationId": "a", "parameters": []}}}
    source = OpenApiDocument(document=written(tmp_path, paths), servers=(api.url,))

    execute_all(load(openapi={"api": source})).call("a", {"id": "x/y"})

    assert api.last.path == "/a/x%2Fy/b"


def test_the_answers_of_an_api_in_one_run_are_json(get: Callable[[Any], Any]) -> None:
    """Headers do not spoil what a journal can hold."""
    found = get(answering(b"{}", Content_Type=JSON, Link="<a>\xe9"))

    assert json.loads(json.dumps(found))["body"] == {}
