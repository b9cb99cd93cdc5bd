"""Which column belongs to which class: by position in equal lists, else by unique names."""

from __future__ import annotations

import pytest

from mmbench.errors import DataError, ModelError, UnknownName
from mmbench.kinds.classification.names import columns_of_model, columns_of_output


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (["cat", "dog"], ["cat", "dog"], [0, 1]),
        (["dog", "owl", "cat"], ["cat", "dog"], [2, 0]),  # owl is left out
        (["Playing_Guitar", "a-b"], ["a b", "playing guitar"], [1, 0]),
        # Letters of both cases are classes of their own (EMNIST): equal names go first.
        (["a", "A", "b"], ["A", "a"], [1, 0]),
        # ImageNet has two classes called crane; equal lists leave no doubt.
        (["crane", "gull", "crane"], ["crane", "gull", "crane"], [0, 1, 2]),
        # Names that differ in case alone and that nobody asks for do no harm.
        (["x", "X", "cat"], ["cat"], [2]),
    ],
)
def test_classes_of_a_model(given: list[str], wanted: list[str], expected: list[int]) -> None:
    assert columns_of_model(given, wanted, "model m").tolist() == expected


@pytest.mark.parametrize(
    ("given", "wanted", "error", "words"),
    [
        (["cat"], ["cat", "dog"], DataError, "model m has no class for dog"),
        (["cat", "dog", "cat"], ["cat", "dog"], ModelError, "model m has several classes cat"),
        # No class of the data is in doubt, and still nobody knows what the model's two cranes are.
        (["crane", "crane", "dog"], ["dog"], ModelError, "several classes crane"),
        (["cat", "Cat", "dog"], ["cat", "dog"], ModelError, "cat, Cat of the model and cat of"),
        (["a b", "a_b"], ["A-B"], ModelError, "ambiguous class names"),
        (["a"], ["a", "A"], ModelError, "ambiguous class names"),
        (["crane", "gull"], ["crane", "crane"], DataError, "the data have several classes crane"),
        # Equal names in another order: one of the two cranes would get the other's scores.
        (["crane", "gull", "crane"], ["gull", "crane", "crane"], ModelError, "crane"),
    ],
)
def test_classes_that_cannot_be_told_apart(
    given: list[str], wanted: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        columns_of_model(given, wanted, "model m")
    assert words in str(caught.value)


def test_labels_of_outputs() -> None:
    assert columns_of_output(["dog", "cat"], ["cat", "dog"], "x").tolist() == [1, 0]
    twice = ["crane", "gull", "crane"]
    assert columns_of_output(twice, twice, "x").tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "labels", "error", "words"),
    [
        (["cat", "cow"], ["cat", "dog"], UnknownName, "unknown label (x) 'cow'"),
        (["cat"], ["cat", "dog"], DataError, "x has no score for 'dog' (1 label missing)"),
        (["cat", "dog", "cat"], ["cat", "dog"], DataError, "several scores for cat"),
        (["crane", "gull"], ["crane", "gull", "crane"], DataError, "several classes crane"),
    ],
)
def test_labels_of_outputs_that_do_not_fit(
    given: list[str], labels: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        columns_of_output(given, labels, "x")
    assert words in str(caught.value)
