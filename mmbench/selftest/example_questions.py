"""Small generated sets of questions about images for self-tests."""

from __future__ import annotations

from collections.abc import Callable

from mmbench import registry
from mmbench.builtin import EXAMPLE_DATA
from mmbench.datasets import RetrievalData, Samples
from mmbench.types import Sample, TaskSpec

COUNT = 40  # samples of an example data set
COLOURS = ("red", "green", "blue", "black")
# Prefixes of metrics for questions of which only some have options.
_MIXED = ("mmmu_", "mathvista_")


def example() -> RetrievalData:
    """Return images with five captions each."""
    data: RetrievalData = registry.lookup("data", EXAMPLE_DATA)(None, images=COUNT)
    return data


def questions(targets: Callable[[int], object], **tags: Callable[[int], str]) -> Samples:
    """Return questions about images, two per image.

    `targets` and `tags` are functions that return the target and the tags of question i.
    """
    images = example().corpus
    return Samples(
        [
            Sample(
                f"{i}",
                {**images[i // 2].inputs, "question": f"What is the colour of thing {i}?"},
                targets(i),
                images[i // 2].id,
                {tag: value(i) for tag, value in tags.items()},
            )
            for i in range(COUNT)
        ]
    )


def _ten(i: int) -> list[str]:
    """Return ten answers to question `i`, eight of them equal.

    Any nine of them then give the equal answer the full score.
    """
    return [COLOURS[i % 4]] * 8 + [COLOURS[(i + 1) % 4], "a dark one"]


def _choice(i: int) -> dict[str, object]:
    return {"answer": "ABCD"[i % 4], "options": [f"{c} {i}" for c in COLOURS]}


def answers(spec: TaskSpec) -> Samples:
    """Return questions with or without options, or both, as the metrics of a task need them."""
    if any(metric.startswith(_MIXED) for metric in spec.metrics):
        return questions(
            lambda i: f"{i % 3}.5" if i % 2 else _choice(i),
            answer_type=lambda _: "float",
            precision=lambda _: "1",
        )
    choice = any(metric.startswith(("choice_", "circular_")) for metric in spec.metrics)
    return questions(_choice if choice else lambda i: [f"{COLOURS[i % 4]} {i % 3}"])


def vqa() -> Samples:
    """Return questions with ten answers of people each."""
    return questions(
        _ten, answer_type=lambda i: f"a{i % 2}", question_type=lambda i: f"what {i % 3}"
    )


def pope() -> Samples:
    """Return yes/no questions with a category."""
    return questions(lambda i: "yes" if i % 2 else "no", category=lambda i: f"c{i % 3}")


def figures() -> Samples:
    """Return yes/no questions about figures: two questions about each of two figures of a set."""
    return questions(
        lambda i: "yes" if i * 7 % 5 % 2 else "no",
        category=lambda _: "VD",
        subcategory=lambda i: f"s{i % 2}",
        set_id=lambda i: str(i // 8),
        figure_id=lambda i: str(i // 4 % 2),
        question_id=lambda i: str(i // 2 % 2),
    )
