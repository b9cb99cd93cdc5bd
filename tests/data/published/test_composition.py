"""Data sets of compositional choice in miniature, read by the packaged tasks."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmbench.data.published.aro import aro
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import ContentError, DataError, UnknownName
from mmbench.media.image import crop
from mmbench.spec import load_task
from mmbench.types import InvalidContent, Media
from tests.support.command_line import run_record
from tests.support.files import write_file
from tests.support.layouts import composition


def loaded(task: str, root: Path) -> Samples:
    data = load_data(load_task(task), root)
    assert isinstance(data, Samples)
    return data


@pytest.mark.parametrize("task", ["winoground", "winoground-vqascore"])
def test_winoground(task: str, tmp_path: Path) -> None:
    composition.winoground(tmp_path)
    for root in (tmp_path, tmp_path / "data"):
        first, second = loaded(task, root).samples
        assert (first.id, second.id) == ("0", "1")
        assert first.inputs["text_1"] == "an old person kisses a young person 0"
        assert first.inputs["text_2"] == "a young person kisses an old person 0"
        names = [Path(first.inputs[f"image_{n}"].name).name for n in (1, 2)]
        assert names == ["ex_0_img_0.png", "ex_0_img_1.png"]
        assert second.tags == {"collapsed_tag": "Relation"}


def test_sugarcrepe(tmp_path: Path) -> None:
    composition.sugarcrepe(tmp_path)
    samples = loaded("sugarcrepe", tmp_path).samples
    assert [sample.id for sample in samples[:3]] == ["add_att/0", "add_att/1", "add_obj/0"]
    assert [sample.tags["category"] for sample in samples[::2]] == list(composition.SUGARCREPE)
    assert samples[3].inputs["text_1"] == "A 1 lamp by a bed of add_obj."
    assert samples[3].inputs["text_2"] == "A 1 bed by a lamp of add_obj."
    assert samples[3].inputs["image"].name == str(tmp_path / "val2017/000000000002.jpg")
    assert samples[3].group == "000000000002.jpg"


def test_aro_crops_images_and_tags_the_relations_that_count(tmp_path: Path) -> None:
    composition.aro_relation(tmp_path)
    data = loaded("aro-relation", tmp_path)
    first, symmetric, lost = data.samples
    assert (first.tags, symmetric.tags) == ({"relation": "eating"}, {})
    assert first.inputs["text_2"] == "the grass is eating the horse"
    image = first.inputs["image"]
    assert isinstance(image, Media)
    assert image.name == f"{tmp_path / 'images/0.jpg'} cropped to 12 x 9 px at 3, 2"
    assert image.read is not None
    whole = Image.open(tmp_path / "images/0.jpg").convert("RGB")
    cut = Image.open(io.BytesIO(image.read()))
    assert cut.tobytes() == whole.crop((3, 2, 15, 11)).tobytes()
    with pytest.raises(Exception, match=r"2\.jpg"):
        lost.inputs["image"].read()  # type: ignore[union-attr, misc]


def test_aro_tags_pairs_of_attributes_with_enough_samples(tmp_path: Path) -> None:
    composition.aro_attribution(tmp_path)
    samples = loaded("aro-attribution", tmp_path).samples
    assert {str(sample.tags) for sample in samples[:25]} == {"{'attributes': 'white_open'}"}
    assert samples[25].tags == {}
    assert samples[25].group == "1.jpg"


def test_a_crop_without_pixels_fails(tmp_path: Path) -> None:
    composition.aro_relation(tmp_path)
    empty = crop(Media("image", str(tmp_path / "images/0.jpg")), (3, 3, 3, 9))
    with pytest.raises(ContentError, match="the box has no pixels"):
        empty.read()  # type: ignore[misc]


def test_a_wrong_cell_of_aro_is_named(tmp_path: Path) -> None:
    row = {**composition.aro_row(0, "in"), "bbox_w": "wide"}
    write_file(tmp_path / "visual_genome_relation.json", [row])
    with pytest.raises(DataError, match=r"relation.json: \$\[0\]: bbox_w is 'wide'; give a"):
        aro(tmp_path)


def test_wrong_arguments_of_aro(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean relation"):
        aro(tmp_path, part="relations")
    with pytest.raises(DataError, match=r"no visual_genome_relation\.json; put it there"):
        aro(tmp_path)
    composition.aro_relation(tmp_path)
    (tmp_path / "images/0.jpg").unlink()
    (tmp_path / "images/1.jpg").unlink()
    assert all(isinstance(s.inputs["image"], InvalidContent) for s in aro(tmp_path).samples)


@pytest.mark.parametrize(
    ("task", "layout"),
    [
        ("winoground", composition.winoground),
        ("sugarcrepe", composition.sugarcrepe),
        ("aro-relation", composition.aro_relation),
    ],
)
def test_a_missing_image_is_a_failed_sample(
    task: str, layout: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout(tmp_path)
    command = ["run", "-m", "clip-nano", "-t", task, "--data", str(tmp_path), "--device", "cpu"]
    command += ["--allow-failed", "1", "--out", str(tmp_path / "out")]
    assert run_record(capsys, *command)["counts"]["failed"] == 1
