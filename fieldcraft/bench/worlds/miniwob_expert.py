"""Short programs that do tasks of MiniWoB++, as an agent would write them: by what the page shows alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Do = Callable[..., Any]
"""Calls a primitive by its name."""
Seen = dict[str, Any]
"""What `look` returned at the beginning."""


def click_target(do: Do, seen: Seen) -> None:
    """Click on what the instruction names."""
    do("click", seen["fields"]["target"])


def click_button(do: Do, seen: Seen) -> None:
    """Click on the button that the instruction names, or on the only one."""
    do("click", do("elements", seen["fields"].get("target"), "button")[0]["ref"])


def click_in_order(do: Do, _seen: Seen) -> None:
    """Click on two buttons in their order."""
    do("click", "ONE")
    do("click", "TWO")


def click_widget(do: Do, seen: Seen) -> None:
    """Click on the first widget of a kind."""
    kind = seen["fields"]["target"]
    do("click", do("elements", tag=kind if kind in ("button", "textarea") else f"input_{kind}")[0]["ref"])


def click_coordinate(do: Do, seen: Seen) -> None:
    """Click on the point of a grid, whose id is its coordinates."""
    do("click", "({x},{y})".format(**seen["fields"]))


def tick(do: Do, seen: Seen) -> None:
    """Tick each box that the instruction names."""
    for name, text in seen["fields"].items():
        if name.startswith("target"):
            do("click", text)
    do("click", "Submit")


def choose(do: Do, seen: Seen) -> None:
    """Choose the options that the instruction names."""
    do("select", "options", seen["fields"]["target"].split(", "))
    do("click", "Submit")


def enter(do: Do, text: str) -> None:
    """Enter a text into the first box, and submit."""
    do("type_text", do("elements", tag="input_")[0]["ref"], text, replace=True)
    do("click", "Submit")


def enter_target(do: Do, seen: Seen) -> None:
    """Enter what the instruction names."""
    enter(do, seen["fields"]["target"])


def enter_in_case(do: Do, seen: Seen) -> None:
    """Enter a text in upper or lower case."""
    text = seen["fields"]["text"]
    enter(do, text.upper() if seen["fields"]["case"] == "upper" else text.lower())


def enter_twice(do: Do, seen: Seen) -> None:
    """Enter a password into both boxes."""
    do("type_text", "verify", seen["fields"]["target"])
    enter(do, seen["fields"]["target"])


def enter_cell(do: Do, seen: Seen) -> None:
    """Enter the cell of a table beside the one that the instruction names."""
    cells = [one["text"] for one in do("elements", tag="td")]
    enter(do, cells[cells.index(seen["fields"]["target"]) + 1])


def enter_word(do: Do, seen: Seen) -> None:
    """Enter the word of a paragraph with this number."""
    words = do("elements", tag="p")[0]["text"].split()
    enter(do, words[int(seen["fields"]["target"]) - 1].strip(".,"))


def enter_letters(do: Do, _seen: Seen) -> None:
    """Enter the letters that stand askew."""
    enter(do, "".join(one["text"] for one in do("elements", tag="span")))


def enter_result(do: Do, _seen: Seen) -> None:
    """Work out two numbers, or what `x` is."""
    problem = next(one["text"] for one in do("elements") if re.search(r"\d\s*[-+x]|x\s*[-+]", one["text"]))
    left, sign, right, result = (*problem.replace("=", " ").split(), "")[:4]
    if "x" in (left, right):
        known, given = int(right if left == "x" else left), int(result)
        answer = given - known if sign == "+" else given + known if left == "x" else known - given
    else:
        answer = {"+": int(left) + int(right), "-": int(left) - int(right), "x": int(left) * int(right)}[sign]
    enter(do, str(answer))


def copy_text(do: Do, _seen: Seen) -> None:
    """Enter the text of another box."""
    enter(do, do("elements", tag="textarea")[0]["value"])


def log_in(do: Do, seen: Seen) -> None:
    """Enter a name and a password."""
    for name in ("username", "password"):
        do("type_text", do("elements", name, "input")[0]["ref"], seen["fields"][name])
    do("click", do("elements", tag="button")[0]["ref"])


def mark_numbers(do: Do, _seen: Seen) -> None:
    """Mark each number as odd or even, by the button beside it."""
    elements = do("elements")
    for number in [one for one in elements if re.fullmatch(r"-?\d+", one["text"])]:
        word = "Odd" if int(number["text"]) % 2 else "Even"
        buttons = [one for one in elements if one["text"] == word]
        do("click", min(buttons, key=lambda one: abs(one["y"] - number["y"]))["ref"])
    do("click", "Submit")


def move_slider(do: Do, seen: Seen) -> None:
    """Move the slider by keys until its number is the one that the instruction names."""
    do("click", do("elements", tag="span")[0]["ref"])
    for _ in range(400):
        shown, wanted = int(do("elements", "val")[-1]["text"]), int(seen["fields"]["target"])
        if shown == wanted:
            break
        do("press", "ArrowRight" if shown < wanted else "ArrowLeft")
    do("click", "Submit")


def turn_spinner(do: Do, seen: Seen) -> None:
    """Count up or down by keys."""
    wanted = int(seen["fields"]["target"])
    do("click", "spinner")
    if wanted:
        do("press", "ArrowUp" if wanted > 0 else "ArrowDown", times=abs(wanted))
    do("click", "Submit")


def drag_into(do: Do, _seen: Seen) -> None:
    """Drag the small box into the large one."""
    do("drag", "s", "L")
    do("click", "Submit")


def highlight(do: Do, _seen: Seen) -> None:
    """Drag over the whole text."""
    text = do("elements", tag="div")[0]
    left, top = text["x"] - text["width"] // 2, text["y"] - text["height"] // 2
    do("drag", [left + 1, top + 4], [left + text["width"] - 1, top + text["height"] - 4])
    do("click", "Submit")


KNOWN: dict[str, Callable[[Do, Seen], None]] = {
    "choose-list": choose,
    "click-button": click_button,
    "click-button-sequence": click_in_order,
    "click-checkboxes": tick,
    "click-checkboxes-large": tick,
    "click-dialog-2": click_target,
    "click-link": click_target,
    "click-option": tick,
    "click-scroll-list": choose,
    "click-tab": lambda do, seen: do("click", f"Tab #{seen['fields']['target']}"),
    "click-test": click_button,
    "click-test-2": click_target,
    "click-widget": click_widget,
    "copy-paste": copy_text,
    "drag-box": drag_into,
    "enter-date": enter_target,
    "enter-password": enter_twice,
    "enter-text": enter_target,
    "enter-text-2": enter_in_case,
    "enter-text-dynamic": enter_target,
    "enter-time": enter_target,
    "find-word": enter_word,
    "focus-text": lambda do, _: do("click", "tt"),
    "focus-text-2": lambda do, seen: do("click", f"tt{seen['fields']['target']}"),
    "grid-coordinate": click_coordinate,
    "highlight-text": highlight,
    "login-user": log_in,
    "odd-or-even": mark_numbers,
    "read-table": enter_cell,
    "simple-algebra": enter_result,
    "simple-arithmetic": enter_result,
    "text-transform": enter_letters,
    "use-slider": move_slider,
    "use-spinner": turn_spinner,
}
"""By the name of the task."""
