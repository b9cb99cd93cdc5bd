import math
from string import ascii_uppercase

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError
from mmbench.metrics.answers.choice import choice_accuracy, choice_unparsed, circular_accuracy
from mmbench.metrics.answers.choice.parser import named_option
from mmbench.stats import fold, fold_many
from mmbench.types import Prediction

PETS = "cat|dog"
METRICS = [choice_accuracy, choice_unparsed, circular_accuracy]

# text, options, the letter that it names (None for none), why
CASES = [
    ("B", PETS, "B", "a letter and nothing else"),
    ("b", PETS, "B", "a small one too"),
    ("a", PETS, "A", "which is no article when it stands alone"),
    ("(B)", PETS, "B", "in brackets"),
    ("[b].", PETS, "B", "in any brackets"),
    (" B\n", PETS, "B", "spaces do not count"),
    ("**B**", PETS, "B", "Markdown"),
    ("$B$", PETS, "B", "LaTeX"),
    ("<B>", PETS, "B", "a tag"),
    ("E", PETS, None, "no such option"),
    ("AB", PETS, None, "no letter but a word"),
    ("", PETS, None, "nothing said"),
    ("B. dog", PETS, "B", "a letter in front"),
    ("b) dog", PETS, "B", "a small one with its mark"),
    ("(b) dog", PETS, "B", "or in brackets"),
    ("B: dog", PETS, "B", "with a colon"),
    ("B - dog", PETS, "B", "with a dash"),
    ("B, dog", PETS, "B", "with a comma"),
    ("**B**: dog", PETS, "B", "and Markdown"),
    ("B. The dog is left of the cat.", PETS, "B", "whatever is named afterwards"),
    ("B because it barks", PETS, "B", "a capital in front"),
    ("Some thoughts on A.\n\nB", PETS, "B", "the last line alone"),
    ("B\nThe dog is brown.", PETS, "B", "the first line alone"),
    ("A\n\ndog", PETS, None, "lines that disagree"),
    ("The answer is A.\n\nB", PETS, None, "a statement and a line that disagree"),
    ("Answer: B", PETS, "B", "a statement"),
    ("answer: b", PETS, "B", "a small letter at its end"),
    ("My answer is b.", PETS, "B", "with a period"),
    ("Answer:\nB", PETS, "B", "over a line break"),
    ("The answer is (B) dog.", PETS, "B", "with the text"),
    ("The correct answer is: **B. dog**", PETS, "B", "with Markdown"),
    ("The answer is B, because A is a cat.", PETS, "B", "goes before other letters"),
    ("A. cat: no.\nB. dog: yes.\nAnswer: B", PETS, "B", "goes before a letter in front"),
    ("The correct option is B", PETS, "B", "option is"),
    ("The correct choice would be B.", PETS, "B", "choice would be"),
    ("I choose (A).", PETS, "A", "I choose"),
    ("I would go with B", PETS, "B", "go with"),
    ("A is correct.", PETS, "A", "praise"),
    ("A is incorrect.", PETS, None, "no praise"),
    ("B isn't right", PETS, None, "no praise either"),
    (r"\boxed{B}", PETS, "B", "boxed"),
    (r"So it is $\boxed{\text{B}}$. Not A.", PETS, "B", "boxed goes before all else"),
    (r"\boxed{dog}", PETS, "B", "boxed text"),
    (r"\boxed{A} or \boxed{B}", PETS, None, "two boxes"),
    ("I think B", PETS, "B", "a capital after think"),
    ("I think it is B because of the ears", PETS, "B", "after is"),
    ("Option B", PETS, "B", "after option"),
    ("It could be (b) maybe", PETS, "B", "brackets anywhere"),
    ("It contains vitamin C.", "bread|milk|iron|egg", None, "a capital in a sentence"),
    ("U.S.A.", PETS, None, "an abbreviation"),
    ("B-12", PETS, None, "part of a word"),
    ("B's", PETS, None, "part of a word"),
    ("dog", PETS, "B", "an option's text"),
    ("Dog.", PETS, "B", "case and punctuation do not count"),
    ("It is a dog.", PETS, "B", "as whole words"),
    ("It is a hotdog.", PETS, None, "not within a word"),
    ("A dog is on the sofa.", PETS, "B", "A is an article"),
    ("A Dog", PETS, "B", "in a title too"),
    ("A bird is there.", PETS, None, "an article and no option"),
    ("The answer is A dog.", PETS, "B", "an article in a statement"),
    ("I think so", "a1|b1|c1|d1|e1|f1|g1|h1|i1", None, "I is a pronoun"),
    ("I", "a1|b1|c1|d1|e1|f1|g1|h1|i1", "I", "but a letter when it stands alone"),
    ("hot dog", "dog|hot dog", "B", "the longer text"),
    ("I see a hot dog here", "dog|hot dog", "B", "the longer text, within a sentence"),
    ("a dog and a hot dog", "dog|hot dog", None, "both"),
    ("vitamin B", "vitamin C|vitamin B|vitamin A", "B", "a text that ends in a letter"),
    ("It is vitamin A.", "vitamin C|vitamin B|vitamin A", "C", "its letter is part of the text"),
    ("Both A and B", "cat|dog|Both A and B", "C", "a text with letters in it"),
    ("None of the above", "cat|None of the above", "B", "a text"),
    ("There are 30 birds.", "3|30", "B", "numbers are words"),
    ("3.5", "3|5|3.5", "C", "and whole"),
    ("5", "$5|$6", "A", "a symbol does not count where the numbers alone differ"),
    ("Yes, no doubt.", "yes|no", "A", "`no doubt` is not the option no"),
    ("No, there is none.", "yes|no", "B", "no is a text here"),
    ("A or B", PETS, None, "two letters"),
    ("either A or B", PETS, None, "two letters"),
    ("A, B", PETS, None, "two letters"),
    ("A/B", PETS, None, "two letters"),
    ("(A) cat (B) dog", PETS, None, "two letters"),
    ("A. cat or B. dog", PETS, None, "two letters in front"),
    ("A: cat\nB: dog", PETS, None, "a list of all"),
    ("Between A and B I prefer B", PETS, None, "two letters, though one is meant"),
    ("The answer is A or B.", PETS, None, "two letters in a statement"),
    ("The answer is A. No, the answer is B.", PETS, None, "two statements"),
    ("cat or dog", PETS, None, "two texts"),
    ("dog", "dog|dog", None, "a text of two options"),
    ("B. cat", PETS, None, "the letter of one and the text of the other"),
    ("The answer is (B) cat", PETS, None, "the same in a statement"),
    ("A", "B|A", "A", "a letter is that of a position: MMMU's official code"),
    ("A", "A|B", "A", "a letter that is its own text"),
    ("It is not A, it is B.", PETS, "B", "A is denied"),
    ("The answer is not B.", PETS, None, "denied, and nothing else"),
    ("neither A nor B", PETS, None, "both denied"),
    ("It isn't a cat, it is a dog.", PETS, "B", "a text denied"),
    ("This is not a dog.", PETS, None, "a text denied, and nothing else"),
    ("I cannot answer.", PETS, None, "no option"),
]  # fmt: skip
LETTER = st.sampled_from("ABCD")
OPTIONS = ["red", "green", "blue", "black"]


