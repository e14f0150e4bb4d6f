"""The words of a world of Gymnasium: what it is, where its episode stands, what its score is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.gym.actions import takes
from fieldcraft.envs.gym.describing import described
from fieldcraft.envs.gym.saved import Standing

_ABOUT, _INFO, _SPACE = 1_500, 800, 600
_DISPLAY = re.compile(r"display|video device|x11|xcb|glfw|opengl|EGL", re.IGNORECASE)


def about(name: str, environment: Any, given: str, limit: int) -> str:
    """What the agent reads of an environment: what its user or its documentation says, and its rules."""
    said = given or documentation(environment)
    seen = takes(environment.observation_space)
    return cut_text(
        f"{name}, an environment of Gymnasium. {said} The aim is a high score: the sum of rewards over an "
        f"episode, which ends when the environment says so, or after {limit:,} steps. "
        f"An observation is {cut_text(seen, _SPACE, mark=' ...')}.",
        _ABOUT + _SPACE + 400,
        mark=" ...",
    )


def documentation(environment: Any) -> str:
    """The beginning of what the environment's class says of itself, in one line."""
    text = inspect.cleandoc(type(environment.unwrapped).__doc__ or "")
    wanted = re.split(
        r"^\s*#+ *(?:arguments|version history|references|vectorized)", text, flags=re.I | re.M
    )[0]
    plain = re.sub(r"^\s*#+ .*$|^\s*```.*$", "", wanted, flags=re.M)
    return visible_line(plain, _ABOUT)


def episode_text(standing: Standing, steps: int, limit: int) -> str:
    """`2, step 14 of at most 100`, or how it ended."""
    where = f"{standing.episode}, step {steps:,} of at most {limit:,}"
    return f"{where}; it has ended: {standing.ended}" if standing.ended else where


def score_text(standing: Standing) -> str:
    """The score of this episode and of those before."""
    ended = sum(standing.outcomes.values())
    before = ""
    if ended and standing.best is not None:
        before = f"; best {standing.best:g}, mean {standing.total / ended:.4g} of {ended} that ended"
    return f"{standing.score:g} in this episode{before}"


def info_text(info: Mapping[str, Any]) -> str:
    """What the environment says beside its observation, in one line; empty where that is nothing."""
    return visible_line(described(dict(info)).replace("\n", "; "), _INFO) if info else ""


def cure_of(error: BaseException) -> str:
    """What to give where an environment could not be made or reset; empty where nobody knows."""
    said = f"{type(error).__name__}: {error}"
    missing = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError) and missing:
        return f"pip install {missing}, which it imports"
    if commands := re.findall(r"pip install [^\n`,]+", said):
        return visible_line(", then ".join(command.rstrip(". ") for command in commands), 200).replace(
            '"', "'"
        )
    if _DISPLAY.search(said):
        return 'it needs a display: give the option render_mode="rgb_array", or run under xvfb-run'
    if found := re.search(r"missing \d+ required [\w-]* ?arguments?: (.+)", said):
        return f"give the option it needs: {visible_line(found[1], 100)}"
    if found := re.search(r"unexpected keyword argument '(\w+)'", said):
        return f"leave out the option {found[1]}"
    return ""
