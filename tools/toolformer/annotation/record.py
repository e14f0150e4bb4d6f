"""What a folder was made from, so that going on in it with something else is refused."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.files import Folder, UnsafeFile, read_file
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.model import LanguageModel

_VALUES = 16
"""Of each parameter by which a model is identified: reading all of a large one would take long."""
_DEEPEST = 8


def made_folder(folder: Path, record: Path) -> Path:
    """The folder, which is there now.

    Args:
        folder: a new or empty one, or one that was begun before.
        record: the file in it by which that is seen, as for `same_as_before`.

    Raises:
        ToolformerError: it cannot be, or it holds something else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = {"lock", record.name, _aside(record).name}
        if not record.exists() and any(one.name not in ours for one in folder.iterdir()):
            raise ToolformerError(f"{folder} holds something else; name another with --into")
        check_real(folder)
    except UnsafeFile as error:
        raise ToolformerError(f"{error}; remove it, or name another folder with --into") from None
    except OSError as error:
        raise ToolformerError(
            f"{folder} cannot be a folder ({error.strerror}); name another with --into"
        ) from error
    return folder


def check_real(folder: Path) -> None:
    """Refuse a folder that holds what would lead a writer out of it.

    Raises:
        UnsafeFile: something in it is a link, a pipe or a device, or has a second name elsewhere.
        OSError: it cannot be read.
    """
    with Folder.open(folder) as opened:
        _check_entries(opened, 0)


def _check_entries(folder: Folder, depth: int) -> None:
    for name in folder.names():
        status = folder.status(name)
        if status is None:
            continue
        if stat.S_ISDIR(status.st_mode):
            if depth == _DEEPEST:
                raise UnsafeFile(folder.path / name, "is nested too deep to be ours")
            with folder.folder(name) as inner:
                _check_entries(inner, depth + 1)
            continue
        folder.require(name, "file")
        if status.st_nlink > 1:
            raise UnsafeFile(folder.path / name, "has a second name elsewhere (a hard link)")


def same_as_before(record: Path, now: Mapping[str, Any], *, work: str) -> None:
    """Write down what a folder is made from, or compare it with what was written.

    Args:
        record: a JSON file in the folder.
        now: by name, as JSON data.
        work: what the folder holds, as `annotation`, for the message.

    Raises:
        ToolformerError: something differs; the message names it.
    """
    if not record.exists():
        aside = _aside(record)
        aside.write_text(json.dumps(now, indent=2), encoding="utf-8")
        aside.replace(record)
        return
    try:
        before = read_json(read_file(record))
    except DataError:
        before = {}
    except OSError as error:
        raise ToolformerError(f"{record} cannot be read ({error}); take another folder") from error
    known = before if isinstance(before, dict) else {}
    differing = [key for key in now if known.get(key) != now[key]]
    if differing:
        raise ToolformerError(
            f"{record.parent} holds another {work} (differing: {', '.join(differing)}); take another folder, "
            "or delete this one"
        )


def _aside(record: Path) -> Path:
    """Where a record stands until it is whole."""
    return record.with_suffix(".tmp")


def digest(texts: Iterable[str]) -> str:
    """One line that stands for texts in their order."""
    made = hashlib.sha256()
    for text in texts:
        made.update(f"{text}\0".encode())
    return made.hexdigest()


def fingerprint(model: LanguageModel) -> str:
    """One line that stands for a model: names and shapes of its parameters, and some values of each."""
    made = hashlib.sha256()
    for name, parameter in model.model.named_parameters():
        values = parameter.detach().flatten()[:_VALUES].float().tolist()
        made.update(f"{name} {tuple(parameter.shape)} {values}\0".encode())
    return made.hexdigest()
