"""Format the figures of a run: durations, times, costs, budgets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fieldcraft.agent.journal.course.news import without_news
from fieldcraft.cli.views.console import counted

if TYPE_CHECKING:
    from rich.text import Text

    from fieldcraft.agent.journal.overview import Overview
    from fieldcraft.agent.journal.state import Spent


def duration(seconds: float) -> str:
    """Format seconds as `8.2 s`, `3 min 20 s`, `2 h 05 min` or `3 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def moment(seconds: float) -> str:
    """Format a timestamp of the journal as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "-"


def money(spent: Spent) -> str:
    """The cost in US dollars, with a note if prices were unknown."""
    if spent.unpriced and not spent.money:
        return f"price unknown for {counted(spent.unpriced, 'answer')} (set model_options.prices)"
    text = f"${spent.money:.2f}" if spent.money >= 1 or not spent.money else f"${spent.money:.4f}"
    return text + (f" (price unknown for {counted(spent.unpriced, 'answer')})" if spent.unpriced else "")


def tokens(spent: Spent) -> str:
    """The tokens, with those from a cache and for reasoning, and how many answers were estimated."""
    notes = [
        f"{spent.cached_tokens:,} cached" if spent.cached_tokens else "",
        f"{spent.reasoning_tokens:,} reasoning" if spent.reasoning_tokens else "",
        f"estimated for {counted(spent.estimated, 'answer')}" if spent.estimated else "",
    ]
    noted = ", ".join(note for note in notes if note)
    return f"{spent.tokens:,} tokens" + (f" ({noted})" if noted else "")


def seconds(spent: Spent) -> str:
    """The time of work, with that of waits for rate limits beside it."""
    waited = f" and {duration(spent.waited)} of waiting for rate limits" if spent.waited else ""
    return duration(spent.seconds) + waited


def of_limit(used: float, limit: float | None) -> str:
    """Format a figure as `23/160`, or `23` if there is no limit."""
    return f"{used:,.0f}" if limit is None else f"{used:,.0f}/{limit:,.0f}"


def pace(overview: Overview, now: float) -> str:
    """How long the run is open this time, and how fast it goes: `12 min 05 s, 180 iterations an hour`."""
    elapsed, hourly = overview.rate(now)
    return f"{duration(elapsed)}, {hourly:,.0f} iterations an hour"


def episodes(overview: Overview) -> str:
    """How many episodes ended, how, and the best of each score; empty where none did."""
    course = overview.state.episodes
    if not course.count:
        return ""
    how = ", ".join(f"{count} {outcome}" for outcome, count in sorted(course.outcomes.items()))
    best = "".join(f"; best {name} {score:g}" for name, score in sorted(course.best.items())[:3])
    of = of_limit(course.count, overview.settings.budget.episodes)
    return f"{of} ended ({how}){best}"


def newest(overview: Overview) -> str:
    """The last new thing and how long ago it came, in iterations: `item coal, 12 iterations ago`."""
    state = overview.state
    since = without_news(state)
    if not state.newest:
        return f"nothing new in {counted(since, 'iteration')}"
    return f"{state.newest}, " + (f"{counted(since, 'iteration')} ago" if since else "just now")


def deaths(overview: Overview) -> str:
    """`no death`, `1 death`, `3 deaths`."""
    died = overview.state.progress.deaths
    return counted(died, "death") if died else "no death"


def spent_line(overview: Overview) -> Text:
    """Iterations, items, skills, tokens, money and time on one line."""
    from rich.text import Text

    state, budget = overview.state, overview.settings.budget
    parts = [
        f"iterations {of_limit(state.spent.iterations, budget.iterations)}",
        counted(len(state.found()), state.noun),
        counted(len(state.kept), "skill"),
        *([deaths(overview)] if state.progress.deaths else []),
        f"last new: {newest(overview)}",
        f"tokens {of_limit(state.spent.tokens, budget.tokens)}",
        money(state.spent) + (f" of ${budget.money:g}" if budget.money is not None else ""),
        duration(state.spent.seconds)
        + (f" of {duration(budget.seconds)}" if budget.seconds is not None else ""),
        f"open for {pace(overview, overview.latest)}",
    ]
    return Text("  " + " · ".join(parts), style="quiet")
