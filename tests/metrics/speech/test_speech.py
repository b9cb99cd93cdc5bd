import json
import math
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench import stats
from mmbench.errors import MissingExtra
from mmbench.metrics.speech import cer, mer, normalisers, rtfx, wer, wil
from mmbench.metrics.speech.normalisers import normalise
from mmbench.stats import fold, fold_many
from mmbench.stats.paired import paired_many
from mmbench.text.alternatives import parse, pieces_of, readings
from mmbench.types import Prediction
from tests.support.paths import DATA, real_data
from tests.support.predictions import edit_distance, predict

METRICS = [wer, cer, mer, wil]
WORDS = "a b c dog dogs the two 2 colour color it's it is uh , . Mr. $5 €"
TEXT = st.lists(st.sampled_from(WORDS.split()), max_size=7).map(" ".join)
SAMPLES = st.lists(st.tuples(TEXT, TEXT), max_size=8).map(lambda pairs: predict(*pairs))


@pytest.mark.parametrize("metric, units", [(wer, str.split), (cer, list)])
@given(predictions=SAMPLES)
def test_rates_by_their_definition(metric, units, predictions):
    pairs = [(units(p.target.strip()), units(p.value.strip())) for p in predictions]
    edits = sum(edit_distance(right, said) for right, said in pairs)
    length = sum(len(right) for right, _ in pairs)
    expected = edits / length if length else math.nan
    assert metric(predictions, "none").value == pytest.approx(expected, nan_ok=True)


@given(SAMPLES)
def test_equal_to_jiwer_over_the_corpus(predictions):
    jiwer = pytest.importorskip("jiwer")
    if not any(p.target.strip() for p in predictions):
        return  # jiwer calls a rate of 0 words 0 or 1; here it is NaN, as of nothing
    texts = [p.target for p in predictions], [p.value for p in predictions]
    words, letters = jiwer.process_words(*texts), jiwer.process_characters(*texts)
    expected = [words.wer, letters.cer, words.mer, words.wil]
    assert [metric(predictions, "none").value for metric in METRICS] == pytest.approx(expected)


# jiwer's tests/test_measures.py has these sentences; the counts are by hand.
@pytest.mark.parametrize(
    "right, said, values",
    [
        ("hello world", "hello world", (0, 0, 0, 0)),
        ("hello world", "hello duck", (1 / 2, 5 / 11, 1 / 2, 1 - 1 / 4)),
        ("hello world", "hello", (1 / 2, 6 / 11, 1 / 2, 1 - 1 / 2)),
        ("hello", "hello world", (1, 6 / 5, 1 / 2, 1 - 1 / 2)),
        ("a", "b", (1, 1, 1, 1)),
        ("a b", "", (1, 1, 1, 1)),
        ("A b", "a b", (1 / 2, 1 / 3, 1 / 2, 1 - 1 / 4)),  # no normaliser: case counts
    ],
)
def test_literal(right, said, values):
    found = [metric(predict((said, right)), "none").value for metric in METRICS]
    assert found == pytest.approx(list(values))


def test_the_corpus_rate_is_no_mean_of_rates():
    predictions = predict(("b", "a"), ("a b c d", "a b c d"))
    assert wer(predictions, "none").value == 1 / 5


# jiwer 4.0.0 prints these over each corpus; the counts by hand: the second reference has no word,
# "thank you" is 2 insertions of words (9 of characters), "hello world" 2 words (11 characters).
@pytest.mark.parametrize(
    "pairs, values",
    [
        ([("hello world", "hello world"), ("thank you", "")], (1, 9 / 11, 2 / 4, 1 - 4 / (2 * 4))),
        ([("hello", "hello world"), ("a", " ")], (2 / 2, 7 / 11, 2 / 3, 1 - 1 / (2 * 2))),
        ([("a", "a"), ("", "")], (0, 0, 0, 0)),
    ],
)
def test_words_said_on_an_empty_reference_are_insertions(pairs, values):
    predictions = predict(*pairs)
    assert [metric(predictions, "none").value for metric in METRICS] == pytest.approx(values)
    jiwer = pytest.importorskip("jiwer")
    said, right = map(list, zip(*pairs, strict=True))
    words, letters = jiwer.process_words(right, said), jiwer.process_characters(right, said)
    assert (words.wer, letters.cer, words.mer, words.wil) == pytest.approx(values)


def test_so_are_those_on_a_reference_that_the_normaliser_empties():
    pytest.importorskip("whisper_normalizer")
    predictions = predict(("a b", "a b"), ("x y", "uh [noise]"))  # a filler, a bracketed sound
    found = wer(predictions, "whisper_en")
    assert found.value == 2 / 2 and found.rows.tolist() == [[0, 2], [2, 0]]
    assert found.reason == "includes 2 insertions against 1 empty reference"
    assert "empty-references=inserted" in found.signature


