"""`unified-nano` as a model: it answers, transcribes, rates and draws, alone or in a batch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from rapidfuzz.distance import Levenshtein
from torch import nn

from mmbench.errors import ModelError, SampleError
from mmbench.media import decode_sound, read_bytes
from mmbench.protocols import Draws, Hears, Prepares, Rates, Writes
from mmbench.reference.adapters.unified import UnifiedNano
from mmbench.reference.architectures.gpt import Config, UnifiedModel
from mmbench.reference.architectures.vqvae import VqVaeConfig
from mmbench.reference.checkpoints.families import TrainedUnified
from mmbench.reference.checkpoints.folder import write_checkpoint
from mmbench.reference.tokens.bpe import Bpe
from mmbench.reference.tokens.mixed import ASSISTANT, CLOSE, OPEN, START, USER, TokenKind
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.numbers.sources import spoken_numbers
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.objects import COLOURS
from mmbench.reference.worlds.shapes.questions import questions
from mmbench.reference.worlds.shapes.reader import read_picture
from mmbench.reference.worlds.shapes.scene import scene_at
from mmbench.reference.worlds.shapes.talk import BRIEFLY, DESCRIBE
from mmbench.types import Audio, GeneratedText, GenerationConfig, Media, Message, VideoFrames
from tests.support.conversations import prepared
from tests.support.conversations import user_message as user
from tests.support.media.images import noise_image

TEXTS = ["what colour is the star? red, green and blue.", "where is it: left or right!"]
WORDS = Bpe.train(TEXTS * 3, 320)
CODES = VqVaeConfig(number=24, code_width=4, width=16, halvings=3, residuals=1)
GREEDY, SAMPLED = (
    GenerationConfig(max_tokens=9),
    GenerationConfig(max_tokens=9, temperature=1.0, top_p=0.9),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights, which says this and that and ends now and then.

    Its codes lie where noise is, so that pictures and sounds differ in them.
    """
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"width": 32, "layers": 2, "heads": 2, "image_size": 32}
    model = UnifiedModel(Config(len(WORDS), context=120, image=CODES, sound=CODES, **sizes))
    nn.init.normal_(model.gpt.tokens.weight, std=0.5)
    for head in model.gpt.heads:
        nn.init.normal_(head.get_parameter("weight"), std=0.5)
    with torch.no_grad():
        model.gpt.heads[TokenKind.TEXT].get_parameter("bias")[-1] = 5
    model.images(torch.randn(8, 3, 32, 32))
    model.sounds(torch.randn(4, 50, 40), torch.full((4,), 50))
    out = tmp_path_factory.mktemp("unified")
    write_checkpoint(out, TrainedUnified(model, WORDS), torch.float32)
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> UnifiedNano:
    return UnifiedNano(folder, device="cpu", dtype="float32")


def sound(seconds: float, seed: int = 0) -> Audio:
    samples = np.random.default_rng(seed).normal(0, 0.1, int(seconds * 8000))
    return Audio(samples.astype(np.float32), 8000)


TALKS: list[tuple[Message, ...]] = [
    (user(noise_image(0), "what colour is the star?"),),
    (user(noise_image(1), "where is it?"),),
    (user("what is the star"),),
    (user("red", noise_image(2), "or blue?"),),
    (
        user(noise_image(3), "where"),
        Message("assistant", ("left",)),
        user("and the red star?"),
    ),
    (user(noise_image(4), noise_image(5), "where?"),),
    (user(sound(0.5)),),
    (user(sound(0.33, 1), "what?"),),
    (user(noise_image(6), sound(0.2, 2)),),
]
PROMPTS = ["a red star", "a blue star left", "green", "the red star", "red", "a star or a red star"]


# --- the contract -------------------------------------------------------------------------------


def test_what_it_can_do(model: UnifiedNano) -> None:
    for ability in (Writes, Rates, Draws, Prepares, Hears):
        assert isinstance(model, ability)
    assert UnifiedNano.modalities == {"text", "image", "audio"}
    assert model.rate == 8000


def test_parts_stand_where_they_stand_in_the_message(model: UnifiedNano) -> None:
    asked = model.prepare((user("red", noise_image(0), sound(0.5)),), "conversation")
    layout = model._config.layout
    image, heard = layout.ids(TokenKind.IMAGE).start, layout.ids(TokenKind.SOUND).start
    red = layout.ids(TokenKind.TEXT).start + WORDS.encode("red")[0]
    expected = [START, USER, OPEN[TokenKind.TEXT], red, CLOSE[TokenKind.TEXT]]
    expected += [OPEN[TokenKind.IMAGE], *[image] * 16, CLOSE[TokenKind.IMAGE]]
    expected += [
        OPEN[TokenKind.SOUND],
        *[heard] * 7,
        CLOSE[TokenKind.SOUND],
    ]  # 50 frames, eight to a code
    assert asked.ids == [*expected, ASSISTANT, OPEN[TokenKind.TEXT]]
    assert [pixels.shape for pixels in asked.pixels] == [(3, 32, 32)]
    assert [mel.shape for mel in asked.mels] == [(50, 40)]


