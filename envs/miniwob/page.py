"""A task in the browser: beginning it, looking at its page, and acting on it as a person does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from fieldcraft.common.text import cut_text, valid_text, visible_line
from fieldcraft.envs.miniwob.browser import Browser, BrowserLost, PageRefused
from fieldcraft.envs.miniwob.elements import Element, read_elements
from fieldcraft.envs.miniwob.tasks import pages

READY_SECONDS = 5.0
HTML, FIELDS, WORDS = 20_000, 20, 300
"""Characters of the page's source, fields of an instruction, and characters of a field."""

_BEGIN = """
Math.seedrandom(arguments[0]);
if (arguments[1] !== null) core.EPISODE_MAX_TIME = 1000 * arguments[1];
core.setDataMode('train');
core.startEpisodeReal();
"""
_LOOK = """
var seen = {done: WOB_DONE_GLOBAL, raw: WOB_RAW_REWARD_GLOBAL, scaled: WOB_REWARD_GLOBAL,
            reason: String(WOB_REWARD_REASON).slice(0, 300)};
if (seen.done) return seen;
seen.utterance = core.getUtterance();
seen.root = core.getDOMInfo();
seen.more = {};
for (var ref in core.previousDOMInfo) {
  var element = core.previousDOMInfo[ref];
  if (element instanceof HTMLSelectElement)
    seen.more[ref] = {options: Array.from(element.options, option => option.text),
                      value: Array.from(element.selectedOptions, option => option.text).join(', ')};
  else if (element instanceof SVGElement)
    seen.more[ref] = {fill: element.getAttribute('fill') || window.getComputedStyle(element).fill};
}
return seen;
"""
_POINT = """
var element = core.previousDOMInfo[arguments[0]];
if (!element || !element.isConnected) return 'it is no longer on the page';
function hit() {
  var rects = [element.getBoundingClientRect()].concat(Array.from(element.getClientRects()));
  for (var rect of rects) {
    var x = rect.left + rect.width / 2, y = rect.top + rect.height / 2;
    var top = document.elementFromPoint(x, y);
    if (top && (element.contains(top) || top.contains(element))) return [x, y];
  }
  return null;
}
var found = hit();
if (!found) {
  element.scrollIntoView({block: 'nearest', inline: 'nearest'});
  found = hit();
}
return found || 'something else lies over it, or it cannot be scrolled into view';
"""
_TO_THE_END = """
var element = document.activeElement;
if (['date', 'time', 'month', 'week', 'datetime-local'].includes(element.type)) {
  element.blur();
  element.focus();
}
try {
  if (arguments[0]) element.select();
  else element.setSelectionRange(element.value.length, element.value.length);
} catch (error) {}
"""
_SELECT = """
var element = core.previousDOMInfo[arguments[0]], wanted = arguments[1];
for (var option of element.options) option.selected = wanted.includes(option.text);
element.dispatchEvent(new Event('input', {bubbles: true}));
element.dispatchEvent(new Event('change', {bubbles: true}));
"""
_SOURCE = """
var copy = document.body.cloneNode(true);
for (var each of copy.querySelectorAll('script, #reward-display, #sync-task-cover, #click-canvas, #query'))
  each.remove();
for (var each of copy.querySelectorAll('*'))
  for (var name of ['data-wob_eps', 'data-tampered']) each.removeAttribute(name);
return copy.innerHTML;
"""


class Seen(NamedTuple):
    """A look at the page.

    Attributes:
        done: whether the episode is over.
        raw: the reward of the whole episode, from -1 to 1, without the loss by time; 0 before its end.
        scaled: the same with the loss by time.
        reason: that the page gives for it; may be empty.
        elements: that are visible; none once it is over.
    """

    done: bool
    raw: float
    scaled: float
    reason: str
    elements: tuple[Element, ...]


