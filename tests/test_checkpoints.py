"""Checkpoint folders: what they must hold, and which of their files make their hash."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

import pytest

from mmbench.checkpoints import hash_file, hash_folder, resolve, weight_files
from mmbench.errors import ModelError, SampleError

SMALL = {"config.json": b"{}", "tokenizer.json": b"{}", "merges.txt": b"a b"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, raw in {**SMALL, "model.safetensors": b"weights"}.items():
        (tmp_path / name).write_bytes(raw)
    return tmp_path


def test_folder(folder: Path) -> None:
    found = resolve(str(folder))
    assert (found.name, found.folder, found.revision) == (str(folder), folder, None)
    naive = blake2b(digest_size=16)
    for name in sorted([*SMALL, "model.safetensors"]):
        content = blake2b((folder / name).read_bytes(), digest_size=16).hexdigest()
        naive.update(f"{name}\0{content}\n".encode())
    assert found.hash == naive.hexdigest()


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("model.safetensors", True),
        ("config.json", True),
        ("merges.txt", True),
        ("preprocessor_config.json", True),  # a new one matters as much as a changed one
        ("spiece.model", True),
        ("modeling_custom.py", True),
        ("pytorch_model.bin", False),  # safetensors win, so that it is not read
        ("optimizer.pt", False),
        ("training_args.bin", False),
        ("README.md", False),
        ("checkpoint-500/model.safetensors", False),
    ],
)
def test_hash_covers_what_can_change_the_numbers(folder: Path, name: str, matters: bool) -> None:
    before = hash_folder(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"changed")
    assert (hash_folder(folder) != before) == matters


def test_hash_of_files_is_an_argument(folder: Path) -> None:
    read: list[str] = []

    def remembering(path: Path) -> str:
        read.append(path.name)
        return hash_file(path)

    assert resolve(str(folder), file_hash=remembering).hash == hash_folder(folder)
    assert read == sorted([*SMALL, "model.safetensors"])


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    def failing(path: Path) -> str:
        raise SampleError(f"{path}: permission denied")

    with pytest.raises(ModelError, match=r"cannot read config\.json"):
        resolve(str(folder), file_hash=failing)


def test_names_written_like_paths_are_not_asked_for(tmp_path: Path) -> None:
    for name in ("./nothing", "~/nothing/at/all", "runs/a/step-2000", str(tmp_path / "nothing")):
        with pytest.raises(ModelError, match="does not exist"):
            resolve(name)


def test_not_a_checkpoint_folder(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        resolve(str(folder / "model.safetensors"))
    with pytest.raises(ModelError, match="has no revision: drop #main"):
        resolve(str(folder), "main")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no weights: looked for \*\.safetensors"):
        resolve(str(folder))


def test_shards(folder: Path) -> None:
    shards = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    index = folder / "model.safetensors.index.json"
    (folder / "model.safetensors").unlink()
    index.write_text(json.dumps({"metadata": {}, "weight_map": {s: s for s in shards}}))
    (folder / shards[0]).write_bytes(b"1")
    with pytest.raises(ModelError, match=f"lacks 2 of its 3 weight files, first {shards[1]}"):
        resolve(str(folder))
    for shard in shards:
        (folder / shard).write_bytes(b"1")
    assert [path.name for path in weight_files(folder)] == shards
    index.write_text('{"weight_map": ')
    with pytest.raises(ModelError, match="not an index of weight files: Input data was truncated"):
        resolve(str(folder))


def pipeline(folder: Path) -> Path:
    folder.mkdir()
    index = {"_class_name": "P", "unet": ["diffusers", "U"], "words": ["transformers", "T"]}
    (folder / "model_index.json").write_text(json.dumps(index | {"feature": [None, None]}))
    for part in ("unet", "words"):
        (folder / part).mkdir()
        (folder / part / "config.json").write_text("{}")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return folder


def test_a_pipeline_is_known_by_all_of_its_parts(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "p")
    first = resolve(str(folder)).hash
    assert resolve(str(folder)).hash == first
    (folder / "words" / "config.json").write_text('{"a": 1}')
    second = resolve(str(folder)).hash
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"other")
    assert len({first, second, resolve(str(folder)).hash}) == 3


def test_a_pipeline_without_a_part_is_refused(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "p")
    (folder / "words" / "config.json").unlink()
    (folder / "words").rmdir()
    with pytest.raises(ModelError, match=r"lacks words, named in model_index\.json"):
        resolve(str(folder))
