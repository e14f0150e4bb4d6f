"""What is on a page: its visible elements, as data and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fieldcraft.common.text import cut_text, valid_text, visible_line
from fieldcraft.envs.miniwob.browser import HEIGHT, WIDTH

MOST, SHOWN, DEEPEST = 1_000, 80, 60
"""Elements that are read and that words list, and how deep they may lie in each other."""
TEXT, LINE = 2_000, 120
"""Characters of a text in data and in words."""
USED = ("input", "button", "a", "select", "textarea", "label", "option", "summary")
"""Elements that are listed also where they have others in them."""
_FRAMES = ("wrap", "area")
"""The ids of what every page lies in."""
_PLAIN = ("rgba(0, 0, 0, 0)", "rgb(0, 0, 0)", "rgb(255, 255, 255)", "rgb(239, 239, 239)", "none", "")
"""Colours of backgrounds and buttons that say nothing."""


class Element(NamedTuple):
    """A visible element.

    Attributes:
        ref: its number; `None` for text beside other elements, which has no element of its own.
        tag: `button`, `input_text`, ..., or `text`.
        text, value: what it says, and what was entered or whether it is ticked.
        id, classes: of the page's author.
        x, y, width, height: its middle and size, in pixels from the upper left corner.
        colour: of its background or shape, where it has one.
        options: of a list to choose from.
        focused: whether it takes what is typed.
    """

    ref: int | None
    tag: str
    text: str
    value: str | bool | None
    id: str
    classes: str
    x: int
    y: int
    width: int
    height: int
    colour: str
    options: tuple[str, ...]
    focused: bool

    def data(self) -> dict[str, Any]:
        """What a program gets: all of it but what is empty."""
        kept = {name: value for name, value in self._asdict().items() if value not in ("", (), None, False)}
        if self.value is False:
            kept["value"] = False
        return {**kept, "ref": self.ref, "text": self.text}

    def words(self) -> str:
        """The element in a line."""
        parts = [f"[{self.ref}] {self.tag}" if self.ref is not None else self.tag]
        parts += [f'"{self.text}"'] if self.text else []
        parts += [f"id={self.id}"] if self.id else []
        parts += [f"class={self.classes}"] if self.classes and not self.text and not self.id else []
        parts += [f"value={self.value}"] if self.value not in (None, "") else []
        parts += [f"colour={self.colour}"] if self.colour else []
        parts += [f"options={list(self.options)}"] if self.options else []
        parts += ["focused"] if self.focused else []
        return cut_text(visible_line(" ".join(parts), 2 * LINE), LINE) + f" at ({self.x}, {self.y})"


def read_elements(root: Any, more: Any) -> tuple[Element, ...]:
    """The elements of the page's `core.getDOMInfo()`, with what else is known of each by its number."""
    found: list[Element] = []
    _collect(root, more if isinstance(more, Mapping) else {}, found, 0)
    return tuple(found[:MOST])


def page_words(elements: Sequence[Element]) -> str:
    """A page in words: a line for each element, from the top."""
    lines = [f"The page ({WIDTH} x {HEIGHT} pixels), its elements as [ref] tag text at (x, y):"]
    lines += [element.words() for element in elements[:SHOWN]]
    if len(elements) > SHOWN:
        lines.append(f"and {len(elements) - SHOWN} more")
    return "\n".join(lines)


def _collect(node: Any, more: Mapping[str, Any], found: list[Element], depth: int) -> None:
    if not isinstance(node, Mapping) or depth > DEEPEST or len(found) >= MOST:
        return
    children = node.get("children") or []
    only_text = bool(children) and all(child.get("tag") == "t" for child in children)
    tag = str(node.get("tag", "")).lower()
    named = bool(node.get("id")) and node.get("id") not in _FRAMES
    if not children or only_text or tag.partition("_")[0] in USED or named:
        texts = [str(child.get("text", "")) for child in children] if only_text else [node.get("text") or ""]
        if depth and (element := _element(node, tag, " ".join(map(str, texts)), more)):
            found.append(element)
    if not only_text:
        for child in children:
            _collect(child, more, found, depth + 1)


def _element(node: Mapping[str, Any], tag: str, text: str, more: Mapping[str, Any]) -> Element | None:
    left, top, width, height = (float(node.get(name) or 0) for name in ("left", "top", "width", "height"))
    if round(width) == 0 or round(height) == 0:
        return None
    ref = int(node.get("ref") or 0)
    known = more.get(str(ref)) or {}
    value = known.get("value", node.get("value"))
    colour = next((name for name in _colours(node, known) if name not in _PLAIN), "")
    return Element(
        ref=ref if ref > 0 else None,
        tag="text" if tag == "t" else tag[:40],
        text=_text(text),
        value=value if isinstance(value, bool) or value is None else _text(value),
        id=_text(node.get("id")),
        classes=_text(node.get("classes") if isinstance(node.get("classes"), str) else ""),
        x=round(left + width / 2),
        y=round(top + height / 2),
        width=round(width),
        height=round(height),
        colour=_text(colour),
        options=tuple(_text(option) for option in known.get("options") or ())[:100],
        focused=bool(node.get("focused")),
    )


def _colours(node: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    yield str(known.get("fill") or "")
    yield str(node.get("bgColor") or "")


def _text(value: Any) -> str:
    return cut_text(valid_text(str(value or "")), TEXT)
