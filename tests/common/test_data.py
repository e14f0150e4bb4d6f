"""Foreign JSON and YAML: read within bounds, or refused with the one error."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldcraft.common.data import DataError, Limits, bounded, read_json
from fieldcraft.common.yaml import read_yaml

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**299), 10**299)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    LEAVES | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)

HOSTILE_JSON = {
    "nested": "[" * 100_000,
    "nested objects": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "an integer of many digits": "9" * 5_000,
    "not a number": "[NaN]",
    "infinite": '{"a": 1e999}',
    "many values": "[" + "0," * 300_000 + "0]",
    "many empty lists": "[" + "[]," * 200_000 + "[]]",
    "not UTF-8": b'"\xff"',
    "nothing": "",
    "two values": "1 2",
}
HOSTILE_YAML = {
    "a bomb of aliases": "a: &a [1]\n"
    + "".join(f"k{i}: &k{i} [*{_}, *{_}]\n" for i, _ in enumerate(["a", *(f"k{j}" for j in range(40))])),
    "an alias of itself": "&a [*a]",
    "a merge of itself": "a: &a {<<: *a}",
    "an object": "a: !!python/object/apply:os.system [ls]",
    "binary": "!!binary aGk=",
    "base 60": '!!int "1' + ":1" * 100_000 + '"',
    "digits": "a: " + "9" * 4_000,
    "nested": "- " * 2_000 + "a",
    "nested flow": "[" * 900,
    "a control character": "a: \x00",
    "many values": "- a\n" * 200_000,
}


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_what_is_bounded_is_read_back_equal(value):
    kept = bounded(value)
    assert read_json(json.dumps(kept)) == kept


@pytest.mark.parametrize("text", HOSTILE_JSON.values(), ids=list(HOSTILE_JSON))
def test_hostile_json_is_one_error(text):
    with pytest.raises(DataError):
        read_json(text)


@pytest.mark.parametrize("text", HOSTILE_YAML.values(), ids=list(HOSTILE_YAML))
def test_hostile_yaml_is_one_error(text):
    with pytest.raises(DataError):
        read_yaml(text)


def test_brackets_inside_text_are_no_nesting():
    assert read_json(json.dumps("[" * 10_000)) == "[" * 10_000


def test_half_characters_are_replaced_and_halves_that_fit_are_joined():
    assert read_json('["\\ud83d", "\\ud83d\\ude00"]') == ["\N{REPLACEMENT CHARACTER}", "\N{GRINNING FACE}"]
    assert bounded({"\udc00": "\ud83d\ude00"}) == {"\N{REPLACEMENT CHARACTER}": "\N{GRINNING FACE}"}


def test_the_depth_that_is_allowed_is_read():
    limits = Limits(depth=10)
    assert read_json("[" * 10 + "]" * 10, limits)
    with pytest.raises(DataError, match="deeper than 10"):
        read_json("[" * 11 + "]" * 11, limits)


def test_what_is_no_data_is_refused():
    for value in (object(), {1, 2}, b"bytes", float("nan"), {"a": [float("inf")]}, 10**400):
        with pytest.raises(DataError):
            bounded(value)


def test_a_value_that_holds_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(DataError):
        bounded(endless)


def test_yaml_dates_and_odd_numbers_stay_text():
    read = read_yaml("day: 2020-01-01\noctal: 010\ntime: 1:30\nhex: 0x1F\nfloat: 1.5\nexponent: 1e3\nno: yes")
    assert read == {
        "day": "2020-01-01",
        "octal": "010",
        "time": "1:30",
        "hex": 31,
        "float": 1.5,
        "exponent": 1000.0,
        "False": True,
    }


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    for read in (read_json, read_yaml):
        with contextlib.suppress(DataError):
            json.dumps(read(text)).encode()


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, -2.5, 0x1F, 1e3, true, No, null, ~, '', \"x\", 2020-01-01, 0777, 1:20]",
        "a:\n  - b: |\n      text\n      more\n  - c: >-\n      folded\n      text\n",
        "a: &x {b: 1}\nc: *x\n",
        "a: &x {b: 1}\nc: {<<: *x, d: 2}\n",
        "1: one\ntrue: yes\nnull: none\n",
        "a: !!str 12\nb: !!int '7'\n",
        "a: 1\na: 2\nb: 'yes'\n",
        "# only a comment",
        "--- just text and more of it ...",
        "[[], {}, {a: }, [b, {c: [d]}]]",
    ],
)
def test_yaml_beyond_a_few_lines_is_read_alike(text):
    few, many = Limits(items=1_000), Limits(items=2 * len(text) - 1)

    assert read_yaml(text, many) == read_yaml(text, few)


@pytest.mark.parametrize(
    "text", ["a: 1\n---\nb: 2\n", "a: !!python/name:os.system x", "a: *nothing", "a: [b"]
)
def test_yaml_beyond_a_few_lines_is_refused_alike(text):
    with pytest.raises(DataError):
        read_yaml(text, Limits(items=2 * len(text) - 1))
