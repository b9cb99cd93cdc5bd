"""faster-whisper: the texts of faster-whisper itself, and those of `whisper` on the same features.

Tiny models of transformers are converted by CTranslate2. They differ from `whisper` where a sound
is padded: faster-whisper pads the spectrogram with zeros, transformers the samples.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import transformers as tf
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from safetensors.torch import load_file, save_file

from mmbench.errors import MissingExtra, ModelError, SampleError
from mmbench.models.speech.faster_whisper import FasterWhisper
from mmbench.models.speech.whisper import Whisper
from mmbench.types import GenerationConfig
from tests.support.checkpoints import speech_recognition
from tests.support.command_line import refusal, run_record
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.files import write_file
from tests.support.media.sounds import noise_sound, sound_bytes

CPU = {"device": "cpu", "dtype": "float32"}
PLAIN = {
    "beam_size": 1,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "no_speech_threshold": None,
    "log_prob_threshold": None,
    "compression_ratio_threshold": None,
}
MAX_12 = GenerationConfig(max_tokens=12)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper of transformers, in the folder `whisper`, and of CTranslate2, in `converted`.

    Both suppress the same tokens: those that faster-whisper suppresses in every model.
    """
    root = tmp_path_factory.mktemp("faster-whisper")
    folder = speech_recognition.whisper(
        root / "whisper", special=speech_recognition.ALL_SPECIAL, positions=448
    )
    speech_recognition.ctranslate2_whisper(root / "converted", folder)
    inner = WhisperModel(str(root / "converted"), device="cpu").hf_tokenizer
    file = folder / "generation_config.json"
    suppressed = get_suppressed_tokens(Tokenizer(inner, False), [-1])
    settings = json.loads(file.read_text()) | {"suppress_tokens": list(suppressed)}
    file.write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module")
def converted(whisper: Path) -> Path:
    return whisper.parent / "converted"


@pytest.fixture
def copy(converted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(converted, tmp_path / "copy"))


@pytest.mark.parametrize("seconds", [0.3, 2.5, 29.0, 35.0, 65.0])
def test_it_writes_what_faster_whisper_writes(converted: Path, seconds: float) -> None:
    sound = noise_sound(seconds, seed=int(seconds))
    model = WhisperModel(str(converted), device="cpu", compute_type="float32")
    # CTranslate2 stops at half of the length of prompt and new tokens.
    new_tokens = 24 - (2 if seconds <= 30 else 1)
    segments, _ = model.transcribe(
        sound.samples, without_timestamps=seconds <= 30, max_new_tokens=new_tokens, **PLAIN
    )
    expected = "".join(segment.text for segment in segments).strip()
    (found,) = replies(FasterWhisper(converted, **CPU), [user(sound)], MAX_12)
    assert found.text == expected != ""


@pytest.mark.parametrize("seconds", [30.0, 60.0])
def test_it_writes_what_whisper_writes_where_nothing_is_padded(
    whisper: Path, converted: Path, seconds: float
) -> None:
    models = Whisper(whisper, **CPU), FasterWhisper(converted, **CPU)
    for seed in range(3):
        sound = user(noise_sound(seconds, seed=seed))
        expected, found = (replies(model, [sound], MAX_12)[0] for model in models)
        assert found.text == expected.text != ""
        assert found.finish == expected.finish == "length"


def test_beams_are_an_option(converted: Path) -> None:
    sound = noise_sound(2.5)
    greedy, beams = (FasterWhisper(converted, **CPU, beam_size=n) for n in (1, 5))
    model = WhisperModel(str(converted), device="cpu", compute_type="float32")
    settings = PLAIN | {"beam_size": 5, "without_timestamps": True, "max_new_tokens": 22}
    expected = "".join(part.text for part in model.transcribe(sound.samples, **settings)[0])
    (found,) = replies(beams, [user(sound)], MAX_12)
    assert found.text == expected.strip() != replies(greedy, [user(sound)], MAX_12)[0].text


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("multilingual")
    folder = speech_recognition.whisper(
        root / "whisper",
        special=speech_recognition.ALL_SPECIAL,
        positions=448,
        languages=["en", "de", "fr"],
    )
    return speech_recognition.ctranslate2_whisper(root / "converted", folder)


