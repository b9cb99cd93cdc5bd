import json
import math
import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.columns import table
from mmbench.metrics.answers import anls, contains, exact_match, relaxed_accuracy, vqa_accuracy
from mmbench.metrics.answers.text import plain_words
from mmbench.metrics.answers.vqa_text import normalised
from mmbench.stats import fold, fold_many
from mmbench.types import Prediction
from tests.support.paths import real_data
from tests.support.predictions import edit_distance, predict

METRICS = {
    "official": lambda p: vqa_accuracy(p, "official"),
    "normalized": lambda p: vqa_accuracy(p, "normalized"),
    "exact_match": exact_match,
    "contains": contains,
    "anls": anls,
    "relaxed": relaxed_accuracy,
}
WORDS = "yes no Yes, a the two 2 dont don't dog dog. t-shirt 3.5 35 1,000 5% 5 -5 ? red/blue"
TEXT = st.lists(st.sampled_from(WORDS.split()), max_size=4).map(" ".join)
SAMPLES = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=10)), max_size=8)


def one(metric, said, right):
    return metric([Prediction("x", said, right)]).value


def official_vqa(said, answers):
    """The loop of vqaEval.py over the people, each left out in turn, on stripped texts."""
    said = said.replace("\n", " ").replace("\t", " ").strip()
    answers = [a.replace("\n", " ").replace("\t", " ").strip() for a in answers]
    if len(set(answers)) > 1:
        said, answers = normalised(said), [normalised(a) for a in answers]
    worth = []
    for left_out in range(len(answers)):
        others = [a for at, a in enumerate(answers) if at != left_out]
        worth.append(min(1, sum(a == said for a in others) / 3))
    return sum(worth) / len(worth)


def official_anls(said, answers):
    """The loop of the script at rrc.cvc.uab.es, with the distance by its definition."""
    nearest = []
    for answer in answers:
        a, b = " ".join(answer.lower().split()), " ".join(said.lower().split())
        length = max(len(answer.upper()), len(said.upper()))
        nearest.append(edit_distance(a, b) / length if length else 0.0)
    value = 1 - min(nearest)
    return 0 if value < 0.5 else value


def real(name):
    folder = real_data("vqa/vqa2")
    notes = json.loads((folder / "annotations.json").read_text())["annotations"]
    answers = {note["question_id"]: [a["answer"] for a in note["answers"]] for note in notes}
    said = json.loads((folder / name).read_text())
    return [Prediction(str(r["question_id"]), r["answer"], answers[r["question_id"]]) for r in said]


# The official evaluator's numbers on these files, x 100 with four digits.
@pytest.mark.parametrize(
    "name, value", [("pred_test_all_yes.json", 22.3666), ("pred_test_human_1.json", 87.6975)]
)
def test_vqa_known_answers(name, value):
    predictions = real(name)
    assert len(predictions) == 2962
    assert round(100 * vqa_accuracy(predictions, "official").value, 4) == value


def test_vqa_equals_the_loop_over_people_on_real_answers():
    draw = random.Random(0)
    predictions = real("pred_test_human_1.json")
    predictions = [
        Prediction(
            p.id, draw.choice(predictions).value if draw.random() < 0.5 else p.value, p.target
        )
        for p in predictions
    ]
    rows = vqa_accuracy(predictions, "official").rows[:, 0]
    assert np.allclose(rows, [official_vqa(p.value, p.target) for p in predictions])
    assert 0.2 < rows.mean() < 0.8


@given(SAMPLES)
def test_vqa_equals_the_loop_over_people(pairs):
    rows = vqa_accuracy(predict(*pairs), "official").rows[:, 0]
    assert np.allclose(rows, [official_vqa(said, answers) for said, answers in pairs])


