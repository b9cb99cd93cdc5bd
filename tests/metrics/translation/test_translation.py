"""BLEU and chrF against sacrebleu 2.6.0, and against numbers that it printed."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError, MissingExtra
from mmbench.metric_names import metric
from mmbench.metrics.translation import chrf, chrf_plus_plus, sacrebleu
from mmbench.metrics.translation.tokenizers import tokens
from mmbench.stats import fold, fold_many, sample_values
from mmbench.types import Prediction

OUTPUTS = [
    "The dog didn't cost $1,000.5!",
    "今日は、いい天気 です。",
    "a b",
    "",
    "Straße – «naïve» x-y 3-4",
]
REFERENCES = [
    ["The dog did not cost $1,000.50!", "A dog didn't cost 1000 dollars!"],
    ["今日はいい天気ですね。"],
    ["a b c", "a b"],
    ["x", ""],
    ["Straße, naïve x-y 3-4", "A street - naïve"],
]
CORPUS = [
    Prediction(str(i), output, own)
    for i, (output, own) in enumerate(zip(OUTPUTS, REFERENCES, strict=True))
]
# What sacrebleu 2.6.0 prints for this corpus: BLEU(tokenize=…, force=True) and CHRF(word_order=…)
# `.corpus_score` and `.get_signature()`. The missing second reference is None there.
PRINTED = {
    "sacrebleu[13a]": (35.270857358735974, "case:mixed|eff:no|tok:13a|smooth:exp"),
    "sacrebleu[zh]": (25.639784746935284, "case:mixed|eff:no|tok:zh|smooth:exp"),
    "sacrebleu[char]": (79.59990661259495, "case:mixed|eff:no|tok:char|smooth:exp"),
    "sacrebleu[intl]": (39.375553105513404, "case:mixed|eff:no|tok:intl|smooth:exp"),
    "sacrebleu[ja-mecab]": (
        55.81193239723317,
        "case:mixed|eff:no|tok:ja-mecab-0.996-IPA|smooth:exp",
    ),
    "sacrebleu[ko-mecab]": (
        50.25171597286341,
        "case:mixed|eff:no|tok:ko-mecab-0.996/ko-0.9.2-KO|smooth:exp",
    ),
    "chrf": (65.78047155919006, "case:mixed|eff:yes|nc:6|nw:0|space:no"),
    "chrf++": (59.939698470653454, "case:mixed|eff:yes|nc:6|nw:2|space:no"),
}
WORDS = ["the", "cat", ",", ".", "sat", "1,000.5", "don't", "(hi)", "猫が", "好き。", '"a"', "..."]
WORDS += ["$5", "Café", "&amp;", "x-y"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3)), min_size=1, max_size=6)


def scored(name, predictions):
    function, argument = metric(name)
    try:
        return function(predictions) if argument is None else function(predictions, argument)
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", PRINTED)
def test_what_sacrebleu_prints(name):
    value, signature = PRINTED[name]
    score = scored(name, CORPUS)
    assert 100 * score.value == pytest.approx(value, rel=1e-13)
    assert score.signature.split(",", 1)[1] == f"nrefs:var|{signature}|version:2.6.0"
    assert fold(score.fold, score.rows) == score.value


def theirs(name, predictions, **options):
    metrics = pytest.importorskip(
        "sacrebleu.metrics", reason="pip install 'mmbench[translation]' for sacrebleu"
    )
    if name.startswith("chrf"):
        return metrics.CHRF(word_order=2 if "+" in name else 0)
    return metrics.BLEU(tokenize=name[10:-1], force=True, **options)


@pytest.mark.parametrize("name", ["sacrebleu[13a]", "sacrebleu[zh]", "chrf", "chrf++"])
@settings(max_examples=40)
@given(PAIRS)
def test_equal_to_sacrebleu(name, pairs):
    predictions = [Prediction(str(i), *pair) for i, pair in enumerate(pairs)]
    official = theirs(name, predictions)
    most = max(len(own) for _, own in pairs)
    references = [[own[i] if i < len(own) else None for _, own in pairs] for i in range(most)]
    expected = official.corpus_score([output for output, _ in pairs], references)
    score = scored(name, predictions)
    assert 100 * score.value == pytest.approx(expected.score, abs=1e-10)
    assert score.signature.endswith(f",{official.get_signature()}")
    if not name.startswith("chrf"):
        official = theirs(name, predictions, effective_order=True)
    alone = sample_values(score.fold, score.rows)
    sentences = [official.sentence_score(output, own).score for output, own in pairs]
    assert 100 * alone == pytest.approx(sentences, abs=1e-10)


def test_bleu_by_hand():
    """Papineni's formula: 3 of 4 words, 1 of 3 pairs, smoothed orders 3 and 4, brevity penalty."""
    score = sacrebleu([Prediction("1", "the cat sat up", "the cat is sat here")], "13a")
    assert score.rows.tolist() == [[3, 1, 0, 0, 4, 3, 2, 1, 4, 5]]
    precisions = 3 / 4 * 1 / 3 * 1 / (2 * 2) * 1 / (4 * 1)
    assert score.value == pytest.approx(math.exp(1 - 5 / 4) * precisions**0.25)
    assert sacrebleu([Prediction("1", "no", "yes")], "13a").value == 0


