"""The openclip adapter, compared with open_clip. `make test-torchvision` runs this file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

if find_spec("open_clip") is None:
    pytest.skip("needs open_clip: see `make test-torchvision`", allow_module_level=True)

import open_clip
from safetensors.torch import load_file

from mmbench.errors import ContentError
from mmbench.models.contrastive.openclip.adapter import OpenClip
from mmbench.protocols import Embeds, Prepares
from tests.support.checkpoints import openclip
from tests.support.checkpoints.contrastive import SENTENCES
from tests.support.media.images import noise_image

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = {"device": "cpu", "dtype": "float32"}
TEXTS = [*SENTENCES, "A CAT, sits!", "", "x &amp; y", "a plate of food with rice " * 20]
SIZES = [(40, 30), (17, 90), (3, 3), (1, 1), (100, 4), (64, 48), (320, 240), (33, 32)]
PICTURES = [noise_image(seed, size) for seed, size in enumerate(SIZES)]
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "vit": lambda path: openclip.folder(path, openclip.VIT, {}),
    "quickgelu": lambda path: openclip.folder(path, {**openclip.VIT, "quick_gelu": True}),
    "siglip": lambda path: openclip.folder(path, openclip.siglip()),
    "coca": lambda path: openclip.folder(path, openclip.COCA, openclip.LONGEST),
    "timm": lambda path: openclip.folder(path, openclip.TIMM),
    "bert": lambda path: openclip.folder(path, openclip.bert(path.parent / "text")),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("openclip")
    return {name: build(root / name) for name, build in FAMILIES.items()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Register a small architecture in open_clip, and return its name."""
    return openclip.architecture(tmp_path_factory.mktemp("architectures"), "ViT-tiny-8")


