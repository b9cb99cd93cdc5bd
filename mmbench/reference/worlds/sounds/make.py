"""Synthesis of sounds.

All arithmetic uses integers, so that the bytes are identical on every machine.

Phases are integers (2³² per turn), and noise is a hash of the sample index. Only the sine table is
rounded from floating-point numbers. None of its values is within 10⁻⁴ of a rounding tie, so small
differences between the sine functions of machines have no effect.
"""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmbench.reference.worlds.sounds.scene import RATE, SAMPLES, Play, SoundScene

Wave = NDArray[np.int64]

_FULL = 32767
_LOUD = 10000  # peak amplitude of an event; two simultaneous events stay below full scale
_TURN = 2**32
_SINE = np.array([round(_FULL * math.sin(2 * math.pi * i / 1024)) for i in range(1024)], np.int64)
_FADE = 80
_FAINT = 60


def _noise(seed: int, n: int) -> Wave:
    """Return n samples of noise from -32768 to 32767.

    Sample i, counted from 1, is a hash of seed + i by splitmix64 (Steele et al. 2014).
    """
    with np.errstate(over="ignore"):
        x = (np.arange(1, n + 1, dtype=np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x >> np.uint64(48)).astype(np.int64) - 32768


def _phase(hertz: Wave, pitch: int) -> Wave:
    """Return the phase after each sample.

    `hertz` [n] is the frequency at each sample; `pitch` is its relative change in thousandths.
    """
    phase: Wave = np.cumsum(hertz * (1000 + pitch) * _TURN // (1000 * RATE))
    return phase


def _sine(hertz: Wave, pitch: int) -> Wave:
    wave_: Wave = _SINE[(_phase(hertz, pitch) >> 22) & 1023]
    return wave_


def _line(n: int, first: int, last: int) -> Wave:
    """Return n integers that rise or fall linearly from `first` to `last`."""
    return first + (last - first) * np.arange(n, dtype=np.int64) // n


def _decay(n: int) -> Wave:
    """Return n values that fall from 1024 to 0 along a parabola."""
    left = _line(n, 1024, 0)
    return left * left // 1024


def _low_tone(play: Play) -> Wave:
    return _sine(_line(play.samples, 220, 220), play.pitch)


def _high_tone(play: Play) -> Wave:
    return _sine(_line(play.samples, 1760, 1760), play.pitch)


def _rising(play: Play) -> Wave:
    return _sine(_line(play.samples, 300, 2400), play.pitch)


def _falling(play: Play) -> Wave:
    return _sine(_line(play.samples, 2400, 300), play.pitch)


def _siren(play: Play) -> Wave:
    """Return a tone that sweeps up and down around 900 Hz, four times per second."""
    at = np.arange(play.samples, dtype=np.int64) % 2000
    return _sine(600 + 600 * np.minimum(at, 2000 - at) // 1000, play.pitch)


def _chirps(play: Play) -> Wave:
    """Return ten rising sweeps per second, each followed by an equally long silence."""
    at = np.arange(play.samples, dtype=np.int64) % 800
    return np.where(at < 400, _sine(1200 + 4 * at, play.pitch), 0)


def _buzz(play: Play) -> Wave:
    """Return a sawtooth of 120 hertz."""
    return ((_phase(_line(play.samples, 120, 120), play.pitch) >> 16) & 0xFFFF) - 32768


def _bell(play: Play) -> Wave:
    """Return three partials with the frequency ratios 1, 2.76 and 5.4 of a struck bar.

    Higher partials decay faster.
    """
    n = play.samples
    partials = [_sine(_line(n, hertz, hertz), play.pitch) for hertz in (660, 1822, 3564)]
    once = _decay(n)
    fades = (once, once * once // 1024, once * once // 1024 * once // 1024)
    mixed: Wave = np.sum([p * f for p, f in zip(partials, fades, strict=True)], axis=0)
    return mixed // 2048


def _drum(play: Play) -> Wave:
    """Return hits 150 ms apart, each falling from 200 to 70 hertz."""
    n = play.samples
    at = np.arange(n, dtype=np.int64) % 1200
    hits = _sine(200 - 130 * at // 1200, play.pitch)
    struck = np.where(at < 40, _noise(play.noise, n) // 2, 0)
    return (hits * _decay(1200)[at] // 1024 + struck) * 3 // 4


def _clicks(play: Play) -> Wave:
    """Return bursts of noise of 3 ms, 70 ms apart."""
    at = np.arange(play.samples, dtype=np.int64) % 560
    return np.where(at < 24, _noise(play.noise, play.samples), 0)


def _burst(play: Play) -> Wave:
    return _noise(play.noise, play.samples) // 2


def _rumble(play: Play) -> Wave:
    """Return noise smoothed by a moving average of 32 samples."""
    total = np.cumsum(_noise(play.noise, play.samples + 32))
    return (total[32:] - total[:-32]) // 12


SYNTHESISERS: dict[str, Callable[[Play], Wave]] = {
    "low tone": _low_tone,
    "high tone": _high_tone,
    "rising sweep": _rising,
    "falling sweep": _falling,
    "siren": _siren,
    "chirps": _chirps,
    "buzz": _buzz,
    "bell": _bell,
    "drum": _drum,
    "clicks": _clicks,
    "noise": _burst,
    "rumble": _rumble,
}


def synthesise(scene: SoundScene) -> NDArray[np.int16]:
    """Synthesise a scene as audio, int16 [SAMPLES] at RATE Hz."""
    mixed = _noise(scene.noise, SAMPLES) * _FAINT // _FULL
    for event, play in zip(scene.events, scene.plays, strict=True):
        n = play.samples
        from_ends = np.minimum(np.arange(n), np.arange(n)[::-1])
        gain = play.gain * np.minimum(from_ends, _FADE)
        part = SYNTHESISERS[event.sound](play) * _LOUD // _FULL * gain // (256 * _FADE)
        mixed[play.start : play.start + n] += part
    return np.clip(mixed, -_FULL, _FULL).astype(np.int16)


def wav(samples: NDArray[np.int16], rate: int = RATE) -> bytes:
    """Encode mono samples as a 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()
