"""Models that answer about images and sounds: held to transformers alone, and to themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ContentError, ModelError, SampleError
from mmbench.models.chat.adapters import AudioLlm, ChatOptions, Llava, VideoLlm
from mmbench.types import GeneratedText, GenerationConfig, Message
from tests.support.checkpoints import chat
from tests.support.checkpoints.parts import letter_tokenizer
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.media.images import noise_image
from tests.support.media.sounds import noise_sound

CPU = {"device": "cpu", "dtype": "float32"}
DRAWS = np.random.default_rng(0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("chat")
    return {
        "llava": chat.llava(root / "llava"),
        "blind": chat.llava(root / "blind", template=chat.BLIND),
        "plain": chat.llava(root / "plain", template=None),
        "idefics3": chat.idefics3(root / "idefics3"),
        "qwen2-audio": chat.qwen2_audio(root / "qwen2-audio"),
    }


def asked(name: str) -> list[tuple[Message, ...]]:
    """Eight conversations of every length and number of media."""
    if name == "qwen2-audio":
        sounds = [user(noise_sound(0.3 + i / 3, i), "what is it" + " now" * i) for i in range(6)]
        two = user(noise_sound(seed=7), "and", noise_sound(2.0, 8), "differ how?")
        return [*sounds, user("no sound"), two]
    seen = [user(noise_image(i), "what is it" + " now" * i) for i in range(5)]
    more = [user("here", noise_image(7), "and there", noise_image(8), "differ?"), user("no image")]
    system = (Message("system", ("be brief",)), *user(noise_image(3), "hello"))
    turns = (*system, Message("assistant", ("hi",)), Message("user", ("and now?",)))
    return [*seen, *more, turns]


@pytest.mark.parametrize("name", ["llava", "idefics3", "qwen2-audio"])
def test_a_batch_of_eight_says_what_eight_of_one_say(folders: dict[str, Path], name: str) -> None:
    model = (AudioLlm if name == "qwen2-audio" else Llava)(folders[name], **CPU)
    together = replies(model, asked(name))
    assert together == [replies(model, [turns])[0] for turns in asked(name)]
    assert len({one.text for one in together}) > 4


def test_llava_says_what_a_bare_loop_says(folders: dict[str, Path]) -> None:
    processor = tf.AutoProcessor.from_pretrained(folders["llava"], backend="pil")
    net = tf.AutoModelForImageTextToText.from_pretrained(folders["llava"]).eval()
    inputs = processor(
        text="user: what is <image>; assistant:", images=noise_image(1), return_tensors="pt"
    )
    ids = net.generate(**inputs, max_new_tokens=10, do_sample=False)
    text = processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    (found,) = replies(Llava(folders["llava"], **CPU), [user("what is ", noise_image(1))])
    assert found.text == text.strip()


def test_the_order_of_images_and_texts_is_kept(folders: dict[str, Path]) -> None:
    model = Llava(folders["llava"], **CPU)
    turns = [user(noise_image(1), "or", noise_image(2)), user(noise_image(2), "or", noise_image(1))]
    one, other = replies(model, turns)
    assert one.text != other.text
    assert model.prepare(turns[0], "conversation").text == "user: <image>or<image>; assistant:"


def test_a_template_without_an_image_slot_fails_those_with_an_image(
    folders: dict[str, Path],
) -> None:
    model = Llava(folders["blind"], **CPU)
    with pytest.raises(SampleError, match="0 of 1 images reached the model"):
        model.prepare(user(noise_image(1), "what is it"), "conversation")
    assert isinstance(replies(model, [user("no image")])[0], GeneratedText)


def test_a_folder_without_a_template_is_refused_and_takes_one(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="has no chat template; pass"):
        Llava(folders["plain"], **CPU)
    file = tmp_path / "chat.jinja"
    file.write_text(chat.TEMPLATE)
    turns = [user(noise_image(1), "what is it")]
    with_own = replies(Llava(folders["llava"], **CPU), turns)
    assert (
        replies(Llava(folders["plain"], **CPU, options=ChatOptions(template=str(file))), turns)
        == with_own
    )


def test_a_processor_that_is_a_tokenizer_alone_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    tf.AutoModelForImageTextToText.from_pretrained(folders["llava"]).save_pretrained(tmp_path)
    letter_tokenizer("<image>").save_pretrained(tmp_path)
    with one_line_error(ModelError) as caught:
        Llava(tmp_path, **CPU)
    assert "processor" in str(caught.value)


def test_a_video_model_without_a_video_processor_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(
        ModelError, match=r"no video_processor; .* `pip install 'mmbench\[video\]'`"
    ):
        VideoLlm(folders["llava"], **CPU)


def test_the_token_limit_is_told_and_stops_end_an_answer(folders: dict[str, Path]) -> None:
    model = Llava(folders["llava"], **CPU)
    asked = [user(noise_image(shade), "what is it") for shade in range(5)]
    answers = zip(asked, replies(model, asked), strict=True)
    # The random weights differ between versions of torch: some answers end by themselves.
    chosen, long = next(pair for pair in answers if pair[1].finish == "length")
    assert long.tokens == 10
    stop = long.text[2:4]
    (short,) = replies(model, [chosen], GenerationConfig(max_tokens=10, stop=(stop,)))
    assert short.text == long.text[: long.text.find(stop)].strip()
    assert short.finish == "stop"


def test_sampling_is_by_seed_and_not_by_place(folders: dict[str, Path]) -> None:
    model = Llava(folders["llava"], **CPU)
    options = GenerationConfig(max_tokens=10, temperature=1.0, seed=3)
    turns = asked("llava")[:3]
    together = replies(model, turns, options)
    assert together[::-1] == replies(model, turns[::-1], options)
    assert together != replies(
        model, turns, GenerationConfig(max_tokens=10, temperature=1.0, seed=4)
    )


@pytest.mark.parametrize("name", ["llava", "idefics3"])
def test_likelihoods_are_those_of_one_token_after_another(
    folders: dict[str, Path], name: str
) -> None:
    model = Llava(folders[name], **CPU)
    turns, text = user(noise_image(1), "what is it"), "a cat"
    prepared = model.prepare(turns, "conversation")
    found = model.loglikelihood([prepared, prepared], [text, "dog"])
    total, prompt = 0.0, prepared.text
    for letter in text:
        inputs = model._processor(text=prompt, images=prepared.images, return_tensors="pt")
        with torch.inference_mode():
            logits = model._model(**inputs).logits[0, -1]
        total += float(logits.log_softmax(-1)[model._tokenizer(letter)["input_ids"][-1]])
        prompt += letter
    assert found[0] == pytest.approx([total, 5], abs=1e-3)
    assert found[1, 1] == 3


def test_a_sound_longer_than_the_encoder_hears_fails(folders: dict[str, Path]) -> None:
    model = AudioLlm(folders["qwen2-audio"], **CPU)
    with pytest.raises(SampleError, match=r"lasts 31.0 s, longer than the model's window of 30 s"):
        model.prepare(user(noise_sound(31), "what?"), "conversation")


@pytest.mark.parametrize("samples", [1, 160, 700])
def test_a_sound_of_a_token_or_less_fails(folders: dict[str, Path], samples: int) -> None:
    model = AudioLlm(folders["qwen2-audio"], **CPU)
    with pytest.raises(ContentError, match=r"shorter than 0\.1 s"):
        model.prepare(user(noise_sound(samples / 16000), "what?"), "conversation")


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_with_a_part_gone_is_refused_in_one_line(
    folders: dict[str, Path], tmp_path: Path, file: str
) -> None:
    for path in folders["llava"].iterdir():
        if path.name != file:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert json.loads((folders["llava"] / "config.json").read_text())
    with one_line_error(ModelError):
        Llava(tmp_path, **CPU)
