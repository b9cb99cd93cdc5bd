"""Sources and tasks about still shapes: what a sample holds, and that no blind answer pays."""

import hashlib
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from mmbench import Prediction, metric
from mmbench.errors import DataError, UnknownName
from mmbench.kinds.conversation import PromptOptions, conversation
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SIDE
from mmbench.reference.worlds.shapes.questions import KINDS
from mmbench.reference.worlds.shapes.retrieval import shapes
from mmbench.reference.worlds.shapes.scene import lone_scene, scene_at
from mmbench.reference.worlds.shapes.sources import (
    shapes_captions,
    shapes_classes,
    shapes_questions,
)
from mmbench.reference.worlds.shapes.talk import BRIEFLY, BY_LETTER, DESCRIBE, IMAGE, training_talks
from mmbench.reference.worlds.shapes.talk import training_question as asked
from mmbench.spec import load_task
from mmbench.types import Media, Sample
from tests.support.paths import ROOT

TASKS = ROOT / "tasks"
GOLDEN = {  # SHA-256 over the first 20 samples; see test_shapes.py for when these may change
    "classes": "87e59d535f29d7ef8206e0f1863ba6997ba666dc6a9cb0efa691af9d71e22bdf",
    "captions": "615b6f03e367efccfbdb2efed80e7de89c7af678e0877b84e7f2f0b6f750a940",
    "questions": "93389eb4821821cfdfeb7b7df98196e9a1acd1d2629e7f2d8d87b8b5ec06e44b",
}


def image(sample: Sample) -> bytes:
    medium = sample.inputs["image"]
    assert isinstance(medium, Media)
    assert medium.read is not None
    return medium.read()


def digest(samples: list[Sample]) -> str:
    texts = [(s.inputs.get("question"), s.inputs.get("options"), s.target) for s in samples]
    said = [*map(image, samples), texts]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def test_the_bytes_are_the_golden_ones() -> None:
    assert digest(shapes_classes(None, images=20).samples) == GOLDEN["classes"]
    assert digest(shapes_captions(None, images=20).samples) == GOLDEN["captions"]
    assert digest(shapes_questions(None, images=20, options=True).samples) == GOLDEN["questions"]


# --- one thing ----------------------------------------------------------------------------------


