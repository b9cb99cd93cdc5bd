"""Classifiers, CLAP and X-CLIP: held to transformers alone, and to themselves in batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from PIL import Image

from mmbench.errors import ContentError, MissingExtra, ModelError
from mmbench.media import decode_image, decode_sound, decode_video
from mmbench.models.classifiers import AudioClassifier, ImageClassifier, VideoClassifier
from mmbench.models.contrastive.clap import Clap
from mmbench.models.contrastive.xclip import XClip
from mmbench.types import Audio, Frames, VideoFrames
from tests.support.checkpoints import classifiers, contrastive
from tests.support.checkpoints.parts import NAMES
from tests.support.errors import one_line_error
from tests.support.paths import real_data

CPU = {"device": "cpu", "dtype": "float32"}
DRAWS = np.random.default_rng(0)
ADAPTERS = {
    "vit": (ImageClassifier, "image"),
    "convnext": (ImageClassifier, "image"),
    "videomae": (VideoClassifier, "video"),
    "timesformer": (VideoClassifier, "video"),
    "vivit": (VideoClassifier, "video"),
    "ast": (AudioClassifier, "audio"),
    "wav2vec2": (AudioClassifier, "audio"),
}
TWO_SIDES: dict[str, tuple[Any, str]] = {
    "clap": (Clap, "audio"),
    "clap-fused": (Clap, "audio"),
    "xclip": (XClip, "video"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    made = {
        name: getattr(classifiers, modality)(root / name, name)
        for name, (_, modality) in ADAPTERS.items()
    }
    made["clap"] = contrastive.clap(root / "clap")
    made["clap-fused"] = contrastive.clap(root / "clap-fused", fused=True)
    made["xclip"] = contrastive.xclip(root / "xclip")
    contrastive.build("clip", root / "clip")
    return made | {"clip": root / "clip"}


def item(modality: str, size: float, rate: int = 16000) -> Any:
    """Something to look at or to listen to, of one size or another."""
    if modality == "audio":
        return Audio(DRAWS.normal(size=int(size * rate)).astype(np.float32) / 8, rate)
    pixels = DRAWS.integers(0, 255, (4, 40, int(30 + 9 * size), 3), dtype=np.uint8)
    return (
        VideoFrames(pixels, (0.0, 1.0, 2.0, 3.0))
        if modality == "video"
        else Image.fromarray(pixels[0])
    )


SIZES = [0.7, 2.0, 1.1, 2.0, 0.4, 3.1, 1.1, 0.9]


@pytest.mark.parametrize("name", list(ADAPTERS))
def test_a_batch_of_eight_is_eight_of_one(folders: dict[str, Path], name: str) -> None:
    adapter, modality = ADAPTERS[name]
    model = adapter(folders[name], **CPU)
    items = [model.prepare(item(modality, size), modality) for size in SIZES]
    alone = np.concatenate([model.classify([one], modality) for one in items])
    assert np.allclose(model.classify(items, modality), alone, atol=1e-5)
    assert np.ptp(alone, axis=0).max() > 0.01
    assert model.labels == NAMES


@pytest.mark.parametrize("name", list(TWO_SIDES))
def test_embeddings_do_not_depend_on_their_batch(folders: dict[str, Path], name: str) -> None:
    adapter, modality = TWO_SIDES[name]
    model = adapter(folders[name], **CPU)
    rate = getattr(model, "rate", 0)
    texts = ["a cat", "two dogs run in the green park", "a", "a cat sits on the mat " * 20]
    for asked, items in ((modality, [item(modality, s, rate) for s in SIZES]), ("text", texts)):
        prepared = [model.prepare(one, asked) for one in items]
        alone = np.concatenate([model.embed([one], asked, "query") for one in prepared])
        assert np.allclose(model.embed(prepared, asked, "query"), alone, atol=1e-5)
        assert alone.shape == (len(items), 16)


def test_a_long_sound_has_one_embedding_whatever_was_drawn_before(folders: dict[str, Path]) -> None:
    long = item("audio", 5, 48000)
    for name in ("clap", "clap-fused"):
        model = Clap(folders[name], **CPU)
        first = model.embed([model.prepare(long, "audio")], "audio", "query")
        np.random.seed(7)
        before = np.random.get_state()[1].tolist()
        again = model.embed([model.prepare(long, "audio")], "audio", "query")
        assert np.array_equal(first, again)
        assert np.random.get_state()[1].tolist() == before  # nobody else's chance is touched


def test_an_image_classifier_says_what_transformers_says(folders: dict[str, Path]) -> None:
    image = item("image", 1)
    net = tf.AutoModelForImageClassification.from_pretrained(folders["vit"]).eval()
    inputs = tf.AutoImageProcessor.from_pretrained(folders["vit"], backend="pil")(
        image, return_tensors="pt"
    )
    with torch.inference_mode():
        expected = net(**inputs).logits.numpy()
    model = ImageClassifier(folders["vit"], **CPU)
    assert np.allclose(model.classify([model.prepare(image, "image")], "image"), expected)


@pytest.mark.parametrize("name", ["ast", "wav2vec2"])
@pytest.mark.parametrize("samples", [1, 160])
def test_a_sound_of_less_than_a_frame_is_refused(
    folders: dict[str, Path], name: str, samples: int
) -> None:
    model = AudioClassifier(folders[name], **CPU)
    with pytest.raises(ContentError, match="the audio is too short"):
        model.prepare(Audio(np.zeros(samples, np.float32), 16000), "audio")
    model.classify([model.prepare(Audio(np.zeros(700, np.float32), 16000), "audio")], "audio")


def test_a_video_classifier_says_what_transformers_says(folders: dict[str, Path]) -> None:
    clip = item("video", 1)
    net = tf.AutoModelForVideoClassification.from_pretrained(folders["videomae"]).eval()
    processor = tf.AutoImageProcessor.from_pretrained(folders["videomae"], backend="pil")
    with torch.inference_mode():
        expected = net(**processor(list(clip.frames), return_tensors="pt")).logits.numpy()
    model = VideoClassifier(folders["videomae"], **CPU, stride=3)
    assert np.allclose(model.classify([model.prepare(clip, "video")], "video"), expected, atol=1e-6)
    assert model.frames == Frames(4, 3)


@pytest.mark.parametrize(
    ("adapter", "name", "reason"),
    [
        (ImageClassifier, "clip", "lacks weights: "),
        (VideoClassifier, "vit", "cannot load its model"),
        (AudioClassifier, "clap", "cannot load its model"),
        (Clap, "clip", "is a clip model, but clap needs a CLAP"),
        (XClip, "clap", "is a clap model, but xclip needs an X-CLIP"),
    ],
    ids=["clip-as-image", "vit-as-video", "clap-as-audio", "clip-as-clap", "clap-as-xclip"],
)
def test_a_folder_of_another_family_is_refused(
    folders: dict[str, Path], adapter: Any, name: str, reason: str
) -> None:
    with one_line_error(ModelError, match=reason):
        adapter(folders[name], **CPU)


def test_a_processor_that_needs_torchvision_is_told(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    if _has_torchvision():
        pytest.skip("torchvision is here")
    net = tf.AutoModelForVideoClassification.from_pretrained(folders["videomae"])
    net.save_pretrained(tmp_path)
    (tmp_path / "video_preprocessor_config.json").write_text(
        '{"video_processor_type": "VJEPA2VideoProcessor"}'
    )
    with pytest.raises(MissingExtra, match=r"needs torchvision: pip install 'mmbench\[video\]'"):
        VideoClassifier(tmp_path, **CPU)


def _has_torchvision() -> bool:
    from importlib.util import find_spec

    return find_spec("torchvision") is not None


def test_real_images_sounds_and_videos_go_through(folders: dict[str, Path]) -> None:
    for name in ("vit", "videomae", "ast"):
        adapter, modality = ADAPTERS[name]
        model = adapter(folders[name], **CPU)
        items = [model.prepare(one, modality) for one in real(modality, model)]
        assert np.isfinite(model.classify(items, modality)).all()


def real(modality: str, model: Any) -> list[Any]:
    pattern = {
        "image": "coco-mini/val2017/*",
        "video": "video/fight/*.*4",
        "audio": "audio/*/*.ogg",
    }
    files = sorted(real_data().glob(pattern[modality]))[:3]
    assert files
    named = [(file.read_bytes(), file.name) for file in files]
    if modality == "audio":
        return [decode_sound(*one, model.rate) for one in named]
    if modality == "video":
        return [decode_video(*one, model.frames) for one in named]
    return [decode_image(*one) for one in named]
