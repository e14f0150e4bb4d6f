"""Whatever a parameter's value is, it stays in the place that the document gives it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_pydantic import Parameter

from fieldcraft.tools import ToolError
from fieldcraft.tools.sources.openapi.parameters import in_header, in_path, in_query

SCALARS = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
VALUES = st.one_of(SCALARS, st.lists(SCALARS), st.dictionaries(st.text(), SCALARS))
PATH_STYLES = [(style, explode) for style in ("simple", "label", "matrix") for explode in (True, False)]
QUERY_STYLES = [
    ("form", True),
    ("form", False),
    ("spaceDelimited", False),
    ("pipeDelimited", False),
    ("deepObject", True),
]


def parameter(place: str, style: str, explode: bool) -> Parameter:
    written = {"name": "p", "in": place, "required": True, "style": style, "explode": explode, "schema": {}}
    return Parameter.model_validate(written)


@pytest.mark.parametrize(("style", "explode"), PATH_STYLES)
@given(value=VALUES)
def test_a_value_never_leaves_its_place_in_a_path(style: str, explode: bool, value: Any) -> None:
    try:
        text = in_path(parameter("path", style, explode), value)
    except ToolError:
        return
    parts = urlsplit(f"http://host/pets/{text}/toys")
    assert (parts.netloc, parts.query, parts.fragment) == ("host", "", "")
    assert parts.path.split("/") == ["", "pets", text, "toys"]
    assert text not in {"", ".", ".."}


@given(value=st.text(min_size=1))
def test_a_text_in_a_path_is_read_back_as_it_was(value: str) -> None:
    if value not in {".", ".."}:
        assert unquote(in_path(parameter("path", "simple", False), value)) == value


@pytest.mark.parametrize(("style", "explode"), QUERY_STYLES)
@given(value=VALUES)
def test_a_value_never_becomes_another_pair_of_a_query(style: str, explode: bool, value: Any) -> None:
    pairs = in_query(parameter("query", style, explode), value)

    assert parse_qsl(urlencode(pairs), keep_blank_values=True, strict_parsing=bool(pairs)) == pairs


@given(value=VALUES)
def test_a_header_holds_no_line_break(value: Any) -> None:
    try:
        text = in_header(parameter("header", "simple", False), value)
    except ToolError:
        return
    assert not set(text) & set("\r\n\0")
