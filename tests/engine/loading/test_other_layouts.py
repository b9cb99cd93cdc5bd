"""Folders of another adapter are refused before weights are read, with the name to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import ModelError
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.support.checkpoints import contrastive
from tests.support.command_line import refusal
from tests.support.errors import one_line_error


def refused(name: str) -> str:
    with ContentKeys(cache_folder()) as keys, one_line_error(ModelError) as caught:
        find(name, ModelResolver(keys), {})
    return str(caught.value)


@pytest.mark.parametrize("weights", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_a_folder_of_open_clip(tmp_path: Path, weights: str) -> None:
    (tmp_path / "open_clip_config.json").write_text("{}")
    (tmp_path / weights).write_bytes(b"1")
    wanted = f"checkpoint {tmp_path} has no config.json; type -m openclip@{tmp_path}"
    for adapter in ("clip", "image", "llava"):
        assert refused(f"{adapter}@{tmp_path}") == f"model {adapter}: {wanted}"


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_a_folder_of_transformers(tmp_path: Path, name: str) -> None:
    folder = contrastive.build(name, tmp_path / name)
    assert refused(f"openclip@{folder}") == (
        f"model openclip: checkpoint {folder} has no open_clip_config.json; type -m clip@{folder}"
    )


def test_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    assert refused(f"unified@{tmp_path}").endswith(f"; type -m diffusers@{tmp_path}")


def test_a_folder_of_both_is_read_by_both(tmp_path: Path) -> None:
    """Many repositories of the hub have both layouts."""
    folder = contrastive.build("clip", tmp_path / "clip")
    (folder / "open_clip_config.json").write_text("{}")
    with ContentKeys(cache_folder()) as keys:
        assert find(f"clip@{folder}", ModelResolver(keys), {}).folder == folder


def test_names_as_open_clip_and_timm_write_them(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("hf-hub:laion/CLIP", "local-dir:runs/clip", "hf_hub:timm/resnet18"):
        said = refusal(capsys, "run", "-m", name, "-t", "shapes-retrieval")
        assert "write openclip@NAME or timm@NAME with the folder or hub id alone" in said


def test_a_bare_folder_names_its_adapters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "open_clip_config.json").write_text("{}")
    (tmp_path / "config.json").write_text('{"architecture": "resnet18", "pretrained_cfg": {}}')
    said = refusal(capsys, "run", "-m", str(tmp_path), "-t", "shapes-retrieval")
    assert f"write openclip@{tmp_path} or timm@{tmp_path} (" in said
