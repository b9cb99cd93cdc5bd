"""The inputs of a data set are perturbed; references follow if the order of options changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mmbench.columns import Mappings, Texts, column, entries, table
from mmbench.datasets import RetrievalData, Samples, lettered
from mmbench.errors import DataError, SpecError
from mmbench.perturbations.data import perturbed_data
from mmbench.perturbations.names import parse
from mmbench.types import InvalidContent, Media, Sample

IMAGE, SOUND = Media("image", "a.png"), Media("audio", "a.wav")
NOISE = parse("noise:3")
FIELDS = {"image": "image", "question": "question", "options": "options"}


def question(ident: str = "q", options: Sequence[str] = ("red", "green", "blue")) -> Sample:
    inputs: dict[str, Any] = {"image": IMAGE, "question": "which colour", "note": "unused text"}
    target = {"answer": "B", "options": [*options], "hint": 1}
    return Sample(ident, inputs | {"options": lettered(options)}, target)


def changed(text: str, sample: Sample | None = None) -> Sample:
    data = perturbed_data(Samples([sample or question()]), FIELDS, parse(text), "t")
    return data.samples[0]


def test_media_are_marked_and_all_else_stays() -> None:
    sample, noisy = question(), changed("noise:3")
    assert noisy.inputs["image"] == Media("image", "a.png", perturbation=NOISE)
    assert noisy.inputs | {"image": IMAGE} == sample.inputs
    assert noisy.target == sample.target


def test_the_text_of_a_field_is_changed_and_options_stay() -> None:
    sample, upper = question(), changed("case:upper")
    assert upper.inputs == sample.inputs | {"question": "WHICH COLOUR"}
    assert upper.target == sample.target


@pytest.mark.parametrize(
    ("text", "moved", "letter"),
    [
        ("options:1", ["blue", "red", "green"], "C"),
        ("options:2", ["green", "blue", "red"], "A"),
        ("options:3", ["red", "green", "blue"], "B"),
        ("options:4", ["blue", "red", "green"], "C"),
        ("options:reverse", ["blue", "green", "red"], "B"),
    ],
)
def test_options_move_together_with_the_answer(text: str, moved: list[str], letter: str) -> None:
    sample = changed(text)
    assert sample.target == {"answer": letter, "options": moved, "hint": 1}
    assert sample.inputs["options"] == lettered(moved)


def test_shuffled_options_keep_their_answer() -> None:
    orders = set()
    for n in range(40):
        sample = changed("options:shuffle", question(f"q{n}", ["red", "green", "blue", "green"]))
        texts = sample.target["options"]
        assert texts["ABCD".index(sample.target["answer"])] == "green"
        assert sorted(texts) == ["blue", "green", "green", "red"]
        orders.add(tuple(texts))
    assert len(orders) > 6
    first, other = changed("options:shuffle"), changed("options:shuffle")
    assert first == other


@pytest.mark.parametrize(
    "sample",
    [
        Sample("q", {"options": "A) red"}, {"answer": "A", "options": ["red"]}),
        Sample("q", {"question": "x"}, {"answer": "A", "options": ["red"]}),
        Sample("q", {"options": "A. red"}, {"answer": "?", "options": ["red"]}),
    ],
)
def test_options_that_the_prompt_does_not_follow_are_refused(sample: Sample) -> None:
    with pytest.raises(DataError, match="sample q: the order of its options cannot be changed"):
        changed("options:1", sample)


def test_a_sample_without_options_stays() -> None:
    samples = [question(), Sample("open", {"question": "why"}, ["because"]),
               Sample("bad", {}, InvalidContent("no answer"))]  # fmt: skip
    data = perturbed_data(Samples(samples), FIELDS, parse("options:1"), "t")
    assert [*data.samples][1:] == samples[1:]


RETRIEVAL = RetrievalData(
    [Sample("q1", {"text": "a red circle"}), Sample("q2", {"text": "two squares"})],
    [Sample("d1", {"image": IMAGE}), Sample("d2", {"image": Media("image", "b.png")})],
    {"q1": {"d1": 1.0}, "q2": {"d2": 1.0}},
)
ROLES = {"query": "text", "corpus": "image"}


def test_both_sides_of_retrieval_are_perturbed() -> None:
    data = perturbed_data(RETRIEVAL, ROLES, NOISE, "t")
    assert [s.inputs["image"].perturbation for s in data.corpus] == [NOISE, NOISE]
    assert [*data.queries] == [*RETRIEVAL.queries]
    assert data.links == RETRIEVAL.links


def test_one_side_of_retrieval_is_perturbed() -> None:
    texts = RetrievalData(RETRIEVAL.queries, RETRIEVAL.queries, {})
    fields = {"query": "text", "corpus": "text"}
    data = perturbed_data(texts, fields, parse("case:upper:corpus"), "t")
    assert [s.inputs["text"] for s in data.queries] == ["a red circle", "two squares"]
    assert [s.inputs["text"] for s in data.corpus] == ["A RED CIRCLE", "TWO SQUARES"]


@pytest.mark.parametrize(
    ("data", "fields", "text", "message"),
    [
        (RETRIEVAL, ROLES, "snr:5", "snr:5 changes audio, and the inputs of the task have none"),
        (RETRIEVAL, ROLES, "noise:1:query", "images or videos, and .* in the role query have none"),
        (RETRIEVAL, ROLES, "options:1", "changes options, and the inputs of the task have none"),
        (Samples([question()]), FIELDS, "noise:1:query", "a role of retrieval tasks only"),
        (Samples([Sample("a", {"sound": SOUND})]), {"audio": "sound"}, "noise:1", "have none"),
        (object(), {}, "noise:1", "data of a object cannot be perturbed"),
    ],
)
def test_a_perturbation_that_changes_nothing_is_refused(
    data: Any, fields: dict[str, str], text: str, message: str
) -> None:
    with pytest.raises(SpecError, match=f"task t: .*{message}"):
        perturbed_data(data, fields, parse(text), "t")


def test_columns_stay_columns() -> None:
    """Media are marked on access, and texts stay in Arrow memory."""
    rows = table(Sample, [question(str(n)) for n in range(5)], ("inputs", "tags"))
    for text in ("noise:3", "case:upper"):
        data = perturbed_data(Samples(rows), FIELDS, parse(text), "t")
        inputs = column(data.samples, "inputs")
        assert isinstance(inputs, Mappings)
        assert len(inputs) == 5
        assert data.limit(2).samples[1].id == "1"
    other = Samples(table(Sample, [Sample(c, {"question": c}) for c in "ab"], ("inputs", "tags")))
    texts = perturbed_data(other, FIELDS, parse("case:upper"), "t")
    assert isinstance(entries(column(texts.samples, "inputs"), "question"), Texts)
