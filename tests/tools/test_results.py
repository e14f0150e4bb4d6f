"""Whatever a tool returns becomes bounded JSON data, or a message."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from fieldcraft.tools import (
    ToolError,
    ToolExecutor,
)

Execute = Callable[..., ToolExecutor]


def results_of(value: Any) -> Callable[[], Any]:
    def give() -> Any:
        """Give it."""
        return value

    return give


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (b"\xff\xfe", "__4="),
        ({"a": {1}, 2: (3,)}, {"a": [1], "2": [3]}),
        (float("nan"), "NaN"),
        (None, None),
    ],
    ids=["bytes", "containers", "nan", "none"],
)
def test_results_become_json_data(value: Any, data: Any, execute: Execute) -> None:
    assert execute(results_of(value)).call("give", {}) == data


def test_an_object_json_does_not_know_is_given_as_text(execute: Execute) -> None:
    assert "object at" in execute(results_of(object())).call("give", {})


def test_a_circular_result_ends_where_it_closes(execute: Execute) -> None:
    circular: list[Any] = [1]
    circular.append(circular)

    assert execute(results_of(circular)).call("give", {}) == [1, "..."]


def test_what_cannot_be_json_is_a_message(execute: Execute) -> None:
    with pytest.raises(ToolError, match="give gave a result that is no data: .*surrogates not allowed"):
        execute(results_of("\ud800")).call("give", {})


def test_a_huge_result_is_cut_and_says_so(execute: Execute) -> None:
    text = execute(results_of("x" * 10**6)).call("give", {})
    data = execute(results_of(list(range(10**5)))).call("give", {})

    assert text == "x" * 20_000 + "\n[cut: 20,000 of 1,000,000 characters]"
    assert data.startswith("[0,1,2,")
    assert len(data) < 20_100


def test_an_endless_iterator_is_cut(execute: Execute) -> None:
    assert "[cut: " in execute(results_of(count())).call("give", {})
