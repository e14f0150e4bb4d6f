"""What is shown of single events and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.state import Spent
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.cli.views import figures
from fieldcraft.cli.views.ending import as_data
from fieldcraft.cli.views.lines import lines
from fieldcraft.report.templating import dollars


def test_a_refusal_of_the_curriculum_is_shown_and_counted() -> None:
    view = Overview()
    event = e.ModelAnswered(
        number=1, time=1.0, role="curriculum", call=1, text="", model="m", refusal="I will not."
    )
    view.take(event)

    assert [str(line.text()) for line in lines(event, view)] == [
        "! the curriculum's model refused to answer  I will not."
    ]
    assert as_data(view, Path("runs"))["refused_answers"] == 1


@pytest.mark.parametrize(
    ("spent", "shown", "reported"),
    [
        (Spent(), "$0.00", "0.00"),
        (
            Spent(unpriced=2),
            "price unknown for 2 answers (set model_options.prices)",
            "price unknown",
        ),
        (
            Spent(money=1.5, unpriced=1),
            "$1.50 (price unknown for 1 answer)",
            "1.50 and more, some prices unknown",
        ),
    ],
)
def test_an_unknown_price_is_no_zero(spent: Spent, shown: str, reported: str) -> None:
    assert (figures.money(spent), dollars(spent)) == (shown, reported)


def test_a_budget_that_is_used_up_is_written_as_other_figures_are() -> None:
    limits = BudgetLimits(tokens=2_000_000)
    assert Spent(input_tokens=2_000_001).exhausted(limits, another_program=True) == (
        "budget of 2,000,000 tokens used up"
    )