@pytest.mark.parametrize(
    "options", [{}, {"language": "de"}, {"language": "fr", "task": "translate"}]
)
def test_languages_are_those_of_faster_whisper(multilingual: Path, options: dict[str, Any]) -> None:
    sound = noise_sound(3.0)
    model = WhisperModel(str(multilingual), device="cpu", compute_type="float32")
    settings = PLAIN | {"without_timestamps": True, "max_new_tokens": 24 - 4} | options
    segments, info = model.transcribe(sound.samples, **settings)
    expected = "".join(segment.text for segment in segments).strip()
    (found,) = replies(FasterWhisper(multilingual, **CPU, **options), [user(sound)], MAX_12)
    assert found.text == expected != ""
    assert found.tokens == 12
    assert info.language in ("en", "de", "fr")


def test_the_prompt_of_a_language_does_not_count(multilingual: Path) -> None:
    model = FasterWhisper(multilingual, **CPU, language="de")
    for limit in (1, 2, 3, 5):
        (found,) = replies(model, [user(noise_sound(2.5))], GenerationConfig(max_tokens=limit))
        assert found.tokens == limit
    with one_line_error(ModelError, match="knows no language 'German': give a code, as de"):
        FasterWhisper(multilingual, **CPU, language="German")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 12])
def test_the_limit_of_tokens_is_kept(converted: Path, limit: int) -> None:
    model = FasterWhisper(converted, **CPU)
    (found,) = replies(model, [user(noise_sound(2.5))], GenerationConfig(max_tokens=limit))
    assert (found.finish, found.tokens) == ("length", limit)


def test_a_window_has_at_most_half_of_the_positions(converted: Path) -> None:
    model = FasterWhisper(converted, **CPU)
    (found,) = replies(model, [user(noise_sound(2.5))], GenerationConfig(max_tokens=1000))
    assert found.tokens <= 224


def test_a_text_that_ends_by_itself_was_not_cut(
    whisper: Path, converted: Path, tmp_path: Path
) -> None:
    """The end gets the embedding of a later token, and is written in its place."""
    sound, model = user(noise_sound(30.0)), FasterWhisper(converted, **CPU)
    assert replies(model, [sound], MAX_12)[0].finish == "length"
    (tokens,) = model._windows
    place = next(at for at in range(1, 12) if tokens[at] not in tokens[:at])
    end = tf.AutoTokenizer.from_pretrained(whisper).eos_token_id
    folder = Path(shutil.copytree(whisper, tmp_path / "whisper"))
    weights = load_file(folder / "model.safetensors")
    table = weights["model.decoder.embed_tokens.weight"]
    table[[end, tokens[place]]] = table[[tokens[place], end]]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    ends = speech_recognition.ctranslate2_whisper(tmp_path / "converted", folder)
    (found,) = replies(FasterWhisper(ends, **CPU), [sound], MAX_12)
    assert (found.finish, found.tokens) == ("stop", place)


def test_sounds_of_a_batch_do_not_influence_each_other(converted: Path) -> None:
    model = FasterWhisper(converted, **CPU)
    sounds = [user(noise_sound(seconds, seed=i)) for i, seconds in enumerate((2.0, 33.0, 0.4))]
    together = replies(model, sounds, MAX_12)
    assert together == [replies(model, [sound], MAX_12)[0] for sound in reversed(sounds)][::-1]
    assert len({answer.text for answer in together}) > 1


def test_a_sound_without_a_frame_has_no_text(converted: Path) -> None:
    (found,) = replies(FasterWhisper(converted, **CPU), [user(noise_sound(1 / 16000))])
    assert (found.text, found.finish, found.tokens) == ("", "stop", 0)


def test_a_conversation_without_a_sound_is_refused(converted: Path) -> None:
    with pytest.raises(SampleError, match="takes one audio clip per sample; this sample has 0"):
        replies(FasterWhisper(converted, **CPU), [user("hello")])