def test_a_corpus_without_a_word_of_reference():
    """A rate of 0 words is n/a; match error rate and information lost are at their worst, 1."""
    said = predict(("x y", ""), ("", " "))
    values = [metric(said, "none").value for metric in METRICS]
    assert values == pytest.approx([math.nan, math.nan, 1, 1], nan_ok=True)
    assert wer(said, "none").reason == "no rate: 2 references without a word"
    silent = predict(("", ""), (" ", ""))
    assert all(math.isnan(metric(silent, "none").value) for metric in METRICS)


def test_resamples_without_a_word_of_reference_have_no_value():
    """Of two groups, a quarter of the resamples draw the empty one twice: no interval, said so."""
    found = wer(predict(("x", ""), ("a b", "a c")), "none")
    assert stats.intervals([found], [["1", "2"]]) == [
        (None, "no interval: many resamples have no value")
    ]
    many = wer(predict(("x", ""), *[("a b", "a c"), ("a b", "a b")] * 20), "none")
    ((interval, _),) = stats.intervals([many], [[str(i) for i in range(41)]])
    assert interval is not None and interval[0] < many.value == 21 / 80 < interval[1]
    other = wer(predict(("", ""), *[("a b", "a c"), ("a b", "a b")] * 20), "none")
    pair = ("ratio", many.rows, other.rows)
    (compared,) = paired_many([pair], [str(i) for i in range(41)])
    assert compared.difference == pytest.approx(-1 / 80)
    assert compared.p_value == 1  # one row differs: each swap is as far


# Hits, substitutions, deletions and insertions as sclite 2.10 of usnistgov/SCTK 9688a26 prints them
# (-i spu_id -o pralign), but that it compares words without case.
@pytest.mark.parametrize(
    "reference, said, counts",
    [
        ("i've { um / uh / @ } as far", "i've um as far", (4, 0, 0, 0)),
        ("i've { um / uh / @ } as far", "i've as far", (3, 0, 0, 0)),
        ("i've { um / uh / @ } as far", "i've er as far", (3, 0, 0, 1)),  # 3 words, not 4
        ("{ a b c / d } e", "d x e", (2, 0, 0, 1)),
        ("{ a / { b / c d } } e", "c d e", (3, 0, 0, 0)),  # nested
        ("{ a / { b / @ } c } x", "c x", (2, 0, 0, 0)),
        ("{ a b / @ }", "a", (1, 0, 1, 0)),  # a deletion of two words, not an insertion of none
        ("{ a b c / @ }", "a", (0, 0, 0, 1)),
        ("{ a b / c }", "d e", (0, 1, 0, 1)),
        ("{ @ / b a } x", "a x", (2, 0, 1, 0)),
        ("{ a } x", "b x", (1, 1, 0, 0)),
        ("{a / b}c x", "a c x", (3, 0, 0, 0)),  # a brace is a word of its own
        ("{a/b} x", "a/b x", (2, 0, 0, 0)),  # a slash is not: one choice
        ("@ b", "a b", (1, 0, 0, 1)),  # the null word, also outside of braces
        ("a / b } c", "a / b } c", (5, 0, 0, 0)),  # without an opening brace these are words
        ("{ um / @ }", "", (0, 0, 0, 0)),
        ("", "thank you", (0, 0, 0, 2)),
    ],
)
def test_alternatives_as_sclite_counts_them(reference, said, counts):
    (row,) = wil(predict((said, parse(reference))), "none").rows.tolist()
    hits, substitutions, _, insertions = counts
    assert row == [hits, sum(counts[:3]), hits + substitutions + insertions]
    (errors,) = wer(predict((said, parse(reference))), "none").rows.tolist()
    assert errors == [sum(counts[1:]), sum(counts[:3])]


CHOICES = st.recursive(
    st.lists(st.sampled_from([*"abcd", "@"]), min_size=1, max_size=2).map(" ".join),
    lambda inner: st.lists(inner, min_size=2, max_size=3).map(lambda c: f"{{ {' / '.join(c)} }}"),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.lists(CHOICES, max_size=3).map(" ".join), st.text("abcd ", max_size=8))
def test_the_best_reading_has_the_fewest_edits(reference, said):
    """By trying every text that the choices make, each against the hypothesis by jiwer alone."""
    jiwer = pytest.importorskip("jiwer")
    target = parse(reference)
    texts = readings(pieces_of(target) or [target])
    for metric, process in ((wer, jiwer.process_words), (cer, jiwer.process_characters)):
        tried = [process(text, said) for text in texts]
        edits = [o.substitutions + o.deletions + o.insertions for o in tried]
        lengths = [o.hits + o.substitutions + o.deletions for o in tried]
        (row,) = metric(predict((said, target)), "none").rows.tolist()
        assert row[0] == min(edits)
        assert row[1] in {n for n, e in zip(lengths, edits, strict=True) if e == min(edits)}


