"""A player that knows some of the tasks: short programs of what the page shows, as an agent would write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fieldcraft.envs import Environment, EpisodeEnded

Do = Callable[..., Any]


def play(world: Environment, task: str) -> str:
    """How a known program ends the present episode of this task."""

    def do(name: str, *arguments: Any, **named: Any) -> Any:
        return world.call_primitive(name, arguments, named)

    try:
        KNOWN[task](do, do("look"))
    except EpisodeEnded as end:
        return str(end)
    return "not ended"


def click_target(do: Do, seen: dict[str, Any]) -> None:
    do("click", seen["fields"]["target"])


def click_the_button(do: Do, seen: dict[str, Any]) -> None:
    do("click", do("elements", seen["fields"]["target"], "button")[0]["ref"])


def enter_text(do: Do, seen: dict[str, Any]) -> None:
    do("type_text", "tt", seen["fields"]["target"])
    do("click", "Submit")


def log_in(do: Do, seen: dict[str, Any]) -> None:
    for name in ("username", "password"):
        do("type_text", do("elements", name, "input")[0]["ref"], seen["fields"][name])
    do("click", do("elements", tag="button")[0]["ref"])


def choose(do: Do, seen: dict[str, Any]) -> None:
    do("select", "options", seen["fields"]["target"])
    do("click", "Submit")


def tick(do: Do, seen: dict[str, Any]) -> None:
    for name, text in seen["fields"].items():
        if name.startswith("target"):
            do("click", text)
    do("click", "Submit")


def use_slider(do: Do, seen: dict[str, Any]) -> None:
    do("click", do("elements", tag="span")[0]["ref"])
    for _ in range(400):
        shown, wanted = int(do("elements", "val")[-1]["text"]), int(seen["fields"]["target"])
        if shown == wanted:
            break
        do("press", "ArrowRight" if shown < wanted else "ArrowLeft")
    do("click", "Submit")


def drag_into(do: Do, seen: dict[str, Any]) -> None:
    do("drag", "s", "L")
    do("click", "Submit")


def highlight(do: Do, seen: dict[str, Any]) -> None:
    text = do("elements", tag="div")[0]
    top, bottom = text["y"] - text["height"] // 2 + 4, text["y"] + text["height"] // 2 - 4
    do("drag", [text["x"] - text["width"] // 2 + 1, top], [text["x"] + text["width"] // 2 - 1, bottom])
    do("click", "Submit")


def add(do: Do, seen: dict[str, Any]) -> None:
    problem = next(one["text"] for one in do("elements") if re.search(r"\d\s*[-+x]", one["text"]))
    left, sign, right = re.findall(r"\d+|[-+x]", problem)[:3]
    answer = {"+": int(left) + int(right), "-": int(left) - int(right), "x": int(left) * int(right)}[sign]
    do("type_text", do("elements", tag="input")[0]["ref"], str(answer))
    do("click", "Submit")


KNOWN: dict[str, Callable[[Do, dict[str, Any]], None]] = {
    "click-button": click_the_button,
    "click-checkboxes": tick,
    "click-link": click_target,
    "click-option": tick,
    "click-test": lambda do, seen: do("click", do("elements", tag="button")[0]["ref"]),
    "click-test-2": click_target,
    "click-tab": lambda do, seen: do("click", f"Tab #{seen['fields']['target']}"),
    "choose-list": choose,
    "drag-box": drag_into,
    "enter-text": enter_text,
    "enter-date": enter_text,
    "enter-time": enter_text,
    "focus-text": lambda do, seen: do("click", "tt"),
    "highlight-text": highlight,
    "login-user": log_in,
    "simple-arithmetic": add,
    "use-slider": use_slider,
}
