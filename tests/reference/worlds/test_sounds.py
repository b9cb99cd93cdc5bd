"""The world of sounds: the same bytes everywhere, no meaning twice, captions that are true."""

import hashlib
import io
import math
import re
from collections import Counter
from functools import partial

import numpy as np
import pytest
import soundfile

from mmbench.errors import DataError, UnknownName
from mmbench.reference.worlds.sounds.batch import sound_batch, vary
from mmbench.reference.worlds.sounds.captions import _LENGTHS, _NAMES
from mmbench.reference.worlds.sounds.make import _FULL, SYNTHESISERS, synthesise, wav
from mmbench.reference.worlds.sounds.scene import RATE, SAMPLES, SOUNDS, Play, SoundScene, sounds_at
from mmbench.reference.worlds.sounds.sources import sound_tags, sounds, training_sounds
from mmbench.reference.worlds.splits import distinct

# SHA-256 over the first 20 sounds and their captions: whole numbers all the way, so these hold on
# every machine and change only when the world is changed on purpose (then the version does too).
GOLDEN_SOUNDS = "6db0b9410bc3e8c5a1a5802dacd75d567897ae37c1c84548fcd5bbc71a74cc4e"
GOLDEN_CAPTIONS = "283ed508ef236c1bb659a37748e0cb066ffba95e701bbb5ba3d5ca92e4c73cb9"


def test_the_bytes_are_the_golden_ones() -> None:
    data = sounds(None, sounds=20)
    made = b"".join(sample.inputs["audio"].read() for sample in data.corpus)
    told = "\n".join(str(query.inputs["text"]) for query in data.queries).encode()
    assert hashlib.sha256(told).hexdigest() == GOLDEN_CAPTIONS
    assert hashlib.sha256(made).hexdigest() == GOLDEN_SOUNDS


def test_no_sine_lies_near_a_tie_of_its_rounding() -> None:
    values = [_FULL * math.sin(2 * math.pi * i / 1024) for i in range(1024)]
    assert min(abs(abs(v) % 1 - 0.5) for v in values) > 1e-4


def test_a_longer_set_begins_like_a_shorter_one() -> None:
    short, long = sounds(None, sounds=30), sounds(None, sounds=60)
    assert [q.inputs for q in short.queries] == [q.inputs for q in long.queries[:120]]


def test_training_never_plays_a_test_scene_and_no_test_meaning_stands_twice() -> None:
    test = [scene.key for scene in distinct(500, partial(sounds_at, "test", 0))]
    assert len(set(test)) == 500
    assert not set(test) & {training_sounds(0, i)[0].key for i in range(3000)}
    assert {sounds_at("validation", 0, i).split for i in range(50)} == {"validation"}


def test_events_lie_inside_and_slots_follow_each_other() -> None:
    for index in range(300):
        scene = sounds_at("train", 0, index)
        assert len({event.sound for event in scene.events}) == len(scene.events) <= 3
        ends, plays = 0, iter(scene.plays)
        for slot in scene.slots:
            of_slot = [next(plays) for _ in slot]
            assert all(play.start >= ends for play in of_slot)
            if len(slot) == 2:  # they sound together for most of the shorter one
                a, b = of_slot
                both = min(a.start + a.samples, b.start + b.samples) - max(a.start, b.start)
                assert both == min(a.samples, b.samples)
            ends = max(play.start + play.samples for play in of_slot)
        assert ends <= SAMPLES


def test_what_the_source_yields() -> None:
    data, tags = sounds(None, sounds=40), sound_tags(None, sounds=40)
    assert (len(data.queries), len(data.corpus), len(tags.samples)) == (160, 40, 40)
    assert data.links["test-7#2"] == {"test-7": 1.0}
    assert data.queries[30].id == "test-7#2"
    assert data.queries[30].tags["caption"] == "backwards"
    assert tags.labels == list(SOUNDS)
    scene = distinct(8, partial(sounds_at, "test", 0))[7]
    assert [tags.labels[i] for i in tags.samples[7].target] == sorted(
        (event.sound for event in scene.events), key=SOUNDS.index
    )


def test_a_sound_is_a_wav_that_is_loud_enough_and_never_clipped() -> None:
    for sample in sounds(None, sounds=40).corpus:
        samples, rate = soundfile.read(io.BytesIO(sample.inputs["audio"].read()), dtype="int16")
        assert (rate, samples.shape) == (RATE, (SAMPLES,))
        assert 3000 < np.abs(samples.astype(int)).max() < 32767


# --- what is heard is what is said --------------------------------------------------------------


