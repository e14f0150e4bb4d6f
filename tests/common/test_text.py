"""Text of others, made fit to stand in one line."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import (
    cut_text,
    quoted,
    valid_text,
    visible_line,
    visible_lines,
    visible_source,
)

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


BREAKS = "a\nb\rc\r\nd\x0be\x0cf\x1cg\x85h\u2028i\u2029j"


def test_every_kind_of_line_break_ends_a_line_and_blanks_and_tabs_stay():
    assert visible_lines(BREAKS) == list("abcdefghij")
    assert visible_lines("  a\t b  \n\n\u202ec\x1b[0m") == ["  a\t b  ", "", "c[0m"]


@given(ANY_TEXT)
def test_quoted_text_has_no_line_outside_its_marks(text):
    lines = quoted(f"x{text}\ud83d", 200).splitlines()
    assert all(line.startswith("> ") for line in lines)
    "\n".join(lines).encode()


def test_quoted_text_is_bounded_and_says_what_was_cut():
    assert quoted("x" * 100_000, 10) == f"> {'x' * 10}\n> (cut: 99,990 more characters)"
    assert quoted("") == "> (nothing)"


def test_source_shows_what_hides_in_it_as_escapes_and_is_else_the_same():
    plain = 'def f(bot):\n\treturn "é ``` \N{MAN}\u200d\N{WOMAN}"\n'
    assert visible_source(plain) == plain
    assert visible_source("a\u202eb\x0cc\u2028d\x85e\rf\r\ng\ud83d") == (
        "a\\u202eb\\x0cc\\u2028d\\x85e\nf\ng\N{REPLACEMENT CHARACTER}"
    )


def test_a_near_name_is_found_whatever_its_capitals() -> None:
    assert nearest("JSONDecodr", ["decoder", "JSONDecoder"]) == "; did you mean 'JSONDecoder'?"
    assert nearest("jsondecoder", ["JSONDecoder"]) == "; did you mean 'JSONDecoder'?"