def test_every_reading_is_normalised_as_a_whole():
    """OpenAI's normaliser joins numbers: of "twenty { one / two }" it makes 21 or 22."""
    pytest.importorskip("whisper_normalizer")
    target = parse("it { 's / is } twenty { one / two } { uh / @ }")
    assert wer(predict(("It's 22.", target)), "whisper_en").rows.tolist() == [[0, 3]]
    many = parse("{ it's / it is } ok " + "{ uh / um / @ } " * 8)  # 13,122 readings: piece by piece
    assert wer(predict(("It is OK", many)), "whisper_en").rows.tolist() == [[0, 3]]
    assert wer(predict(("It is not OK", many)), "whisper_en").rows.tolist() == [[1, 3]]


@pytest.mark.parametrize(
    "text, words",
    [
        ("{ a / b", "not closed"),
        ("{ a / }", "alternative is empty"),
        ("{ } x", "alternative is empty"),
        ("{ " * 30 + "a" + " }" * 30, "nested"),
    ],
)
def test_alternatives_that_cannot_be_read(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)


# Unicode categories Mn and Mc, which whisper/normalizers/basic.py turns into spaces; composed
# letters (NFKC) keep theirs.
@pytest.mark.parametrize(
    "text, said, marked",
    [
        ("हिन्दी में", "हन्द म", True),  # Devanagari: other vowels, the same to the normaliser
        ("ที่นี่", "ทน", True),  # Thai
        ("தமிழ்", "தம", True),  # Tamil
        ("مَرْحَبًا", "مرحبا", True),  # Arabic with diacritics
        ("مرحبا", "مرحبا", False),  # without
        ("cafe\u0301 Việt ❤️ が", "x", False),
    ],
)
def test_scripts_whose_vowel_signs_a_normaliser_deletes_are_named(text, said, marked):
    pytest.importorskip("whisper_normalizer")
    predictions = predict((said, text), ("a", "a"))
    for name in ("basic", "whisper_en"):
        note = cer(predictions, name).reason
        words = (
            f"{name} deletes vowel signs of 1 reference; wer[multilingual] and cer[multilingual]"
            " keep them"
        )
        assert note == (words if marked else "")
        assert wer(predictions, name).reason.startswith(note)
    choices = predict((said, parse(f"{{ {text} / x }}")))
    assert cer(choices, "basic").reason.endswith("keep them") == marked
    assert cer(predictions, "none").reason == cer(predictions, "multilingual").reason == ""


@pytest.mark.parametrize("metric", METRICS)
def test_the_normaliser_is_in_the_signature(metric):
    pytest.importorskip("whisper_normalizer")
    signatures = [metric([], name).signature for name in ("none", "basic", "whisper_en")]
    assert len(set(signatures)) == 3 and "whisper-normalizer=" in signatures[2]


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "whisper_normalizer.basic", None)
    normalisers._rules.cache_clear()
    with pytest.raises(MissingExtra, match=r"pip install 'mmbench\[speech\]'"):
        wer(predict(("a text", "not seen before")), "whisper_en")
    normalisers._rules.cache_clear()


# openai/whisper tests/test_normalizer.py, a selection; and what `basic` makes of the same.
@pytest.mark.parametrize(
    "text, english, basic",
    [
        ("two", "2", "two"),
        ("nineteen ninety nine", "1999", "nineteen ninety nine"),
        ("two point five million", "2500000", "two point five million"),
        ("$20 million", "$20000000", " 20 million"),
        ("two double o eight", "2008", "two double o eight"),
        ("thirty first", "31st", "thirty first"),
        ("july third twenty twenty", "july 3rd 2020", "july third twenty twenty"),
        ("3.14", "3.14", "3 14"),
        ("ninety percent", "90%", "ninety percent"),
        ("double oh seven", "007", "double oh seven"),
        ("minus 500", "-500", "minus 500"),
        ("two dollars and seventy cents", "$2.70", "two dollars and seventy cents"),
        ("$0.36", "¢36", " 0 36"),
        ("three and a half million", "3500000", "three and a half million"),
        ("b747", "b 747", "b747"),
        ("Let's", "let us", "let s"),
        ("she's been like", "she has been like", "she s been like"),
        ("mobilisation", "mobilization", "mobilisation"),
        ("Assoc. Prof. Kim Jr.", "associate professor kim junior", "assoc prof kim jr"),
        ("Mr. Park visited", "mister park visited", "mr park visited"),
        ("[noise] (laughs) hello", "hello", "hello"),
        ("kinda cause", "kinda cause", "kinda cause"),  # not rules of 2022
    ],
)
def test_normalisers_by_openai_tests(text, english, basic):
    pytest.importorskip("whisper_normalizer")
    assert normalise("whisper_en", text) == english
    assert normalise("basic", text).split() == basic.split()


