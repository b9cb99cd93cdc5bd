"""Parts of a checkpoint folder: what is missing is said in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mmbench import registry
from mmbench.errors import ModelError
from mmbench.models.support.pretrained import checkpoint_folder, model_type, refuse_weights

CPU = {"device": "cpu", "dtype": "float32"}
OF_TRANSFORMERS = [
    *("clip", "clap", "xclip", "image", "video", "audio", "llava", "video-llm", "audio-llm"),
    *("ctc", "whisper", "tts", "unified"),
]


@pytest.mark.parametrize("name", [*OF_TRANSFORMERS, "diffusers"])
def test_every_adapter_says_that_its_folder_is_missing(name: str, tmp_path: Path) -> None:
    if name == "diffusers":
        pytest.importorskip("diffusers", reason="needs the extra `draw`")
    adapter: Any = registry.lookup("model", name)
    default = re.escape(adapter.default_checkpoint)
    with pytest.raises(
        ModelError, match=rf"^model {name} needs a checkpoint; type {name}@{default}$"
    ):
        adapter(None, **CPU)
    wanted = "model_index.json" if name == "diffusers" else "config.json and weights"
    absent = tmp_path / "nothing"
    with pytest.raises(ModelError) as raised:
        adapter(absent, **CPU)
    assert str(raised.value) == f"model {name}: no folder {absent} (looked for {wanted})"


def test_a_file_is_no_checkpoint_folder(tmp_path: Path) -> None:
    assert checkpoint_folder(tmp_path, "clip", None) == tmp_path
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(ModelError, match=r"no folder .*model\.safetensors \(looked for x\)"):
        checkpoint_folder(file, "clip", None, "x")


def test_three_of_the_faulty_weights_are_named(tmp_path: Path) -> None:
    refuse_weights(tmp_path, "lacks weights", [])
    with pytest.raises(ModelError, match="lacks weights: a, b, c; download"):
        refuse_weights(tmp_path, "lacks weights", {"c", "b", "a"})
    with pytest.raises(ModelError, match="lacks weights: a, b, c and 2 more; download"):
        refuse_weights(tmp_path, "lacks weights", "edcba")


def test_the_family_of_a_folder_is_that_of_its_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "speecht5"}')
    assert model_type(tmp_path) == "speecht5"
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"cannot load its configuration: .*check config\.json: "):
        model_type(tmp_path)
