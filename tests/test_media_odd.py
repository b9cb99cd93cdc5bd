"""Odd but real sounds and videos: what is there of them is given whole, and no cut passes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from media_made import encoded, noise, written

from mmbench.errors import ContentError
from mmbench.media import decode_sound

RATE = 16000


def seconds(data: bytes) -> float:
    return len(decode_sound(data, "a", RATE).samples) / RATE


# Sounds


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_all_links_of_a_chained_ogg_are_heard(subtype: str) -> None:
    # A chain is one stream after the other (RFC 3533, section 4), each of its own rate and
    # number of channels: web radio begins one with each song. libsndfile decodes the first alone.
    first, second = noise(0.5, 48000, 2), noise(0.7, RATE)
    data = written(first, 48000, "OGG", subtype) + written(second, RATE, "OGG", subtype)
    found = decode_sound(data, "a", RATE).samples
    assert len(found) == pytest.approx(1.2 * RATE, abs=2)
    # Its loudest place is that of the second sound.
    late = found[RATE // 2 :]
    assert np.std(late) == pytest.approx(np.std(second), rel=0.05)
    with pytest.raises(ContentError, match=r"^a: is cut short: its last page is not whole$"):
        decode_sound(data[:-50], "a", RATE)


@pytest.mark.parametrize("form", ["WAV", "W64", "AIFF"])
def test_a_codec_without_places_to_seek_to_is_decoded(form: str) -> None:
    # GSM 6.10, as telephones record it: frames of 160 samples, in WAV two of them to a block.
    wave = noise(1.0, 8000)
    found = decode_sound(written(wave, 8000, form, "GSM610"), "a", 8000).samples
    assert 0 <= len(found) - len(wave) <= 320


def test_whole_numbers_of_64_bits_are_samples() -> None:
    wave = noise(0.5, RATE, 2)
    data = encoded(wave, RATE, "wav", "pcm_s64le")
    assert decode_sound(data, "a", RATE).samples == pytest.approx(wave.mean(axis=1), abs=1e-6)


@pytest.mark.parametrize("units", [0, 0xFFFFFFFF, 11025])
@pytest.mark.parametrize("edits", [True, False])
def test_a_wrong_duration_in_an_m4a_takes_nothing_away(units: int, edits: bool) -> None:
    # 0 and all ones stand in the header of a recording that was not finished. The index has all of
    # its frames, and players show them. Only the padding of the last frame cannot be told any more.
    data = bytearray(encoded(noise(1.5, 44100), 44100, "ipod", "aac"))
    at = data.find(b"mdhd")
    data[at + 20 : at + 24] = struct.pack(">I", units)
    if not edits:
        at = data.find(b"edts")
        data[at : at + 4] = b"free"
    assert 1.5 <= seconds(bytes(data)) <= 1.5 + 2 * 1024 / 44100


@pytest.mark.parametrize("lost", [0.3, 0.1, 0.03, 0.01])
def test_an_mp3_with_too_few_bytes_is_cut_however_little_is_missing(lost: float) -> None:
    # Frames of MP3 last 26 to 72 ms, so that a lost one is less than what decoders may keep back.
    # Its Xing header counts the bytes as well.
    data = written(noise(1.5, RATE), RATE, "MP3")
    with pytest.raises(ContentError, match=r"is cut short: 1?0?\.?\d+ of 1\.50* seconds are there"):
        seconds(data[: int(len(data) * (1 - lost))])


def test_zeros_between_a_tag_and_an_mp3_are_padding() -> None:
    tag = b"ID3\x03\x00\x00\x00\x00\x27\x08" + bytes(5000)
    data = written(noise(1.5, 44100), 44100, "MP3")
    assert seconds(tag + bytes(3000) + data) == seconds(data)
