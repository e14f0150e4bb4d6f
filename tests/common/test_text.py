"""Text of others, made fit to stand in one line."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from fieldcraft.common.text import cut_text, valid_text, visible_line

ANY_TEXT = st.text(st.characters(), max_size=300)


@given(ANY_TEXT, st.integers(1, 300))
def test_a_visible_line_is_one_bounded_line_of_visible_characters(text, limit):
    line = visible_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not {unicodedata.category(letter) for letter in line} & {"Cc", "Cs", "Zl", "Zp", "Cn", "Co"}
    line.encode()


@given(ANY_TEXT)
def test_valid_text_can_be_encoded_and_plain_text_is_left_alone(text):
    valid_text(text + "\ud83d").encode()
    if text.isascii():
        assert valid_text(text) == text


def test_what_hides_or_turns_text_is_left_out():
    assert visible_line("a\u202eb\u2066c\u200bd\U000e0041e\x1b[31mf\u2028g\x85h") == "abcde[31mf g h"


def test_a_cut_parts_no_character():
    assert cut_text("e\u0301e\u0301e\u0301", 5, mark="") == "e\u0301e\u0301"
    family = "\N{MAN}\u200d\N{WOMAN}"
    assert cut_text("ab" + family, 4, mark="") == "ab"
    assert cut_text("short", 5) == "short"
    assert cut_text("longer", 5) == "lo..."