def test_quantised_types_are_an_option(converted: Path) -> None:
    model = FasterWhisper(converted, **CPU, compute_type="int8")
    assert model._model.model.compute_type.startswith("int8")
    assert FasterWhisper(converted, **CPU)._model.model.compute_type == "float32"
    with one_line_error(ModelError, match="cpu does not compute in float16: give --dtype float32"):
        FasterWhisper(converted, device="cpu", dtype="float16")


def test_fallback_samples_and_says_so(converted: Path) -> None:
    sound = user(noise_sound(2.5))
    long = GenerationConfig(max_tokens=150)  # of which most are repeated
    plain = replies(FasterWhisper(converted, **CPU), [sound], long)[0].text
    again = replies(FasterWhisper(converted, **CPU, fallback=True), [sound], long)[0].text
    assert again != plain
    assert again == replies(FasterWhisper(converted, **CPU, fallback=True), [sound], long)[0].text
    assert FasterWhisper.notes(converted) == []
    assert "depends on the sounds before it" in FasterWhisper.notes(converted, fallback=True)[0]


def test_parts_without_speech_are_removed(converted: Path) -> None:
    """Noise is none; an empty text is an answer."""
    model = FasterWhisper(converted, **CPU, vad_filter=True)
    (found,) = replies(model, [user(noise_sound(2.5))], MAX_12)
    assert (found.text, found.finish, found.tokens) == ("", "stop", 0)


def test_a_missing_tokenizer_is_not_downloaded(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    with one_line_error(ModelError, match=r"lacks tokenizer\.json: convert its base model again"):
        FasterWhisper(copy, **CPU)


def test_spectrograms_of_another_size_are_refused(copy: Path) -> None:
    (copy / "preprocessor_config.json").write_text('{"feature_size": 128}')
    with one_line_error(ModelError, match="takes 80 mel bands, and gets 128"):
        FasterWhisper(copy, **CPU)


def test_a_damaged_model_is_one_line(copy: Path) -> None:
    (copy / "model.bin").write_bytes((copy / "model.bin").read_bytes()[:5000])
    with one_line_error(ModelError, match="cannot load its model"):
        FasterWhisper(copy, **CPU)


def test_a_language_for_a_model_of_one_is_refused(converted: Path) -> None:
    with pytest.raises(ModelError, match="is monolingual: leave language and task out"):
        FasterWhisper(converted, **CPU, language="de")


def test_without_faster_whisper_the_extra_is_named(
    converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mmbench\[faster-whisper\]'"):
        FasterWhisper(converted, **CPU)


def test_a_folder_of_the_other_format_names_its_model(
    whisper: Path, converted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["-t", "transcripts", "--data", "x"]
    for name, other in (("whisper", converted), ("faster-whisper", whisper)):
        fits = "faster-whisper" if name == "whisper" else "whisper"
        message = refusal(capsys, "check", "-m", f"{name}@{other}", *flags)
        assert f"; a model for this folder is {fits}@{other}" in message
    message = refusal(capsys, "check", "-m", str(converted), *flags)
    assert f"; write faster-whisper@{converted} (" in message


def test_a_run_knows_the_model_by_its_files_and_options(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        samples = noise_sound(1.5, seed=number).samples
        write_file(tmp_path / f"data/{number}.wav", sound_bytes(samples, 16000))
    lines = [f"{n}.wav,hello there" for n in range(2)]
    write_file(tmp_path / "data/list.csv", "\n".join(["audio,text", *lines]))

    def run(*options: str) -> dict[str, Any]:
        flags = ["-m", f"faster-whisper@{copy}", "-t", "transcripts", "--data", "data/list.csv"]
        return run_record(capsys, "run", *flags, "--device", "cpu", "--quiet", *options)

    first, second = run(), run()
    assert first["counts"]["computed"] == second["counts"]["cached"] == 2
    assert first["model"]["adapter"] == "faster-whisper@1"
    beams = run("--model-arg", "beam_size=3")
    assert beams["model"]["options"] == {"beam_size": 3}
    with (copy / "tokenizer.json").open("a") as file:
        file.write("\n")
    hashes = [record["model"]["hash"] for record in (first, second, beams, run())]
    assert hashes[0] == hashes[1]
    assert len({*hashes}) == 3