@pytest.fixture(scope="module")
def openai():
    """The normalisers of openai-whisper."""
    pytest.importorskip("whisper_normalizer")
    return pytest.importorskip("whisper.normalizers")


SPOKEN = (
    "zero one two twenty five hundred thousand million and a half dollars cents percent point oh"
    " double triple minus colour grey mr. dr. won't can't i'm let's she's been gonna wanna y'all"
    " first third 3rd 10th 1,000 $20 €5 3.14 kinda cause dunno uh um hmm [noise] (laugh) - , . é"
)


def test_equal_to_openai_on_thousands_of_sentences(openai):
    draw = random.Random(0)
    texts = [" ".join(draw.choices(SPOKEN.split(), k=draw.randint(1, 12))) for _ in range(2500)]
    captions = DATA / "captions/fakecap/en_captions_val2014.json"
    if captions.is_file():
        notes = json.loads(captions.read_text())["annotations"]
        texts += [note["caption"] for note in notes[::4]]
    english, basic = openai.EnglishTextNormalizer(), openai.BasicTextNormalizer()
    for text in texts:
        assert normalise("whisper_en", text) == english(text)
        assert normalise("basic", text) == basic(text)


def test_real_transcripts():
    """What is said here differs from the transcripts by hand in known ways."""
    path = real_data("speech/librivox/transcription")
    texts = [line.rpartition("(")[0].strip() for line in path.read_text().splitlines()]
    words = [text.split() for text in texts]
    said = [" ".join([*w[1:3], "zzz", *w[3:]]) for w in words]  # a deletion and an insertion
    found = wer(predict(*zip(said, texts, strict=True)), "none")
    assert len(texts) == 5 and found.value == 10 / sum(map(len, words))
    pytest.importorskip("whisper_normalizer")
    spoken = [text.upper() + "." for text in texts]
    assert wer(predict(*zip(spoken, texts, strict=True)), "whisper_en").value == 0


def test_rtfx():
    def timed(audio, compute):
        tags = {"audio_seconds": audio, "compute_seconds": compute}
        return Prediction("x", "a", "a", tags={k: v for k, v in tags.items() if v})

    assert rtfx([timed("10", "1"), timed("30", "3.0")]).value == 10
    assert rtfx([timed("10", "1"), timed("10", "4")]).value == 4  # over the corpus
    for lost in (timed("10", ""), timed("ten", "1"), timed("10", "-1"), timed("10", "nan")):
        found = rtfx([timed("10", "1"), lost])
        assert math.isnan(found.value) and found.reason.startswith("1 prediction without the tags")
    assert math.isnan(rtfx([]).value)


@pytest.mark.parametrize("metric", METRICS)
def test_of_nothing_is_nan(metric):
    found = metric([], "none")
    assert math.isnan(found.value) and len(found.rows) == 0 and found.reason == ""


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=30)
@given(predictions=SAMPLES.filter(bool), order=st.randoms(use_true_random=False))
def test_properties(metric, predictions, order):
    found = metric(predictions, "none")
    assert len(found.rows) == len(predictions)
    assert math.isnan(found.value) or 0 <= found.value <= (found.worst or math.inf)
    assert fold(found.fold, found.rows) == pytest.approx(found.value, nan_ok=True)
    weights = np.arange(len(predictions)) % 3.0
    repeated = [p for p, w in zip(predictions, weights, strict=True) for _ in range(int(w))]
    expected = metric(repeated, "none").value
    assert fold_many(found.fold, found.rows, weights[None])[0] == pytest.approx(
        expected, nan_ok=True
    )
    order.shuffle(predictions)
    assert metric(predictions, "none").value == pytest.approx(found.value, nan_ok=True)


@pytest.mark.parametrize("metric", METRICS)
def test_perfect(metric):
    assert metric(predict(("a b", "a b"), ("c", "c")), "none").value == 0


def test_alternatives_that_are_read_as_words_are_noted():
    """Only a .trn has alternatives; a brace without a slash is no alternative."""
    for target, noted in (("i { um / uh } see", True), ("i {laugh} see", False), ("a / b", False)):
        found = wer([Prediction(id="u", value="i see", target=target)], "none")
        assert ("braces and slashes of 1 reference are words" in found.reason) is noted


def test_a_no_break_space_is_part_of_a_word():
    """jiwer splits a hypothesis at ASCII spaces; so are references with alternatives split."""
    target = parse("mot\u00a0? { a / b }")
    assert wer([Prediction(id="u", value="mot\u00a0? b", target=target)], "none").value == 0