# Each line is a rule of vqaEval.py (a013f00); the results are what that code gives.
@pytest.mark.parametrize(
    "text, result",
    [
        ("Yes", "yes"),
        ("The dog", "dog"),
        ("two dogs", "2 dogs"),
        ("none", "0"),  # counts as a number word
        ("dont", "don't"),
        ("couldnt've", "couldn't've"),
        ("couldn'tve", "couldn't've"),
        ("yall'd've", "y'all'd've"),
        ("somebody'd", "somebodyd"),  # a slip in its table
        ("somebodyd", "somebodyd"),
        ("Im", "im"),  # its key has a capital, and the text has none any more
        ("red/blue", "red blue"),
        ("red /blue", "red blue"),  # beside a space the mark is dropped
        ("t-shirt", "t shirt"),
        ("t-shirt, - red", "tshirt red"),  # one "- " and every "-" is dropped
        ("1,000", "1000"),
        ("1,000 t-shirts", "1000 tshirts"),  # a comma in a number drops all marks
        ("3.5", "3.5"),
        ("p.m.", "pm"),
        ("5.", "5"),
        ("." * 40, "." * 8),  # 32 periods at most
        ("it's", "it's"),
        ("a an the", ""),
    ],
)
def test_vqa_text(text, result):
    assert normalised(text) == result


def test_vqa_normalises_only_where_answers_differ():
    assert one(METRICS["official"], "Yes", ["yes"] * 10) == 0
    assert one(METRICS["normalized"], "Yes", ["yes"] * 10) == 1
    assert one(METRICS["official"], "Yes", ["yes"] * 9 + ["no"]) == 1
    assert one(METRICS["official"], "yes\n", ["yes"] * 10) == 1  # stripped all the same