def test_chrf_by_hand():
    """Of "abc" and "abd": 2 of 3 characters and 1 of 2 pairs match, of triples none."""
    score = chrf([Prediction("1", "ab c", "abd")])
    assert score.rows[0, :9].tolist() == [3, 3, 2, 2, 2, 1, 1, 1, 0]
    assert score.value == pytest.approx((2 / 3 + 1 / 2) / 3)  # precision equals recall


def test_a_short_text_alone_has_the_orders_of_its_n_grams():
    one = [Prediction("1", "a b", "a b")]
    score = sacrebleu(one, "13a")
    assert score.value == 0 and sample_values(score.fold, score.rows).tolist() == [1]
    assert chrf(one).value == chrf_plus_plus(one).value == 1


def test_resamples_are_corpora():
    draws = random.Random(2)
    predictions = [
        Prediction(str(i), " ".join(draws.choices(WORDS, k=6)), " ".join(draws.choices(WORDS, k=6)))
        for i in range(6)
    ]
    weights = np.array([[2, 0, 1, 1, 0, 2], [0] * 6], dtype=float)
    chosen = [predictions[i] for i in (0, 0, 2, 3, 5, 5)]
    for name in ("sacrebleu[13a]", "chrf", "chrf++"):
        score = scored(name, predictions)
        values = fold_many(score.fold, score.rows, weights)
        assert values[0] == pytest.approx(scored(name, chosen).value)
        assert np.isnan(values[1]) and np.isnan(scored(name, []).value)


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("13a", "Don't pay $1,000.5 (x-y), 3-4.", "Don't pay $ 1,000.5 ( x-y ) , 3 - 4 ."),
        ("13a", "a &quot;b&quot; &amp;lt; c-\nd\ne<skipped>", 'a " b " < cd e'),
        ("13a", "x..1 «y»", "x . .1 «y»"),
        ("zh", "我有3,000元。OK, “好”", "我 有 3,000 元 。 OK , “ 好 ”"),
        ("char", "ab 猫 ", "a b 猫"),
    ],
)
def test_tokens(name, text, expected):
    assert tokens(name, text) == expected.split()


def test_notes_name_the_tokenizer():
    japanese = [Prediction("1", "猫が好き", "猫が好きです"), Prediction("2", "a", "a")]
    reason = sacrebleu(japanese, "13a").reason
    assert reason.startswith("1 reference in a script without spaces; use sacrebleu[")
    assert sacrebleu(japanese, "char").reason == ""
    tokenised = [Prediction(str(i), "a b .", "a b.") for i in range(100)]
    assert sacrebleu(tokenised, "13a").reason.startswith("100 outputs end in a separate period")


@pytest.mark.parametrize("target", [None, [], [1], {"answer": "A"}])
@pytest.mark.parametrize("name", ["sacrebleu[13a]", "chrf"])
def test_targets_that_are_no_references(name, target):
    with pytest.raises(DataError, match="sample 7 has no reference translation"):
        scored(name, [Prediction("7", "a", target)])
