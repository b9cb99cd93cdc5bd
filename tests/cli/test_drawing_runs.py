"""`mmbench run` with models that draw: from prompts to a record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from tests.support.checkpoints import diffusion, unified
from tests.support.command_line import printed_record
from tests.support.media.images import noise_image

TASK = """
name: draw-tiny
kind: drawing
data: {source: coco-prompts, split: val2014, images: 5}
size: 16
fields: {prompt: text}
metrics: [fid@clip-nano]
headline: fid@clip-nano
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "coco" / "val2014").mkdir(parents=True)
    for i in range(6):
        noise_image(i, (40, 30)).save(tmp_path / f"coco/val2014/{i}.jpg")
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in range(6)]
    texts = [{"id": i, "image_id": i % 6, "caption": f"{i} cats"} for i in range(12)]
    annotations = {"images": images, "annotations": texts}
    (tmp_path / "coco" / "captions_val2014.json").write_text(json.dumps(annotations))
    (tmp_path / "draw-tiny.yaml").write_text(TASK)
    return tmp_path


def run(place: Path, model: str, *more: str) -> int:
    task, data = str(place / "draw-tiny.yaml"), str(place / "coco")
    where = ["--device", "cpu", "--dtype", "float32", "--out", str(place / "out"), "--json"]
    return main(["run", "-m", model, "-t", task, "--data", data, *where, *more])


def fid(record: dict[str, Any]) -> float:
    return float(record["scores"]["fid@clip-nano"]["value"])


@pytest.mark.slow
def test_diffusers_draws(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("diffusers", reason="needs the extra `draw`")
    model = f"diffusers@{diffusion.stable_diffusion(place / 'sd')}"
    assert run(place, model, "--model-arg", "steps=1") == 0
    first = printed_record(capsys)
    assert first["counts"] == {
        "samples": 5, "failed": 0, "requests": 15, "computed": 15, "cached": 0
    }  # fmt: skip
    assert run(place, model, "--model-arg", "steps=1", "--batch-size", "2", "--fresh") == 0
    assert fid(printed_record(capsys)) == pytest.approx(
        fid(first), rel=1e-4
    )  # that of its features
    assert run(place, model, "--model-arg", "steps=1", "--seed", "1") == 0
    assert fid(printed_record(capsys)) != pytest.approx(fid(first), rel=1e-2)


def test_a_refused_drawing_is_counted(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("diffusers", reason="needs the extra `draw`")
    model = f"diffusers@{diffusion.guarded(place / 'sd', threshold=-2.0)}"
    assert run(place, model, "--model-arg", "steps=1") == 3
    record = printed_record(capsys)
    assert record["counts"]["failed"] == 5
    assert "safety checker blanked" in record["failures"][0][1]


def test_a_drawing_that_failed_leaves_the_real_images_whole(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, count in (("broken", 5), ("absent", 4)):
        (place / name).mkdir()
        for i in range(count):
            noise_image(9 + i, (16, 16)).save(place / name / f"{i}.png")
    (place / "broken" / "4.png").write_bytes(b"no image")
    (place / "real").mkdir()
    for i in range(5):
        shutil.copy(place / "coco" / "val2014" / f"{i}.jpg", place / "real")
    (place / "sets.yaml").write_text(
        "include: images\nname: sets\nsize: 16\nmetrics: [fid@clip-nano]\nheadline: fid@clip-nano\n"
    )
    found = {}
    # The oracle is the task `images`: four drawings against all five real images.
    for name, task, data in (("broken", "draw-tiny", "coco"), ("absent", "sets", "real")):
        words = ["score", "-t", str(place / f"{task}.yaml"), "--data", str(place / data), "--json"]
        words += ["--out", str(place / "out"), "--allow-failed", "1", "--device", "cpu"]
        assert main([*words, "--predictions", str(place / name)]) == 0
        found[name] = printed_record(capsys)
    assert fid(found["broken"]) == fid(found["absent"])
    assert found["broken"]["counts"]["failed"] == 1
    assert found["broken"]["scores"]["fid@clip-nano"]["failed"] == 1
    assert "size=16" in found["broken"]["scores"]["fid@clip-nano"]["signature"]


def test_drawings_are_written_to_a_folder_and_scored_from_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"unified@{unified.janus(place / 'janus')}"
    assert run(place, model, "--media", str(place / "made")) == 0
    record = printed_record(capsys)
    folder = place / "made" / record["task"]["name"] / record["run"]
    assert len(list(folder.glob("*.png"))) == 5
    words = ["score", "-t", str(place / "draw-tiny.yaml"), "--data", str(place / "coco"), "--json"]
    words += ["--out", str(place / "out"), "--device", "cpu", "--predictions", str(folder)]
    assert main(words) == 0
    assert fid(printed_record(capsys)) == fid(record)


def test_janus_draws(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, f"unified@{unified.janus(place / 'janus')}") == 0
    assert printed_record(capsys)["counts"]["failed"] == 0


def test_chameleon_is_refused_before_it_is_loaded(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, f"unified@{unified.chameleon(place / 'chameleon')}") == 2
    said = capsys.readouterr().err
    assert "cannot generate images, since transformers" in said
    assert "loading unified" not in said
