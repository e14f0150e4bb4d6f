"""Readers of what tools bring: schemas, results, configurations, documents, corpora."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from _reader import Opened, Reader
from langchain_core.tools import StructuredTool

from fieldcraft.common.data import DataError, read_json
from fieldcraft.tools.builtin.corpus.reading import read as passages_of
from fieldcraft.tools.builtin.corpus.reading import stamps
from fieldcraft.tools.calls.arguments import checker
from fieldcraft.tools.calls.results import Results, encoded
from fieldcraft.tools.errors import BrokenTool, ToolError
from fieldcraft.tools.sources.mcp.config import is_mcp_configuration, servers_of
from fieldcraft.tools.sources.openapi.api import WebApis
from fieldcraft.tools.sources.settings import OpenApiDocument

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "maxLength": 100, "pattern": "^a+$"},
        "limit": {"anyOf": [{"$ref": "#/$defs/limit"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
    },
    "required": ["query"],
    "additionalProperties": False,
    "$defs": {"limit": {"type": "integer", "minimum": 1}},
}
SERVERS = {
    "mcpServers": {
        "files": {"command": "npx", "args": ["-y", "x"], "env": {"A": "${A}"}},
        "web": {"url": "http://h"},
    }
}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "http://127.0.0.1:9/{v}", "variables": {"v": {"default": "v1"}}}],
    "paths": {
        "/items/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "get", "responses": {"200": {"description": "An item"}}},
            "put": {
                "operationId": "put",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
                },
                "responses": {},
            },
        }
    },
    "components": {
        "schemas": {"Item": {"type": "object", "properties": {"part": {"$ref": "#/components/schemas/Item"}}}}
    },
}
PAGE = b"<html><head><title>T</title></head><h1>H</h1><p>one <b>two</b></p><script>x</script></html>"


def _parsed(data: bytes) -> Any:
    """Data as a server's message brings it."""
    return read_json(data)


@contextmanager
def _schema() -> Iterator[Reader]:
    """A tool whose schema somebody else wrote, and a call of it."""

    def read(data: bytes) -> object:
        schema = _parsed(data)
        if not isinstance(schema, dict):
            return None
        tool = StructuredTool(name="t", description="d", args_schema=schema, func=lambda **_: None)
        return checker("t", tool)({"query": "aaa", "limit": 3, "tags": ["a", "b"]})

    yield Reader([json.dumps(SCHEMA).encode()], read, (BrokenTool, ToolError, DataError))


@contextmanager
def _arguments() -> Iterator[Reader]:
    check = checker("t", StructuredTool(name="t", description="d", args_schema=SCHEMA, func=lambda **_: None))

    def read(data: bytes) -> object:
        arguments = _parsed(data)
        return check(arguments if isinstance(arguments, dict) else {"query": arguments})

    yield Reader([b'{"query": "a", "limit": 3, "tags": ["a"]}'], read, (ToolError, DataError))


@contextmanager
def _results() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:
        results = Results(2_000, Path(folder), lambda text: text)

        def read(data: bytes) -> object:
            text = data.decode("utf-8", "surrogateescape")
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = text
            return json.dumps(results.bounded("t", encoded("t", value))).encode()

        yield Reader([b'{"items": [{"a": 1.5, "b": "text"}], "next": null}', b'"words"'], read, (ToolError,))


@contextmanager
def _mcp_settings() -> Iterator[Reader]:
    def read(data: bytes) -> object:
        read_in = _parsed(data)
        return servers_of(read_in) if is_mcp_configuration(read_in) else None

    yield Reader([json.dumps(SERVERS).encode()], read, (DataError,))


@contextmanager
def _openapi() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "api.yaml")

        def read(data: bytes) -> object:
            path.write_bytes(data)
            with closing(WebApis()) as apis:
                return list(
                    apis.open(OpenApiDocument(document=str(path), servers=("http://127.0.0.1:9/v1",)))
                )

        yield Reader([json.dumps(OPENAPI).encode()], read, (BrokenTool,))


@contextmanager
def _corpus() -> Iterator[Reader]:
    """A folder of one text, one page and one file of records."""
    logging.getLogger("fieldcraft.tools.builtin.corpus.reading").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def read(data: bytes) -> object:
            for ending in ("md", "html", "jsonl"):
                (folder / f"file.{ending}").write_bytes(data)
            return [passage for file in stamps(folder) for passage in passages_of(folder, file)]

        yield Reader([b"# Head\n\nWords and words.\n", PAGE, b'{"text": "words", "title": "t"}\n'], read)


TOOL_READERS: dict[str, Opened] = {
    "schema": _schema,
    "arguments": _arguments,
    "results": _results,
    "mcp-settings": _mcp_settings,
    "openapi": _openapi,
    "corpus": _corpus,
}
