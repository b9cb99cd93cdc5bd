"""Folders as checkpoints are published: older layouts, files that lack what nobody needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tiny_speech
from safetensors.torch import load_file, save_file

from mmbench.models.ctc import Ctc
from mmbench.types import Generation, Message, Sound

CPU = {"device": "cpu", "dtype": "float32"}


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
