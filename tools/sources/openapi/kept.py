"""The operations of a document, from the cache of what was read and checked before.

A kept file is named by the digest of the document, its place and this code, so that a change of any makes
a new one. It holds plain data, which is validated when it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from fieldcraft.common.cache_folders import open_cache, work_in_memory
from fieldcraft.common.files import Folder
from fieldcraft.tools.calls import naming, schemas
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document, read
from fieldcraft.tools.sources.openapi.operations import Operation, operations_of
from fieldcraft.tools.sources.openapi.reading.fetching import fetched
from fieldcraft.tools.sources.openapi.schemas import UPLOAD

Found = Operation | tuple[str, BrokenTool]
"""An operation; for an unusable one, its place and the reason."""
_FOLDER = "openapi"
_LARGEST = 64_000_000
_MOST_KEPT = 50


class _One(BaseModel):
    """An operation, with the number of its servers and the names of its definitions, which others share."""

    operation: Operation
    servers: int
    needs: list[str]


class _Kept(BaseModel):
    files: dict[str, str]
    document: dict[str, Any]
    definitions: dict[str, Any]
    servers: list[list[Any]]
    operations: list[_One]
    problems: list[tuple[str, str]]


def opened(place: str) -> tuple[Document, list[Found]]:
    """The document at a URL or in a file, and its operations.

    Raises:
        BrokenTool: it cannot be read, or is no OpenAPI document.
    """
    content = fetched(place)
    name = f"{_digest(_code(), place.encode(), content)}.json"
    if (kept := _read(name, place)) is not None:
        return kept
    document = read(place, content)
    found = list(operations_of(document))
    _write(name, document, found)
    return document, found


def _read(name: str, place: str) -> tuple[Document, list[Found]] | None:
    """What was kept, if it is there, valid, and the other files of the document are as they were."""
    try:
        with open_cache(_FOLDER) as folder:
            if folder.kind(name) is None:
                return None
            kept = _Kept.model_validate_json(folder.read(name, limit=_LARGEST))
            folder.touch(name)
        if any(hashlib.sha256(fetched(file)).hexdigest() != digest for file, digest in kept.files.items()):
            return None
        operations: list[Found] = [_restored(one, kept) for one in kept.operations]
    except (OSError, BrokenTool, ValidationError, LookupError, RecursionError):
        return None
    return Document(place, kept.document, files=kept.files), [
        *operations,
        *((where, BrokenTool(why)) for where, why in kept.problems),
    ]


def _restored(one: _One, kept: _Kept) -> Operation:
    schema = dict(one.operation.schema)
    if one.needs:
        schema["$defs"] = {name: {} if name == UPLOAD else kept.definitions[name] for name in one.needs}
    return replace(one.operation, schema=schema, servers=tuple(kept.servers[one.servers]))


def _write(name: str, document: Document, found: Iterable[Found]) -> None:
    """Keep what was read; a cache that cannot be written costs only time."""
    try:
        content = to_json(_as_data(document, list(found)))
    except (PydanticSerializationError, ValueError, RecursionError):
        return
    if len(content) > _LARGEST:
        return
    try:
        with open_cache(_FOLDER) as folder:
            _make_room(folder)
            folder.write(name, content, sync=False)
    except OSError as error:
        work_in_memory(error)


def _as_data(document: Document, found: list[Found]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    servers: dict[tuple[int, ...], tuple[int, tuple[Any, ...]]] = {}
    operations = []
    for operation in (one for one in found if isinstance(one, Operation)):
        needed = operation.schema.get("$defs", {})
        definitions |= needed
        named = tuple(map(id, operation.servers))
        number, _ = servers.setdefault(named, (len(servers), operation.servers))
        schema = {key: value for key, value in operation.schema.items() if key != "$defs"}
        bare = asdict(replace(operation, schema={}, servers=())) | {"schema": schema}
        operations.append({"operation": bare, "servers": number, "needs": list(needed)})
    definitions.pop(UPLOAD, None)
    return {
        "files": document.files,
        "document": {
            "servers": document.data.get("servers"),
            "components": {"securitySchemes": document.security_schemes()},
        },
        "definitions": definitions,
        "servers": [listed for _, listed in servers.values()],
        "operations": operations,
        "problems": [(one[0], str(one[1])) for one in found if isinstance(one, tuple)],
    }


def _make_room(folder: Folder) -> None:
    """Forget the files that were not used for the longest time."""
    kept = [(status.st_mtime, name) for name in folder.names("file") if (status := folder.status(name))]
    for _, name in sorted(kept)[: max(0, len(kept) - _MOST_KEPT + 1)]:
        folder.remove(name)


@cache
def _code() -> bytes:
    """The digest of the code that reads and checks documents."""
    own = sorted(Path(__file__).parent.rglob("*.py"))
    files = [*own, *(Path(str(module.__file__)) for module in (naming, schemas))]
    return _digest(*(file.read_bytes() for file in files)).encode()


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()
