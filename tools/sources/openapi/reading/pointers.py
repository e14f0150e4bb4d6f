"""References within a document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from fieldcraft.tools.errors import BrokenTool

_INDEX = re.compile("[0-9]{1,6}")


def pointed(data: Any, reference: str) -> Any:
    """The part of `data` that `#/components/...` names.

    Raises:
        BrokenTool: there is no such part.
    """
    found = data
    for part in reference[1:].strip("/").split("/") if reference.strip("#/") else ():
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise BrokenTool(f"the reference {reference[:200]!r} leads nowhere")
    return found


def joined(*parts: str) -> str:
    """The reference to a part by its keys."""
    return "#" + "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
