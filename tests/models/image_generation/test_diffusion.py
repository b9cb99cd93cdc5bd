"""Pipelines of diffusers: what is drawn, what is refused, what is said."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from mmbench.errors import ContentError, MissingExtra, ModelError
from mmbench.models.image_generation.diffusion import Diffusion
from tests.support.checkpoints import diffusion
from tests.support.errors import one_line_error

pytest.importorskip("diffusers", reason="needs the extra `draw`")

CPU = {"device": "cpu", "dtype": "float32"}
PROMPTS = ["a cat sits on the mat", "two dogs", "", "a large red square above a blue circle " * 9]
SEEDS = [1, 2, 3, 2**32 - 1]


def noise(dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(1, 4, 8, 8, generator=generator, dtype=dtype).float()


OTHER_NOISE = not torch.allclose(noise(torch.float32), noise(torch.bfloat16), atol=0.02)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("draw")
    return {
        "sd": diffusion.stable_diffusion(root / "sd"),
        "sd3": diffusion.stable_diffusion_3(root / "sd3"),
        "strict": diffusion.guarded(root / "strict", threshold=-2.0),
        "lenient": diffusion.guarded(root / "lenient", threshold=2.0),
    }


def pixels(images: list[Any]) -> list[Any]:
    return [np.asarray(image).tolist() for image in images]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_an_image_depends_on_its_prompt_and_seed_alone(folders: dict[str, Path], name: str) -> None:
    model = Diffusion(folders[name], **CPU, steps=2)
    images = model.draw(PROMPTS, SEEDS)
    assert [(image.mode, image.size) for image in images] == [("RGB", (16, 16))] * 4
    together = pixels(images)
    alone = [pixels(model.draw(PROMPTS[row:][:1], SEEDS[row:][:1]))[0] for row in (3, 2, 1, 0)]
    assert together == alone[::-1]
    assert together[0] != pixels(model.draw(PROMPTS[:1], [2]))[0]
    assert together[0] != pixels(model.draw(PROMPTS[1:2], [1]))[0]
    assert len({str(image) for image in together}) == 4


@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_equals_the_bare_pipeline(folders: dict[str, Path], name: str) -> None:
    from diffusers import DiffusionPipeline

    absent = {"text_encoder_3": None, "tokenizer_3": None} if name == "sd3" else {}
    pipeline = DiffusionPipeline.from_pretrained(folders[name], **absent)
    options = {"guidance_scale": 3.0, "height": 32, "width": 16, "negative_prompt": "a dog"}
    expected = pipeline(
        PROMPTS[0], generator=torch.Generator().manual_seed(5), num_inference_steps=2, **options
    ).images
    model = Diffusion(
        folders[name], **CPU, steps=2, guidance=3.0, height=32, width=16, negative="a dog"
    )
    (found,) = model.draw(PROMPTS[:1], [5])
    assert pixels([found]) == pixels(expected)
    assert found.size == (16, 32)


@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_options_move_the_image(folders: dict[str, Path], name: str) -> None:
    options: list[dict[str, Any]] = [{}, {"steps": 3}, {"guidance": 1.0}, {"negative": "a dog"}]
    drawn = [
        pixels(Diffusion(folders[name], **CPU, **{"steps": 2, **one}).draw(PROMPTS[:1], [1]))
        for one in options
    ]
    assert all(one != drawn[0] for one in drawn[1:])


def test_torch_s_own_numbers_are_left_alone(folders: dict[str, Path]) -> None:
    model = Diffusion(folders["sd"], **CPU, steps=1)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    model.draw(PROMPTS[:1], [1])
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_blanked_image_is_a_failure(folders: dict[str, Path]) -> None:
    refused = Diffusion(folders["strict"], **CPU, steps=1).draw(PROMPTS[:2], [1, 2])
    assert all(isinstance(one, ContentError) for one in refused)
    assert "safety checker blanked" in str(refused[0])
    passed = Diffusion(folders["lenient"], **CPU, steps=1).draw(PROMPTS[:2], [1, 2])
    assert all(isinstance(one, Image.Image) for one in passed)


def test_an_image_of_nan_is_a_failure(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["sd"], tmp_path / "nan")
    _edit(folder / "vae", "decoder.conv_out.bias", float("nan"))
    (found,) = Diffusion(folder, **CPU, steps=1).draw(PROMPTS[:1], [1])
    assert isinstance(found, ContentError)
    assert "NaN" in str(found)


def _edit(folder: Path, weight: str, value: float | None) -> None:
    """Fill a weight, or take it away."""
    (file,) = folder.glob("*.safetensors")
    weights = load_file(file)
    tensor = weights.pop(weight)
    if value is not None:
        weights[weight] = torch.full_like(tensor, value)
    save_file(weights, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("part", "weight"),
    [
        ("unet", "conv_in.weight"),
        ("vae", "decoder.conv_out.bias"),
        ("text_encoder", "final_layer_norm.weight"),
        ("safety_checker", "visual_projection.weight"),
    ],
)
def test_missing_weights_are_refused(
    folders: dict[str, Path], tmp_path: Path, part: str, weight: str
) -> None:
    folder = shutil.copytree(folders["lenient"], tmp_path / "torn")
    (file,) = (folder / part).glob("*.safetensors")
    (name,) = [key for key in load_file(file) if key.endswith(weight)]
    _edit(folder / part, name, None)
    with pytest.raises(ModelError, match=f"{part} lacks weights: {weight.split('.')[0]}|{weight}"):
        Diffusion(folder, **CPU)


def test_pickled_weights_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["sd"], tmp_path / "pickled")
    file = folder / "text_encoder" / "model.safetensors"
    torch.save(load_file(file), file.with_name("pytorch_model.bin"))
    file.unlink()
    with pytest.raises(ModelError, match=r"no file named model\.safetensors"):
        Diffusion(folder, **CPU)


@pytest.mark.parametrize("place", ["_class_name", "unet"])
def test_code_in_the_folder_is_not_run(
    folders: dict[str, Path], tmp_path: Path, place: str
) -> None:
    folder = shutil.copytree(folders["sd"], tmp_path / "code")
    index = json.loads((folder / "model_index.json").read_text())
    index[place] = ["mine", "Mine"]
    (folder / "model_index.json").write_text(json.dumps(index))
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Mine: pass\n"
    for home in (folder, folder / "unet"):
        (home / "mine.py").write_text(code)
    with pytest.raises(ModelError, match="cannot load its pipeline"):
        Diffusion(folder, **CPU)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_folder_that_is_no_pipeline_is_refused(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "model_index.json").write_text(content)
    with one_line_error(ModelError, match="is not a diffusers pipeline"):
        Diffusion(tmp_path, **CPU)


def test_a_pipeline_that_draws_from_no_text_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["sd"], tmp_path / "video")
    index = (folder / "model_index.json").read_text()
    (folder / "model_index.json").write_text(index.replace("StableDiffusionP", "TextToVideoSDP"))
    with pytest.raises(ModelError, match="can't find a pipeline linked to TextToVideoSDPipeline"):
        Diffusion(folder, **CPU)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)  # as if it were not installed
    with pytest.raises(MissingExtra, match=r"pip install 'mmbench\[draw\]'"):
        Diffusion(None, **CPU)


@pytest.mark.skipif(OTHER_NOISE, reason="this torch draws other noise in bfloat16")
@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_half_the_bits_draw_nearly_the_same(folders: dict[str, Path], name: str) -> None:
    whole, half = (
        np.asarray(
            Diffusion(folders[name], device="cpu", dtype=dtype, steps=1).draw(PROMPTS[:1], [1])[0]
        ).astype(int)
        for dtype in ("float32", "bfloat16")
    )
    assert 0 < np.abs(whole - half).mean() < 6 < np.abs(whole - whole.mean()).mean()


def test_no_checkpoint_is_refused() -> None:
    with pytest.raises(ModelError, match="diffusers needs a checkpoint; type diffusers@"):
        Diffusion(None, **CPU)


def test_an_option_that_the_pipeline_lacks(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["sd"], tmp_path / "lcm")
    index = (folder / "model_index.json").read_text()
    (folder / "model_index.json").write_text(
        index.replace("StableDiffusionPipeline", "LatentConsistencyModelPipeline")
    )
    with pytest.raises(ModelError, match="takes no option negative_prompt; leave"):
        Diffusion(folder, **CPU, negative="a dog")


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ({"height": 20, "width": 16}, "cannot generate the image: .*divisible by 8"),
        ({"height": 24}, "generated 16 x 16 pixels instead of 16 x 24; give width and height"),
    ],
)
def test_another_size_than_was_asked_is_refused(
    folders: dict[str, Path], size: dict[str, int], reason: str
) -> None:
    model = Diffusion(folders["sd"], **CPU, steps=1, **size)
    with pytest.raises(ModelError, match=f"StableDiffusionPipeline {reason}"):
        model.draw(PROMPTS[:1], [1])


def test_nothing_is_said_on_the_way(
    folders: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    Diffusion(folders["strict"], **CPU, steps=1).draw(PROMPTS, SEEDS)
    assert capfd.readouterr() == ("", "")
