"""Checkpoint folders: what they must hold, and which of their files make their hash."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.checkpoints.file_hashes import hash_file, hash_folder, hash_path
from mmbench.checkpoints.layouts import weight_files
from mmbench.checkpoints.resolve import resolve
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
        # Which of several weight files is read is the adapter's matter, so that all of them count.
        ("pytorch_model.bin", True),
        ("adapter_model.safetensors", True),
        ("model.onnx", True),
        ("model.onnx_data", True),
        ("model.ckpt", True),
        ("weights.pth", True),
        ("weights.h5", True),
        ("flax_model.msgpack", True),
        ("model-q4.gguf", True),
        ("model.tflite", True),
        ("model.nemo", True),
        ("model.npz", True),
        ("mdef", True),  # of PocketSphinx, whose files have no suffix
        ("2_Dense/model.safetensors", True),  # a module of sentence-transformers
        ("1_Pooling/config.json", True),
        ("unet/diffusion_pytorch_model.bin", True),
        # What training and documentation leave is read by no model.
        ("optimizer.pt", False),
        ("optimizer.bin", False),
        ("scheduler.pt", False),
        ("rng_state_0.pth", False),
        ("training_args.bin", False),
        ("global_step500/zero_pp_rank_0_mp_rank_00_optim_states.pt", False),
        ("events.out.tfevents.1700000000.host", False),
        ("train.log", False),
        ("README.md", False),
        (".cache/huggingface/download/model.safetensors.metadata", False),
        ("__pycache__/modeling_custom.cpython-311.pyc", False),
        ("checkpoint-500/model.safetensors", False),  # an earlier step, with weights beside it
        ("step-2000/model.safetensors", False),
    ],
)
def test_hash_covers_what_can_change_the_numbers(folder: Path, name: str, matters: bool) -> None:
    before = resolve(str(folder)).hash
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"one")
    added = resolve(str(folder)).hash
    (folder / name).write_bytes(b"two")
    changed = resolve(str(folder)).hash
    assert (added != before, changed != added) == (matters, matters)


def test_weights_beside_an_empty_file_are_hashed(folder: Path) -> None:
    """An interrupted copy leaves an empty .safetensors; an adapter may read the .bin beside it."""
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "pytorch_model.bin").write_bytes(b"1")
    before = resolve(str(folder)).hash
    (folder / "pytorch_model.bin").write_bytes(b"2")
    assert resolve(str(folder)).hash != before


def test_links_are_followed_but_not_in_circles(folder: Path, tmp_path_factory: Any) -> None:
    parts = tmp_path_factory.mktemp("parts")
    (parts / "weights.pt").write_bytes(b"1")
    (folder / "shared").symlink_to(parts)
    (folder / "itself").symlink_to(folder)
    before = resolve(str(folder)).hash
    (parts / "weights.pt").write_bytes(b"2")
    assert resolve(str(folder)).hash != before


@pytest.mark.parametrize(
    ("takes", "name", "raw"),
    [
        ([".onnx"], "detector.onnx", b"1"),
        ([".pt", ".tflite"], "Detector.TFLITE", b"1"),
        (["model.bin"], "model.bin", b"1"),
        (["*-q4.gguf"], "llama-q4.gguf", b"1"),
    ],
)
def test_a_class_lists_the_files_that_it_takes(
    tmp_path: Path, takes: list[str], name: str, raw: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(raw)
    found = resolve(str(file), takes=takes)
    assert (found.folder, found.revision) == (file, None)
    assert found.hash == blake2b(raw, digest_size=16).hexdigest()  # as FID's Inception has it
    whole = resolve(str(tmp_path), takes=takes)
    assert whole.folder == tmp_path
    file.write_bytes(b"2")
    assert resolve(str(file), takes=takes).hash != found.hash
    assert resolve(str(tmp_path), takes=takes).hash != whole.hash


def test_a_file_or_folder_of_another_format_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"1")
    for name in (str(tmp_path), str(tmp_path / "weights.pt"), "missing/weights.onnx"):
        with pytest.raises(ModelError, match=r"\.onnx, model\.bin"):
            resolve(name, takes=[".onnx", "model.bin"])
    with pytest.raises(ModelError, match="`checkpoints`"):
        resolve(str(tmp_path))
    with pytest.raises(ModelError, match="is a file, which has no revision; remove #main"):
        resolve(str(tmp_path / "weights.pt"), "main", takes=[".pt"])


@pytest.mark.parametrize(
    ("name", "beside", "matters"),
    [
        ("model.onnx", "model.onnx.data", True),  # ONNX keeps tensors above 2 GiB outside
        ("model.onnx", "model.onnx_data", True),
        ("model.xml", "model.bin", True),  # OpenVINO
        ("model.pt", "model.yaml", True),
        ("llama-00001-of-00002.gguf", "llama-00002-of-00002.gguf", True),
        ("step-1.pt", "step-10.pt", False),
        ("model.pt", "model.md", False),
    ],
)
def test_a_file_is_hashed_with_what_belongs_to_it(
    tmp_path: Path, name: str, beside: str, matters: bool
) -> None:
    (tmp_path / name).write_bytes(b"1")
    (tmp_path / beside).write_bytes(b"1")
    before = hash_path(tmp_path / name)
    (tmp_path / beside).write_bytes(b"2")
    assert (hash_path(tmp_path / name) != before) == matters


@pytest.mark.parametrize("name", ["clip-nano", "llava-nano", "asr-nano", "unified-nano"])
def test_packaged_weights_keep_the_hash_that_records_hold(name: str) -> None:
    """Records of older versions name these hashes; new runs stand in one row with them."""
    packaged = Path(mmbench.__file__).parent / "reference/weights" / name
    naive = blake2b(digest_size=16)
    for file in ("config.json", "model.safetensors", "recipe.json"):
        content = blake2b((packaged / file).read_bytes(), digest_size=16).hexdigest()
        naive.update(f"{file}\0{content}\n".encode())
    assert resolve(str(packaged)).hash == naive.hexdigest()


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


def test_a_file_of_any_name_is_asked_for_in_words() -> None:
    with pytest.raises(ModelError, match=r"give the file or the folder that holds the weights$"):
        resolve("./nothing.pth", takes=("*",))


def test_not_a_checkpoint_folder(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        resolve(str(folder / "model.safetensors"))
    with pytest.raises(ModelError, match="has no revision; remove #main"):
        resolve(str(folder), "main")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no weights \(looked for \*\.safetensors"):
        resolve(str(folder))


def test_shards(folder: Path) -> None:
    shards = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    index = folder / "model.safetensors.index.json"
    (folder / "model.safetensors").unlink()
    index.write_text(json.dumps({"metadata": {}, "weight_map": {s: s for s in shards}}))
    (folder / shards[0]).write_bytes(b"1")
    with pytest.raises(
        ModelError, match=rf"lacks 2 of its 3 weight files \(.*\), first {shards[1]}"
    ):
        resolve(str(folder))
    for shard in shards:
        (folder / shard).write_bytes(b"1")
    assert [path.name for path in weight_files(folder)] == shards
    index.write_text('{"weight_map": ')
    with pytest.raises(
        ModelError, match="not a valid index of weight files: Input data was truncated"
    ):
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
    with pytest.raises(ModelError, match=r"lacks words, which model_index\.json lists"):
        resolve(str(folder))


def test_an_adapter_is_known_by_its_base_as_well(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PEFT loads the weights of the base from where adapter_config.json says."""
    base, cache = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("hub")
    (base / "model.safetensors").write_bytes(b"step 1")
    config = folder / "adapter_config.json"
    config.write_text(json.dumps({"base_model_name_or_path": str(base), "r": 8}))
    before = resolve(str(folder)).hash
    (base / "model.safetensors").write_bytes(b"step 2")
    assert resolve(str(folder)).hash != before
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    config.write_text('{"base_model_name_or_path": "owner/base"}')
    unknown = resolve(str(folder)).hash
    refs = cache / "models--owner--base" / "refs"
    refs.mkdir(parents=True)
    hashes = {unknown}
    for commit in ("a" * 40, "b" * 40):
        (refs / "main").write_text(commit)
        hashes.add(resolve(str(folder)).hash)
    assert len(hashes) == 3
    config.write_text("[]")
    with pytest.raises(ModelError, match="not a valid adapter configuration"):
        resolve(str(folder))