@pytest.mark.parametrize("matches, value", [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_vqa_accuracy_by_matches(matches, value):
    answers = ["dog"] * matches + ["cat"] * (10 - matches)
    assert one(METRICS["official"], "dog", answers) == pytest.approx(value)


@pytest.mark.parametrize(
    "said, right, equal",
    [
        ("Dog.", "dog", True),
        ("t-shirt", "T shirt", True),
        ("dont", "don’t", True),
        ("the dog", "dog", False),  # articles count
        ("3.5", "35", False),  # a point in a number is no punctuation
        ("1,000", "1000", False),
        ("10:30", "1030", False),
        ("-5", "5", False),
        ("3-5", "3 5", True),
        ("5.", "5", True),
        ("$5", "5", False),
        ("ﬁne", "fine", True),  # NFKC
        ("?", "!", False),  # nothing but punctuation: compared as it is
        ("", "", True),
        ("", "dog", False),
    ],
)
def test_exact_match(said, right, equal):
    assert one(exact_match, said, right) == equal


@pytest.mark.parametrize(
    "said, right, found",
    [
        ("It is a brown dog.", "dog", True),
        ("hotdog", "dog", False),  # whole words
        ("a hot dog", ["cat", "hot dog"], True),
        ("dog hot", "hot dog", False),  # in one piece
        ("yes", "yes", True),
        ("Yes, it is", "yes", True),
        ("yes no", "yes", False),  # hedged
        ("yes/no", "no", False),
        ("Yes, no doubt", "yes", False),
        ("cat dog", "dog", True),  # documented: lists score on other questions
        ("no idea", "idea", True),
        ("anything", "", False),
    ],
)
def test_contains(said, right, found):
    assert one(contains, said, right) == found


@pytest.mark.parametrize(
    "said, right, value",
    [
        ("Dog", "dog", 1),
        ("abcd", "abxx", 0.5),  # at the threshold: the official script keeps it
        ("abcd", "axxx", 0),
        ("abcde", "abxxx", 0),  # 0.4
        ("dog", ["cat", "dogs"], 0.75),
        (" dog ", "dog", 1),
        ("", "", 1),
        ("", "dog", 0),
        ("dogs   ", "dog", 1 - 1 / 7),  # the length is that of the text as it was given
        ("straße", "strasse", 1 - 2 / 7),  # which in upper case has 7 letters
    ],
)
def test_anls(said, right, value):
    assert one(anls, said, right) == pytest.approx(value)


@given(SAMPLES)
def test_anls_equals_the_official_loop(pairs):
    rows = anls(predict(*pairs)).rows[:, 0]
    assert np.allclose(rows, [official_anls(said, answers) for said, answers in pairs])


# google-research/pix2struct metrics.py, relaxed_correctness
@pytest.mark.parametrize(
    "said, right, value",
    [
        ("105", "100", 1),
        ("105.1", "100", 0),
        ("95", "100", 1),
        ("-100", "100", 0),
        ("5%", "0.05", 1),
        ("5%", "5", 0),
        ("0", "0", 1),
        ("0.0", "0", 0),  # of nought no part is 5 %: compared as text
        ("0.001", "0", 0),
        ("1,000", "1000", 0),  # no number to Python
        ("Dog", "dog", 1),
        ("dog.", "dog", 0),
        ("nan", "nan", 0),
        ("100", ["7", "99"], 1),
    ],
)
def test_relaxed_accuracy(said, right, value):
    assert one(relaxed_accuracy, said, right) == value


@pytest.mark.parametrize("name", METRICS)
def test_of_nothing_is_nan(name):
    found = METRICS[name]([])
    assert math.isnan(found.value) and len(found.rows) == 0


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=30)
@given(pairs=SAMPLES.filter(bool), order=st.randoms(use_true_random=False))
def test_properties(name, pairs, order):
    predictions = predict(*pairs)
    found = METRICS[name](predictions)
    assert found.rows.shape == (len(pairs), 1) and 0 <= found.value <= 1
    assert fold(found.fold, found.rows) == found.value
    twice = fold_many(found.fold, found.rows, np.full((1, len(pairs)), 2.0))[0]
    assert twice == pytest.approx(METRICS[name](predictions * 2).value)
    order.shuffle(predictions)
    assert METRICS[name](predictions).value == pytest.approx(found.value)


@given(st.lists(TEXT.filter(lambda text: text != ""), min_size=1, max_size=5))
def test_perfect(texts):
    """VQA accuracy needs four people who agree, and contains a target that does not hedge."""
    for name, metric in METRICS.items():
        told = [
            t for t in texts if name != "contains" or plain_words(t) not in {"yes no", "no yes"}
        ]
        predictions = [Prediction(str(i), text, [text] * 10) for i, text in enumerate(told)]
        assert not told or metric(predictions).value == 1


@given(st.text(alphabet=" aB1.,-'/?$", max_size=12))
def test_plain_words_are_stable(text):
    plain = plain_words(text)
    assert not re.search(r"^\s|\s$|  ", plain)
    assert plain_words(text.upper()) == plain
    assert plain_words(f" {plain} ") == plain


def naive_plain_words(text):
    """The rule of the docstring, character by character."""
    lowered = unicodedata.normalize("NFKC", text).lower().replace("−", "-")
    joined = re.sub(r"(?<=\w)['’`](?=\w)", "", lowered)
    in_number = re.finditer(r"(?<=\d)[.,:/](?=\d)|(?<![\w.])(?:-(?=\.?\d)|\.(?=\d))", joined)
    kept = {match.start() for match in in_number}
    spaced = [
        " " if i not in kept and unicodedata.category(c).startswith("P") else c
        for i, c in enumerate(joined)
    ]
    return " ".join("".join(spaced).split()) or " ".join(lowered.split())


@settings(max_examples=500)
@given(st.text(max_size=12) | st.text(alphabet=" aB12.,-'/?$:−’é½\n\x1f", max_size=12) | TEXT)
def test_plain_words_follow_the_rule(text):
    assert plain_words(text) == naive_plain_words(text)


@given(SAMPLES)
def test_columns_score_as_a_list_does(pairs):
    predictions = predict(*pairs)
    for metric in METRICS.values():
        found = metric(table(Prediction, predictions))
        np.testing.assert_array_equal(found.rows, metric(predictions).rows)


def test_signatures_tell_the_rules():
    assert vqa_accuracy([], "official").signature != vqa_accuracy([], "normalized").signature
    assert "threshold=0.5" in anls([]).signature
