"""MiniWoB++ as a world: each episode is a small web page with an instruction in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.miniwob import browser, finding
from fieldcraft.envs.miniwob.finding import Place, Target
from fieldcraft.envs.miniwob.goals import InstructionGoal
from fieldcraft.envs.miniwob.keys import KEYS, named_key
from fieldcraft.envs.miniwob.play import Play
from fieldcraft.envs.miniwob.tasks import ALL, DEFAULT, LONGEST, Chosen, chosen
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import (
    EnvironmentSpec,
    Examples,
    Names,
    OptionInfo,
    PrimitiveError,
    Progress,
    Requirement,
)

AIM = "follow the instruction of each page in few actions, by programs that serve other pages too"
DESCRIPTION = (
    "Small web pages in a browser, one an episode, each with an instruction in words (MiniWoB++). The "
    "episode ends when the page takes what was done as the answer, right or wrong, often by a button such as "
    "Submit: there is no second try."
)
EXAMPLES = Examples(
    tasks=("Follow the instruction: Click button ONE.",),
    task="Follow the instruction: Click button ONE.",
    goal={"kind": "instruction", "instruction": "Click button ONE."},
    step="Follow the instruction: Click button ONE.",
    step_goal={"kind": "instruction", "instruction": "Click button ONE."},
    question="What does it take to enter a text?",
    program="click_the_named_button",
    needs="an element or a text",
    about="submit",
    fact="the page is answered by a click on Submit",
    advice=("A program that reads the instruction with look() serves many pages.",),
)
MOST_TIMES, LONGEST_TEXT = 50, 1_000


class MiniWobWorld(Environment):
    """Tasks of MiniWoB++, one an episode. An action takes one tick, and the page's own clock is real.

    Raises:
        NeedsMiniWob: the package is not installed.
    """

    goal_types = (InstructionGoal,)

    def __init__(self) -> None:
        browser.require_packages()
        self._chosen = Chosen()
        self._options: dict[str, Any] = {}
        self._browser: browser.Browser | None = None
        self._play: Play | None = None
        self.spec = self._specified()

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin the episode with this seed.

        Raises:
            ValueError: an option is unknown; the message has the nearest names.
            NeedsMiniWob: the browser or its driver is missing.
        """
        wanted = dict(options or {})
        found = chosen(wanted)
        play = self._begun(found, seed % 2**31)
        self._chosen, self._options, self._play = found, wanted, play
        self.tick = 0
        self.spec = self._specified()
        return self.observe()

    def observe(self) -> Observation:
        """The instruction, and the page in words."""
        play = self._playing
        play.look()
        return Observation(
            tick=play.actions,
            words=play.words,
            events=list(play.events),
            extra={"fields": play.page.fields} if play.page.fields else {},
            scores={"success": float(play.success), "reward": play.reward},
            task=play.page.utterance,
            goal=kept_goal(InstructionGoal(instruction=play.page.utterance)),
            ended=play.end,
        )

    def progress(self) -> Progress:
        """The task, where its instruction was followed."""
        play = self._playing
        return Progress(achieved={"tasks": {play.task: play.actions} if play.success else {}})

    def instruction_now(self) -> tuple[str, bool]:
        """The instruction of the episode, and whether it was followed."""
        return self._playing.page.utterance, self._playing.success

    def task_now(self) -> str:
        """The name of the episode's task, which agents are not told."""
        return self._playing.task

    def render(self) -> bytes:
        """The page, as a PNG of 480 x 630 pixels."""
        return self._playing.picture()

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """Tasks and time."""
        about = f"seconds after which an episode ends; null for those of the task, mostly 10 (1 to {LONGEST})"
        return (
            OptionInfo(name="tasks", about=f"a task, several in turn, or {ALL!r}", default=DEFAULT),
            OptionInfo(name="seconds", about=about, default=LONGEST),
        )

    @classmethod
    def diagnose(cls) -> tuple[Requirement, ...]:
        """The browser and its driver."""
        found = []
        for name, find in (("browser", browser.find_browser), ("driver", browser.find_driver)):
            try:
                found.append(Requirement(name=f"miniwob: {name}", met=True, detail=find()))
            except browser.NeedsMiniWob as error:
                detail = str(error).partition(";")[0]
                found.append(Requirement(name=f"miniwob: {name}", met=False, detail=detail, cure=browser.APT))
        return tuple(found)

    def close(self) -> None:
        """End the browser."""
        if self._browser is not None:
            self._browser.close()
        self._browser = self._play = None

    @primitive
    def look(self) -> dict[str, Any]:
        """The page, without an action: `instruction`, `fields` (what it names, by kind) and `elements`.

        Each element has `ref` (its number), `tag`, `text`, `x`, `y` (its middle), `width`, `height`, and if
        there are any `value` (entered, or whether ticked), `id`, `classes`, `colour`, `options`, `focused`.
        """
        play = self._going
        elements = [element.data() for element in play.elements]
        return {"instruction": play.page.utterance, "fields": dict(play.page.fields), "elements": elements}

    @primitive
    def elements(self, text: str | None = None, tag: str | None = None) -> list[dict[str, Any]]:
        """The elements of look() whose text, value or id contains `text`, and whose tag begins with `tag`."""
        return [one.data() for one in finding.matching(self._going.elements, text, tag)]

    @primitive
    def html(self) -> str:
        """The page's source, without an action; elements have their ref in `data-wob_ref`."""
        return self._going.source()

    @primitive
    def click(self, target: Target) -> str:
        """Click on an element, by its ref or by its whole text (or id). Scrolls to it where needed.

        Returns what changed on the page.
        """
        play = self._going
        return self._act("mouse", "click", *finding.point(play, target))

    @primitive
    def type_text(
        self, target: Target, text: Annotated[str, Field(max_length=LONGEST_TEXT)], replace: bool = False
    ) -> str:
        """Click on an element and type; with `replace`, instead of what stands there.

        A line break is the Enter key. Returns what changed on the page.
        """
        play = self._going
        self._act("mouse", "click", *finding.point(play, target))
        play.require_going()
        play.page.to_the_end(select=replace)
        return self._act("type", text)

    @primitive
    def select(self, target: Target, options: str | list[str]) -> str:
        """Choose an option of a list, or several, by their whole texts. Returns what changed on the page."""
        play = self._going
        element = finding.element(play.elements, target)
        wanted = [options] if isinstance(options, str) else list(options)
        if element.ref is None or not element.options:
            raise PrimitiveError(
                f"cannot select in {element.words()}: it has no options; click() chooses there"
            )
        if missing := [one for one in wanted if one not in element.options]:
            raise PrimitiveError(f"cannot select {missing[0]!r}: the options are {list(element.options)}")
        return self._act("select", element.ref, wanted)

    @primitive
    def drag(self, start: Place, end: Place) -> str:
        """Drag with the mouse, each from or to an element (ref or text) or a point [x, y].

        Selects text as well. Returns what changed on the page.
        """
        play = self._going
        return self._act("drag", finding.place(play, start), finding.place(play, end))

    @primitive
    def press(self, key: str, times: Annotated[int, Field(ge=1, le=MOST_TIMES)] = 1) -> str:
        """Press a key so many times: a character, a name such as Enter or ArrowDown, or C-a for Ctrl+A.

        What has the focus takes it. Returns what changed on the page.
        """
        name, changed = named_key(key), ""
        for _ in range(times):
            changed = self._act("press", name)
        return changed

    @primitive
    def mouse(self, action: finding.MouseAction, x: float, y: float) -> str:
        """One action of the mouse at a point of the page, which is 160 pixels wide and 210 high.

        Actions are move, click, dblclick, mousedown, mouseup, scroll_up, scroll_down. Returns what changed.
        """
        if not (0 <= x < browser.WIDTH and 0 <= y < browser.HEIGHT):
            raise PrimitiveError(
                f"({x:g}, {y:g}) is outside of the page: x is from 0 to 160, y from 0 to 210"
            )
        return self._act("mouse", action, x, y)

    @primitive
    def wait(self, seconds: Annotated[float, Field(gt=0, le=5)] = 1.0) -> str:
        """Wait for a page that changes by itself. Returns what changed."""
        self._going.require_going()
        time.sleep(seconds)
        return self._act("")

    def _act(self, name: str, *arguments: Any) -> str:
        changed = self._going.act(name, *arguments)
        self.tick = self._playing.actions
        self._playing.require_going()
        return changed

    def _begun(self, found: Chosen, seed: int) -> Play:
        """The episode with this seed, in a new browser where there is none or it is lost."""
        lost: Exception | None = None
        for _ in range(2):
            if self._browser is None:
                self._browser = browser.Browser()
            try:
                return Play(self._browser, found.of(seed), seed, found.seconds)
            except (browser.BrowserLost, browser.PageRefused) as error:
                lost = error
                self.close()
        raise ValueError(f"the browser does not load {found.of(seed)}: {lost}")

    @property
    def _playing(self) -> Play:
        if self._play is None:
            raise ValueError("miniwob-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._playing.look()
        self._playing.require_going()
        return self._playing

    def _specified(self) -> EnvironmentSpec:
        return EnvironmentSpec(
            id="miniwob-v1",
            description=DESCRIPTION,
            can_render=True,
            repeatable=False,
            tick_limit=500,
            goals=(),
            names=Names(kinds={"keys": KEYS}),
            aim=AIM,
            examples=EXAMPLES,
            options=self._options,
        )
