"""`llava-nano` as a model: conversations in, answers and likelihoods out, alone or in a batch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmbench.errors import ModelError, SampleError
from mmbench.protocols import Prepares, Rates, Writes
from mmbench.reference.adapters.clip import ClipNano
from mmbench.reference.adapters.language import LlavaNano
from mmbench.reference.architectures.llava import Config, LLaVA
from mmbench.reference.checkpoints.families import TrainedClip, TrainedLlava
from mmbench.reference.checkpoints.folder import read_checkpoint, write_checkpoint
from mmbench.reference.tokens.turns import ASSISTANT, IMAGE, USER, vocabulary
from mmbench.reference.tokens.words import START, UNKNOWN
from mmbench.reference.training import read_recipe
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.shapes.draw import draw
from mmbench.reference.worlds.shapes.questions import KINDS, questions
from mmbench.reference.worlds.shapes.scene import scene_at
from mmbench.reference.worlds.shapes.talk import BRIEFLY, DESCRIBE
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message, VideoFrames
from tests.support.conversations import prepared
from tests.support.conversations import user_message as user
from tests.support.media.images import noise_image
from tests.support.networks import lively

WORDS = vocabulary(["what colour is the star? red, green and blue. where is it: left or right!"])
GREEDY, SAMPLED = (
    GenerationConfig(max_tokens=9),
    GenerationConfig(max_tokens=9, temperature=1.0, top_p=0.9),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights, which says this and that and ends now and then."""
    torch.manual_seed(0)
    model = lively(LLaVA(Config(len(WORDS.words), context=60, width=32, layers=2, heads=2)))
    out = tmp_path_factory.mktemp("llava")
    write_checkpoint(out, TrainedLlava(model, WORDS), torch.float32)
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> LlavaNano:
    return LlavaNano(folder, device="cpu", dtype="float32")


def assistant(text: str) -> Message:
    return Message("assistant", (text,))


TALKS: list[tuple[Message, ...]] = [
    (user(noise_image(0), "What colour is the star?"),),
    (user(noise_image(1), "where?"),),
    (user("what is the star"),),
    (user("red", noise_image(2), "or blue?"),),
    (user(noise_image(3), "where?"), assistant("left"), user("and the red star?")),
    (user(noise_image(4), noise_image(5), "where?"),),
    (Message("system", ("red and blue.",)), user(noise_image(6), "what colour")),
    (user(noise_image(7), "what?"),),
]


# --- the contract -------------------------------------------------------------------------------


def test_what_it_can_do(model: LlavaNano) -> None:
    assert isinstance(model, Writes)
    assert isinstance(model, Rates)
    assert isinstance(model, Prepares)
    assert LlavaNano.modalities == {"text", "image"}


def test_an_image_stands_where_it_stands_in_the_message(model: LlavaNano) -> None:
    asked = model.prepare((user("Red", noise_image(0), "or?"),), "conversation")
    red, other, mark = (WORDS.words.index(word) for word in ("red", "or", "?"))
    assert asked.ids == [START, USER, red, *[IMAGE] * 16, other, mark, ASSISTANT]
    assert [pixels.shape for pixels in asked.pixels] == [(3, 64, 64)]
    assert asked.pixels[0].dtype == np.float32


def test_a_word_that_is_not_known(model: LlavaNano) -> None:
    asked = model.prepare((user("a <image> zeppelin"),), "conversation")
    assert asked.ids == [START, USER, *[UNKNOWN] * 5, ASSISTANT]
    assert asked.pixels == []
    assert isinstance(model.write([asked], GREEDY)[0], GeneratedText)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (Audio(np.zeros(5, np.float32), 16000), "audio"),
        (VideoFrames(np.zeros((1, 2, 2, 3), np.uint8), (0.0,)), "videos"),
    ],
)
def test_other_media_fail_the_sample(model: LlavaNano, part: Any, what: str) -> None:
    with pytest.raises(SampleError, match=f"takes texts and images, but no {what}"):
        model.prepare((user(noise_image(0), part, "what?"),), "conversation")


def test_a_conversation_without_room_for_an_answer(model: LlavaNano) -> None:
    fits = model.prepare((user(noise_image(0), "red " * 40),), "conversation")
    assert len(fits.ids) == 59
    with pytest.raises(SampleError, match="60 tokens; llava-nano takes fewer than 60"):
        model.prepare((user(noise_image(0), "red " * 41),), "conversation")


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file.*train llava-nano"):
        LlavaNano(tmp_path, device="cpu", dtype="float32")


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_an_answer_does_not_depend_on_its_batch(
    model: LlavaNano, options: GenerationConfig
) -> None:
    asked = prepared(model, TALKS)
    together = model.write(asked, options)
    assert together == [model.write([one], options)[0] for one in asked]
    assert together == model.write(asked[::-1], options)[::-1]
    assert len({str(one) for one in together}) > 3


def test_a_seed_decides_what_is_drawn(model: LlavaNano) -> None:
    asked = prepared(model, TALKS)
    once, again = (model.write(asked, SAMPLED) for _ in range(2))
    assert once == again
    assert once != model.write(asked, SAMPLED.seeded(1))


def test_the_finish_says_whether_it_ended_by_itself(model: LlavaNano) -> None:
    asked = prepared(model, TALKS)
    said = model.write(asked, GenerationConfig(max_tokens=40))
    for one, question in zip(said, asked, strict=True):
        assert isinstance(one, GeneratedText)
        assert (one.finish == "length") == (one.tokens == min(40, 60 - len(question.ids)))
    for one, short in zip(said, model.write(asked, GenerationConfig(max_tokens=2)), strict=True):
        assert isinstance(one, GeneratedText) and isinstance(short, GeneratedText)
        assert short.tokens == min(2, one.tokens)
        assert short.finish == ("stop" if one.tokens < 2 else "length")


