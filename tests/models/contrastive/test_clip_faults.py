"""Faulty checkpoint folders: refused in one line, and nothing of theirs is executed."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mmbench.errors import ModelError
from mmbench.models.contrastive.clip import Clip
from tests.support.checkpoints import contrastive
from tests.support.errors import one_line_error


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive.build("clip", tmp_path_factory.mktemp("checkpoints") / "clip")


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    """A CLIP folder that a test may break."""
    return Path(shutil.copytree(sound, tmp_path / "clip"))


def load(folder: Path, **options: Any) -> Clip:
    return Clip(folder, device="cpu", dtype="float32", **options)


def embed(model: Clip) -> np.ndarray:
    return model.embed(
        [model.prepare(text, "text") for text in contrastive.SENTENCES], "text", "query"
    )


def refused(folder: Path, match: str, **options: Any) -> None:
    with one_line_error(ModelError, match=match) as caught:
        load(folder, **options)
    assert str(folder) in str(caught.value)


def test_no_folder() -> None:
    with pytest.raises(ModelError, match="type clip@openai/clip-vit-base-patch32"):
        Clip(None, device="cpu", dtype="float32")


def test_another_sort_of_model(tmp_path: Path) -> None:
    refused(
        contrastive.build("bert", tmp_path),
        "is a bert model, but clip needs a model with get_text_features and",
    )


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("config.json", "cannot load its model: ValueError: Unrecognized model"),
        ("model.safetensors", "cannot load its model: OSError: Error no file named"),
        ("tokenizer.json", "no vocabulary .looked for tokenizer.json or vocab.json with merges"),
        ("preprocessor_config.json", "has no image processor .looked for preprocessor_config"),
    ],
)
def test_missing_files(copy: Path, name: str, match: str) -> None:
    (copy / name).unlink()
    refused(copy, match)


def test_a_vocabulary_in_several_files(copy: Path) -> None:
    """As the first releases have it."""
    expected = load(copy).prepare("a cat", "text")
    whole = json.loads((copy / "tokenizer.json").read_text())["model"]
    (copy / "tokenizer.json").unlink()
    (copy / "vocab.json").write_text(json.dumps(whole["vocab"]))
    refused(copy, "cannot load its tokenizer|no vocabulary")
    (copy / "merges.txt").write_text("\n".join(" ".join(pair) for pair in whole["merges"]))
    assert load(copy).prepare("a cat", "text") == expected


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("config.json", "{", "cannot load its model: OSError"),
        ("config.json", '{"model_type": "later"}', "does not recognize this architecture"),
        ("config.json", '{"model_type": "clip", "text_config": {"hidden_size": "x"}}', "expected"),
        ("model.safetensors", "", "cannot load its model: SafetensorError"),
        ("tokenizer.json", "{", "cannot load its tokenizer: JSONDecodeError"),
        ("tokenizer.json", "{}", "cannot load its tokenizer: KeyError"),
        ("preprocessor_config.json", "{", "cannot load its image processor: OSError"),
    ],
)
def test_torn_files(copy: Path, name: str, content: str, match: str) -> None:
    (copy / name).write_text(content)
    refused(copy, match)


def test_parts_of_another_model(copy: Path) -> None:
    other = json.loads((copy / "preprocessor_config.json").read_text())
    other["crop_size"] = {"height": 48, "width": 48}
    (copy / "preprocessor_config.json").write_text(json.dumps(other))
    refused(copy, "copy those of the same model")


def edit(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_missing_and_misshapen_weights(copy: Path) -> None:
    """transformers would draw them at random, and only warn."""
    edit(copy, lambda weights: weights.pop("text_projection.weight"))
    refused(copy, "lacks weights: text_projection.weight;")
    edit(copy, lambda weights: weights.update({"text_projection.weight": torch.zeros(3, 3)}))
    refused(copy, "with a shape other than in config.json: text_projection.weight")
    edit(copy, lambda weights: [weights.pop(name) for name in list(weights) if "layers.1" in name])
    refused(copy, r"lacks weights: \S+, \S+, \S+ and 29 more")


def test_pickled_tensors_load(copy: Path, sound: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(weights, copy / "pytorch_model.bin")
    np.testing.assert_array_equal(embed(load(copy)), embed(load(sound)))


class Malicious:
    """Unpickling it creates a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_code_is_refused_and_not_run(copy: Path, tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "it ran"
    (copy / "model.safetensors").unlink()
    evil, target = {"logit_scale": Malicious(mark)}, copy / "pytorch_model.bin"
    if zipped:
        torch.save(evil, target)
    else:
        target.write_bytes(pickle.dumps(evil, protocol=2))
    refused(copy, "contain objects other than tensors, which could run code; give")
    assert not mark.exists()
    pickle.loads(pickle.dumps(evil))
    assert mark.exists(), "the file would have run code"


@pytest.fixture
def custom(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose model is defined by a file of its own, which leaves a mark when it runs."""
    config = json.loads((copy / "config.json").read_text())
    config["model_type"] = "custom"
    config["auto_map"] = {"AutoConfig": "custom.CustomConfig", "AutoModel": "custom.CustomModel"}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "custom.py").write_text(
        "from pathlib import Path\n"
        "from transformers import CLIPConfig, CLIPModel\n"
        f"Path({str(tmp_path / 'it ran')!r}).touch()\n"
        "class CustomConfig(CLIPConfig):\n    model_type = 'custom'\n"
        "class CustomModel(CLIPModel):\n    config_class = CustomConfig\n"
    )
    monkeypatch.setattr(
        "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules")
    )
    yield copy
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path / "modules")]


def test_code_in_the_folder_runs_only_when_trusted(
    custom: Path, tmp_path: Path, sound: Path
) -> None:
    refused(custom, "contains custom code")
    assert not (tmp_path / "it ran").exists()
    trusted = load(custom, trust_remote_code=True)
    assert (tmp_path / "it ran").exists()
    np.testing.assert_array_equal(embed(trusted), embed(load(sound)))
