"""Update a SKILL.md, keeping the keys, comments and text that others added."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from fieldcraft.common.data import DataError
from fieldcraft.common.yaml import read_yaml, write_yaml

FENCE = "---\n"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OUR_NEEDS = re.compile(r"Needs the tools .* of Fieldcraft", re.DOTALL)
_NESTED = "metadata"


def new_document(front: dict[str, Any], body: str) -> str:
    """A SKILL.md with this frontmatter, whose `metadata` is a mapping, and this text."""
    return f"{FENCE}{write_yaml(front)}{FENCE}{body}"


def kept_document(written: str, front: dict[str, Any], body: str, earlier: Iterable[str] = ()) -> str:
    """`written` with Fieldcraft's keys from `front`, and its generated text, if still there, from `body`.

    Keys that are not in `front`, or under its `metadata`, are unchanged, including comments.

    Args:
        written: a SKILL.md.
        front: all of Fieldcraft's keys; an edited `compatibility` is kept.
        body: the generated text.
        earlier: earlier generated texts.

    Raises:
        DataError: the frontmatter of `written` cannot be read.
    """
    head, _, rest = written.replace("\r\n", "\n").removeprefix(FENCE).partition("\n" + FENCE)
    have = read_yaml(head)
    if not isinstance(have, dict) or not isinstance(have.get(_NESTED) or {}, dict):
        raise DataError("its frontmatter is no mapping")
    wanted = _merged(have, front)
    spliced = _spliced(head, have, wanted)
    try:
        whole = spliced is not None and read_yaml(spliced) == wanted
    except DataError:
        whole = False
    text = f"{FENCE}{spliced if whole else write_yaml(wanted)}{FENCE}{_text(rest, body, earlier)}"
    return text.replace("\n", "\r\n") if written.count("\r\n") == written.count("\n") else text


def _merged(have: dict[str, Any], front: dict[str, Any]) -> dict[str, Any]:
    """The existing keys in their order, with the new values of Fieldcraft's keys."""
    needs = have.get("compatibility")
    ours = {**front, _NESTED: {**(have.get(_NESTED) or {}), **front[_NESTED]}}
    if needs is not None and not _OUR_NEEDS.fullmatch(str(needs)):
        ours["compatibility"] = needs
    left = {key: value for key, value in have.items() if key != "compatibility" or key in ours}
    return {**left, **ours}


def _text(rest: str, body: str, earlier: Iterable[str]) -> str:
    if not rest.strip():
        return body
    for ours in (body, *earlier):
        if rest.startswith(ours):
            return body + rest.removeprefix(ours)
    return rest


def _spliced(head: str, have: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """`head` with only the changed lines rewritten; `None` if it does not have one key a line."""
    lines = [f"{line}\n" for line in head.split("\n")]
    changed = _changed(lines, yaml.compose(head, Loader=_LOADER), (0, len(lines)), have, wanted)
    return None if changed is None else "".join(changed)


def _changed(
    lines: list[str],
    node: yaml.Node | None,
    span: tuple[int, int],
    have: dict[str, Any],
    wanted: dict[str, Any],
) -> list[str] | None:
    """The lines `span` of the mapping `node`, with the values of `wanted`."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
        return None
    column = node.value[0][0].start_mark.column
    starts = [key.start_mark.line for key, _ in node.value]
    changed = lines[span[0] : starts[0]]
    for (key, value), start, stop in zip(node.value, starts, [*starts[1:], span[1]], strict=True):
        name, end = str(key.value), _end(lines, start, stop, column)
        if name not in have or (name in wanted and wanted[name] == have[name]):
            changed += lines[start:end]
        elif name in wanted:
            both = isinstance(have[name], dict) and isinstance(wanted[name], dict)
            within = _changed(lines, value, (start, end), have[name], wanted[name]) if both else None
            changed += within or _entry(name, wanted[name], column)
        changed += lines[end:stop]
    new = [_entry(name, value, column) for name, value in wanted.items() if name not in have]
    return changed + [line for entry in new for line in entry]


def _end(lines: list[str], start: int, stop: int, column: int) -> int:
    """The line at which a value ends, before blank lines and comments of the next key."""
    while stop > start + 1:
        line = lines[stop - 1]
        text = line.lstrip()
        if text and not (text.startswith("#") and len(line) - len(text) <= column):
            break
        stop -= 1
    return stop


def _entry(name: str, value: Any, column: int) -> list[str]:
    return [f"{' ' * column}{line}" for line in write_yaml({name: value}).splitlines(keepends=True)]
