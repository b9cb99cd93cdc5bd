"""Model outputs, file names and captions are hostile wherever they are shown."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.text import count_in_groups, csv_cell, markdown, part_of, plain


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J\x1b[31mred", "a\u202eb", "\x00", "line\nline", "\x07", "a\u2028b", "\x9b31m"],
)
def test_nothing_moves_the_cursor(text: str) -> None:
    assert plain(text).isprintable()


@given(st.text())
def test_plain_is_one_printable_line(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert len(shown) <= 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("![](http://x)", r"\!\[\](http:\//x)"),
        ("www.x.y", r"www\.x.y"),
        ("`code`", r"\`code\`"),
    ],
)
def test_markdown_shows_the_text_and_nothing_else(text: str, shown: str) -> None:
    assert markdown(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([csv_cell(text)])
    assert next(csv.reader(io.StringIO(out.getvalue())))[0][0] == "'"


def test_groups_of_one_item_are_not_counted() -> None:
    assert count_in_groups(5000, "sample", 1000) == "5,000 samples in 1,000 groups"
    assert count_in_groups(5000, "pair", 1) == "5,000 pairs in 1 group"
    assert count_in_groups(1, "sample", 1) == count_in_groups(1, "sample", None) == "1 sample"


def test_a_part_of_a_whole_has_its_verb() -> None:
    assert part_of(1, 60, "sample") == "1 of 60 samples has"
    assert part_of(1, 1, "line", "looks", "look") == "1 of 1 line looks"
    assert part_of(1200, 5000, "query vector", "is", "are") == "1,200 of 5,000 query vectors are"
