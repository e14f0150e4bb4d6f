"""Files that are sent in a request: given by the caller, or read from folders that the user allows."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.common.files import Folder
from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import ToolError

LARGEST_FILE = 32_000_000
"""The most bytes of a file that is sent."""
OCTETS = "application/octet-stream"
_MOST_FOLDERS = 32
_KEYS = ("path", "base64", "text")


@dataclass(frozen=True)
class Upload:
    """A file as it is sent; `name` is empty where the caller gave none, and `media` where it is unknown."""

    content: bytes
    name: str = ""
    media: str = ""


def upload_schema(folders: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an argument that is a file; a path is only offered if there are `folders`."""
    text = {"type": "string"}
    properties = {
        "text": text,
        "base64": {**text, "description": "the content in base64"},
        "name": {**text, "description": "the file's name"},
        "type": {**text, "description": "its media type, such as image/png"},
    }
    ways = "an object with its `base64` or `text`, `name` and `type`"
    if folders:
        properties["path"] = {**text, "description": f"a file in {visible_line(', '.join(folders), 300)}"}
        ways += ", or with the `path` of a file"
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"description": f"A file: its content as text, or {ways}.", "anyOf": [text, whole]}


def uploaded(value: Any, folders: Iterable[str]) -> Upload:
    """The file that an argument stands for.

    Raises:
        ToolError: it stands for none, or for one that may not or cannot be read.
    """
    if isinstance(value, str):
        return Upload(value.encode())
    given = [key for key in _KEYS if isinstance(value, dict) and isinstance(value.get(key), str)]
    if len(given) != 1:
        raise ToolError("a file is its text, or an object with one of `path`, `base64` and `text`")
    way, name, media = given[0], str(value.get("name") or ""), str(value.get("type") or "")
    match way:
        case "path":
            content = _read(value["path"], tuple(folders))
            name = name or Path(value["path"]).name
        case "base64":
            content = _decoded(value["base64"])
        case _:
            content = value["text"].encode()
    for text in (name, media):
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise ToolError("a file's name and type cannot hold control characters")
    return Upload(content, name, media or mimetypes.guess_type(name)[0] or "")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ToolError(f"the file's `base64` is not valid base64: {error}") from error


def _read(path: str, folders: Sequence[str]) -> bytes:
    """A file in one of the folders; no link is followed within it."""
    if not folders:
        raise ToolError('no file may be read; the user allows a folder with files = ["FOLDER"]')
    asked, shown = Path(path), visible_line(path, 200)
    if ".." in asked.parts or "\0" in path:
        raise ToolError(f"{shown!r} leads out of its folder; only files below {', '.join(folders)} are read")
    missing = None
    for folder in folders:
        for parts in _ways(asked, Path(folder)):
            try:
                return _content(Path(folder), parts)
            except FileNotFoundError as error:
                missing = error
            except OSError as error:
                raise ToolError(f"the file {shown!r} cannot be read: {error.strerror or error}") from error
    if missing is not None:
        raise ToolError(f"there is no file {shown!r} in {', '.join(folders)}") from missing
    raise ToolError(f"{shown!r} is not in a folder that the user allows: {', '.join(folders)}")


def _ways(asked: Path, folder: Path) -> list[tuple[str, ...]]:
    """The names from `folder` to the file, if the path is below it, or relative to it."""
    bases = (folder, folder.absolute())
    ways = [asked.relative_to(base).parts for base in bases if asked.is_relative_to(base) and asked != base]
    if not asked.is_absolute() and asked.parts:
        ways.append(asked.parts)
    return list(dict.fromkeys(ways))


def _content(folder: Path, parts: tuple[str, ...]) -> bytes:
    if len(parts) > _MOST_FOLDERS:
        raise ToolError(f"the file lies more than {_MOST_FOLDERS} folders deep")
    with Folder.open(folder) as base, base.inside(*parts[:-1]) as inner:
        return inner.read(parts[-1], limit=LARGEST_FILE)