def test_a_stop_ends_the_answer_and_is_no_part_of_it(model: LlavaNano) -> None:
    asked = prepared(model, TALKS)
    whole = model.write(asked, GREEDY)
    row, text = next((i, one.text) for i, one in enumerate(whole) if " " in one.text)
    stop = text.split()[1]
    cut = model.write(asked, GenerationConfig(max_tokens=9, stop=(f" {stop}",)))[row]
    assert isinstance(cut, GeneratedText)
    assert (cut.text, cut.finish) == (text.split(f" {stop}")[0], "stop")


def test_turns_before_are_seen(model: LlavaNano) -> None:
    talks = [
        (user(noise_image(0), "where?"), assistant(said), user("what?"))
        for said in ("left", "right")
    ]
    rated = model.loglikelihood(prepared(model, talks), ["red", "red"])
    assert abs(rated[0, 0] - rated[1, 0]) > 1e-4


# --- likelihoods --------------------------------------------------------------------------------


def test_a_likelihood_is_that_of_writing_each_token_in_turn(model: LlavaNano) -> None:
    """exp of it, added up over all texts of one token, and over those of two, is 1."""
    asked = prepared(model, TALKS)[0]
    plain = [word for word in WORDS.words if len(word) == 1 or word[0] != "<"]
    rated = model.loglikelihood([asked] * len(plain), plain)
    assert (rated[:, 1] == 1).all()
    shares = np.exp(rated[:, 0].astype(np.float64))
    assert 0.2 < shares.sum() < 1  # the rest is that of special tokens
    first = plain[int(shares.argmax())]
    two = model.loglikelihood([asked] * len(plain), [f"{first} {word}" for word in plain])
    assert (two[:, 1] == 2).all()
    assert np.exp(two[:, 0].astype(np.float64)).sum() < shares.max()


def test_a_likelihood_does_not_depend_on_the_batch(model: LlavaNano) -> None:
    asked = prepared(model, TALKS)
    texts = ["red", "green and blue.", "left", "", "zeppelin", "star", "the star is red", "it"]
    together = model.loglikelihood(asked, texts)
    assert together.dtype == np.float32
    assert together[:, 1].tolist() == [1, 4, 1, 0, 1, 1, 4, 1]
    assert together[3, 0] == 0
    alone = [model.loglikelihood([one], [text])[0] for one, text in zip(asked, texts, strict=True)]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_a_text_that_the_context_has_no_room_for_is_not_rated(model: LlavaNano) -> None:
    rated = model.loglikelihood(prepared(model, TALKS)[:2], ["red", "red " * 60])
    assert np.isfinite(rated[0]).all()
    assert np.isnan(rated[1, 0])
    assert np.isnan(model.loglikelihood(prepared(model, TALKS)[:1], ["red " * 60])[0, 0])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees(model: LlavaNano, folder: Path, dtype: str) -> None:
    half = LlavaNano(folder, device="cpu", dtype=dtype)
    texts = ["red and blue"] * len(TALKS)
    ours, exact = (m.loglikelihood(prepared(m, TALKS), texts) for m in (half, model))
    np.testing.assert_allclose(ours, exact, rtol=0.05)


# --- the packaged checkpoint --------------------------------------------------------------------

PACKAGED = Path(str(LlavaNano.default_checkpoint))


@pytest.fixture(scope="module")
def shipped() -> LlavaNano:
    return LlavaNano(None, device="cpu", dtype="float32")


def test_it_is_small_and_its_recipe_is_the_packaged_one() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 8e6
    said = json.loads((PACKAGED / "recipe.json").read_text())
    assert parse_recipe(said["recipe"], "recipe.json") == read_recipe("llava-nano")


def test_its_eyes_are_those_of_clip_nano() -> None:
    ours = read_checkpoint(PACKAGED, TrainedLlava).model.vision.state_dict()
    clip = read_checkpoint(Path(str(ClipNano.default_checkpoint)), TrainedClip)
    theirs = clip.model.image.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.slow
def test_it_answers_above_chance_and_not_perfectly(shipped: LlavaNano) -> None:
    """Questions of the test split: the best blind answers are right in .20, over all kinds."""
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for index in range(60):
        scene = scene_at("test", 0, index)
        image = Image.fromarray(draw(scene, 64))
        for asked in questions(scene, chance("llava", index)):
            turns = (user(image, f"{asked.text}\n{BRIEFLY}"),)
            (said,) = shipped.write([shipped.prepare(turns, "conversation")], GREEDY)
            assert isinstance(said, GeneratedText)
            right[asked.kind].append(said.text == asked.answer)
    shares = {kind: float(np.mean(each)) for kind, each in right.items()}
    assert 0.45 < np.mean(list(shares.values())) < 0.97, shares
    assert shares["existence"] > 0.6, shares


def test_it_describes_and_goes_on_talking(shipped: LlavaNano) -> None:
    """The second turn asks about what the first described, and every word of both is known."""
    scene = scene_at("test", 0, 3)
    first = user(Image.fromarray(draw(scene, 64)), DESCRIBE)
    (told,) = shipped.write([shipped.prepare((first,), "")], GenerationConfig(max_tokens=60))
    assert isinstance(told, GeneratedText)
    assert told.finish == "stop"
    turns = (first, assistant(told.text), user(f"How many small shapes are there?\n{BRIEFLY}"))
    asked = shipped.prepare(turns, "conversation")
    assert UNKNOWN not in asked.ids
    (said,) = shipped.write([asked], GREEDY)
    assert isinstance(said, GeneratedText)
    assert said.text in "0123"
