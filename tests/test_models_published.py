"""Folders as checkpoints are published: older layouts, files that lack what nobody needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_chat
import tiny_speech
from PIL import Image
from safetensors.torch import load_file, save_file

from mmbench.errors import SampleError
from mmbench.models.ctc import Ctc
from mmbench.models.llava import Llava
from mmbench.models.whisper import Whisper
from mmbench.types import Generation, Message, Sound, Written

CPU = {"device": "cpu", "dtype": "float32"}
SHORT = Generation(max_tokens=10)


def noise(seconds: float, seed: int = 0) -> Sound:
    draws = np.random.default_rng(seed)
    return Sound(draws.normal(size=int(seconds * 16000)).astype(np.float32) / 9, 16000)


def user(*parts: object) -> tuple[Message, ...]:
    return (Message("user", parts),)


def test_a_vector_that_only_training_reads_may_be_missing(tmp_path: Path) -> None:
    folder = tiny_speech.ctc(tmp_path / "wav2vec2")
    whole = Ctc(folder, **CPU)
    file = folder / "model.safetensors"
    kept = {name: value for name, value in load_file(file).items() if "masked_spec" not in name}
    assert len(kept) == len(load_file(file)) - 1
    save_file(kept, file, metadata={"format": "pt"})
    sound = whole.prepare(user(noise(1)), "conversation")
    assert Ctc(folder, **CPU).write([sound], Generation()) == whole.write([sound], Generation())


def edited(folder: Path, file: str, **changes: Any) -> Path:
    """The folder, with keys of a JSON file set; None removes a key."""
    path = folder / file
    said = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))
    return folder


def written(model: Any, *turns: Any, options: Generation = SHORT) -> list[Any]:
    return model.write([model.prepare(one, "conversation") for one in turns], options)


def picture(seed: int) -> Image.Image:
    draws = np.random.default_rng(seed)
    return Image.fromarray(draws.integers(0, 255, (20 + seed, 40, 3), dtype=np.uint8))


STEERING = [
    {"repetition_penalty": 1.5},
    {"no_repeat_ngram_size": 1},
    {"guidance_scale": 3.0},
    {"exponential_decay_length_penalty": [1, 3.0]},
    {"num_return_sequences": 2},
    {"stop_strings": ["a"]},
    {"num_beams": 3, "length_penalty": 2.0},
    {"temperature": 1e-6, "top_k": 1, "top_p": 0.001, "max_new_tokens": 3, "max_length": 4},
]


@pytest.mark.parametrize("steering", STEERING, ids=lambda one: next(iter(one)))
def test_a_checkpoint_does_not_steer_what_greedy_means(tmp_path: Path, steering: Any) -> None:
    folder = tiny_chat.llava(tmp_path / "llava")
    turns = [user(picture(1), "what is it"), user(picture(2), "abc")]
    greedy = written(Llava(folder, **CPU), *turns)
    edited(folder, "generation_config.json", **steering)
    assert written(Llava(folder, **CPU), *turns) == greedy


@pytest.mark.parametrize("steering", [STEERING[0], STEERING[1], {"return_timestamps": True}])
def test_nor_does_a_speech_recogniser(tmp_path: Path, steering: Any) -> None:
    folder = tiny_speech.whisper(tmp_path / "whisper")
    greedy = written(Whisper(folder, **CPU), user(noise(2)))
    edited(folder, "generation_config.json", **steering)
    assert written(Whisper(folder, **CPU), user(noise(2))) == greedy


def test_a_long_sound_needs_to_know_the_timestamps(tmp_path: Path) -> None:
    folder = tiny_speech.whisper(tmp_path / "whisper")
    (folder / "generation_config.json").unlink()
    model = Whisper(folder, **CPU)
    with pytest.raises(SampleError, match=r"lasts 31.0 s, .* copy generation_config\.json"):
        model.prepare(user(noise(31)), "conversation")
    assert isinstance(written(model, user(noise(1)))[0], Written)
