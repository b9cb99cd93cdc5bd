"""The timm adapter, compared with timm itself. `make test-torchvision` runs this file."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

if find_spec("timm") is None:
    pytest.skip("needs timm: see `make test-torchvision`", allow_module_level=True)

import timm

from mmbench.errors import ModelError
from mmbench.kinds.classification.names import columns_of_model
from mmbench.models.timm_models import Timm
from mmbench.protocols import Classifies, Embeds, Prepares
from tests.support.checkpoints import classifiers, timm_models
from tests.support.checkpoints.parts import NAMES
from tests.support.command_line import refusal, run_record
from tests.support.errors import one_line_error
from tests.support.media.images import noise_image, png

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = {"device": "cpu", "dtype": "float32"}
SIZES = [(40, 30), (17, 90), (3, 3), (100, 4), (64, 48), (320, 240)]
PICTURES = [noise_image(seed, size) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("timm")
    return {
        name: timm_models.folder(root / name, name, label_names=NAMES)
        for name in timm_models.ARCHITECTURES
    }


def by_hand(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and features, computed as in timm's documentation of feature extraction."""
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    settings = timm.data.resolve_data_config(model.pretrained_cfg)
    transform = timm.data.create_transform(**settings, is_training=False)
    batch = torch.stack([transform(image) for image in PICTURES])
    with torch.no_grad():
        logits = model(batch)
        features = model.forward_head(model.forward_features(batch), pre_logits=True)
    return logits.numpy(), features.numpy()


def answers(model: Timm) -> tuple[np.ndarray, np.ndarray]:
    items = [model.prepare(image, "image") for image in PICTURES]
    return model.classify(items, "image"), model.embed(items, "image", "query")


@pytest.mark.parametrize("name", timm_models.ARCHITECTURES)
def test_logits_and_features_are_timms(folders: dict[str, Path], name: str) -> None:
    model = Timm(folders[name], **CPU)
    assert isinstance(model, Classifies)
    assert isinstance(model, Embeds)
    assert isinstance(model, Prepares)
    for mine, theirs in zip(answers(model), by_hand(folders[name]), strict=True):
        assert mine.dtype == np.float32
        assert np.array_equal(mine, theirs)
        assert np.ptp(theirs, axis=0).max() > 0.01
    assert model.labels == NAMES


def test_preprocessing_is_the_configurations(tmp_path: Path) -> None:
    folder = timm_models.folder(tmp_path / "net", label_names=NAMES)
    before = answers(Timm(folder, **CPU))[0]
    settings = {"mean": [0.5] * 3, "crop_pct": 0.5, "interpolation": "nearest"}
    timm_models.edited(folder, **settings)
    after = answers(Timm(folder, **CPU))[0]
    assert np.array_equal(after, by_hand(folder)[0])
    assert np.abs(after - before).max() > 0.01


