"""Data sources of the shapes world for classes, captions, image prompts and questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from msgspec.structs import replace

from mmbench.datasets import Samples, lettered
from mmbench.errors import UnknownName
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES
from mmbench.reference.worlds.shapes.questions import KINDS, Question, questions
from mmbench.reference.worlds.shapes.retrieval import (
    check_sizes,
    labelled_captions,
    scene_image,
    scene_images,
    scene_tags,
)
from mmbench.reference.worlds.shapes.scene import lone_scene
from mmbench.types import Content, Media, Sample


def shapes_classes(
    root: Path | None,  # noqa: ARG001 - a source takes it; this one reads no file
    *,
    images: int = 960,
    size: int = 64,
    seed: int = 0,
) -> Samples:
    """Return images of one object with a class index; the 64 classes ("red circle") alternate.

    The object lies at a point where no object of a training scene lies. So the classes occur in
    training, but the images do not. `images` is from 1 to 1,000,000, `size` is the side in pixels,
    64 to 1024. Tag: `size`. Raises DataError for a number out of range.
    """
    check_sizes(images, size)
    classes = list(product(COLOURS, SHAPES))
    samples = []
    for index in range(images):
        number = index % len(classes)
        scene = lone_scene(chance("lone", seed, index), *classes[number])
        image = scene_image(scene, size, f"lone-{index} (seed {seed})")
        tags = {"size": scene.objects[0].size}
        samples.append(Sample(f"lone-{index}", {"image": image}, number, tags=tags))
    return Samples(samples, [" ".join(pair) for pair in classes])


def shapes_captions(
    root: Path | None,  # noqa: ARG001 - as above
    *,
    split: str = "test",
    images: int = 1000,
    size: int = 64,
    seed: int = 0,
) -> Samples:
    """Return the images of `shapes` with its five captions as target. Tag: `objects`.

    The first caption is complete: size, colour, shape and place of each object. Raises the errors
    of `shapes`.
    """
    rows = _with_captions(split, images, size, seed)
    return Samples([Sample(n, {"image": image}, texts, n, tags) for n, image, texts, tags in rows])


def shapes_prompts(
    root: Path | None,  # noqa: ARG001 - as above
    *,
    split: str = "test",
    images: int = 1000,
    size: int = 64,
    seed: int = 0,
) -> Samples:
    """Return captions of the images of `shapes` as prompts, with the images as targets.

    A prompt has size, colour, shape and place of each object. Tag: `objects`. Raises the errors of
    `shapes`.
    """
    rows = _with_captions(split, images, size, seed)
    return Samples(
        [Sample(n, {"text": texts[0]}, image, n, tags) for n, image, texts, tags in rows]
    )


def _with_captions(
    split: str, images: int, size: int, seed: int
) -> Iterator[tuple[str, Media, list[str], dict[str, str]]]:
    """Yield the name of each scene, its image, its captions and its tags."""
    for index, (name, scene, image) in enumerate(scene_images(split, images, size, seed)):
        texts = [text for _, text in labelled_captions(scene, split, seed, index)]
        yield name, image, texts, scene_tags(scene)


def shapes_questions(
    root: Path | None,  # noqa: ARG001 - as above
    *,
    split: str = "test",
    images: int = 1000,
    size: int = 64,
    seed: int = 0,
    options: bool = False,
    kinds: list[str] | None = None,
    open_kinds: list[str] | None = None,
) -> Samples:
    """Return the images of `shapes`, each with a question; all kinds are equally frequent.

    The target is the answer, one or two words. With `options` it is {"answer": letter, "options":
    [text, …]}, and the input `options` has them as lines "A. red"; questions of the `open_kinds`
    have no options. `kinds` selects kinds of questions; images without such a question are left
    out. Tag: `kind`. Raises the errors of `shapes`, and UnknownName for an unknown kind.
    """
    _check_kinds([*(kinds or []), *(open_kinds or [])])
    samples: list[Sample] = []
    counts: Counter[str] = Counter()
    for index, (name, scene, image) in enumerate(scene_images(split, images, size, seed)):
        candidates = questions(scene, chance("questions", split, seed, index))
        candidates = [one for one in candidates if kinds is None or one.kind in kinds]
        if not candidates:
            continue
        question = min(candidates, key=lambda one: counts[one.kind])
        counts[question.kind] += 1
        closed = options and question.kind not in (open_kinds or ())
        samples.append((_choice_sample if closed else _open_sample)(question, name, image))
    return Samples(samples)


def _check_kinds(kinds: list[str]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownName("kind of question", kind, KINDS)


def _open_sample(question: Question, name: str, image: Media) -> Sample:
    inputs: dict[str, Content] = {"image": image, "question": question.text}
    return Sample(name, inputs, question.answer, group=name, tags={"kind": question.kind})


def _choice_sample(question: Question, name: str, image: Media) -> Sample:
    sample = _open_sample(question, name, image)
    target = {"answer": question.letter, "options": list(question.options)}
    inputs = {**sample.inputs, "options": lettered(question.options)}
    return replace(sample, inputs=inputs, target=target)