def by_hand(name: str, weights: str | None = None, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return normalised features of texts and images, computed as in the README of open_clip."""
    model, preprocess = open_clip.create_model_from_pretrained(name, weights, **options)
    model.eval()
    tokenizer = open_clip.get_tokenizer(name)
    with torch.no_grad():
        texts = model.encode_text(tokenizer(TEXTS))
        images = model.encode_image(torch.stack([preprocess(image) for image in PICTURES]))
    return unit(texts.numpy()), unit(images.numpy())


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def embed(model: OpenClip, items: list[Any], modality: Any) -> np.ndarray:
    features = model.embed([model.prepare(item, modality) for item in items], modality, "query")
    assert features.dtype == np.float32
    return unit(features)


def both(model: OpenClip) -> tuple[np.ndarray, np.ndarray]:
    return embed(model, TEXTS, "text"), embed(model, PICTURES, "image")


def same(found: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray]) -> bool:
    return all(map(np.array_equal, found, expected))


def test_keeps_the_contract(folders: dict[str, Path]) -> None:
    model = OpenClip(folders["vit"], **CPU)
    assert OpenClip.modalities == {"text", "image"}
    assert isinstance(model, Embeds)
    assert isinstance(model, Prepares)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_folder_embeds_as_open_clip_does(folders: dict[str, Path], name: str) -> None:
    expected = by_hand(f"local-dir:{folders[name]}")
    found = both(OpenClip(folders[name], **CPU))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)  # CoCa's are normalised twice
        assert np.ptp(theirs, axis=0).max() > 0.1
    assert name == "coca" or same(found, expected)


def test_preprocessing_is_the_configurations(folders: dict[str, Path], tmp_path: Path) -> None:
    """The options have the same effect as a folder with these image settings."""
    embeddings = []
    for number, settings in enumerate([{}, openclip.SQUASH, openclip.LONGEST]):
        folder = openclip.described(tmp_path / str(number), openclip.VIT, settings)
        (folder / "open_clip_model.safetensors").symlink_to(
            folders["vit"] / "open_clip_model.safetensors"
        )
        embeddings.append(both(OpenClip(folder, **CPU)))
        assert same(embeddings[-1], by_hand(f"local-dir:{folder}"))
    texts, images = zip(*embeddings, strict=True)
    assert np.array_equal(texts[0], texts[1])
    assert min(np.abs(images[0] - images[1]).max(), np.abs(images[1] - images[2]).max()) > 0.01
    options = {f"image_{name}": value for name, value in openclip.SQUASH.items()}
    assert same(both(OpenClip(folders["vit"], **CPU, **options)), embeddings[1])


@pytest.mark.parametrize(
    "kind",
    ["plain.pt", "plain.safetensors", "plain.bin", "old.pth", "epoch_3.pt", "ddp.pt", "ema.pt"],
)
def test_a_file_of_weights_is_read_in_every_form(tiny: str, tmp_path: Path, kind: str) -> None:
    model = openclip.randomised(tiny)
    state = model.state_dict()
    plain = openclip.weights(tmp_path / "reference.pt", state)
    file = tmp_path / kind
    other = openclip.randomised(tiny, 1).state_dict()
    if kind == "epoch_3.pt":
        optimizer = torch.optim.AdamW(model.parameters()).state_dict()
        openclip.weights(file, state, epoch=3, name="run", optimizer=optimizer)
    elif kind == "ddp.pt":
        openclip.weights(file, {f"module.{name}": one for name, one in state.items()}, epoch=3)
    elif kind == "ema.pt":
        averaged = {f"module.{name}": one for name, one in state.items()}
        openclip.weights(file, other, state_dict_ema=averaged)
    elif kind == "old.pth":
        torch.save(state, file, _use_new_zipfile_serialization=False)
    else:
        openclip.weights(file, state)
    expected = by_hand(tiny, str(plain))
    assert same(both(OpenClip(file, **CPU, architecture=tiny)), expected)
    if kind == "ema.pt":
        trained = by_hand(tiny, str(openclip.weights(tmp_path / "other.pt", other)))
        assert same(both(OpenClip(file, **CPU, architecture=tiny, ema=False)), trained)
        assert not same(expected, trained)


@pytest.mark.parametrize("name", ["quickgelu", "siglip", "coca", "timm"])
def test_a_file_in_a_folder_has_the_configuration_of_the_folder(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """The other weights in the folder are not read."""
    folder = tmp_path / name
    shutil.copytree(folders[name], folder)
    state = openclip.randomised(f"local-dir:{folder}", 5).state_dict()
    file = openclip.weights(folder / "epoch_3.pt", state, epoch=3)
    found = both(OpenClip(file, **CPU))
    assert not same(found, both(OpenClip(folder, **CPU)))
    (folder / "open_clip_model.safetensors").unlink()
    openclip.weights(folder / "open_clip_model.safetensors", state)
    assert same(found, both(OpenClip(folder, **CPU)))


@pytest.mark.parametrize("name", ["quickgelu", "coca", "timm"])
def test_an_architecture_may_be_a_json_file(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """Its content is a configuration of open_clip, or only the entry model_cfg of one."""
    configuration = folders[name] / "open_clip_config.json"
    whole = json.loads(configuration.read_text())
    (tmp_path / "tiny.json").write_text(json.dumps(whole["model_cfg"]))
    state = load_file(folders[name] / "open_clip_model.safetensors")
    file = openclip.weights(tmp_path / "epoch_3.pt", state)
    expected = both(OpenClip(folders[name], **CPU))
    assert same(both(OpenClip(file, **CPU, architecture=str(configuration))), expected)
    options = {f"image_{name}": value for name, value in whole["preprocess_cfg"].items()}
    options.pop("image_fill_color", None)
    found = both(OpenClip(file, **CPU, architecture=str(tmp_path / "tiny.json"), **options))
    assert same(found, expected) or name == "coca"  # no option sets the fill colour of coca
    assert np.array_equal(found[0], expected[0])


def test_options_replace_values_of_the_architecture(tiny: str, tmp_path: Path) -> None:
    """The options are those of open_clip's create_model."""
    forced = {"quick_gelu": True, "image_size": 48, "context_length": 16}
    theirs = {f"force_{name}": value for name, value in forced.items()}
    state = openclip.randomised(tiny, **theirs).state_dict()
    file = openclip.weights(tmp_path / "a.pt", state)
    model, preprocess = open_clip.create_model_from_pretrained(tiny, str(file), **theirs)
    tokenizer = open_clip.get_tokenizer(tiny, context_length=16)
    with torch.no_grad():
        texts = model.eval().encode_text(tokenizer(TEXTS))
        images = model.encode_image(torch.stack([preprocess(image) for image in PICTURES]))
    expected = unit(texts.numpy()), unit(images.numpy())
    assert same(both(OpenClip(file, **CPU, architecture=tiny, **forced)), expected)
    plain = OpenClip(file, **CPU, architecture=tiny, **{**forced, "quick_gelu": False})
    assert not same(both(plain), expected)


def test_notes_tell_what_a_file_does_not(
    tiny: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    state = openclip.randomised(tiny).state_dict()
    file = openclip.weights(tmp_path / "epoch_3.pt", state, state_dict_ema=state)
    assumed, averaged = OpenClip.notes(file, architecture=tiny, image_interpolation="bilinear")
    assert assumed == (
        "epoch_3.pt holds only weights; from the architecture ViT-tiny-8: preprocessing (32 px,"
        " bilinear, shortest, mean 0.4815 0.4578 0.4082, std 0.2686 0.2613 0.2758), tokenizer (BPE"
        " of open_clip, 24 tokens), activation (GELU); OpenAI weights need --model-arg"
        " quick_gelu=true"
    )
    assert averaged == (
        "epoch_3.pt: the moving average of the weights is used; --model-arg ema=false selects the"
        " trained weights"
    )
    assert len(OpenClip.notes(file, architecture=tiny, ema=False)) == 1
    assert OpenClip.notes(folders["siglip"]) == []
    (tower,) = OpenClip.notes(folders["bert"])
    assert tower.endswith(f"{folders['bert'].parent / 'text'}, which is outside the checkpoint")
    file = openclip.weights(tmp_path / "b.pt", state)
    changed = {"quick_gelu": True, "image_size": 256, "context_length": 64}
    (large,) = OpenClip.notes(file, architecture="ViT-B/32", **changed)
    assert "from the architecture ViT-B-32: preprocessing (256 px, " in large
    assert large.endswith("tokenizer (BPE of open_clip, 64 tokens), activation (QuickGELU)")


@pytest.mark.parametrize("name", ["vit", "siglip", "coca"])
@pytest.mark.parametrize("modality", ["text", "image"])
def test_rows_depend_on_their_item_alone(
    folders: dict[str, Path], name: str, modality: Any
) -> None:
    model = OpenClip(folders[name], **CPU)
    items = [model.prepare(item, modality) for item in (TEXTS if modality == "text" else PICTURES)]
    alone = np.concatenate([unit(model.embed([item], modality, "query")) for item in items])
    np.testing.assert_allclose(unit(model.embed(items, modality, "query")), alone, atol=1e-5)


def test_an_image_that_open_clip_cannot_resize_fails_alone(folders: dict[str, Path]) -> None:
    model = OpenClip(folders["coca"], **CPU)
    with pytest.raises(ContentError, match="cannot resize an image of 100 x 1 pixels"):
        model.prepare(noise_image(0, (100, 1)), "image")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", FAMILIES)
def test_lower_precision(folders: dict[str, Path], name: str, dtype: str) -> None:
    exact = both(OpenClip(folders[name], **CPU))
    rough = both(OpenClip(folders[name], device="cpu", dtype=dtype))
    assert min((a * b).sum(1).min() for a, b in zip(exact, rough, strict=True)) > 0.98
    assert not same(exact, rough)


def test_prepare_in_threads(folders: dict[str, Path]) -> None:
    model = OpenClip(folders["siglip"], **CPU)
    texts = [f"{text} {i}" for i in range(20) for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: model.prepare(text, "text")["ids"].tolist(), texts))
    assert together == [model.prepare(text, "text")["ids"].tolist() for text in texts]


@pytest.fixture
def handlers() -> Iterator[list[Any]]:
    import logging

    yield list(logging.root.handlers)


def test_says_nothing(
    folders: dict[str, Path], capfd: pytest.CaptureFixture[str], handlers: list[Any]
) -> None:
    import logging

    capfd.readouterr()
    for folder in folders.values():
        both(OpenClip(folder, **CPU))
    assert capfd.readouterr() == ("", "")
    assert logging.root.handlers == handlers
    assert logging.root.manager.disable == logging.NOTSET