def predict(*triples):
    """Of (group, text, right letter)."""
    return [
        Prediction(str(i), text, {"answer": right, "options": OPTIONS}, group=group)
        for i, (group, text, right) in enumerate(triples)
    ]


SAMPLES = st.lists(
    st.tuples(st.sampled_from(["p", "q", "r", ""]), LETTER | st.just("?"), LETTER), max_size=9
).map(lambda triples: predict(*triples))


@pytest.mark.parametrize("text, options, letter, why", CASES)
def test_named_option(text, options, letter, why):
    found = named_option(text, options.split("|"))
    assert (None if found is None else ascii_uppercase[found]) == letter, why


@given(LETTER, st.sampled_from(["{}", "({})", "{}.", "Answer: {}", "**{}**", "{}) red herring"]))
def test_letters_by_form(letter, form):
    options = ["one thing", "another thing", "a third", "none"]
    assert named_option(form.format(letter), options) == "ABCD".index(letter)


@given(st.permutations(OPTIONS), st.sampled_from(OPTIONS))
def test_a_text_names_its_option_in_any_order(options, text):
    for said in (text, text.upper(), f"It is {text}.", f"The answer is {text}"):
        assert named_option(said, options) == options.index(text)


@given(st.text(max_size=60), st.lists(st.text(max_size=5), max_size=26))
def test_any_text_is_read(text, options):
    assert named_option(text, options) in {None, *range(len(options))}


def test_unparsed_is_wrong_and_counted():
    predictions = predict(("", "A", "A"), ("", "B", "A"), ("", "A or B", "A"), ("", "?", "A"))
    assert choice_accuracy(predictions).value == 0.25
    assert choice_unparsed(predictions).value == 0.5


def test_all_rotations_must_be_right():
    predictions = predict(
        *[("p", "A", "A"), ("q", "B", "B"), ("p", "B", "B"), ("q", "B", "C")],
        *[("", "D", "D"), ("", "?", "D")],
    )
    found = circular_accuracy(predictions)
    assert found.value == 0.5  # p and the first without a group, of four questions
    assert found.rows.tolist() == [[1, 1], [0, 1], [0, 0], [0, 0], [1, 1], [0, 1]]


@settings(max_examples=50)
@given(SAMPLES.filter(bool))
def test_circular_accuracy_by_its_definition(predictions):
    questions = {}
    for p in predictions:
        right = p.value == p.target["answer"]
        questions.setdefault(p.group or p.id, []).append(right)
    expected = sum(all(rights) for rights in questions.values()) / len(questions)
    assert circular_accuracy(predictions).value == pytest.approx(expected)


@pytest.mark.parametrize("answer", ["E", "", "AB", "green"])
def test_an_answer_that_is_no_letter_is_told(answer):
    with pytest.raises(DataError, match="sample 0: the right answer"):
        choice_accuracy(predict(("", "A", answer)))


@pytest.mark.parametrize("metric", METRICS)
def test_of_nothing_is_nan(metric):
    assert math.isnan(metric([]).value) and len(metric([]).rows) == 0


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=30)
@given(predictions=SAMPLES.filter(bool), order=st.randoms(use_true_random=False))
def test_properties(metric, predictions, order):
    found = metric(predictions)
    assert len(found.rows) == len(predictions) and 0 <= found.value <= 1
    assert fold(found.fold, found.rows) == found.value
    weights = np.arange(len(predictions)) % 3 + 1.0
    repeated = np.repeat(found.rows, weights.astype(int), axis=0)
    expected = fold(found.fold, repeated)
    assert fold_many(found.fold, found.rows, weights[None])[0] == pytest.approx(
        expected, nan_ok=True
    )
    mixed = list(predictions)
    order.shuffle(mixed)
    assert metric(mixed).value == pytest.approx(found.value)
    rows = dict(zip([p.id for p in predictions], found.rows.tolist(), strict=True))
    assert [rows[p.id] for p in mixed] == metric(mixed).rows.tolist()


@given(SAMPLES.filter(bool))
def test_perfect(predictions):
    right = [Prediction(p.id, p.target["answer"], p.target, group=p.group) for p in predictions]
    assert [metric(right).value for metric in METRICS] == [1, 0, 1]