def test_rows_depend_on_their_item_alone(folders: dict[str, Path]) -> None:
    for folder in folders.values():
        model = Timm(folder, **CPU)
        items = [model.prepare(image, "image") for image in PICTURES]
        alone = np.concatenate([model.classify([item], "image") for item in items])
        np.testing.assert_allclose(model.classify(items, "image"), alone, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision(folders: dict[str, Path], dtype: str) -> None:
    for folder in folders.values():
        exact = answers(Timm(folder, **CPU))[1]
        rough = answers(Timm(folder, device="cpu", dtype=dtype))[1]
        assert not np.array_equal(exact, rough)
        cosines = (exact * rough).sum(1) / np.linalg.norm(exact, axis=1)
        assert (cosines / np.linalg.norm(rough, axis=1)).min() > 0.98


DESCRIBED = {name: f"a {name}" for name in NAMES}


@pytest.mark.parametrize(
    ("config", "option", "labels"),
    [
        ({"label_names": NAMES}, None, NAMES),
        ({"label_names": dict(enumerate(NAMES))}, None, NAMES),
        ({"label_names": NAMES, "label_descriptions": DESCRIBED}, None, [*DESCRIBED.values()]),
        ({"label_names": NAMES, "label_descriptions": DESCRIBED}, "names", NAMES),
        ({"label_names": NAMES, "label_descriptions": dict.fromkeys(NAMES, "it")}, None, NAMES),
        ({"label_names": NAMES, "label_descriptions": {"cat": "a cat"}}, None, NAMES),
    ],
    ids=["list", "by number", "described", "names", "repeated", "incomplete"],
)
def test_classes_are_those_of_the_configuration(
    tmp_path: Path, config: dict[str, Any], option: Any, labels: list[str]
) -> None:
    folder = timm_models.folder(tmp_path / "net", **config)
    assert Timm(folder, **CPU, labels=option).labels == labels
    assert Timm.notes(folder, labels=option) == []


def test_classes_without_names(tmp_path: Path) -> None:
    four = timm_models.folder(tmp_path / "four")
    assert Timm(four, **CPU).labels == ["0", "1", "2", "3"]
    assert Timm.notes(four) == ["config.json has no class names; the labels are 0 to 3"]
    thousand = timm_models.folder(tmp_path / "thousand", classes=1000)
    names = Timm(thousand, **CPU).labels
    assert (names[0], len(set(names))) == ("n01440764", 1000)
    described = Timm(thousand, **CPU, labels="descriptions").labels
    assert (described[0], len(set(described))) == ("tench, Tinca tinca", 1000)
    assert [name for name in described if name.startswith("crane")] == [
        "crane (n02012849)", "crane (n03126707)",
    ]  # fmt: skip
    for classes in (names[:3], described[:3]):
        labels = None if classes == names[:3] else "descriptions"
        model = Timm(thousand, **CPU, labels=labels)
        assert columns_of_model(model.labels, classes, "model").tolist() == [0, 1, 2]
    assert Timm.notes(thousand) == [
        "config.json has no class names; the 1,000 classes of imagenet-1k are assumed, with WordNet"
        " ids such as n01440764, or with --model-arg labels=descriptions with names such as 'tench,"
        " Tinca tinca'"
    ]


@pytest.mark.parametrize("names", [NAMES[:3], {0: "a", 2: "b", 3: "c", 4: "d"}])
def test_incomplete_classes_are_refused(tmp_path: Path, names: Any) -> None:
    folder = timm_models.folder(tmp_path / "net", label_names=names)
    with one_line_error(ModelError, match="label_names .* does not number 4 classes from 0"):
        Timm(folder, **CPU)


def test_missing_descriptions_are_refused(folders: dict[str, Path]) -> None:
    with one_line_error(ModelError, match="is incomplete; type --model-arg labels=names"):
        Timm(folders["resnet10t"], **CPU, labels="descriptions")


def test_faulty_folders(tmp_path: Path) -> None:
    folder = timm_models.folder(tmp_path / "net", label_names=NAMES)
    config, weights = folder / "config.json", folder / "model.safetensors"
    text = config.read_text()
    with one_line_error(ModelError, match="needs a checkpoint; type timm@timm/resnet50.a1_in1k"):
        Timm(None, **CPU)
    for content in ("", "[1]", "3", '{"pretrained_cfg": 3, "architecture": "resnet10t"}'):
        config.write_text(content)
        with one_line_error(ModelError, match="is not a configuration of timm"):
            Timm(folder, **CPU)
    for architecture in ("no_such_net", "resnet18"):
        config.write_text(json.dumps(json.loads(text) | {"architecture": architecture}))
        with one_line_error(ModelError, match="cannot load its model of timm"):
            Timm(folder, **CPU)
    config.write_text(text)
    weights.rename(folder / "best.pt")
    with one_line_error(ModelError, match=r"has no weights \(looked for model\.safetensors"):
        Timm(folder, **CPU)


def test_a_folder_of_transformers_names_its_adapter(tmp_path: Path) -> None:
    folder = classifiers.image(tmp_path)
    with one_line_error(ModelError) as caught:
        Timm(folder, **CPU)
    assert str(caught.value) == (
        f"checkpoint {folder} is not a timm model (its config.json has no 'architecture'); for a"
        f" classifier of transformers type image@{folder}"
    )


def test_a_run_classifies_by_names(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["file,label"]
    for number, name in enumerate(NAMES * 2):
        (tmp_path / f"{number}.png").write_bytes(png(number, (40, 40)))
        lines.append(f"{number}.png,{name}")
    data = tmp_path / "images.csv"
    data.write_text("\n".join(lines))
    task = ("-t", "labels", "--data", str(data), "--out", str(tmp_path / "board"))
    record = run_record(capsys, "run", "-m", f"timm@{folders['resnet10t']}", *task)
    assert record["counts"]["failed"] == 0
    assert record["environment"]["versions"]["timm"] == timm.__version__
    bare = timm_models.folder(tmp_path / "bare", classes=0)
    assert "has no classes and only embeds images" in refusal(
        capsys, "run", "-m", f"timm@{bare}", *task
    )
    assert Timm(bare, **CPU).labels == []


def test_says_nothing(folders: dict[str, Path], capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    for folder in folders.values():
        answers(Timm(folder, **CPU))
    assert capfd.readouterr() == ("", "")
