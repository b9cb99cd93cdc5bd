"""PTB tokens: equal to the Java tokenizer's."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics.captions.ptb import caption_tokens, tokens
from mmbench.metrics.captions.ptb.chars import as_text, as_units, shadow_of
from mmbench.metrics.captions.ptb.lexer import lex
from tests.metrics.captions.ptb.ptb_java import (
    golden,
    jar,
    java_alone,
    java_lines,
    odd_words,
    spliced,
    texts,
)
from tests.support.paths import DATA

GOLDEN = golden()
SENTENCES = [text for kind in GOLDEN.values() for text in kind]
ODD = odd_words()
ODD_WORDS = sorted({word for words in ODD.values() for word in words})

needs_java = pytest.mark.skipif(
    jar() is None, reason="needs java on the PATH and pycocoevalcap, which brings the jar"
)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here")

# Letters, signs and words of every class, so that the rules meet; and any character at all.
_signs = st.sampled_from(
    [*" .,'-\"`!?:;()[]{}<>&#@$%*+=/\\_^~|\n\t\u00a0\u2019\u00ad0aAnst", *ODD_WORDS]
)
any_text = st.text(max_size=30) | st.lists(_signs, max_size=12).map("".join)
_EASY = """a A dog Dogs c c. no No no. 5 1/2 Ill. ill. Mr Mr. PTY. LIMITED etc etc. etc.) St. U.S.
    cannot Cannot, gonna can't it's it\u2019s 'tis y'all '90s o'clock t-shirt pro- - -- ' '' , . !
    yes! caf\u00e9 \u00e9. &amp; the end."""
easy_text = st.lists(st.sampled_from(["", *_EASY.split()]), max_size=8).map(" ".join)


def differing(lines: list[str], theirs: list[list[str]]) -> list[tuple[str, list[str], list[str]]]:
    ours = [tokens(line) for line in lines]
    return [row for row in zip(lines, ours, theirs, strict=True) if row[1] != row[2]]


@pytest.mark.parametrize("kind", GOLDEN)
def test_golden_tokens(kind: str) -> None:
    assert {text: " ".join(tokens(text)) for text in GOLDEN[kind]} == GOLDEN[kind]


@needs_java
def test_golden_tokens_are_those_of_java() -> None:
    assert not differing(SENTENCES, java_alone(SENTENCES))


@needs_java
@needs_data
def test_real_texts_as_java_has_them_in_one_file() -> None:
    assert not differing(texts(), java_lines(texts()))


@pytest.mark.slow
@needs_java
def test_ten_thousand_spliced_sentences() -> None:
    lines = spliced(texts() or SENTENCES, 10_000, seed=20_240_601)
    assert not differing(lines, java_alone(lines))


@needs_java
def test_captions_as_pycocoevalcap_has_them() -> None:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    captions = [*GOLDEN["captions"], *GOLDEN["plain"], "a line\nbreak", "(a) [b] “c” -- d"]
    theirs = PTBTokenizer().tokenize({i: [{"caption": c}] for i, c in enumerate(captions)})
    assert [" ".join(caption_tokens(c)) for c in captions] == [theirs[i][0] for i in theirs]


@needs_java
def test_what_differs_is_as_the_docstring_says() -> None:
    lines = ["vitamin C.", "A dog", "vitamin C.", "a dog", "see no.", "5 dogs", "etc.", "a b"]
    theirs = java_lines(lines)
    assert theirs[0] == ["vitamin", "c", "."]
    assert theirs[2] == tokens("vitamin C.") == ["vitamin", "c."]
    assert theirs[4] == ["see", "no."]
    assert tokens("see no.") == ["see", "no", "."]
    assert theirs[6] == ["etc."]
    assert tokens("etc.") == ["etc.", "."]
    assert tokens("a\rb\x0bc\x0cd\u2028e\u2029f") == ["a", "b", "c", "d", "e", "f"]
    assert len(java_lines(["a\rb\x0bc\x0cd\u2028e\u2029f"])) == 6


# What Java prints for a file of this one line.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t ", ""),
        ("...", "..."),
        ("😀", ""),
        ("vitamin C.", "vitamin c."),
        ("vitamin C. The", "vitamin c . the"),
        ("cats etc.", "cats etc. ."),
        ("cats etc. run", "cats etc. run"),
        ("1 1/2 cups", "1\u00a01/2 cups"),
        ("\u00ad", "-"),
    ],
)
def test_literal_lines(text: str, expected: str) -> None:
    assert tokens(text) == expected.split(" ") if expected else tokens(text) == []


def test_punctuation_goes_and_brackets_stay() -> None:
    found = " ".join(caption_tokens('A "red" (old) car -- it\'s here; no?'))
    assert found == "a red -lrb- old -rrb- car it 's here no"


@settings(max_examples=300)
@given(any_text)
def test_any_text_has_tokens(text: str) -> None:
    found = tokens(text)
    assert all(token and not {" ", "\n"} & set(token) for token in found)
    assert not any("\ud800" <= char <= "\udfff" for token in found for char in token)


@settings(max_examples=300)
@given(easy_text | any_text)
def test_the_quick_ways_read_as_the_rules_do(text: str) -> None:
    assert tokens(text) == lex(text)


@given(st.text())
def test_units_are_those_of_utf_16(text: str) -> None:
    units = as_units(text)
    assert 2 * len(units) == len(text.encode("utf-16-le"))
    assert as_text(units) == text
    assert len(shadow_of(units)) == len(units)


def test_half_a_character_is_a_question_mark() -> None:
    assert tokens("a@b\ud83d") == ["a@b?"]


def test_splicing_is_the_same_for_a_seed_and_touches_every_kind() -> None:
    lines = spliced(SENTENCES, 2_000, seed=1)
    assert lines == spliced(SENTENCES, 2_000, seed=1)
    text = " ".join(lines)
    rng = random.Random(0)
    for words in ODD.values():
        assert any(word in text for word in rng.sample(words, 10))
