"""Spoken numbers: the words, what is packaged, what training joins, and that it never tells."""

import io
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmbench.errors import UserError
from mmbench.reference.worlds.numbers.batch import spoken_batch, training_clips
from mmbench.reference.worlds.numbers.sources import clips, folder, spoken_numbers
from mmbench.reference.worlds.numbers.words import WORDS, in_words, split_of
from tools import spoken_numbers as synthesis


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty two"),
        (100, "one hundred"),
        (305, "three hundred five"),
        (1000, "one thousand"),
        (4207, "four thousand two hundred seven"),
        (9090, "nine thousand ninety"),
        (9999, "nine thousand nine hundred ninety nine"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_every_number_has_words_of_its_own() -> None:
    said = [in_words(number) for number in range(10_000)]
    assert len(set(said)) == 10_000
    assert {word for text in said for word in text.split()} == set(WORDS)
    share = np.mean([split_of(text) == "test" for text in said])
    assert share == pytest.approx(0.1, abs=0.01)


# --- what is packaged ---------------------------------------------------------------------------


def test_the_clips_are_small_and_all_there() -> None:
    listed = {clip.file for split in ("train", "test") for clip in clips(split)}
    there = {path.name for path in folder().iterdir()}
    assert there == listed | {"index.jsonl"}
    assert sum(path.stat().st_size for path in folder().iterdir()) <= 3 * 10**6


def test_train_and_test_share_no_text_and_two_voices_are_heard_only_in_the_test() -> None:
    train, test = clips("train"), clips("test")
    assert len({clip.text for clip in test}) == len(test) == 300
    assert {split_of(clip.text) for clip in test} == {"test"}
    longer = [clip.text for clip in train if clip.text not in WORDS]
    assert {split_of(text) for text in longer} == {"train"}
    assert {clip.voice for clip in test} - {clip.voice for clip in train} == set(synthesis.NEW)


def test_the_task_has_a_sample_for_each_clip() -> None:
    data = spoken_numbers(None)
    heard = Counter(sample.tags["heard"] for sample in data.samples)
    assert heard == {"in training": 200, "never": 100}
    for sample in data.samples[:12]:
        info = soundfile.info(sample.inputs["audio"].name)
        assert (info.format, info.samplerate, info.channels) == ("OGG", 16000, 1)
        assert 0.2 < info.duration < 6
        assert isinstance(sample.target, str)


@pytest.mark.slow
def test_clips_of_training_are_cut_where_the_index_says() -> None:
    """Each begins and ends softly, and a longer text takes longer."""
    voice = training_clips(16000)["en-us"]
    assert [piece.text for piece in voice[:60:2]] == list(WORDS)
    for piece in voice:
        loudest = np.abs(piece.samples).max()
        assert np.abs(piece.samples[:40]).max() < 0.5 * loudest  # some begin with a plosive
        assert np.abs(piece.samples[-80:]).max() < 0.2 * loudest
    words = [len(piece.text.split()) for piece in voice]
    assert np.corrcoef(words, [len(piece.samples) for piece in voice])[0, 1] > 0.9


# --- batches ------------------------------------------------------------------------------------


def test_batches_are_functions_of_seed_and_step_and_never_say_a_test_text() -> None:
    said = [piece for step in range(1, 40) for piece in spoken_batch(0, step, 8, 8000)]
    again = spoken_batch(0, 5, 8, 8000)
    assert all(
        np.array_equal(a.samples, b.samples) and a.text == b.text
        for a, b in zip(said[32:40], again, strict=True)
    )
    assert {split_of(piece.text) for piece in said} == {"train"}
    assert {word for piece in said for word in piece.text.split()} == set(WORDS)
    assert max(len(piece.text.split()) for piece in said) <= 6
    assert all(piece.samples.dtype == np.float32 for piece in said)
    assert max(np.abs(piece.samples).max() for piece in said) <= 1


# --- the script ---------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_clip_is_made_again_as_it_was() -> None:
    clip = clips("test")[0]
    made = synthesis.synthesise(clip.text, clip.voice, clip.speed)
    packaged, rate = soundfile.read(io.BytesIO((folder() / clip.file).read_bytes()))
    assert rate == synthesis.RATE
    assert len(packaged) == pytest.approx(len(made), abs=200)
    n = min(len(made), len(packaged))
    power = [np.abs(np.fft.rfft(x[:n]))[: n // 8] for x in (made, packaged)]
    assert np.corrcoef(power)[0, 1] > 0.9


def test_without_espeak_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="apt-get install espeak-ng"):
        synthesis.synthesise("one", "en-us", 150)


def test_a_missing_index_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("mmbench.reference.worlds.numbers.sources.folder", lambda: tmp_path)
    with pytest.raises(Exception, match=r"index\.jsonl: cannot be read.*install mmbench again"):
        clips("test")