def test_the_shortest_sound_is_heard(model: UnifiedNano) -> None:
    asked = model.prepare((user(Audio(np.zeros(1, np.float32), 8000)),), "conversation")
    assert isinstance(model.write([asked], GREEDY)[0], GeneratedText)


def test_a_video_fails_the_sample(model: UnifiedNano) -> None:
    clip = VideoFrames(np.zeros((1, 2, 2, 3), np.uint8), (0.0,))
    with pytest.raises(SampleError, match="takes texts, images and audio, but no videos"):
        model.prepare((user(clip, "what?"),), "conversation")


def test_what_leaves_no_room_fails_the_sample(model: UnifiedNano) -> None:
    with pytest.raises(SampleError, match=r"conversation has 12. tokens; .* fewer than 120"):
        model.prepare((user(noise_image(0), "red " * 98),), "conversation")
    fine, long = model.draw(["red", "red " * 120], [0, 0])
    assert isinstance(fine, Image.Image)
    assert isinstance(long, SampleError)
    assert "the prompt has 127 tokens; unified-nano takes fewer than 104" in str(long)


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file.*train unified-nano"):
        UnifiedNano(tmp_path, device="cpu", dtype="float32")


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_an_answer_does_not_depend_on_its_batch(
    model: UnifiedNano, options: GenerationConfig
) -> None:
    asked = prepared(model, TALKS)
    together = model.write(asked, options)
    assert together == [model.write([one], options)[0] for one in asked]
    assert together == model.write(asked[::-1], options)[::-1]
    assert len({str(one) for one in together}) > 4


def test_the_finish_says_whether_it_ended_by_itself(model: UnifiedNano) -> None:
    said = model.write(prepared(model, TALKS) * 3, GenerationConfig(max_tokens=6))
    assert all((one.finish == "length") == (one.tokens == 6) for one in said)
    assert {one.finish for one in said} == {"stop", "length"}


def test_what_is_seen_and_heard_counts(model: UnifiedNano) -> None:
    for first, second in (
        (noise_image(0), noise_image(9)),
        (sound(0.5), sound(0.5, 9)),
    ):
        talks = [(user(part, "what?"),) for part in (first, second)]
        rated = model.loglikelihood(prepared(model, talks), ["red", "red"])
        assert abs(rated[0, 0] - rated[1, 0]) > 1e-4


# --- likelihoods --------------------------------------------------------------------------------


def test_likelihoods_of_all_next_tokens_add_up(model: UnifiedNano) -> None:
    """Over all tokens of a text and the end: what is not said is the end."""
    asked = prepared(model, TALKS)[0]
    texts = [WORDS.decode([token]) for token in range(len(WORDS))]
    whole = [i for i, text in enumerate(texts) if WORDS.encode(text) == [i]]
    rated = model.loglikelihood([asked] * len(whole), [texts[i] for i in whole])
    assert (rated[:, 1] == 1).all()
    ids = model._ids([asked])
    features, drawn = (
        model._model.gpt.features(ids)[:, -1],
        model._model.gpt.image_counts(ids)[:, -1],
    )
    shares = model._model.gpt.logits(features, ids[:, -1], drawn).log_softmax(-1)[0]
    first = model._config.layout.ids(TokenKind.TEXT).start
    expected = [float(shares[first + token].detach()) for token in whole]
    np.testing.assert_allclose(rated[:, 0], expected, atol=1e-4)


def test_a_likelihood_does_not_depend_on_what_else_is_asked(model: UnifiedNano) -> None:
    asked = prepared(model, TALKS)
    texts = ["red", "green and blue.", "left", "", "zeppelin", "star", "the star", "it", "or"]
    together = model.loglikelihood(asked, texts)
    assert together.dtype == np.float32
    assert together[3].tolist() == [0, 0] or together[3, 1] == len(WORDS.encode(""))
    alone = [model.loglikelihood([one], [text])[0] for one, text in zip(asked, texts, strict=True)]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_a_text_that_the_context_has_no_room_for_is_not_rated(model: UnifiedNano) -> None:
    rated = model.loglikelihood(prepared(model, TALKS)[:2], ["red", "red " * 120])
    assert np.isfinite(rated[0]).all()
    assert np.isnan(rated[1, 0])


# --- drawing ------------------------------------------------------------------------------------


def test_a_drawing_depends_on_its_prompt_and_seed_alone(model: UnifiedNano) -> None:
    seeds = list(range(len(PROMPTS)))
    together = [np.asarray(image) for image in model.draw(PROMPTS, seeds)]
    assert {image.shape for image in together} == {(32, 32, 3)}
    for row, image in enumerate(together):
        (alone,) = model.draw([PROMPTS[row]], [row])
        np.testing.assert_array_equal(np.asarray(alone), image)
    assert len({image.tobytes() for image in together}) == len(PROMPTS)
    (other,) = model.draw([PROMPTS[0]], [99])
    assert np.asarray(other).tobytes() != together[0].tobytes()


