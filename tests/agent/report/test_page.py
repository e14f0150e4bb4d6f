"""The page holds everything, bounded, escaped and without secrets."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser

import pytest
from long_life import HOSTILE, long_life

from fieldcraft.agent.journal.events import Event, ModelAnswered
from fieldcraft.agent.models.errors import MissingExtra
from fieldcraft.agent.settings import RunSettings
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.report import comparison_page, report_page
from fieldcraft.report.reading import tell

KEY = "hunter2-hunter2-hunter2"


class Tags(HTMLParser):
    """Counts elements, and collects what would be loaded or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.active: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.active += [f"{tag} {name}" for name, value in attrs if name.startswith("on")]
        self.active += [
            f"{tag} {name}"
            for name, value in attrs
            if "href" in name and not (value or "").startswith(("#", "data:image/png;base64,"))
        ]
        if tag in {"script", "img", "iframe", "link", "object", "embed", "base", "form"}:
            self.active.append(tag)


def test_a_run_without_iterations_has_a_page() -> None:
    page = report_page(tell(long_life(0)), stands="running")
    assert "no program was written" in page
    assert "No skill was kept" in page
    assert "No milestone yet" in page


def test_the_land_that_was_seen_lies_under_the_way() -> None:
    story = tell(long_life(30))
    world = GridWorld()
    world.reset(seed=1)
    story.land = world.chart()
    assert (story.land.across, story.land.down) == (17, 17)
    page = report_page(story, stands="paused")
    assert page.count("data:image/png;base64,") == 1
    assert "what the agent has seen" in page
    assert Tags(page).active == []


def test_the_page_says_which_kind_of_world_it_was() -> None:
    story = tell(long_life(3))
    story.overview.settings = RunSettings(options={"variant": "islands", "note": HOSTILE})
    for page in (report_page(story, stands="paused"), comparison_page(story, story)):
        assert "gridworld-v1 (variant=islands, note=&lt;img" in page
        assert Tags(page).active == []


def test_a_run_without_events_has_a_page() -> None:
    assert "Run begun-and-killed" in report_page(tell([], run="begun-and-killed"), stands="cut off")


def test_figures_follow_the_style_sheet_and_leave_no_colour_of_their_own() -> None:
    page = report_page(tell(long_life(1200)), stands="paused")
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert page.count("<svg") == 3
    assert not re.findall(r"#0[1-9]0[1-9]0[1-9]", drawn)
    assert set(re.findall(r"(?:fill|stroke): (#\w+)", drawn)) == set()
    ids = re.findall(r'<(?:path|g|clipPath|rect)[^>]* id="(\w{11,})"', drawn)
    assert len(ids) == len(set(ids))


def test_ten_thousand_iterations_stay_usable() -> None:
    """The latest in full, the others folded."""
    page = report_page(tell(long_life(10_000, text=HOSTILE)), stands="paused")
    tags = Tags(page)
    assert len(page.encode()) < 15_000_000
    assert tags.active == []
    assert 200 < tags.counts["details"] < 300
    assert 'class="at">10000<' in page


def test_the_page_is_bounded_whatever_programs_hold() -> None:
    """Of programs that swell when they are highlighted, the oldest give way."""
    story = tell(long_life(200, source="a<" * 9_900 + "\n"))
    page = report_page(story, stands="paused")
    assert len(page.encode()) < 15_000_000
    assert 'class="at">200<' in page


def test_nothing_that_others_wrote_becomes_markup() -> None:
    story = tell(long_life(30, source=f"def f(bot):\n    print({HOSTILE!r})  # {HOSTILE}\n", text=HOSTILE))
    for page in (report_page(story, stands=HOSTILE), comparison_page(story, story)):
        assert Tags(page).active == []
        assert "&lt;img src=x" in page
        assert "&amp;lt;" not in page


def test_secrets_and_control_characters_do_not_reach_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", KEY)
    text = f"{KEY} \x1b[2J\u202e"
    story = tell(long_life(30, source=f"KEY = '{KEY}'\n", text=text))
    for page in (report_page(story, stands=text), comparison_page(story, story)):
        assert KEY not in page
        assert "[redacted]" in page
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page)


def test_two_runs_of_which_one_is_empty_can_be_compared() -> None:
    page = comparison_page(tell(long_life(0)), tell(long_life(1001)))
    assert "age 1" in page
    assert page.count("<svg") == 1


def counted() -> list[Event]:
    """A run whose models refused, were cut, were waited for, and reported tokens of all kinds."""
    events = long_life(2)
    asked = {"role": "actor", "model": "m", "text": ""}
    last = events[-1].number
    more = (
        ModelAnswered(**asked, call=3, refusal="I will not.", cached_tokens=1_234, waited=90.0),
        ModelAnswered(**asked, call=4, truncated=True, reasoning_tokens=5_678, output_tokens=6_000),
        ModelAnswered(**asked, call=5, estimated=True),
    )
    return [*events, *(event.model_copy(update={"number": last + at}) for at, event in enumerate(more, 1))]


COUNTED = {
    "cached tokens": "1,234",
    "reasoning tokens": "5,678",
    "answers with estimated tokens": "1",
    "refused answers": "1",
    "answers cut at a limit": "1",
    "seconds of rate limits": "90",
}


def test_the_page_shows_how_the_models_answered() -> None:
    page = report_page(tell(counted()), stands="paused")
    for name, count in COUNTED.items():
        assert f"<dt>{name}</dt><dd>{count}</dd>" in page


def test_a_comparison_shows_how_the_models_of_both_answered() -> None:
    page = comparison_page(tell(long_life(2)), tell(counted()))
    for name, count in COUNTED.items():
        assert f'<td>{name}</td><td class="number">0</td><td class="number">{count}</td>' in page


def test_what_no_model_did_has_no_place_on_a_page() -> None:
    story = tell(long_life(2))
    for page in (report_page(story, stands="paused"), comparison_page(story, story)):
        assert not [name for name in COUNTED if name in page]


def test_without_the_plotting_library_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'fieldcraft\[report\]'"):
        report_page(tell(long_life(1)), stands="paused")
