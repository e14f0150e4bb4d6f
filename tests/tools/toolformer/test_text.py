"""Calls go to text and back unchanged, whatever is in them; what is no call is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import tool

from fieldcraft.tools import ToolError
from fieldcraft.tools.toolformer.syntax import text
from fieldcraft.tools.toolformer.syntax.arguments import Parameter, parameters_of, read, written
from fieldcraft.tools.toolformer.syntax.text import InlineCall

NASTY = st.text("ab1 ,=:\"'\\()[]{}->\n\rü#", max_size=30) | st.text(max_size=30)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=6,
)
QUERY = (Parameter("query", textual=True, required=True),)
SEARCH = (*QUERY, Parameter("count", textual=False, required=False))


@given(NAMES, NASTY, st.none() | NASTY)
def test_a_call_with_quoted_arguments_and_any_result_comes_back(
    name: str, query: str, result: str | None
) -> None:
    call = InlineCall(name, written({"query": query}, QUERY), result)

    assert text.parse(text.write(call)) == call
    assert read(call.arguments, QUERY) == {"query": query}


@given(NASTY, st.integers())
def test_two_arguments_come_back_by_place_and_by_name(query: str, count: int) -> None:
    assert read(written({"query": query, "count": count}, SEARCH), SEARCH) == {"query": query, "count": count}
    assert read(written({"count": count}, SEARCH), SEARCH) == {"count": count}
    assert read(f"count={count}, query={written({'query': query}, SEARCH)}", SEARCH) == {
        "query": query,
        "count": count,
    }


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_values_of_every_kind_come_back_in_their_own_types(values: list[Any]) -> None:
    parameters = [Parameter(f"p{place}", textual=False, required=True) for place in range(len(values))]
    arguments = {f"p{place}": value for place, value in enumerate(values)}
    call = InlineCall("f", written(arguments, parameters), "done")

    assert text.parse(text.write(call)) == call
    assert read(call.arguments, parameters) == arguments


@given(st.text("ab \n.,", max_size=40), st.integers(0, 40), NAMES, NASTY, NASTY)
def test_a_call_spliced_into_a_text_is_found_and_taken_out_again(
    around: str, place: int, name: str, query: str, result: str
) -> None:
    place = min(place, len(around))
    call = InlineCall(name, written({"query": query}, QUERY), result)
    spliced = text.insert(around, place, call)

    (found,) = text.find(spliced)
    assert found.call == call
    assert spliced[found.start : found.end] == text.write(call)
    assert text.strip(spliced) == around


@given(st.text("[](){}\"'\\->,=a1 \n", max_size=60))
def test_any_text_is_read_without_a_fault(junk: str) -> None:
    for found in text.find(junk):
        assert text.parse(text.write(found.call)) == found.call
    text.strip(junk)
    text.unfinished(junk)


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("[Calculator(400/1400) -> 0.29]", InlineCall("Calculator", "400/1400", "0.29")),
        ("[calculator((2 + 3) * (4)) -> 20]", InlineCall("calculator", "(2 + 3) * (4)", "20")),
        ("[QA(Dante's [first] book) -> Inferno]", InlineCall("QA", "Dante's [first] book", "Inferno")),
        ('[QA("a ) in -> quotes") -> x]', InlineCall("QA", '"a ) in -> quotes"', "x")),
        ("[QA('single') ->x]", InlineCall("QA", "'single'", "x")),
        ("[ calendar ( ) -> Today]", InlineCall("calendar", " ", "Today")),
        ("[calendar()]", InlineCall("calendar", "")),
        ("[calendar() -> ]", InlineCall("calendar", "", "")),
        (r"[f(1) -> a \] b]", InlineCall("f", "1", "a ] b")),
        ("[f(1) -> [1, [2]] -> 3]", InlineCall("f", "1", "[1, [2]] -> 3")),
    ],
)
def test_what_a_model_may_write_is_read(line: str, call: InlineCall) -> None:
    assert text.parse(line) == call


@pytest.mark.parametrize(
    "line", ["[see page 3]", "[1]", "[f(1 -> 2]", "[f(1]) -> 2]", "[f(1) -> 2", "f(1) -> 2", "[f(1) 2]", "[]"]
)
def test_what_is_no_call_is_none(line: str) -> None:
    assert text.parse(line) is None
    assert text.strip(line) == line


def test_only_calls_of_the_named_tools_are_found() -> None:
    both = "a [see(fig. 1)] b [calculator(1+1) -> 2] c"

    assert text.strip(both, {"calculator"}) == "a [see(fig. 1)] b c"


@pytest.mark.parametrize(
    ("line", "waits"),
    [
        ("[calculator(1+1) ->", True),
        ("[calculator(1+1)->  ", True),
        ("[search(a -> b", False),
        ('[search("a -> b") ', False),
        ("[search(a) -> b", False),
    ],
)
def test_a_decoder_sees_where_a_call_waits_for_its_result(line: str, waits: bool) -> None:
    assert (text.unfinished(line) is not None) is waits


def test_the_parameters_of_a_tool_say_how_it_is_written() -> None:
    @tool
    def find(query: str, count: int = 3) -> str:
        """Find."""
        return query

    parameters = parameters_of(find)
    assert parameters == SEARCH
    assert written({"query": "iron, near 12", "count": 2}, parameters) == '"iron, near 12", 2'
    assert written({"query": "iron ore"}, parameters) == "iron ore"
    assert read("iron ore", parameters) == {"query": "iron ore"}
    assert read("a, b, c", QUERY) == {"query": "a, b, c"}
    with pytest.raises(ToolError, match="no parameter for the argument '5'"):
        read("iron, 3, 5", parameters)
    with pytest.raises(ToolError, match="given twice"):
        read("iron, query=gold", parameters)