class Page:
    """A task from its beginning.

    Args:
        browser: in which it is loaded.
        task: its name.
        seed: of what is drawn in it.
        seconds: after which it ends; `None` for the time that the task itself gives, mostly 10 s.

    Attributes:
        utterance: the instruction.
        fields: what the package reads from it: what to click, to enter, ...

    Raises:
        BrowserLost: the browser has ended, or the task does not begin.
    """

    def __init__(self, browser: Browser, task: str, seed: int, seconds: float | None) -> None:
        self._browser = browser
        browser.open((pages() / f"{task}.html").as_uri())
        browser.run(_BEGIN, seed, seconds)
        until = time.monotonic() + READY_SECONDS
        while not browser.run("return WOB_TASK_READY;"):
            if time.monotonic() > until:
                raise BrowserLost(f"the page of {task} is not ready after {READY_SECONDS:g} s")
            time.sleep(0.05)
        self.utterance = visible_line(browser.run("return core.getUtterance();"), WORDS)
        self.fields = _fields(task, browser.run("return core.getUtterance();"))

    def look(self) -> Seen:
        """What is there now."""
        seen = self._browser.run(_LOOK)
        if not isinstance(seen, Mapping):
            raise PageRefused("the page tells nothing of itself")
        reason = "" if seen.get("reason") in (None, "null", "undefined") else str(seen["reason"])
        return Seen(
            done=bool(seen.get("done")),
            raw=_number(seen.get("raw")),
            scaled=_number(seen.get("scaled")),
            reason=visible_line(reason, WORDS),
            elements=read_elements(seen.get("root"), seen.get("more")),
        )

    def point(self, element: Element) -> tuple[float, float] | str:
        """Where an element takes a click, after scrolling to it where needed; else why it takes none."""
        if element.ref is None:
            return float(element.x), float(element.y)
        found = self._browser.run(_POINT, element.ref)
        return found if isinstance(found, str) else (float(found[0]), float(found[1]))

    def mouse(self, action: str, x: float, y: float) -> None:
        """One action of the mouse at a point, by the name of the package's function for it."""
        from miniwob import selenium_actions

        if action.startswith("scroll"):
            turned = -50 if action == "scroll_up" else 50
            self._browser.perform(_scroll, x, y, turned)
        else:
            self._browser.perform(getattr(selenium_actions, f"execute_{action}_coords"), x, y)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at a point, move it to another, and release it."""
        self._browser.perform(_drag, start, end)

    def to_the_end(self, *, select: bool) -> None:
        """Put the cursor behind what was entered, or select all of it; to the first part of a date."""
        self._browser.run(_TO_THE_END, select)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        from miniwob.selenium_actions import execute_type_text

        self._browser.perform(execute_type_text, text.replace("\n", "\ue006").replace("\t", "\ue004"))

    def press(self, key: str) -> None:
        """Press a key by the package's name for it."""
        from miniwob.selenium_actions import execute_press_key

        self._browser.perform(execute_press_key, key)

    def select(self, ref: int, options: list[str]) -> None:
        """Choose these options of a list, and no others."""
        self._browser.run(_SELECT, ref, options)

    def source(self) -> str:
        """The page's HTML, without its scripts."""
        return cut_text(valid_text(str(self._browser.run(_SOURCE))).strip(), HTML)

    def picture(self) -> bytes:
        """The page as a PNG."""
        return self._browser.picture()


def _scroll(x: float, y: float, pixels: int, driver: Any) -> None:
    from miniwob.selenium_actions import execute_scroll_coords

    execute_scroll_coords(x, y, pixels, 0, driver)


def _drag(start: tuple[float, float], end: tuple[float, float], driver: Any) -> None:
    """In one sequence: the browser selects no text where the mouse rests between its parts."""
    from selenium.webdriver.common.action_chains import ActionChains

    chain = ActionChains(driver, duration=0)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(*start)
    pointer.pointer_down()
    for part in (0.1, 0.5, 0.9, 1.0):
        pointer.move_to_location(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))
    pointer.pointer_up()
    chain.w3c_actions.perform()


def _fields(task: str, utterance: Any) -> dict[str, str]:
    """What the package's own rules read from an instruction; nothing where they fail."""
    from miniwob.fields import get_field_extractor

    try:
        found = dict(get_field_extractor(task)(str(utterance)))
    except Exception:  # of the package's rules, some of which know only some of its instructions
        return {}
    kept = list(found.items())[:FIELDS]
    return {visible_line(name, 60): visible_line(value, WORDS) for name, value in kept}


def _number(value: Any) -> float:
    try:
        found = float(json.loads(json.dumps(value)) or 0.0)
    except (TypeError, ValueError):
        return 0.0
    return found if isfinite(found) else 0.0