def test_classes_are_even_and_named() -> None:
    data = shapes_classes(None)
    assert set(Counter(sample.target for sample in data.samples).values()) == {960 // 64}
    assert len(set(data.labels)) == 64
    assert data.labels[9] == "green square"
    assert {sample.tags["size"] for sample in data.samples} == {"small", "large"}


def test_a_lone_thing_has_the_colour_of_its_class_and_is_whole() -> None:
    for index, sample in enumerate(shapes_classes(None, images=128).samples):
        colour, shape = list(COLOURS)[index % 64 // 8], SHAPES[index % 8]
        scene = lone_scene(chance("lone", 0, index), colour, shape)
        (thing,), (spot,) = scene.objects, scene.spots
        assert (thing.colour, thing.shape) == (colour, shape)
        assert spot.radius <= min(spot.x, spot.y, SIDE - spot.x, SIDE - spot.y)
        assert image(sample).endswith(draw(scene, 64).tobytes())


def test_a_lone_thing_stands_where_no_scene_has_one() -> None:
    """Farther from every place of the training scenes than `augment` moves them (1/32)."""
    trained = {spot.x for i in range(2000) for spot in scene_at("train", 0, i).spots}
    lone = {lone_scene(chance(i), "red", "star").spots[0].x for i in range(2000)}
    assert not trained & lone
    edges = [b - a for a, b in pairwise(sorted(trained | lone)) if (a in lone) != (b in lone)]
    assert min(edges) > SIDE // 32


# --- captions -----------------------------------------------------------------------------------


def test_references_are_the_captions_of_the_same_images() -> None:
    data, ranked = shapes_captions(None, images=30), shapes(None, images=30)
    assert [sample.id for sample in data.samples] == [sample.id for sample in ranked.corpus]
    assert [image(sample) for sample in data.samples] == [image(s) for s in ranked.corpus]
    told = [text for sample in data.samples for text in sample.target]
    assert told == [query.inputs["text"] for query in ranked.queries]


# --- questions ----------------------------------------------------------------------------------


def test_all_kinds_are_equally_frequent() -> None:
    samples = shapes_questions(None).samples
    assert Counter(sample.tags["kind"] for sample in samples) == dict.fromkeys(KINDS, 200)


def test_kinds_are_selected_and_some_are_open() -> None:
    counts = shapes_questions(None, images=40, kinds=["count"]).samples
    assert {sample.tags["kind"] for sample in counts} == {"count"} and len(counts) < 40
    mixed = shapes_questions(None, images=40, options=True, open_kinds=["count"]).samples
    assert {s.tags["kind"] == "count" for s in mixed if isinstance(s.target, str)} == {True}
    assert {s.tags["kind"] == "count" for s in mixed if isinstance(s.target, dict)} == {False}
    with pytest.raises(UnknownName, match="kind of question 'counts'"):
        shapes_questions(None, kinds=["counts"])


def test_with_options_the_same_is_asked() -> None:
    opened = shapes_questions(None, images=40).samples
    offered = shapes_questions(None, images=40, options=True).samples
    for one, other in zip(opened, offered, strict=True):
        assert one.inputs["question"] == other.inputs["question"]
        letter, options = other.target["answer"], other.target["options"]
        assert options["ABCD".index(letter)] == one.target
        assert f"{letter}. {one.target}" in str(other.inputs["options"]).split("\n")
        assert "options" not in one.inputs


def score(name: str, said: list[str], samples: list[Sample]) -> dict[str, tuple[float, int]]:
    """By kind: the value of a metric, and of how many."""
    found = defaultdict(list)
    for text, sample in zip(said, samples, strict=True):
        found[sample.tags["kind"]].append(Prediction(sample.id, text, sample.target))
    return {kind: (metric(name)(some).value, len(some)) for kind, some in found.items()}


@pytest.mark.slow
def test_a_blind_answer_scores_at_chance_in_the_task() -> None:
    """The commonest answer to a text in 4,000 training questions, and a letter for every one."""
    learned: dict[str, Counter[str]] = defaultdict(Counter)
    for index in range(4000):
        question = asked(0, index)[1]
        learned[question.text][question.answer] += 1
        learned[question.kind][question.answer] += 1
    samples = shapes_questions(None).samples
    texts = [learned.get(str(s.inputs["question"])) or learned[s.tags["kind"]] for s in samples]
    said = score("exact_match", [text.most_common(1)[0][0] for text in texts], samples)
    offered = shapes_questions(None, options=True).samples
    chosen = score("choice_accuracy", ["A"] * len(offered), offered)
    for kind, answers in zip(KINDS, (2, 4, 8, 9, 64), strict=True):
        for (value, n), of in ((said[kind], answers), (chosen[kind], min(answers, 4))):
            assert abs(value - 1 / of) < 3.5 * (1 / of * (1 - 1 / of) / n) ** 0.5, (kind, value)


@pytest.mark.parametrize("source", [shapes_classes, shapes_captions, shapes_questions])
def test_what_is_out_of_range_is_refused(source: type) -> None:
    with pytest.raises(DataError, match="images is 0; give a number"):
        source(None, images=0)
    with pytest.raises(DataError, match="size is 63; give a number"):
        source(None, size=63)
    if source is not shapes_classes:
        with pytest.raises(UnknownName, match="did you mean test"):
            source(None, split="tests")


# --- tasks --------------------------------------------------------------------------------------


def test_tasks_ask_as_the_talks_of_training_do() -> None:
    trained = {
        turn["value"].removeprefix(f"{IMAGE}\n").rpartition("\n")[2]
        for index in range(60)
        for talk in training_talks(0, index)[1]
        for turn in talk
        if turn["from"] == "human"
    }
    assert trained == {DESCRIBE, BRIEFLY, BY_LETTER}
    for name, end in (("caption", DESCRIBE), ("vqa", BRIEFLY), ("chat", BY_LETTER)):
        spec = load_task(str(TASKS / f"shapes-{name}.yaml"))
        inputs = {"image": Media("image", "a.png"), "question": "Why?", "options": "A. no"}
        row = Sample("1", {f: inputs[f] for f in spec.fields.values()})
        (turn,) = conversation(spec, spec.options_of(PromptOptions).prompt, row)
        asked_before = [inputs[f] for f in ("question", "options") if f in spec.fields]
        assert list(turn.parts) == [inputs["image"], "\n".join([*asked_before, end])]
