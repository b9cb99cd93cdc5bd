"""Drawings of the shapes world on literal cases, and from a prompt to a record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmbench
from mmbench import Prediction
from mmbench.datasets import Samples
from mmbench.engine.scoring.apply import apply
from mmbench.errors import DataError, SampleError, UnknownName
from mmbench.kinds.drawing import Drawing
from mmbench.reference.worlds.shapes.draw import draw, paint
from mmbench.reference.worlds.shapes.metrics import shapes_recall, shapes_right
from mmbench.reference.worlds.shapes.objects import CELL, COLOURS, RADII, SceneObject
from mmbench.reference.worlds.shapes.retrieval import shapes
from mmbench.reference.worlds.shapes.scene import Scene, Spot, scene_at
from mmbench.reference.worlds.shapes.sources import shapes_prompts
from mmbench.reference.worlds.shapes.words import parse_caption
from mmbench.reference.worlds.splits import distinct
from mmbench.types import InvalidContent, Media, Sample, TaskSpec
from tests.support.boards import score_values
from tests.support.media.images import image_medium

PROMPT = "a small red star at the top and a large pink moon on the right"
STAR, MOON = parse_caption(PROMPT)
ATTRIBUTES = ("place", "size", "colour", "shape")
DRAWING = Drawing(TaskSpec("t", "drawing", {}, {"prompt": "text"}, ["fid"], "fid"))


def painted(things: Sequence[SceneObject], size: int = 64) -> Image.Image:
    """Things in the middle of their cells, before a light grey."""
    spots = [
        Spot(
            thing.column * CELL + CELL // 2,
            thing.row * CELL + CELL // 2,
            RADII[thing.size][0] + 4,
            COLOURS[thing.colour],
        )
        for thing in things
    ]
    return Image.fromarray(draw(Scene(tuple(things), tuple(spots), (220, 220, 220)), size))


def predicted(*things: SceneObject) -> Prediction:
    return Prediction("1", image_medium(painted(things)), inputs={"text": PROMPT})


def recalls(prediction: Prediction) -> list[float]:
    return [shapes_recall([prediction], attribute).value for attribute in ATTRIBUTES]


# --- literal cases ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "right", "recall"),
    [
        ([STAR, MOON], 1, [1, 1, 1, 1]),
        ([STAR._replace(colour="blue"), MOON], 0, [1, 1, 0.5, 1]),
        ([STAR._replace(shape="ring"), MOON], 0, [1, 1, 1, 0.5]),
        ([STAR, MOON._replace(size="small")], 0, [1, 0.5, 1, 1]),
        ([STAR, MOON._replace(column=0)], 0, [0.5, 0.5, 0.5, 0.5]),  # in another cell
        ([MOON], 0, [0.5, 0.5, 0.5, 0.5]),  # one is missing
        (
            [STAR, MOON, SceneObject(2, 2, "small", "black", "ring")],
            0,
            [1, 1, 1, 1],
        ),  # one too many
        ([STAR._replace(row=1, column=2), MOON._replace(row=0, column=1)], 0, [1, 0, 0, 0]),
        ([], 0, [0, 0, 0, 0]),  # a blank drawing
    ],
)
def test_literal(drawn: list[SceneObject], right: float, recall: list[float]) -> None:
    prediction = predicted(*drawn)
    assert shapes_right([prediction]).value == right
    assert recalls(prediction) == recall


def test_of_two_things_in_a_cell_the_largest_counts() -> None:
    image = np.asarray(painted([STAR, MOON])).copy()
    paint(image, "square", Spot(CELL + 35, 35, 40, COLOURS["blue"]))
    prediction = Prediction("1", image_medium(image), inputs={"text": PROMPT})
    assert shapes_right([prediction]).value == 0
    assert recalls(prediction) == [1, 1, 1, 1]


def test_recall_is_over_things_and_right_over_drawings() -> None:
    one = Prediction("2", image_medium(painted([])), inputs={"text": "a small red star at the top"})
    both = [predicted(STAR, MOON), one]
    assert shapes_right(both).value == 1 / 2
    found = shapes_recall(both, "shape")
    assert found.value == 2 / 3
    assert found.rows.tolist() == [[2, 2], [0, 1]]
    assert (found.worst, found.best, found.signature) == (0, 1, "fold=ratio,reader=1,over=things")


@pytest.mark.parametrize("size", [32, 64, 200])
def test_any_square_from_the_least_is_read(size: int) -> None:
    image = image_medium(painted([STAR, MOON], size))
    assert shapes_right([Prediction("1", image, inputs={"text": PROMPT})]).value == 1


@pytest.mark.parametrize("size", [(64, 48), (31, 31)])
def test_what_is_no_square_or_too_small_fails(size: tuple[int, int]) -> None:
    image = image_medium(Image.new("RGB", size))
    with pytest.raises(SampleError, match=f"sample 1: .* {size[0]} x {size[1]} pixels.*`size`"):
        shapes_right([Prediction("1", image, inputs={"text": PROMPT})])


def test_without_a_drawing_or_a_prompt_a_sample_fails() -> None:
    with pytest.raises(SampleError, match="sample 1 has no image"):
        shapes_right([Prediction("1", inputs={"text": PROMPT})])
    with pytest.raises(SampleError, match="sample 1 has no prompt"):
        shapes_right([Prediction("1", image_medium(painted([STAR])))])


def test_a_prompt_of_another_world_is_refused() -> None:
    with pytest.raises(DataError, match="'two cats' does not have"):
        shapes_right([Prediction("1", image_medium(painted([STAR])), inputs={"text": "two cats"})])


def test_a_broken_drawing_is_counted_and_no_other_is_lost() -> None:
    torn = Prediction("2", Media("image", "torn", lambda: b"no image"), inputs={"text": PROMPT})
    for name in ("shapes_right", "shapes_recall[colour]"):
        found = apply(name, [predicted(STAR, MOON), torn])
        assert found.score.value == 1
        assert [p.id for p in found.predictions] == ["1"]
        assert list(found.rejected) == ["2"]
        assert "torn is not an image" in found.rejected["2"]


def test_an_unknown_attribute_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"did you mean .*shapes_recall\[colour\]"):
        mmbench.metric("shapes_recall[hue]")


# --- the source, the baselines ------------------------------------------------------------------


def test_prompts_are_the_first_captions_and_images_of_the_world() -> None:
    data, ranked = shapes_prompts(None, images=30), shapes(None, images=30)
    told = [sample.inputs["text"] for sample in data.samples]
    assert told == [query.inputs["text"] for query in ranked.queries[::5]]
    assert [s.id for s in data.samples] == [document.id for document in ranked.corpus]
    for sample, scene in zip(data.samples, distinct(30, partial(scene_at, "test", 0)), strict=True):
        assert parse_caption(str(sample.inputs["text"])) == scene.objects
        assert sample.target.read().endswith(draw(scene, 64).tobytes())
        assert sample.tags == {"objects": str(len(scene.objects))}


def test_random_draws_the_real_image_of_another() -> None:
    data = Samples([Sample(i, {}, Media("image", f"real {i}")) for i in "abcde"])
    drawn = {who: baseline(who, data) for who in Drawing.baselines}
    assert drawn["oracle"] == {i: f"real {i}" for i in "abcde"}
    assert sorted(drawn["random"].values()) == sorted(drawn["oracle"].values())
    assert all(drawn["random"][i] != drawn["oracle"][i] for i in "abcde")
    assert baseline("random", Samples(data.samples[::-1])) == drawn["random"]


def test_where_there_is_no_real_image_a_baseline_fails() -> None:
    (drawn,) = DRAWING.baseline_values("oracle", Samples([Sample("a", {"text": PROMPT})]), 0)
    assert drawn == InvalidContent("no real image for this prompt")


def baseline(who: str, data: Samples) -> dict[str, str]:
    values = DRAWING.baseline_values(who, data, 0)
    return {sample.id: value.name for sample, value in zip(data.samples, values, strict=True)}


# --- from end to end ----------------------------------------------------------------------------


class Reads:
    """Draws what it reads in the prompt, in the middle of the cells; blue for red if it `errs`."""

    modalities = frozenset({"text"})

    def __init__(self, folder: Path | None, *, device: str, dtype: str, errs: bool = False) -> None:
        self.errs = errs

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Any]:
        return [painted([self._seen(thing) for thing in parse_caption(p)]) for p in prompts]

    def _seen(self, thing: SceneObject) -> SceneObject:
        return thing._replace(colour="blue") if self.errs and thing.colour == "red" else thing


mmbench.register("model", "reads-shapes")(Reads)


@pytest.mark.slow
def test_one_that_reads_the_prompt_is_all_right(tmp_path: Path) -> None:
    best = mmbench.evaluate(
        "reads-shapes", "shapes-draw", limit=12, device="cpu", out=tmp_path
    ).record
    assert best.counts["failed"] == 0
    values = score_values(best)
    assert values["shapes_right"] == 1
    assert all(values[f"shapes_recall[{attribute}]"] == 1 for attribute in ATTRIBUTES)
    assert values["fid@clip-nano"] is not None
    assert values["fid@clip-nano"] > 0  # other places, tones and backgrounds than the real ones
    assert "size=64" in best.scores["shapes_right"].signature
    assert set(best.breakdowns["objects"]) <= {"1", "2", "3"}


def test_one_that_errs_in_a_colour_loses_that(tmp_path: Path) -> None:
    task = tmp_path / "rules-alone.yaml"
    metrics = "[shapes_right, 'shapes_recall[colour]', 'shapes_recall[shape]']"
    task.write_text(f"include: shapes-draw\nname: rules-alone\nmetrics: {metrics}\n")
    found = mmbench.evaluate(
        "reads-shapes", str(task), limit=12, device="cpu", model_args={"errs": True}
    ).record
    asked = [parse_caption(str(s.inputs["text"])) for s in shapes_prompts(None, images=12).samples]
    red = [[thing.colour == "red" for thing in things] for things in asked]
    assert any(map(any, red))
    values = score_values(found)
    assert values["shapes_right"] == pytest.approx(1 - np.mean([any(one) for one in red]))
    assert values["shapes_recall[colour]"] == pytest.approx(1 - np.mean(np.concatenate(red)))
    assert values["shapes_recall[shape]"] == 1