def test_options_change_what_is_drawn(folder: Path, model: UnifiedNano) -> None:
    plain = np.asarray(model.draw(["a red star"], [0])[0]).tobytes()
    for option in ({"guidance": 1.0}, {"temperature": 0.01}, {"top_k": 1}):
        other = UnifiedNano(folder, device="cpu", dtype="float32", **option)  # type: ignore[arg-type]
        assert np.asarray(other.draw(["a red star"], [0])[0]).tobytes() != plain, option


def test_of_one_likeliest_token_every_seed_draws_the_same(folder: Path) -> None:
    one = UnifiedNano(folder, device="cpu", dtype="float32", top_k=1)
    first, second = (np.asarray(image) for image in one.draw(["a red star"] * 2, [0, 1]))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0.0; give a number above 0"),
        ({"top_k": -1}, "top_k is -1; give 0 or a larger"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    folder: Path, option: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        UnifiedNano(folder, device="cpu", dtype="float32", **option)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_writes_and_draws(folder: Path, dtype: str) -> None:
    half = UnifiedNano(folder, device="cpu", dtype=dtype)
    assert all(isinstance(one, GeneratedText) for one in half.write(prepared(half, TALKS), GREEDY))
    assert all(isinstance(one, Image.Image) for one in half.draw(PROMPTS, [0] * len(PROMPTS)))


# --- the packaged checkpoint --------------------------------------------------------------------

PACKAGED = Path(str(UnifiedNano.default_checkpoint))


@pytest.fixture(scope="module")
def shipped() -> UnifiedNano:
    return UnifiedNano(None, device="cpu", dtype="float32")


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 8e6
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("unified-nano")


def answers(shipped: UnifiedNano, talks: Sequence[tuple[Message, ...]]) -> list[str]:
    said = shipped.write(prepared(shipped, talks), GenerationConfig(max_tokens=60))
    return [one.text for one in said]


@pytest.mark.slow
def test_one_set_of_weights_answers_above_chance_and_not_perfectly(shipped: UnifiedNano) -> None:
    """Questions of the test split: the best blind answers are right in .20, over all kinds."""
    scenes = [scene_at("test", 0, index) for index in range(40)]
    asked = [(it, one) for i, it in enumerate(scenes) for one in questions(it, chance("gpt", i))]
    talks = [
        (user(Image.fromarray(draw(scene, 64)), f"{one.text}\n{BRIEFLY}"),) for scene, one in asked
    ]
    right = [
        said == one.answer for said, (_, one) in zip(answers(shipped, talks), asked, strict=True)
    ]
    assert 0.28 < np.mean(right) < 0.97


def test_it_describes_what_is_there(shipped: UnifiedNano) -> None:
    """More of the colours that it tells are in the image than of one that it does not see."""
    scenes = [scene_at("test", 0, index) for index in range(30)]
    talks = [(user(Image.fromarray(draw(scene, 64)), DESCRIBE),) for scene in scenes]
    told = [set(text.split()) & set(COLOURS) for text in answers(shipped, talks)]
    there = [{thing.colour for thing in scene.objects} for scene in scenes]
    shares = [len(said & seen) / len(seen) for said, seen in zip(told, there, strict=True)]
    others = [
        len(said & seen) / len(seen) for said, seen in zip(told, there[1:] + there[:1], strict=True)
    ]
    assert np.mean(shares) > 0.6 > 0.5 > np.mean(others)


def test_it_transcribes(shipped: UnifiedNano) -> None:
    """Numbers of the test by a voice that it has heard; one text for all has .92."""
    samples = [one for one in spoken_numbers(None).samples if one.tags["heard"] == "in training"][
        :30
    ]
    talks = []
    for one in samples:
        audio = one.inputs["audio"]
        assert isinstance(audio, Media)
        talks.append((user(decode_sound(read_bytes(audio), audio.name, 8000)),))
    said = answers(shipped, talks)
    wrong = [
        Levenshtein.distance(text.split(), str(one.target).split())
        for text, one in zip(said, samples, strict=True)
    ]
    assert sum(wrong) < 0.7 * sum(len(str(one.target).split()) for one in samples)


def test_it_draws_the_colours_that_are_asked_for(shipped: UnifiedNano) -> None:
    """Of a thing that is told alone: its colour is what is seen, by the reader of pictures."""
    asked = [(colour, shape) for colour in COLOURS for shape in ("circle", "square")]
    prompts = [f"a large {colour} {shape} in the middle" for colour, shape in asked]
    seen = [
        {thing.colour for thing in read_picture(np.asarray(image))}
        for image in shipped.draw(prompts, list(range(16)))
    ]
    right = [colour in found for (colour, _), found in zip(asked, seen, strict=True)]
    assert np.mean(right) > 0.5
