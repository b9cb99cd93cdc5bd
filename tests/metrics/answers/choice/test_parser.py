"""Which option a text names: the rows of choice_rows, and what holds for all texts."""

import time
from string import ascii_uppercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics.answers.choice import words as choice_words
from mmbench.metrics.answers.choice.clean import clean, split_boxes
from mmbench.metrics.answers.choice.parser import named_option
from tests.support.choice_texts import LANGUAGES, PETS, rows, split

ROWS = list(rows())
NAMED = [(text, options, letter) for text, options, letter, _ in ROWS if letter]
# Words of no table, without capitals, so that nothing in them is an option or a lead-in.
PROSE = st.lists(
    st.sampled_from(["the", "grass", "near", "house", "grows", "green", "while", "rain", "hills"]),
    max_size=30,
).map(" ".join)
ANY_TEXT = st.text(max_size=80) | st.lists(
    st.sampled_from([text for text, *_ in ROWS]), max_size=3
).map("\n".join)


def letter_of(text, options):
    found = named_option(text, options.split("|"))
    return None if found is None else ascii_uppercase[found]


def test_rows():
    """All rows in one test: hundreds of tests would take longer than what they check."""
    found = [(*row, letter_of(row[0], row[1])) for row in ROWS]
    assert len(found) > 500
    assert [row for row in found if row[2] != row[4]] == []


@pytest.mark.parametrize("letter", "ACD")
def test_other_letters_in_the_same_sentences(letter):
    """A sentence that names B names another option with that one's letter in its place.

    In the sentences of the table B is followed by nothing that makes the letter A an article.
    """
    for language, (texts, _) in LANGUAGES.items():
        for text in split(texts):
            if text.count("B") == 1 and "dog" not in text and "A" not in text:
                assert letter_of(text.replace("B", letter), PETS) == letter, (language, text)


@pytest.mark.parametrize("form", ["**{}**", "`{}`", '"{}"', "> {}", "- {}", "<s>{}</s>", "{}\n\n"])
def test_markup_around_an_answer_changes_nothing(form):
    for text, options, letter in NAMED:
        if "boxed" not in text and "```" not in text:
            assert letter_of(form.format(text), options) == letter, (form, text)


@settings(max_examples=60)
@given(PROSE)
def test_prose_without_an_option_names_none(prose):
    assert named_option(prose, PETS.split("|")) is None


@settings(max_examples=60)
@given(PROSE, st.sampled_from("ABCD"), st.sampled_from(["Answer: {}", "The answer is {}.", "{}"]))
def test_a_statement_counts_after_any_prose(prose, letter, form):
    assert letter_of(f"{prose}\n\n{form.format(letter)}", PETS) == letter


@settings(max_examples=60)
@given(ANY_TEXT, st.lists(st.text(max_size=8), max_size=26))
def test_what_is_named_is_an_option(text, options):
    assert named_option(text, options) in {None, *range(len(options))}


@settings(max_examples=60)
@given(ANY_TEXT)
def test_cleaning_is_stable(text):
    """What is clean stays so, but for marks that were nested in others."""
    once = clean(text)
    assert "\n\n" not in once and "  " not in once and len(clean(once)) <= len(once)


HOSTILE = [
    *["(", "\\boxed{", "answer ", "answer is ", "the answer to the ", "option:\n", "A, ", "A or "],
    *["not ", "<", "<answer>", "((((A", "(A)", "答案是", "정답은 ", "therefore ", "No. ", "dog "],
    *["'", "1,", "B. dog\n", "A is ", " ", "\n", "*", "> ", "answer a", "\\text{", "$", "ﷺ"],
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit):
    """20,000 hostile characters take far less than a pattern that backtracks (minutes) would."""
    text = (unit * 20_000)[:20_000]
    start = time.process_time()
    named_option(text, ["cat", "dog " * 50, "yes", "no"])
    assert time.process_time() - start < 5


def test_boxes():
    """Braces are matched; a box that is not closed is text."""
    assert split_boxes(r"x \boxed{\frac{1}{2}} y \boxed{z") == (
        r"x   y \boxed{z",
        [r"\frac{1}{2}"],
    )


def test_the_table_of_words_is_well_formed():
    """Every language leads to an answer; no word is empty, doubled or padded."""
    for name, language in choice_words.LANGUAGES.items():
        assert language.answer, name
        for field, words in language._asdict().items():
            given = words.split("|") if words else []
            assert len(set(given)) == len(given), (name, field)
            assert all(word and word == word.strip() for word in given), (name, field)
