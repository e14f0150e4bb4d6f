"""The body of a request is written as OpenAPI specifies it, and no other file than an allowed one is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from recording import Api, Sent, recording, taking, written

from fieldcraft.tools import ToolError, ToolExecutor, ToolRegistry
from fieldcraft.tools.sources.settings import OpenApiDocument

Load = Callable[..., ToolRegistry]
Send = Callable[..., Sent]
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
TEXT = {"type": "string"}
BINARY = {"type": "string", "format": "binary"}


@pytest.fixture
def api() -> Iterator[Api]:
    with recording() as api:
        yield api


@pytest.fixture
def send(api: Api, load: Load, execute_all: Callable[..., ToolExecutor], tmp_path: Path) -> Send:
    """Call `send` of a document with this path item; gives the request that the server saw."""

    def call(
        item: dict[str, Any], arguments: dict[str, Any], files: tuple[str, ...] = (), **more: Any
    ) -> Sent:
        source = OpenApiDocument(
            document=written(tmp_path, {"/x": item}, **more), servers=(api.url,), files=files
        )
        registry = load(openapi={"api": source})
        assert not registry.problems
        execute_all(registry).call("send", arguments)
        return api.last

    return call


def form(properties: dict[str, Any], encoding: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return taking({"application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding or {}}})


def multipart(properties: dict[str, Any], encoding: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return taking({"multipart/form-data": {"schema": schema, "encoding": encoding or {}}})


LIST, OBJECT = {"type": "array", "items": {}}, {"type": "object"}
DEEP = {"style": "deepObject", "explode": True}


@pytest.mark.parametrize(
    ("schema", "encoding", "value", "pairs"),
    [
        (LIST, None, ["a b", "c&d"], [("p", "a b"), ("p", "c&d")]),
        (LIST, {"explode": False}, ["a", "b"], [("p", "a,b")]),
        (LIST, {"style": "pipeDelimited", "explode": False}, ["a", "b"], [("p", "a|b")]),
        (LIST, {"style": "spaceDelimited", "explode": False}, ["a", "b"], [("p", "a b")]),
        (LIST, DEEP, ["a", "b"], [("p[0]", "a"), ("p[1]", "b")]),
        (OBJECT, None, {"k": 1}, [("p", '{"k":1}')]),
        (OBJECT, {"style": "form"}, {"k": 1, "l": "m"}, [("k", "1"), ("l", "m")]),
        (OBJECT, DEEP, {"k": "v w", "n": {"m": True}}, [("p[k]", "v w"), ("p[n][m]", "true")]),
        (OBJECT, DEEP, {"k": [{"a": 1}, {"a": 2}]}, [("p[k][0][a]", "1"), ("p[k][1][a]", "2")]),
        (OBJECT, DEEP, {"k": ["a", "b"], "n": None}, [("p[k][0]", "a"), ("p[k][1]", "b")]),
        ({"type": "boolean"}, None, True, [("p", "true")]),
        ({"type": "number"}, None, 1.5, [("p", "1.5")]),
        (TEXT, None, "a+b c=d&é", [("p", "a+b c=d&é")]),
        (TEXT, {"contentType": "application/json"}, "text", [("p", '"text"')]),
        (TEXT, {"allowReserved": True}, "a/b?c&d=e", [("p", "a/b?c&d=e")]),
        ({"type": ["string", "null"]}, None, None, []),
    ],
)
def test_a_form_writes_each_property_in_its_style(
    schema: Any, encoding: Any, value: Any, pairs: list[tuple[str, str]], send: Send
) -> None:
    item = form({"p": schema}, {"p": encoding} if encoding else None)

    sent = send(item, {"body": {"p": value}})

    assert sent.media == "application/x-www-form-urlencoded"
    assert sent.form == pairs


def test_a_form_whose_values_hold_the_delimiter_stays_readable(send: Send) -> None:
    sent = send(form({"p": LIST}, {"p": {"explode": False}}), {"body": {"p": ["a,b", "c"]}})

    assert sent.body == b"p=a%2Cb,c"


def test_a_multipart_form_sends_texts_json_and_files_as_parts(send: Send) -> None:
    item = multipart(
        {
            "note": TEXT,
            "about": OBJECT,
            "tags": LIST,
            "file": BINARY,
            "files": {"type": "array", "items": BINARY},
        }
    )
    image = {"base64": base64.b64encode(PNG).decode(), "name": "a.png"}

    sent = send(
        item,
        {
            "body": {
                "note": "mine",
                "about": {"name": "é"},
                "tags": ["a", {"b": 1}],
                "file": image,
                "files": ["hello", {**image, "type": "image/x-own"}, {"text": "1,2", "name": "b.csv"}],
            }
        },
    )

    assert sent.media == "multipart/form-data"
    assert sent.parts() == [
        ("note", None, None, b"mine"),
        ("about", None, None, '{"name":"é"}'.encode()),
        ("tags", None, None, b"a"),
        ("tags", None, None, b'{"b":1}'),
        ("file", "a.png", "image/png", PNG),
        ("files", "files", "application/octet-stream", b"hello"),
        ("files", "a.png", "image/x-own", PNG),
        ("files", "b.csv", "text/csv", b"1,2"),
    ]
    assert b'name="about"\r\nContent-Type: application/json\r\n\r\n{"name"' in sent.body
    assert b'name="note"\r\n\r\nmine' in sent.body


def test_the_encoding_of_a_multipart_form_says_types_and_styles(send: Send) -> None:
    encoding = {
        "meta": {"contentType": "application/vnd.meta+json"},
        "labels": DEEP,
        "picture": {"contentType": "image/png, image/jpeg"},
        "scan": {"contentType": "image/*"},
    }
    item = multipart({"meta": OBJECT, "labels": OBJECT, "picture": BINARY, "scan": BINARY}, encoding)

    sent = send(
        item,
        {
            "body": {
                "meta": {"a": 1},
                "labels": {"k": "v"},
                "picture": {"text": "x", "name": "p.jpg"},
                "scan": {"text": "y", "name": "p.webp"},
            }
        },
    )

    assert sent.parts() == [
        ("meta", None, None, b'{"a":1}'),
        ("labels[k]", None, None, b"v"),
        ("picture", "p.jpg", "image/jpeg", b"x"),
        ("scan", "p.webp", "image/webp", b"y"),
    ]
    assert b'name="meta"\r\nContent-Type: application/vnd.meta+json' in sent.body


def test_files_are_found_in_referenced_and_composed_schemas(send: Send) -> None:
    schemas = {
        "Base": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"$ref": "#/components/schemas/Bytes"}},
        },
        "Bytes": BINARY,
        "Whole": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"note": TEXT}}]},
    }
    item = taking({"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Whole"}}})

    sent = send(
        item, {"body": {"file": {"text": "x", "name": "n.txt"}, "note": "y"}}, components={"schemas": schemas}
    )

    assert sent.parts() == [("file", "n.txt", "text/plain", b"x"), ("note", None, None, b"y")]


@pytest.mark.parametrize(
    ("media", "schema", "value", "sent_as", "content"),
    [
        ("application/json", LIST, [1, 2], "application/json", b"[1, 2]"),
        ("application/vnd.api+json", OBJECT, {"a": 1}, "application/vnd.api+json", b'{"a": 1}'),
        ("application/json; charset=utf-8", TEXT, "a", "application/json; charset=utf-8", b'"a"'),
        ("*/*", OBJECT, {"a": 1}, "application/json", b'{"a": 1}'),
        ("application/*+json", OBJECT, {"a": 1}, "application/json", b'{"a": 1}'),
        ("text/*", TEXT, "é", "text/plain", "é".encode()),
        ("application/x-ndjson", LIST, [{"a": 1}, "{}"], "application/x-ndjson", b'{"a": 1}\n{}\n'),
        ("application/yaml", OBJECT, {"a": 1}, "application/yaml", b'{"a":1}'),
        ("application/octet-stream", BINARY, "hello", "application/octet-stream", b"hello"),
        ("image/*", BINARY, {"base64": "iVBORw0KGgoA/w==", "name": "a.png"}, "image/png", PNG),
        ("image/jpeg", {**TEXT, "format": "byte"}, "iVBORw==", "image/jpeg", b"iVBORw=="),
        ("image/jpeg", {**TEXT, "format": "byte"}, {"text": "hi"}, "image/jpeg", b"aGk="),
        ("application/pdf", {}, {"text": "x"}, "application/pdf", b"x"),
    ],
)
def test_other_bodies_are_written_as_their_content_type_says(
    media: str, schema: Any, value: Any, sent_as: str, content: bytes, send: Send
) -> None:
    sent = send(taking({media: {"schema": schema}}), {"body": value})

    assert (sent.headers["content-type"], sent.body) == (sent_as, content)


PATCHES = {
    "application/merge-patch+json": {"schema": OBJECT},
    "application/json-patch+json": {"schema": {"type": "array", "items": OBJECT}},
}


@pytest.mark.parametrize(
    ("arguments", "media"),
    [
        ({"body": {"a": 1}}, "application/merge-patch+json"),
        ({"body": [{"op": "test"}]}, "application/json-patch+json"),
        ({"body": {"a": 1}, "content_type": "application/strategic+json"}, "application/strategic+json"),
    ],
)
def test_the_caller_chooses_among_patches(arguments: dict[str, Any], media: str, send: Send) -> None:
    item = taking({**PATCHES, "application/strategic+json": {"schema": OBJECT}}, "patch")

    sent = send(item, arguments)

    assert (sent.method, sent.headers["content-type"]) == ("PATCH", media)
    assert json.loads(sent.body) == arguments["body"]


def test_types_that_mean_the_same_are_no_choice(load: Load, tmp_path: Path) -> None:
    media = ("application/json-patch+json", "application/json", "text/json", "application/*+json")
    content: dict[str, Any] = {kind: {} for kind in media}
    document = written(tmp_path, {"/x": taking(content)})

    registry = load(openapi={"api": OpenApiDocument(document=document, servers=("http://a",))})

    choice = registry.get("send").args_schema["properties"]["content_type"]  # type: ignore[index]
    assert choice["enum"] == ["application/json-patch+json", "application/json"]


BOOK = {
    "type": "object",
    "xml": {"name": "book", "namespace": "urn:books"},
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "title": TEXT,
        "isbn": {"type": "string", "xml": {"name": "code", "prefix": "n", "namespace": "urn:isbn"}},
        "authors": {
            "type": "array",
            "xml": {"wrapped": True},
            "items": {"type": "string", "xml": {"name": "author"}},
        },
        "tags": {"type": "array", "items": {"type": "string", "xml": {"name": "tag"}}},
        "sequel": {"$ref": "#/components/schemas/Book"},
    },
}


def test_xml_follows_the_names_of_its_schema(send: Send) -> None:
    item = taking({"application/xml": {"schema": {"$ref": "#/components/schemas/Book"}}})
    book = {
        "id": 7,
        "title": "a < b",
        "isbn": "1",
        "authors": ["x", "y"],
        "tags": ["s", "t"],
        "sequel": {"title": "c"},
    }

    sent = send(item, {"body": book}, components={"schemas": {"Book": BOOK}})
    root = ElementTree.fromstring(sent.body)

    assert sent.headers["content-type"] == "application/xml"
    assert (root.tag, root.get("id")) == ("{urn:books}book", "7")
    assert root.findtext("{urn:books}title") == "a < b"
    assert root.findtext("{urn:isbn}code") == "1"
    assert [one.text for one in root.findall("{urn:books}authors/{urn:books}author")] == ["x", "y"]
    assert [one.text for one in root.findall("{urn:books}tag")] == ["s", "t"]
    assert root.findtext("{urn:books}book/{urn:books}title") == "c"


def test_xml_without_a_root_is_given_as_text(send: Send) -> None:
    sent = send(taking({"text/xml": {"schema": {"type": "object"}}}), {"body": "<a>1</a>"})

    assert (sent.headers["content-type"], sent.body) == ("text/xml", b"<a>1</a>")


def test_a_body_that_is_not_written_here_is_named(load: Load, tmp_path: Path) -> None:
    document = written(tmp_path, {"/x": taking({"multipart/related": {}})})

    (problem,) = load(openapi={"api": OpenApiDocument(document=document, servers=("http://a",))}).problems

    assert (
        problem.message
        == "its body is multipart/related, which is not written here; only multipart/form-data is"
    )


UPLOAD = multipart({"file": BINARY})


def test_a_file_is_read_from_a_folder_that_the_user_allows(send: Send, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.png").write_bytes(PNG)

    for path in ("inner/a.png", str(folder / "inner" / "a.png")):
        sent = send(UPLOAD, {"body": {"file": {"path": path}}}, (str(folder),))
        assert sent.parts() == [("file", "a.png", "image/png", PNG)]


@pytest.mark.attack("a call of a web API sends a file that the user does not allow")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../secret.txt", "leads out of its folder"),
        ("inner/../../secret.txt", "leads out of its folder"),
        ("SECRET", "not in a folder that the user allows|there is no file"),
        ("link.txt", "is a symbolic link"),
        ("linked/secret.txt", "is a symbolic link"),
        ("inner", "is a folder"),
        ("none.txt", "there is no file 'none.txt' in"),
        ("a\0b", "leads out of its folder"),
    ],
)
def test_no_other_file_is_sent(path: str, message: str, send: Send, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    (folder / "inner").mkdir(parents=True)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)

    with pytest.raises(ToolError, match=message):
        send(UPLOAD, {"body": {"file": {"path": str(secret) if path == "SECRET" else path}}}, (str(folder),))
    assert api.sent == []


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"path": "a.png"}, "'path' was unexpected|not valid under any"),
        ({"base64": "***"}, "not valid base64"),
        ({"name": "a"}, "one of `path`, `base64` and `text`"),
        ({"text": "a", "name": "a\r\nX: y"}, "cannot hold control characters"),
    ],
)
def test_what_is_no_file_is_told(file: Any, message: str, send: Send, api: Api) -> None:
    with pytest.raises(ToolError, match=message):
        send(UPLOAD, {"body": {"file": file}})
    assert api.sent == []
