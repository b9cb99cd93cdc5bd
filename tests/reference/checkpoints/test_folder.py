"""The tokeniser and the checkpoint folder of the reference CLIP."""

import json
from pathlib import Path

import pytest
import torch

from mmbench.errors import ModelError
from mmbench.reference.architectures.clip import CLIP, Config
from mmbench.reference.checkpoints.families import TrainedClip
from mmbench.reference.checkpoints.folder import read_checkpoint, write_checkpoint
from mmbench.reference.checkpoints.trained_model import refuse_counts
from mmbench.reference.tokens.words import END, PAD, START, UNKNOWN, Words

TINY = Config(
    vocabulary=30,
    context=12,
    text_width=16,
    text_layers=1,
    text_heads=2,
    image_size=16,
    patch=8,
    image_width=24,
    image_layers=1,
    image_heads=2,
    embedding=8,
)

# --- the tokeniser ------------------------------------------------------------------------------

WORDS = Words.from_texts(["A red circle, left of a star."])


def test_words_and_marks_get_their_ids() -> None:
    assert WORDS.words[4:] == [",", ".", "a", "circle", "left", "of", "red", "star"]
    assert WORDS.encode("A red STAR.", 12) == [START, 6, 10, 11, 5, END]
    assert WORDS.encode("a zebra", 12) == [START, 6, UNKNOWN, END]
    assert WORDS.encode("", 12) == [START, END]


def test_a_long_text_is_cut_but_keeps_its_end() -> None:
    assert WORDS.encode("red " * 50, 5) == [START, 10, 10, 10, END]


@pytest.mark.parametrize("words", [["a"], [*Words.from_texts([]).words, "a", "a"]])
def test_a_wrong_vocabulary_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        Words(words)


# --- the folder ---------------------------------------------------------------------------------


def written(folder: Path, dtype: torch.dtype = torch.float32) -> CLIP:
    words = Words([*Words.from_texts([]).words, *(f"w{i}" for i in range(26))])
    torch.manual_seed(0)
    model = CLIP(TINY).eval()
    write_checkpoint(folder, TrainedClip(model, words), dtype)
    return model


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_checkpoint_comes_back(tmp_path: Path, dtype: torch.dtype) -> None:
    model = written(tmp_path, dtype)
    images, tokens = torch.randn(3, 3, 16, 16), torch.tensor([[START, 7, END], [START, END, PAD]])
    back = read_checkpoint(tmp_path, TrainedClip)
    assert back.model.config == TINY
    assert back.words.words[4:6] == ["w0", "w1"]
    close = 0 if dtype == torch.float32 else 5e-3
    for ours, theirs in (
        (back.model.encode_image(images), model.encode_image(images)),
        (back.model.encode_text(tokens), model.encode_text(tokens)),
    ):
        torch.testing.assert_close(ours, theirs, atol=close, rtol=0)


def test_counts_that_do_not_belong_are_refused_by_name() -> None:
    refuse_counts(words=(3, 3), labels=(0, 0))
    with pytest.raises(
        ValueError, match=r"^config\.json lists 1 labels, but its architecture has 2;"
    ):
        refuse_counts(words=(3, 3), labels=(1, 2))


def test_what_is_wrong_with_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        read_checkpoint(tmp_path, TrainedClip)
    written(tmp_path)
    weights, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    whole, said = weights.read_bytes(), json.loads(config.read_text())
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"model\.safetensors: cannot be read"):
        read_checkpoint(tmp_path, TrainedClip)
    weights.unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors: no such file"):
        read_checkpoint(tmp_path, TrainedClip)
    weights.write_bytes(whole)
    for text, message in (
        ("{", "cannot be read"),
        ("[]", "no JSON object"),
        ("{}", "a checkpoint of None, not of 'clip-nano'"),
        ('{"model": "clip-nano"}', "not a clip-nano checkpoint: 'architecture'"),
        (
            json.dumps({**said, "words": said["words"][:-1]}),
            "29 words, but its architecture has 30;",
        ),
        (
            json.dumps({**said, "architecture": {**said["architecture"], "embedding": 25}}),
            r"does not fit its config\.json",
        ),
        (json.dumps({**said, "architecture": {"colour": 1}}), "not a clip-nano checkpoint"),
        (
            json.dumps({**said, "architecture": {**said["architecture"], "patch": 5}}),
            "patch 5 does not divide image_size",
        ),
    ):
        config.write_text(text)
        with pytest.raises(ModelError, match=message):
            read_checkpoint(tmp_path, TrainedClip)
