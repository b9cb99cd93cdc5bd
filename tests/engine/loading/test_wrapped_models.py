"""`frames+NAME` and `late:`: what they make of the models behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmbench
from mmbench.engine.loading.models.ensemble import ensemble_class
from mmbench.engine.loading.models.frame_pooling import frame_pooling_class
from mmbench.engine.loading.models.model_ref import parse
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find
from mmbench.errors import ModelError, SpecError, UnknownName, UserError
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Audio, Frames, GenerationConfig, Message, VideoFrames
from tests.support import toy_models
from tests.support.files import write_task


def found(tmp_path: Path, text: str, **options: Any) -> Model:
    with ContentKeys(tmp_path) as keys:
        return find(text, ModelResolver(keys, device="cpu"), options)


def clip(*levels: int) -> VideoFrames:
    frames = np.stack([np.full((4, 6, 3), level, np.uint8) for level in levels])
    return VideoFrames(frames, tuple(range(len(levels))))


def test_a_framed_model_takes_videos_and_looks_at_as_many_frames_as_asked(tmp_path: Path) -> None:
    model = found(tmp_path, "frames+test-means", frames=3)
    assert model.cls.modalities == {"text", "image", "video"}
    assert model.info.name == "frames+test-means"
    assert model.info.options == {"frames": 3}
    loaded: Any = model.load("cpu")
    assert loaded.frames.count == 3
    assert model.info.hash != found(tmp_path, "frames+test-means").info.hash


def test_a_framed_model_takes_frames_at_a_rate(tmp_path: Path) -> None:
    model = found(tmp_path, "frames+test-means", fps=2)
    assert model.info.options == {"fps": 2.0, "min_frames": 4, "max_frames": 768}
    loaded: Any = model.load("cpu")
    assert loaded.frames == Frames(768, fps=2.0, minimum=4)
    capped = found(tmp_path, "frames+test-means", fps=2.0, max_frames=64)
    hashes = {found(tmp_path, "frames+test-means").info.hash, model.info.hash, capped.info.hash}
    assert len(hashes) == 3
    same = found(tmp_path, "frames+test-means", fps=2.0, max_frames=768)
    assert same.info.hash == model.info.hash


def test_options_of_frames_are_checked(tmp_path: Path) -> None:
    message = r"options of model frames\+test-means: fps must be a number, not 'fast'"
    with pytest.raises(SpecError, match=message):
        found(tmp_path, "frames+test-means", fps="fast")
    with pytest.raises(ModelError, match="frames and fps exclude each other"):
        found(tmp_path, "frames+test-means", fps=1.0, frames=8)


def test_videos_with_different_numbers_of_frames_are_pooled_one_by_one() -> None:
    model: Any = frame_pooling_class(toy_models.Means)(
        toy_models.Means(None, device="cpu", dtype="float32"), Frames(768, fps=1.0)
    )
    colours = np.random.default_rng(0).integers(0, 255, (5, 3))
    clips = [
        VideoFrames(np.broadcast_to(part[:, None, None], (len(part), 4, 6, 3)).astype(np.uint8), ())
        for part in (colours[:2], colours[2:])
    ]
    prepared = [model.prepare(one, "video") for one in clips]
    both = model.embed(prepared, "video", "document")
    alone = [model.embed([one], "video", "document")[0] for one in prepared]
    np.testing.assert_array_equal(both, alone)
    unit = colours / np.linalg.norm(colours, axis=1, keepdims=True)
    np.testing.assert_allclose(both, [unit[:2].mean(axis=0), unit[2:].mean(axis=0)], atol=1e-6)


def test_a_framed_model_embeds_the_mean_of_its_frames_unit_vectors() -> None:
    model: Any = frame_pooling_class(toy_models.Means)(
        toy_models.Means(None, device="cpu", dtype="float32"), Frames(2)
    )
    one, other = clip(10, 250), clip(90, 90)
    prepared = [model.prepare(item, "video") for item in (one, other)]
    unit = np.full(3, 3**-0.5)
    assert np.allclose(model.embed(prepared, "video", "document"), [unit, unit])
    image = Image.new("RGB", (2, 2), (10, 20, 30))
    alone = model.embed([model.prepare(image, "image")], "image", "document")
    assert np.allclose(alone, [[10 / 255, 20 / 255, 30 / 255]])


def test_a_framed_classifier_averages_the_logits_of_frames() -> None:
    model: Any = frame_pooling_class(toy_models.Sorter)(
        toy_models.Sorter(None, device="cpu", dtype="float32"), Frames(2)
    )
    scores = model.classify([model.prepare(clip(64, 192), "video")], "video")
    assert np.allclose(scores, [[0, 0]])
    assert model.labels == toy_models.Sorter.labels


def test_a_framed_writer_sees_pictures_in_the_place_of_the_video() -> None:
    model: Any = frame_pooling_class(toy_models.Echo)(
        toy_models.Echo(None, device="cpu", dtype="float32"), Frames(2)
    )
    turns = (Message("user", ("before", clip(1, 2), "after")),)
    written = model.write([model.prepare(turns, "conversation")], GenerationConfig())
    assert written[0].text == "before|<6x4>|<6x4>|after"
    assert model.rate == 8000


def test_late_fusion_of_embeddings_averages_the_cosines() -> None:
    class Other(toy_models.Means):
        def _image(self, image: object) -> Any:
            return np.asarray(image, np.float32).mean(axis=(0, 1))[::-1] + 3

        def _text(self, text: str) -> Any:
            return np.array([1.0, len(text), text.count("e")], np.float32)

    models = [cls(None, device="cpu", dtype="float32") for cls in (toy_models.Means, Other)]
    fused: Any = ensemble_class([toy_models.Means, Other])(models, [3, 1])
    image, text = Image.new("RGB", (2, 2), (200, 20, 30)), "a red thing"

    def vectors(model: Any, prepare: Any) -> list[Any]:
        pairs = [(image, "image"), (text, "text")]
        rows = [model.embed([prepare(item, m)], m, "query")[0] for item, m in pairs]
        return [row / np.linalg.norm(row) for row in rows]

    cosines = [np.dot(*vectors(model, lambda item, _: item)) for model in models]
    together = np.dot(*vectors(fused, fused.prepare))
    assert together == pytest.approx((3 * cosines[0] + cosines[1]) / 4, abs=1e-6)


def test_late_fusion_of_classifiers_averages_logits_by_name() -> None:
    class Swapped(toy_models.Sorter):
        labels = toy_models.Sorter.labels[::-1]

        def classify(self, items: Any, modality: str) -> Any:
            return np.array([[0, 1]] * len(items), np.float32)

    models = [cls(None, device="cpu", dtype="float32") for cls in (toy_models.Sorter, Swapped)]
    fused: Any = ensemble_class([toy_models.Sorter, Swapped])(models, [1, 1])
    image = Image.new("RGB", (2, 2), (128, 128, 128))
    scores = fused.classify([fused.prepare(image, "image")], "image")
    assert np.allclose(scores, [[(0 + 1) / 2, (0 + 0) / 2]])  # Swapped gives the bright one 1


def test_late_fusion_of_a_model_with_itself_is_that_model() -> None:
    """So for several labels too, where logits of different samples are put in one order."""
    one, other = (toy_models.Sorter(None, device="cpu", dtype="float32") for _ in range(2))
    fused: Any = ensemble_class([toy_models.Sorter, toy_models.Sorter])([one, other], [1, 3])
    images = [Image.new("RGB", (2, 2), (grey,) * 3) for grey in (0, 90, 200)]
    scores = fused.classify([fused.prepare(image, "image") for image in images], "image")
    assert np.allclose(scores, one.classify(images, "image"))


class Sure(toy_models.Sorter):
    scores = "probabilities"

    def classify(self, items: Any, modality: str) -> Any:
        return np.array([[1 - 1e-9, 1e-9]] * len(items))


def test_fusions_and_frames_of_probabilities_average_them_as_they_are() -> None:
    """In double precision: in single precision 1 - 1e-9 is 1."""
    models = [Sure(None, device="cpu", dtype="float32") for _ in range(2)]
    fused, frames = ensemble_class([Sure, Sure]), frame_pooling_class(Sure)
    assert (fused.scores, frames.scores) == ("probabilities", "probabilities")  # type: ignore[attr-defined]
    together: Any = fused(models, [1, 1])
    looking: Any = frames(models[0], 2)
    image = Image.new("RGB", (2, 2))
    scores = together.classify([together.prepare(image, "image")], "image")
    assert scores.tolist() == [[1 - 1e-9, 1e-9]]
    scores = looking.classify([looking.prepare(clip(1, 2), "video")], "video")
    assert scores.tolist() == [[1 - 1e-9, 1e-9]]


def test_frames_of_half_precision_are_averaged_in_double() -> None:
    """(1 + 1.0009765625) / 2 lies between two numbers of half precision."""

    class Half(toy_models.Sorter):
        def classify(self, items: Any, modality: str) -> Any:
            return np.array([[1, 0], [1.0009765625, 0]], np.float16)

    model: Any = frame_pooling_class(Half)(Half(None, device="cpu", dtype="float16"), Frames(2))
    scores = model.classify([model.prepare(clip(1, 2), "video")], "video")
    assert scores.tolist() == [[1.00048828125, 0]]


def test_logits_and_probabilities_do_not_fuse() -> None:
    with pytest.raises(ModelError, match="some models return logits and others probabilities"):
        ensemble_class([toy_models.Sorter, Sure])


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["dark", "Very-Bright", "dark"], "the model Other has several classes dark"),
        (["dark", "pink"], "the models have different labels"),
        (["dark"], "classify returned 2 columns for 1 label"),
    ],
)
def test_fused_classes_are_matched_by_unique_names(labels: list[str], words: str) -> None:
    class Other(toy_models.Sorter):
        def classify(self, items: Any, modality: str) -> Any:
            return np.zeros((len(items), max(2, len(labels))), np.float32)

    Other.labels = labels
    models = [cls(None, device="cpu", dtype="float32") for cls in (toy_models.Sorter, Other)]
    fused: Any = ensemble_class([toy_models.Sorter, Other])(models, [1, 1])
    with pytest.raises(ModelError, match=words):
        fused.classify([fused.prepare(Image.new("RGB", (2, 2)), "image")], "image")


def test_a_file_of_late_fusion_is_a_model_with_an_identity(tmp_path: Path) -> None:
    means, clip = {"adapter": "test-means"}, {"adapter": "clip-nano"}
    path = write_task(tmp_path / "both.yaml", late=[means | {"weight": 2}, clip])
    model = found(tmp_path, path)
    assert model.info.name == "both"
    assert model.cls.modalities == {"text", "image"}
    loaded: Any = model.load("cpu")
    image = loaded.prepare(Image.new("RGB", (8, 8), (9, 9, 9)), "image")
    assert loaded.embed([image], "image", "document").shape == (1, 3 + 128)
    write_task(tmp_path / "both.yaml", late=[means | {"weight": 1}, clip])
    assert found(tmp_path, path).info.hash != model.info.hash


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("late: [{adapter: clip-nano, weight: 0}]", "greater than 0"),
        ("late: []", "either `adapter` or `late`"),
        ("{adapter: clip, late: [{adapter: clip}]}", "either `adapter` or `late`"),
        ("late: [{adapter: clip, wieght: 1}]", "wieght"),
    ],
    ids=["no-weight", "nothing", "both", "unknown-key"],
)
def test_a_model_file_that_says_something_else_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(SpecError, match=reason):
        parse(str(tmp_path / "m.yaml"))


def test_models_that_share_no_ability_do_not_fuse() -> None:
    with pytest.raises(ModelError, match="neither embed nor classify in common"):
        ensemble_class([toy_models.Echo, toy_models.Means])


def test_options_of_nobody_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="option of model test-means"):
        found(tmp_path, "frames+test-means", colour=1)
    (tmp_path / "m.yaml").write_text("late: [{adapter: test-means}]")
    with pytest.raises(UserError, match="set `options` of each model"):
        found(tmp_path, str(tmp_path / "m.yaml"), frames=1)


def test_an_option_without_a_default_is_asked_for(tmp_path: Path) -> None:
    @mmbench.register("model", "test-named")
    class Named:
        modalities = frozenset({"text"})

        def __init__(self, folder, device, dtype, classes, *, layer: int, width=3, **rest):  # type: ignore[no-untyped-def]
            self.classes, self.layer = classes, layer

    flags = (
        "has no default for classes, layer; pass --model-arg classes=VALUE --model-arg layer=VALUE"
    )
    with pytest.raises(UserError, match=f"model test-named {flags}, or set options: "):
        found(tmp_path, "test-named")
    with pytest.raises(UserError, match="no default for layer; "):
        found(tmp_path, "frames+test-named", classes="a")
    loaded: Any = found(tmp_path, "test-named", classes="a", layer=2).load("cpu")
    assert loaded.layer == 2


def test_a_sound_is_no_video_to_a_framed_model() -> None:
    model: Any = frame_pooling_class(toy_models.Echo)(
        toy_models.Echo(None, device="cpu", dtype="float32"), Frames(2)
    )
    sound = Audio(np.zeros(80, np.float32), 8000)
    turns = model.prepare((Message("user", (sound,)),), "conversation")
    assert model.write([turns], GenerationConfig())[0].text == "<80 at 8000>"


@pytest.mark.parametrize(
    ("config", "ways"),
    [
        ({"model_type": "clip", "architectures": ["CLIPModel"]}, "clip@DIR"),
        ({"model_type": "clip"}, "clip@DIR or image@DIR"),
        ({"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForCTC"]}, "ctc@DIR"),
        ({"model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"]},
         "whisper@DIR"),
        ({"model": "llava-nano", "architecture": {}}, "llava-nano@DIR"),
        ({"model_type": "bert"}, "NAME@DIR"),
        ("{", "NAME@DIR"),
        (None, "NAME@DIR"),
    ],
)  # fmt: skip
def test_a_checkpoint_without_an_adapter_is_refused_with_those_that_read_it(
    config: object, ways: str, tmp_path: Path
) -> None:
    if config is not None:
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError) as caught:
        found(tmp_path, str(tmp_path))
    assert f"; write {ways} (" in str(caught.value).replace(str(tmp_path), "DIR")
