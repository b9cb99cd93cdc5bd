"""CHAIR, compared with the official code on texts, on the forms of words and on real captions.

The expected values were made once by the steps of LisaAnne/Hallucination utils/chair.py (6e4d33c)
in Python 3, with `singularize` of clips/pattern (d25511f), the word tokenizer of NLTK 3.10.4 and
NLTK's English Punkt model.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError, Missing
from mmbench.metrics.captions.chair import chair_i, chair_recall, chair_s
from mmbench.metrics.captions.chair.objects import OBJECTS
from mmbench.metrics.captions.chair.words import _SINGULARS, mentioned
from mmbench.stats import fold
from mmbench.types import Prediction
from tests.support.captions import CAPTIONS, real
from tests.support.paths import real_data

ALL = (chair_i, chair_s, chair_recall)
CATEGORIES = list(dict.fromkeys(OBJECTS.values()))

TEXTS = {
    "A bus and two buses are next to a train.": "bus | train",
    "A man wearing ties and a tie.": "person | tie",
    "Wine glasses on a table; a glass of wine, and one wine glass.": (
        "wine glass | dining table | wine glass"
    ),
    "A baby elephant with an adult zebra and a baby.": "elephant | zebra | person",
    "A passenger train next to a passenger jet.": "train | airplane",
    "Two women's bikes, three children, and people.": "person | bicycle | person | person",
    "A hot dog, a hot, dog and hotdogs.": "hot dog | dog",
    "The toilet seat is up. There is a toilet with a seat.": "toilet | toilet",
    "A seat, chairs and stools.": "chair | chair | chair",
    "Tennis rackets, a tennis racket and sports balls.": (
        "tennis racket | tennis racket | sports ball"
    ),
    "skis, a ski and skiing": "skis | skis",
    "A street light and traffic lights at a stop sign": "traffic light | traffic light | stop sign",
    "A couple of mice and a computer mouse near laptops": "mouse | laptop | mouse | laptop",
    "The sign says 'stop sign', near a cat/dog and a dog-house.": "stop sign",
    "a calf, calves, oxen, sheep, geese and a goose": "cow | cow | cow | sheep | bird | bird",
    "A motor bike, a motorbike and motorcycles": "motorcycle | motorcycle",
    "cheesecake, pancakes, an iPhone and knives": "cake | knife",
    "": "",
    ".": "",
    '(Surfboards) "surfers" -- boats... planes!': "surfboard | boat | airplane",
    "home plate and a plate; a teddy bear and a bear": "teddy bear | bear",
    "There is a cat.There are dogs. 2 cars: one truck": "dog | car | truck",
    "zebras\nand giraffes": "zebra | giraffe",
    "doggies and puppies; broccoli, carrots & scissors": "dog | broccoli | carrot | scissors",
}


def digest(lines: list[str]) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


@pytest.mark.parametrize("text", TEXTS)
def test_the_objects_of_a_text(text: str) -> None:
    assert " | ".join(mentioned(text)) == TEXTS[text]


def test_every_form_of_a_word() -> None:
    """All spellings of which pattern.en gives a word of the lists as the singular."""
    forms = {form: word for form, word in _SINGULARS.items() if word != "dining"}  # in no pair
    assert len(forms) == 854
    assert digest([f"{form}={word}" for form, word in sorted(forms.items())]) == "5d59a29a5ef9d8b3"


def test_the_categories_are_those_of_coco() -> None:
    assert len(CATEGORIES) == 80
    assert all(OBJECTS[name] == name for name in CATEGORIES)


def coco_mini() -> list[Prediction]:
    """The first caption of each image, with the others as references."""
    texts: dict[int, list[str]] = {}
    file = real_data("coco-mini") / "captions_subset159.json"
    for row in json.loads(file.read_text())["annotations"]:
        texts.setdefault(row["image_id"], []).append(row["caption"])
    return [Prediction(str(i), first, rest) for i, (first, *rest) in texts.items()]


def annotated(predictions: list[Prediction]) -> list[Prediction]:
    """Add three objects to each image, by its position: the annotations are not at hand."""
    return [
        Prediction(
            p.id,
            p.value,
            p.target,
            tags={
                "objects": ", ".join(sorted({CATEGORIES[(7 * n + k) % 80] for k in (0, 13, 26)}))
            },
        )
        for n, p in enumerate(predictions)
    ]


@pytest.mark.parametrize(
    ("name", "hallucinated", "mentions", "captions", "recalled", "objects"),
    [
        pytest.param("fakecap", 559, 1609, 458, 1017, 4909, marks=pytest.mark.slow),
        ("coco-mini", 11, 249, 10, 232, 832),
    ],
)
def test_real_captions(
    name: str, hallucinated: int, mentions: int, captions: int, recalled: int, objects: int
) -> None:
    predictions = annotated(real(name) if name == "fakecap" else coco_mini())
    assert chair_i(predictions).rows.sum(axis=0).tolist() == [hallucinated, mentions]
    assert chair_i(predictions).value == hallucinated / mentions
    assert chair_s(predictions).value == captions / len(predictions)
    assert chair_recall(predictions).rows.sum(axis=0).tolist() == [recalled, objects]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (CAPTIONS / "fakecap/en_captions_val2014.json", "6ee70aa01f32a51e"),
        (CAPTIONS.parent / "coco-mini/captions_subset159.json", "10ef41c528c04239"),
    ],
    ids=["fakecap", "coco-mini"],
)
def test_each_real_caption(file: Any, expected: str) -> None:
    real_data()
    captions = [row["caption"] for row in json.loads(file.read_text())["annotations"]]
    assert digest(["|".join(mentioned(caption)) for caption in captions]) == expected


def made(*samples: tuple[str, list[str], str]) -> list[Prediction]:
    return [
        Prediction(str(i), caption, references, tags={"objects": objects})
        for i, (caption, references, objects) in enumerate(samples)
    ]


def test_by_hand() -> None:
    predictions = made(
        ("a dog, a dog and a cat", ["two cats"], "chair"),  # the dog is not there, twice
        ("a man on a horse", ["a person rides"], "horse, bottle"),
        ("nothing to see", ["a train"], ""),
    )
    found = chair_i(predictions)
    assert found.rows.tolist() == [[2, 3], [0, 2], [0, 0]]
    assert found.value == pytest.approx(2 / 5)
    assert found.details["hallucinated"] == ["dog, dog", "", ""]
    assert chair_s(predictions).rows[:, 0].tolist() == [1, 0, 0]
    assert chair_recall(predictions).rows.tolist() == [[1, 2], [2, 3], [0, 1]]
    assert chair_recall(predictions).value == pytest.approx(3 / 6)


WORDS = st.lists(st.sampled_from(["cat", "dogs", "bus", "people", "a", "red"]), max_size=6)
SENTENCES = WORDS.map(" ".join)
SAMPLES = st.lists(
    st.tuples(
        SENTENCES, st.lists(SENTENCES, max_size=3), st.sampled_from(["", "cat", "bus, person"])
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, derandomize=True)
@given(SAMPLES)
def test_the_definition(samples: list[tuple[str, list[str], str]]) -> None:
    names = {
        "cat": "cat",
        "dogs": "dog",
        "people": "person",
    }  # "bus" names nothing, see `mentioned`
    totals: Counter[str] = Counter()
    for caption, references, objects in samples:
        present = {names[w] for text in references for w in text.split() if w in names}
        present |= set(filter(None, objects.split(", ")))
        said = [names[word] for word in caption.split() if word in names]
        wrong = [name for name in said if name not in present]
        totals += Counter(wrong=len(wrong), said=len(said), captions=bool(wrong))
        totals += Counter(found=len(present & set(said)), present=len(present))
    predictions = made(*samples)
    for metric, above, below in (
        (chair_i, totals["wrong"], totals["said"]),
        (chair_s, totals["captions"], len(samples)),
        (chair_recall, totals["found"], totals["present"]),
    ):
        scored = metric(predictions)
        assert scored.value == pytest.approx(above / below if below else math.nan, nan_ok=True)
        assert fold(scored.fold, scored.rows) == pytest.approx(scored.value, nan_ok=True)
        assert bool(scored.reason) == (below == 0)


def test_without_predictions_there_is_no_value() -> None:
    assert all(math.isnan(metric([]).value) for metric in ALL)


@pytest.mark.parametrize("metric", ALL)
def test_without_annotated_objects_there_is_no_value(metric: Any) -> None:
    with pytest.raises(Missing, match=r"needs the annotated objects .* instances_\*\.json"):
        metric([Prediction("1", "a cat", ["a cat"])])
    with pytest.raises(DataError, match="'lynx' in the tag `objects` is not a category of COCO"):
        metric(made(("a cat", ["a cat"], "cat, lynx")))


@pytest.mark.parametrize("text", ["'s" * 50_000, "." * 50_000, "'" * 50_000, "dog" * 50_000])
def test_hostile_texts_take_no_time(text: str) -> None:
    assert mentioned(f"a cat {text}") == ("cat",)
    assert np.isfinite(chair_i(made((f"a cat {text}", ["a cat"], ""))).value)
