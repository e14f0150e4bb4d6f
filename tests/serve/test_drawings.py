"""Curves and maps are drawn from any figures of a run, and hold nothing but figures."""

from __future__ import annotations

import math
import re

import pytest

from fieldcraft.serve.drawings import POINTS, items_curve, joined, walked_map


def test_a_curve_stays_inside_its_frame() -> None:
    drawn = items_curve([[(0, 0), (10, 5), (10_000, 140)]], [(3, 1), (3, 1), (10_000, 140)])
    numbers = [float(number) for number in re.findall(r"[HV](-?[\d.]+)", drawn)]
    assert min(numbers) >= 0 and max(numbers) <= 460


@pytest.mark.parametrize("curve", [[], [(0, 0)], [(5, 0)], [(0, 10**15), (10**15, 10**18)]])
def test_any_curve_is_drawn(curve: list[tuple[float, float]]) -> None:
    assert items_curve([curve]).count("<text") < 15


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    drawn = items_curve([[(number, number) for number in range(100_000)]])
    assert drawn.count("V") <= POINTS + 1
    assert 'cx="446.0"' in drawn


def test_parts_of_a_curve_are_joined_without_falling() -> None:
    assert joined([(0, 0), (5, 3)], [(4, 2), (9, 8), (9, 9)], [(20, 7)]) == [(0, 0), (4, 2), (5, 3), (9, 9)]


@pytest.mark.parametrize("trodden", [{"<b> 1": 3}, {"": 1}, {"1": 1}, {"x y": 1}])
def test_squares_with_odd_names_are_left_out(trodden: dict[str, int]) -> None:
    assert walked_map(trodden, []) == ""


def test_places_beyond_all_numbers_are_left_out() -> None:
    drawn = walked_map({"0 0": 2, "-1 3": 1}, [(1.0, 2.0), (math.inf, 0.0), (math.nan, 1.0)])
    assert "inf" not in drawn and "nan" not in drawn
    assert drawn.count("<rect") == 2
