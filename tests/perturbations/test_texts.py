"""Texts are perturbed by rules."""

from __future__ import annotations

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.perturbations.texts import case, shuffled, text_rng, typos, words

SENTENCE = "Several people walk along the northern riverside; it's 20:15, naïve façades."


def test_at_100_percent_each_longer_word_has_one_swap() -> None:
    changed = typos(SENTENCE, "100", Random(0)).split()
    for old, new in zip(SENTENCE.split(), changed, strict=True):
        letters = re.findall(r"[^\W\d_]{4,}", old)
        differ = [at for at in range(len(old)) if old[at] != new[at]]
        assert len(differ) <= 2 * len(letters)
        assert sorted(old) == sorted(new)
        assert (old[0], len(old)) == (new[0], len(new))
        for word in letters if len(letters) == 1 else ():
            assert new[old.index(word) + len(word) - 1] == word[-1]
    assert "it's 20:15," in " ".join(changed)


def test_a_share_of_the_words_is_changed() -> None:
    text = " ".join(["abcdefgh"] * 1000)
    changed = sum(word != "abcdefgh" for word in typos(text, "20", Random(0)).split())
    assert 160 < changed < 240


@settings(max_examples=30)
@given(st.text(), st.integers(1, 100), st.integers(0, 9))
def test_typos_only_move_letters(text: str, percent: int, seed: int) -> None:
    changed = typos(text, str(percent), text_rng(seed, text))
    assert sorted(changed) == sorted(text)
    assert changed == typos(text, str(percent), text_rng(seed, text))


def test_a_word_of_four_letters_has_one_possible_swap() -> None:
    assert typos("word", "100", Random(0)) == "wrod"
    assert typos("the", "100", Random(0)) == "the"


def test_case_and_words() -> None:
    assert case("a Dog", "upper", Random(0)) == "A DOG"
    assert case("a Dog", "lower", Random(0)) == "a dog"
    mixed = words(SENTENCE, "shuffle", text_rng(0, SENTENCE))
    assert mixed != SENTENCE
    assert sorted(mixed.split()) == sorted(SENTENCE.split())


def test_all_orders_are_equally_likely() -> None:
    counts = {}
    for seed in range(1200):
        order = "".join(shuffled(["a", "b", "c"], text_rng(seed, "x")))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert all(150 < count < 250 for count in counts.values())
