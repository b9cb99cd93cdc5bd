"""Decoded images, frames and audio are perturbed by definition, and repeatably."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from mmbench.engine.execution.decode import decode
from mmbench.media import decode_image, decode_sound
from mmbench.perturbations import images
from mmbench.perturbations.decoded import generator, perturbed_audio, with_noise
from mmbench.perturbations.names import parse
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import EncodedImage, Media
from tests.support.media.images import image_bytes, image_medium, noise_image
from tests.support.media.sounds import sound_bytes, tone

PICTURE = noise_image(size=(40, 30))


class Sends:
    """A model that gets encoded images."""

    encoded_images = True


def perturbed(text: str, medium: Media | None = None) -> np.ndarray:
    medium = replace(medium or image_medium(PICTURE), perturbation=parse(text))
    decoded = decode(medium, object())
    assert isinstance(decoded, Image.Image)
    return np.asarray(decoded).astype(int)


def distance(text: str) -> float:
    return float(np.abs(perturbed(text) - np.asarray(PICTURE)).mean())


@pytest.mark.parametrize("name", ["blur", "noise"])
def test_a_higher_severity_changes_more(name: str) -> None:
    """Of a smooth image; the noise of PICTURE is blurred away at once."""
    values = [distance(f"{name}:{severity}") for severity in range(1, 6)]
    assert values == sorted(values)
    assert values[0] > 0


def test_a_lower_quality_changes_more() -> None:
    values = [distance(f"jpeg:{quality}") for quality in (90, 50, 10, 1)]
    assert values == sorted(values)


def test_noise_has_the_deviation_of_imagenet_c() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    for severity, deviation in enumerate(images.DEVIATIONS[:2], 1):
        noisy = images.noise(grey, str(severity), np.random.default_rng(0))
        # Values are truncated to whole numbers, as by numpy.uint8 in ImageNet-C.
        assert noisy.std() / 255 == pytest.approx(deviation, rel=0.02)
        assert noisy.mean() == pytest.approx(127.5, abs=0.4)


def test_blocks_of_rows_do_not_change_the_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.asarray(PICTURE)
    whole = images.noise(pixels, "2", np.random.default_rng(1))
    monkeypatch.setattr(images, "_BLOCK", 500)
    np.testing.assert_array_equal(images.noise(pixels, "2", np.random.default_rng(1)), whole)


def test_the_noise_depends_on_content_and_seed_alone() -> None:
    first = perturbed("noise:2")
    np.testing.assert_array_equal(perturbed("noise:2"), first)
    np.testing.assert_array_equal(perturbed("noise:2:corpus"), first)
    other = image_medium(PICTURE, "other name")
    np.testing.assert_array_equal(perturbed("noise:2", other), first)
    assert (perturbed("noise:2:seed1") != first).any()
    generators = [generator(data, parse("noise:2")) for data in (b"a", b"b")]
    assert generators[0].random() != generators[1].random()


def test_the_perturbation_is_part_of_the_content_key(tmp_path: Path) -> None:
    medium = image_medium(PICTURE)
    texts = ["noise:2", "noise:3", "noise:2:seed1", "blur:2"]
    with ContentKeys(tmp_path) as keys:
        found = [keys.key(replace(medium, perturbation=parse(text))) for text in texts]
        assert len({keys.key(medium), *found}) == 5
        role = replace(parse("noise:2"), role="corpus")
        named = replace(medium, name="again", perturbation=replace(role, role=""))
        assert keys.key(named) == found[0]


def test_a_model_that_sends_images_gets_the_perturbed_pixels() -> None:
    medium = replace(image_medium(PICTURE), perturbation=parse("noise:4"))
    sent = decode(medium, Sends())
    assert isinstance(sent, EncodedImage)
    assert sent.mime == "image/png"
    again = np.asarray(decode_image(sent.data, "sent")).astype(int)
    np.testing.assert_array_equal(again, np.asarray(sent.pixels))
    np.testing.assert_array_equal(again, perturbed("noise:4"))


def test_jpeg_is_that_of_pillow() -> None:
    again = Image.open(BytesIO(image_bytes(PICTURE, "JPEG", quality=10)))
    np.testing.assert_array_equal(perturbed("jpeg:10"), np.asarray(again))


SINE = sound_bytes(tone(22_050, 2.0) / 4, 22_050, "WAV", "FLOAT")


def test_audio_has_the_ratio_at_the_rate_of_the_file() -> None:
    clean = decode_sound(SINE, "sine", 22_050).samples.astype(np.float64)
    noisy = perturbed_audio(SINE, "sine", 22_050, parse("snr:10")).samples
    power = np.mean(clean**2) / np.mean((noisy - clean) ** 2)
    assert 10 * np.log10(power) == pytest.approx(10, abs=0.3)


def test_models_of_other_rates_hear_the_same_noise() -> None:
    """At 11 kHz, a model hears the lower half of the noise that a model at 22 kHz hears."""
    high = perturbed_audio(SINE, "sine", 22_050, parse("snr:5")).samples.astype(np.float64)
    low = perturbed_audio(SINE, "sine", 11_025, parse("snr:5"))
    assert low.rate == 11_025
    spectrum = [np.fft.rfft(one)[2000:9000] / len(one) for one in (high, low.samples)]
    assert np.corrcoef(np.abs(spectrum[0]), np.abs(spectrum[1]))[0, 1] > 0.99


def test_silence_stays_silent() -> None:
    silence = np.zeros(1000, np.float32)
    assert not with_noise(silence, -20, np.random.default_rng(0)).any()


@given(st.integers(-40, 80))
def test_samples_stay_in_range(ratio: int) -> None:
    loud = np.sign(tone(8000, 0.1)).astype(np.float32)
    assert np.abs(with_noise(loud, ratio, np.random.default_rng(ratio + 40))).max() <= 1


def test_a_damaged_file_is_reported_like_a_clean_one() -> None:
    for clean in (Media("image", "x.png", partial(bytes, b"no image")),
                  Media("audio", "x.wav", partial(bytes, b"no sound"))):  # fmt: skip
        noisy = replace(
            clean, perturbation=parse("noise:1" if clean.modality == "image" else "snr:1")
        )
        errors = []
        for medium in (clean, noisy):
            with pytest.raises(Exception, match=clean.name) as error:
                decode(medium, object())
            errors.append((type(error.value), str(error.value)))
        assert errors[0] == errors[1]
