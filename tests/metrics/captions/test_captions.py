import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.columns import table
from mmbench.errors import DataError, UnknownName
from mmbench.metrics.captions import bleu, cider, ngrams, rouge_l, sentence_bleu
from mmbench.metrics.captions import corpus as caption_words
from mmbench.metrics.captions.corpus import corpus_of
from mmbench.stats import fold, fold_many
from mmbench.types import Prediction
from tests.support.captions import (
    SETS,
    WORDS,
    official_tokens,
    plain_tokens,
    random_captions,
    real,
)
from tests.support.predictions import predict

METRICS = {
    "bleu@1": lambda p: bleu(p, 1),
    "bleu@4": lambda p: bleu(p, 4),
    "rouge_l": rouge_l,
    "cider": cider,
}
CAPTION = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
SAMPLES = st.lists(
    st.tuples(CAPTION, st.lists(CAPTION, min_size=1, max_size=4)), min_size=1, max_size=8
).map(lambda captions: predict(*captions))


def grams(text: str, n: int) -> Counter:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def naive_bleu(predictions, n):
    matches, guesses, length, reference_length = [0] * n, [0] * n, 0, 0
    for p in predictions:
        own = len(p.value.split())
        length += own
        reference_length += min((abs(len(r.split()) - own), len(r.split())) for r in p.target)[1]
        for k in range(n):
            most = Counter()
            for reference in p.target:
                most |= grams(reference, k + 1)
            matches[k] += (grams(p.value, k + 1) & most).total()
            guesses[k] += grams(p.value, k + 1).total()
    product = math.prod((m + 1e-15) / (g + 1e-9) for m, g in zip(matches, guesses, strict=True))
    ratio = (length + 1e-15) / (reference_length + 1e-9)
    return product ** (1 / n) * (math.exp(1 - 1 / ratio) if ratio < 1 else 1)


