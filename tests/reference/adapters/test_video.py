"""`video-nano` as a model: preprocessing, its abilities, what the packaged checkpoint can do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.errors import ModelError
from mmbench.media.video import decode_video
from mmbench.protocols import Classifies, Embeds, Prepares, Watches
from mmbench.reference.adapters.video import VideoNano
from mmbench.reference.tokens.words import END, START, UNKNOWN
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.motion.scene import MOTIONS
from mmbench.reference.worlds.motion.sources import shapes_motion, shapes_video
from mmbench.types import Frames, VideoFrames

PACKAGED = Path(str(VideoNano.default_checkpoint))


@pytest.fixture(scope="module")
def model() -> VideoNano:
    return VideoNano(PACKAGED, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def clips() -> list[VideoFrames]:
    """The videos of the first 100 samples of the tasks."""
    media = [sample.inputs["video"] for sample in shapes_motion(None, videos=100).samples]
    return [decode_video(medium.read(), medium.name, Frames(16)) for medium in media]


def embedded(model: VideoNano, items: list[Any], modality: Any) -> np.ndarray:
    return model.embed([model.prepare(item, modality) for item in items], modality, "query")


def logits(model: VideoNano, clips: list[VideoFrames]) -> np.ndarray:
    return model.classify([model.prepare(clip, "video") for clip in clips], "video")


# --- the packaged checkpoint --------------------------------------------------------------------


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 8 * 2**20
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("video-nano")


@pytest.mark.slow
def test_it_knows_the_motions_but_not_perfectly(model: VideoNano, clips: list[VideoFrames]) -> None:
    right = [sample.target for sample in shapes_motion(None, videos=100).samples]
    assert 0.5 < (logits(model, clips).argmax(1) == right).mean() < 0.99  # chance is 0.1


def test_motion_is_what_it_goes_by(model: VideoNano, clips: list[VideoFrames]) -> None:
    """Of a video whose frames are all the same, it knows the motion no better than by chance."""
    still = [VideoFrames(np.repeat(clip.frames[8:9], 16, axis=0), clip.seconds) for clip in clips]
    right = [sample.target for sample in shapes_motion(None, videos=100).samples]
    assert (logits(model, still).argmax(1) == right).mean() < 0.25


def test_captions_find_their_videos_but_not_perfectly(
    model: VideoNano, clips: list[VideoFrames]
) -> None:
    data = shapes_video(None, videos=100)
    videos = embedded(model, clips, "video")
    texts = embedded(model, [query.inputs["text"] for query in data.queries], "text")
    first = (texts @ videos.T).argmax(1)
    assert 0.1 < (first == np.repeat(np.arange(100), 4)).mean() < 0.8  # chance is 0.01


def test_every_word_of_the_world_is_known(model: VideoNano) -> None:
    for query in shapes_video(None).queries:
        assert UNKNOWN not in model.prepare(query.inputs["text"], "text")


# --- the contract -------------------------------------------------------------------------------


def test_what_it_can_do(model: VideoNano) -> None:
    for ability in (Embeds, Classifies, Prepares, Watches):
        assert isinstance(model, ability)
    assert VideoNano.modalities == {"text", "video"}
    assert model.frames == Frames(16)
    assert model.labels == list(MOTIONS)


def test_vectors_are_float32_unit_rows(model: VideoNano, clips: list[VideoFrames]) -> None:
    for items, modality in ((clips[:3], "video"), (["a star", "", "x" * 9], "text")):
        vectors = embedded(model, items, modality)
        assert vectors.dtype == np.float32
        assert vectors.shape == (3, 96)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_a_row_does_not_depend_on_its_batch(model: VideoNano, clips: list[VideoFrames]) -> None:
    texts = [str(query.inputs["text"]) for query in shapes_video(None, videos=2).queries]
    for items, modality in ((clips[:5], "video"), (texts, "text")):
        alone = np.concatenate([embedded(model, [item], modality) for item in items])
        np.testing.assert_allclose(embedded(model, items, modality), alone, atol=2e-6)
    alone = np.concatenate([logits(model, [clip]) for clip in clips[:5]])
    np.testing.assert_allclose(logits(model, clips[:5]), alone, atol=2e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees(model: VideoNano, clips: list[VideoFrames], dtype: str) -> None:
    half = VideoNano(PACKAGED, device="cpu", dtype=dtype)
    for items, modality in ((clips[:10], "video"), (["a star grows", "something red"], "text")):
        ours, exact = embedded(half, items, modality), embedded(model, items, modality)
        assert ours.dtype == np.float32
        assert (ours * exact).sum(1).min() > 0.99
    assert logits(half, clips[:2]).dtype == np.float32


def test_no_folder_means_the_packaged_one_and_any_other_is_refused(
    model: VideoNano, tmp_path: Path
) -> None:
    other = VideoNano(None, device="cpu", dtype="float32")
    assert np.array_equal(embedded(other, ["a star"], "text"), embedded(model, ["a star"], "text"))
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        VideoNano(tmp_path, device="cpu", dtype="float32")


def test_pixels_are_normalised_channel_first_and_made_square(model: VideoNano) -> None:
    frames = np.zeros((16, 40, 90, 3), np.uint8)
    frames[:] = (255, 0, 51)
    pixels = model.prepare(VideoFrames(frames, (0.0,) * 16), "video")
    assert isinstance(pixels, np.ndarray)
    assert pixels.dtype == np.float32
    assert pixels.shape == (3, 16, 48, 48)
    expected = [(1 - 0.8) / 0.2, (0 - 0.8) / 0.2, (0.2 - 0.8) / 0.2]
    np.testing.assert_allclose(pixels[:, 3, 5, 7], expected, rtol=1e-5)


def test_a_long_text_is_cut_to_the_context_and_keeps_its_end(model: VideoNano) -> None:
    ids = model.prepare("a red star " * 100, "text")
    assert len(ids) == 32
    assert (ids[0], ids[-1]) == (START, END)