def spectrum_peak(wave: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(power.argmax() * RATE / len(wave))


@pytest.mark.parametrize(
    ("sound", "first", "last"),
    [("low tone", 220, 220), ("high tone", 1760, 1760), ("rising sweep", 400, 2250)],
)
def test_pitches(sound: str, first: float, last: float) -> None:
    wave = SYNTHESISERS[sound](Play(0, 4800, 256, 0, 1))
    assert spectrum_peak(wave[:480]) == pytest.approx(first, abs=60)
    assert spectrum_peak(wave[-480:]) == pytest.approx(last, abs=60)


def test_a_falling_sweep_is_a_rising_one_backwards_and_pitch_is_in_thousandths() -> None:
    wave = SYNTHESISERS["falling sweep"](Play(0, 4800, 256, 0, 1))
    assert spectrum_peak(wave[:480]) > 2000 > 500 > spectrum_peak(wave[-480:])
    higher = SYNTHESISERS["high tone"](Play(0, 8000, 256, 50, 1))
    assert spectrum_peak(higher) == pytest.approx(1760 * 1.05, abs=2)


def test_noise_is_white_and_a_rumble_is_not() -> None:
    for sound, low, high in (("noise", 0.4, 0.6), ("rumble", 0.95, 1.0)):
        power = np.abs(np.fft.rfft(SYNTHESISERS[sound](Play(0, 5000, 256, 0, 9)))) ** 2
        assert low < power[:1250].sum() / power.sum() < high, sound


def test_clicks_and_drums_come_in_their_number() -> None:
    for sound, apart in (("clicks", 560), ("drum", 1200), ("chirps", 800)):
        wave = np.abs(SYNTHESISERS[sound](Play(0, 4800, 256, 0, 3)))
        loud = wave.reshape(-1, 40).max(1) > 12000
        starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
        gaps = np.diff(np.concatenate([[0], starts]))
        assert apart // 40 in gaps, sound


# --- captions -----------------------------------------------------------------------------------

SAID = {phrase: sound for sound, phrases in _NAMES.items() for phrase in phrases}
LENGTH = {word: length for length, words in _LENGTHS.items() for word in words}
EVENT = re.compile(
    rf"\ba (?:({'|'.join(LENGTH)}) )?({'|'.join(sorted(SAID, key=len, reverse=True))})\b"
)
TOGETHER = re.compile(r" (?:over|together with|at once with) ")


def parsed(text: str, between: str) -> list[set[tuple[str | None, str]]]:
    """The events by slot that a caption names, read anew."""
    return [
        {(LENGTH.get(m[1]), SAID[m[2]]) for m in EVENT.finditer(slot)}
        for slot in re.split(between, text)
    ]


def of(scene: SoundScene, *, lengths: bool) -> list[set[tuple[str | None, str]]]:
    return [{(e.length if lengths else None, e.sound) for e in slot} for slot in scene.slots]


def test_every_caption_is_true() -> None:
    for index in range(400):
        scene, (everything, order, backwards, inventory) = training_sounds(3, index)
        assert parsed(everything, ", then ") == of(scene, lengths=True)
        assert parsed(order, " followed by ") == of(scene, lengths=False)
        assert parsed(backwards, ", after ") == of(scene, lengths=False)[::-1]
        (named,) = parsed(inventory, "nothing to split")
        assert named == set().union(*of(scene, lengths=True))
        assert inventory.split()[0] == ("one", "two", "three")[len(named) - 1]
        for text in (everything, order, backwards):
            assert len(TOGETHER.findall(text)) == sum(len(slot) == 2 for slot in scene.slots)


def said_keys(scene: SoundScene) -> list[str]:
    """What each kind of caption says, without its wording."""
    everything = str([sorted(slot) for slot in scene.slots])
    order = str([sorted(e.sound for e in slot) for slot in scene.slots])
    return [everything, order, order, str(sorted(scene.events))]


def test_the_ceiling_that_the_task_states() -> None:
    """A perfect reader picks one of the sounds that a caption fits."""
    scenes = distinct(500, partial(sounds_at, "test", 0))
    keys = [said_keys(scene) for scene in scenes]
    fits = [Counter(kind) for kind in zip(*keys, strict=True)]
    ceiling = np.mean([1 / fits[k][key] for row in keys for k, key in enumerate(row)])
    assert ceiling == pytest.approx(0.9335, abs=0.0001)


def test_the_chance_that_the_task_states() -> None:
    data = sound_tags(None)
    share = np.mean([len(sample.target) for sample in data.samples]) / 12
    assert share == pytest.approx(0.2365, abs=0.0001)


# --- batches ------------------------------------------------------------------------------------


def test_batches_are_functions_of_seed_and_step() -> None:
    batch, again = sound_batch(0, 5, 4), sound_batch(0, 5, 4)
    assert batch.sounds.dtype == batch.tags.dtype == np.float32
    assert batch.sounds.shape == (4, SAMPLES)
    assert np.array_equal(batch.sounds, again.sounds)
    assert batch.texts == again.texts != sound_batch(0, 6, 4).texts
    for row in range(4):
        scene = training_sounds(0, 16 + row)[0]
        assert {SOUNDS[i] for i in np.flatnonzero(batch.tags[row])} == {
            event.sound for event in scene.events
        }


def test_variation_shifts_scales_and_adds_little() -> None:
    one = synthesise(sounds_at("train", 0, 0)).astype(np.float32) / 32768
    varied = vary(np.stack([one] * 20), np.random.default_rng(0), shift=400)
    spectra = [np.correlate(row, one[2000:-2000], "valid") for row in varied[:5]]
    assert all(abs(int(found.argmax()) - 2000) <= 400 for found in spectra)
    loud = np.abs(varied).max(1)
    assert 0.4 < loud.min() / np.abs(one).max() < loud.max() / np.abs(one).max() < 2.1


# --- what can go wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1001])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    with pytest.raises(DataError, match=r"sounds is .*; give a number from 1 to 1000"):
        sounds(None, sounds=number)


def test_an_unknown_split_is_answered_with_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean test"):
        sound_tags(None, split="tests")


def test_wav_is_what_soundfile_reads() -> None:
    samples = np.array([0, 1, -32767, 32767], np.int16)
    read, rate = soundfile.read(io.BytesIO(wav(samples, 16000)), dtype="int16")
    assert (rate, read.tolist()) == (16000, samples.tolist())