def naive_common(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            step = table[i - 1][j - 1] + 1
            table[i][j] = step if x == y else max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


def naive_rouge(predictions):
    values = []
    for p in predictions:
        own = p.value.split(" ")
        each = [(naive_common(own, r.split(" ")), len(r.split(" "))) for r in p.target]
        precision, recall = max(c for c, _ in each) / len(own), max(c / n for c, n in each)
        below = recall + 1.44 * precision
        values.append(2.44 * precision * recall / below if precision and recall else 0)
    return sum(values) / len(values)


def naive_cider(predictions):
    total = 0.0
    for n in range(1, 5):
        having = Counter(
            g for p in predictions for g in set().union(*(grams(r, n) for r in p.target))
        )

        def vector(text, n=n, having=having):
            log = math.log(len(predictions))
            return {g: c * (log - math.log(max(1, having[g]))) for g, c in grams(text, n).items()}

        for p in predictions:
            for reference in p.target:
                a, b = vector(p.value), vector(reference)
                norms = math.hypot(*a.values()) * math.hypot(*b.values())
                product = sum(min(a[g], b[g]) * b[g] for g in a.keys() & b.keys())
                away = grams(p.value, 2).total() - grams(reference, 2).total()
                cosine = product / norms if norms else 0.0
                total += cosine * math.exp(-(away**2) / 72) / len(p.target)
    return 10 * total / 4 / len(predictions)


@settings(max_examples=150)
@given(SAMPLES)
def test_equals_the_definition_written_out(predictions):
    for n in range(1, 5):
        assert bleu(predictions, n).value == pytest.approx(naive_bleu(predictions, n), abs=1e-12)
    assert rouge_l(predictions).value == pytest.approx(naive_rouge(predictions), abs=1e-12)
    assert cider(predictions).value == pytest.approx(naive_cider(predictions), abs=1e-12)


def assert_official(predictions, references, captions):
    official = pytest.importorskip("pycocoevalcap.bleu.bleu").Bleu(4)
    values, lists = official.compute_score(references, captions, verbose=0)
    for n in range(1, 5):
        ours = bleu(predictions, n)
        assert ours.value == pytest.approx(values[n - 1], abs=1e-9)
        np.testing.assert_allclose(sentence_bleu(ours.rows, n), lists[n - 1], atol=1e-9)
    rouge = pytest.importorskip("pycocoevalcap.rouge.rouge").Rouge()
    assert_rows(rouge_l(predictions), *rouge.compute_score(references, captions))
    if not any(reference for texts in references.values() for reference in texts):
        assert cider(predictions).value == 0  # pycocoevalcap fails
        return
    official = pytest.importorskip("pycocoevalcap.cider.cider").Cider()
    assert_rows(cider(predictions), *official.compute_score(references, captions))


def assert_rows(ours, value, values):
    assert ours.value == pytest.approx(value, abs=1e-9)
    np.testing.assert_allclose(ours.rows[:, 0], values, atol=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_equals_pycocoevalcap_on_random_captions(seed):
    predictions = random_captions(seed)
    assert_official(predictions, *plain_tokens(predictions))


@pytest.mark.parametrize("name", SETS)
def test_equals_pycocoevalcap_on_real_captions(name):
    predictions = real(name)
    assert_official(predictions, *official_tokens(predictions))


# coco-caption's notebook (three digits), clipscore's README (four), nlg-eval's README (six).
@pytest.mark.parametrize(
    ("name", "digits", "expected"),
    [
        ("fakecap", 3, [0.579, 0.404, 0.279, 0.191, 0.396, 0.600]),
        ("clipscore-good", 4, [0.6667, 0.4899, 0.3469, 0.0000, 0.4280, 0.5637]),
        ("clipscore-bad", 4, [0.4815, 0.2404, 0.1359, 0.0000, 0.3121, 0.2790]),
        ("nlg-eval", 6, [0.550000, 0.428174, 0.284043, 0.201143, 0.522104, 1.242192]),
    ],
)
def test_known_answers(name, digits, expected):
    found = [bleu(real(name), n).value for n in range(1, 5)]
    found += [rouge_l(real(name)).value, cider(real(name)).value]
    assert found == pytest.approx(expected, abs=0.51 * 10**-digits)


def test_words_are_clipped_at_the_most_in_one_reference():
    # Papineni et al. 2002, section 2.1: modified unigram precision 2/7.
    references = ["the cat is on the mat", "there is a cat on the mat"]
    predictions = predict(("the the the the the the the", references))
    assert bleu(predictions, 1).value == pytest.approx(2 / 7)


def test_shorter_of_two_references_that_are_as_close():
    rows = bleu(predict(("red cat sits", ["red cat sits on", "red cat"])), 1).rows
    assert rows.tolist() == [[3, 3, 3, 2]]


def test_brevity_penalty_of_the_whole_corpus():
    predictions = predict(("red cat", ["red cat sits on"]), ("red cat sits on", ["red cat"]))
    assert bleu(predictions, 1).value == pytest.approx(4 / 6)  # lengths 6 and 6: no penalty
    assert bleu(predictions[:1], 1).value == pytest.approx(math.exp(-1))


def test_common_subsequence_of_lin():
    # Lin 2004, section 3.1: S2 has LCS 3 of 4 with S1, S3 has 2 of 4.
    reference = ["police killed the gunman"]
    assert rouge_l(predict(("police kill the gunman", reference))).value == pytest.approx(3 / 4)
    assert rouge_l(predict(("the gunman kill police", reference))).value == pytest.approx(2 / 4)


def test_longer_than_a_machine_word():
    text = " ".join(WORDS * 30)
    assert rouge_l(predict((text, [text]))).value == 1
    assert rouge_l(predict((text, ["cat " * 40]))).value == pytest.approx(
        naive_rouge(predict((text, [" ".join(["cat"] * 40)])))
    )


def test_cider_of_one_image_is_0_with_a_reason():
    """Every n-gram is in the references of the only image: its weight is log(1 / 1) = 0."""
    row = ("red cat sits on mat", ["red cat sits on mat"])
    alone = cider(predict(row))
    assert alone.value == 0 and "CIDEr of a single image is always 0" in alone.reason
    assert cider(predict(row, ("green bird", ["green bird"]))).reason == ""


def test_empty_captions_count():
    one, full = ("", ["red cat"]), ("red cat sits on", ["red cat sits on"])
    other = ("green bird", ["green bird"])
    assert rouge_l(predict(one, full)).value == pytest.approx(1 / 2)
    assert cider(predict(one, full, other)).rows[0, 0] == 0
    assert bleu(predict(one, full), 1).rows[0].tolist() == [0, 0, 0, 2]
    assert rouge_l(predict(("", [""]))).value == 1  # one empty word, as in pycocoevalcap


def test_a_token_that_holds_a_space_is_several_words():
    # PTB writes a mixed number as one token with a space that does not break; str.split parts it.
    predictions = predict(("add 1 1/2 cups", ["add 1 1/2 cups"]), ("red cat", ["red cat"]))
    assert_official(predictions, *official_tokens(predictions))


def test_texts_beyond_ascii_and_lines():
    texts = (
        "Ein Hund\nläuft über die Straße 🐕",
        ["ein hund läuft\r\nüber die straße 🐕", "猫が座る"],
    )
    predictions = predict(texts, ("red cat", ["red cat"]))
    assert rouge_l(predictions).value == 1
    assert bleu(predictions, 4).value == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
class TestEveryMetric:
    def test_nothing_is_nan(self, metric):
        assert math.isnan(metric([]).value)

    def test_no_reference_names_the_sample(self, metric):
        with pytest.raises(DataError, match="'1' has no reference"):
            metric(predict(("red", ["red"]), ("cat", [])))

    def test_a_text_in_place_of_references(self, metric):
        with pytest.raises(DataError, match="'0': its references must be a list"):
            metric(predict(("red", "red")))

    def test_no_text_names_the_sample(self, metric):
        with pytest.raises(DataError, match="'0': its caption is NoneType"):
            metric(predict((None, ["red"])))

    @settings(max_examples=40)
    @given(SAMPLES, st.randoms(use_true_random=False))
    def test_properties(self, metric, predictions, draws):
        found = metric(predictions)
        assert found.worst <= found.value <= found.best
        assert found.rows.shape[0] == len(predictions)
        assert fold(found.fold, found.rows) == found.value
        shuffled = draws.sample(predictions, len(predictions))
        assert metric(shuffled).value == pytest.approx(found.value, abs=1e-12)
        weights = np.array([[draws.randint(0, 3) for _ in predictions]], dtype=float)
        weights[0, 0] += 1
        again = np.repeat(found.rows, weights[0].astype(int), axis=0)
        one = fold_many(found.fold, found.rows, weights)[0]
        assert one == pytest.approx(fold(found.fold, again), abs=1e-12)

    def test_perfect_captions(self, metric):
        texts = [" ".join(pair) + f" sits on {i} mats" for i, pair in enumerate(pairwise(WORDS))]
        found = metric(predict(*[(text, [text]) for text in texts]))
        assert found.value == pytest.approx(found.best, abs=1e-6)


@pytest.mark.parametrize("n", [0, 5])
def test_orders_that_are_not(n):
    with pytest.raises(UnknownName, match=r"did you mean bleu@4"):
        bleu(predict(("red", ["red"])), n)


def test_sentence_bleu_is_bleu_of_the_sentence_alone():
    predictions = random_captions(5)
    alone = [bleu([p], 2).value for p in predictions]
    assert sentence_bleu(bleu(predictions, 2).rows, 2) == pytest.approx(alone)


def test_sentence_bleu_of_nothing():
    assert sentence_bleu(bleu([], 2).rows, 2).shape == (0,)


def test_captions_are_tokenised_once():
    predictions = random_captions(1)
    assert corpus_of(predictions) is corpus_of(list(predictions))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_blocks_and_columns_change_nothing(metric, monkeypatch):
    monkeypatch.setattr(caption_words, "_REMEMBERED", 0)
    for predictions in map(random_captions, range(20)):
        monkeypatch.setattr(ngrams, "_BLOCK", 1 << 16)
        whole = metric(predictions).rows
        monkeypatch.setattr(ngrams, "_BLOCK", 10)
        np.testing.assert_array_equal(metric(table(Prediction, predictions)).rows, whole)


def test_texts_are_told_apart_by_where_they_end():
    one, other = predict(("red cat", ["a", "bc"])), predict(("red cata", ["b", "c"]))
    assert corpus_of(one).vocabulary != corpus_of(other).vocabulary


def test_candidates_with_their_references(monkeypatch):
    monkeypatch.setattr(ngrams, "_BLOCK", 10)
    for predictions in map(random_captions, range(20)):
        found = [(p.value.split(), [r.split() for r in p.target]) for p in predictions]
        assert list(corpus_of(predictions).pairs()) == found


def test_signatures_tell_what_could_change_the_number():
    predictions = predict(("red", ["red"]))
    assert bleu(predictions, 2).signature == "fold=bleu@2,tokens=ptb,reference-length=closest"
    assert "idf=evaluated set,held fixed in resampling" in cider(predictions).signature
    assert "beta=1.2" in rouge_l(predictions).signature
