"""Speech recognisers as plugins: what they are given, and their use by `roundtrip_wer`.

The page docs/plugins.md says so; its own recogniser is run as it stands there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import mmbench
from mmbench.storage import records
from mmbench.storage.run_lookup import find_run
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message
from tests.support.checkpoints import speech_recognition
from tests.support.command_line import refusal, run_record
from tests.support.documents import fenced_blocks
from tests.support.files import write_file, write_task
from tests.support.media.sounds import noise_sound, wav
from tests.support.paths import ROOT

PAGE = ROOT / "docs/plugins.md"
WORDS = "the cat sat down"


class Recogniser:
    """Writes four words for each sound, whatever the limit, and remembers what it was given."""

    modalities = frozenset({"audio"})
    identity = None  # its outputs are not cached
    rate = 8000

    def __init__(self, folder: Path | None, *, device: str, dtype: str, word: str = "") -> None:
        self.given = {"folder": folder, "device": device, "dtype": dtype, "word": word}

    def write(self, conversations: Any, options: GenerationConfig) -> list[GeneratedText]:
        LOG.append((self.given, list(conversations), options))
        finish = "length" if len(WORDS.split()) > options.max_tokens else "stop"
        return [GeneratedText(WORDS, finish) for _ in conversations]


LOG: list[tuple[dict[str, Any], list[tuple[Message[Any], ...]], GenerationConfig]] = []


class LargeRecogniser(Recogniser):
    """A recogniser that takes instructions and prefers bfloat16."""

    modalities = frozenset({"audio", "text"})
    bfloat16 = True


class Speaker:
    """Speaks a tone of 0.1 s."""

    modalities = frozenset({"text"})
    identity = None

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def speak(self, texts: Any) -> list[Audio]:
        return [Audio(np.full(1600, 0.25, np.float32), 16_000) for _ in texts]


@pytest.fixture
def recordings(plugin_folder: Path) -> list[str]:
    """Write two recordings at 16 kHz with transcripts; the flags of a run but for its task."""
    mmbench.register("model", "test-recogniser")(Recogniser)
    mmbench.register("model", "test-large-recogniser")(LargeRecogniser)
    mmbench.register("model", "test-speaker")(Speaker)
    LOG.clear()
    for name, level in (("a", 1000), ("b", 2000)):
        write_file(plugin_folder / f"{name}.wav", wav(level, 1600))
    rows = f"id,audio,text\n1,a.wav,{WORDS}\n2,b.wav,{WORDS}\n"
    write_file(plugin_folder / "sounds.csv", rows)
    return ["--data", "sounds.csv", "--device", "cpu", "--out", "board"]


def two_texts(root: Path | None) -> mmbench.Samples:
    """Return two texts to speak, of four words and of three."""
    texts = {"1": WORDS, "2": "the cat sat"}
    return mmbench.Samples([mmbench.Sample(i, {"text": t}, t) for i, t in texts.items()])


@pytest.fixture
def speak(recordings: list[str]) -> list[str]:
    """Return the flags of a run of the speaker, without its task."""
    mmbench.register("data", "test-texts")(two_texts)
    return ["-m", "test-speaker", "--device", "cpu", "--out", "board"]


def speaking_task(metric: str) -> str:
    """Write a task that speaks the two texts and has this metric; return its path."""
    keys: dict[str, Any] = {"kind": "speaking", "data": {"source": "test-texts"}}
    return write_task(Path("speak.yaml"), metric=metric, fields={"text": "text"}, **keys)


def test_a_recogniser_is_given_one_sound_without_text(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record = run_record(capsys, "run", "-m", "test-recogniser", "-t", "transcripts", *recordings)
    assert record["scores"]["wer[none]"]["value"] == 0
    ((given, conversations, options),) = LOG
    assert given == {"folder": None, "device": "cpu", "dtype": "float32", "word": ""}
    assert options == GenerationConfig(max_tokens=256)
    for turns in conversations:
        ((role, (sound,)),) = [(turn.role, turn.parts) for turn in turns]
        assert role == "user"
        assert isinstance(sound, Audio)
        assert (sound.samples.dtype, sound.samples.shape, sound.rate) == (np.float32, (800,), 8000)


def test_a_prompt_adds_texts_in_their_order(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The model has to take texts too."""
    task = write_task(Path("asked.yaml"), include="transcripts", prompt="Transcribe: {audio} Now.")
    run = ["run", "-t", task, *recordings, "-m"]
    assert "test-recogniser takes no text" in refusal(capsys, *run, "test-recogniser")
    run_record(capsys, *run, "test-large-recogniser")
    first, sound, last = LOG[-1][1][0][0].parts
    assert (first, type(sound), last) == ("Transcribe:", Audio, "Now.")


def test_the_token_limit_is_up_to_the_model(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer beyond the limit is scored whole; `finish` marks it."""
    task = write_task(Path("short.yaml"), include="transcripts", generation={"max_tokens": 2})
    record = run_record(capsys, "run", "-m", "test-recogniser", "-t", task, *recordings)
    assert LOG[-1][2].max_tokens == 2
    assert record["scores"]["wer[none]"]["value"] == 0
    assert "2 answers met the token limit and were cut off" in record["notes"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_dtype_is_the_name_of_a_torch_dtype(
    dtype: str, recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    run = ["run", "-m", "test-recogniser", "-t", "transcripts", *recordings]
    record = run_record(capsys, *run, "--dtype", dtype)
    assert LOG[-1][0]["dtype"] == record["model"]["dtype"] == dtype
    assert isinstance(getattr(torch, dtype), torch.dtype)


def test_device_and_dtype_are_never_auto(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    run = ["run", "-m", "test-large-recogniser", "-t", "transcripts", *recordings]
    run_record(capsys, *run, "--device", "auto", "--dtype", "auto")
    assert LOG[-1][0]["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    assert LOG[-1][0]["dtype"] in ("float32", "bfloat16")


@pytest.mark.slow
def test_roundtrip_wer_by_a_recogniser_of_a_plugin(
    speak: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One insertion in seven words; the recogniser has the defaults, whatever the flags are."""
    task = speaking_task("roundtrip_wer@test-recogniser")
    record = run_record(capsys, "run", "-t", task, *speak, "--dtype", "bfloat16")
    score = record["scores"]["roundtrip_wer@test-recogniser"]
    assert score["value"] == pytest.approx(1 / 7)
    assert "features=test-recogniser#" in score["signature"]
    given, conversations, options = LOG[-1]
    assert given == {"folder": None, "device": "cpu", "dtype": "float32", "word": ""}
    assert options == GenerationConfig()
    assert [[type(part) for turn in turns for part in turn.parts] for turns in conversations] in (
        [[Audio]],  # both texts have the same sound, which is transcribed once
        [[Audio], [Audio]],
    )


@pytest.mark.slow
def test_roundtrip_wer_by_a_model_file_with_options(
    speak: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = write_task(Path("mine.yaml"), adapter="test-recogniser", options={"word": "x"})
    task = speaking_task(f"roundtrip_wer@{name}")
    record = run_record(capsys, "run", "-t", task, *speak)
    assert LOG[-1][0]["word"] == "x"
    assert record["scores"][f"roundtrip_wer@{name}"]["value"] == pytest.approx(1 / 7)


def test_roundtrip_wer_by_a_model_that_cannot_write(
    speak: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    task = speaking_task("roundtrip_wer@test-speaker")
    message = refusal(capsys, "run", "-t", task, *speak)
    assert "needs a model with the method write for audio, which test-speaker lacks" in message


def test_the_defaults_of_the_page() -> None:
    """The table of GenerationConfig has each field with its default."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.split("### device, dtype and defaults\n")[1].split("\n### ")[0]
    shown = dict(re.findall(r"^\| `(\w+)` \| `?([\d.()]+)`? \|", section, re.MULTILINE))
    fields = msgspec.structs.fields(GenerationConfig)
    assert shown == {field.name: str(field.default) for field in fields}


def test_the_recogniser_of_the_page(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With one beam it writes what the built-in `whisper` writes."""
    (code,) = [b.text for b in fenced_blocks(PAGE) if "class MyRecogniser" in b.text]
    write_file(Path("recogniser.py"), code)
    speech_recognition.whisper(Path("checkpoint"))
    task = write_task(Path("short.yaml"), include="transcripts", generation={"max_tokens": 32})

    def texts(model: str, *options: str) -> list[object]:
        run = ["run", "-m", model, "-t", task, "--plugin", "recogniser.py", *options, *recordings]
        return records.read_table(find_run(run_record(capsys, *run)["run"], "board"))["value"]

    assert texts("my-asr@checkpoint") == texts("whisper@checkpoint")
    assert texts("my-asr@checkpoint", "--model-arg", "beams=5") != texts("whisper@checkpoint")


@pytest.mark.slow
def test_the_speech_pipeline_searches_with_five_beams(tmp_path: Path) -> None:
    """Its transcript is that of five beams, and not the greedy one, unless `num_beams` is given."""
    from transformers import pipeline

    folder = str(speech_recognition.whisper(tmp_path / "checkpoint"))
    pipe = pipeline("automatic-speech-recognition", model=folder, device="cpu")
    sounds = [noise_sound(1.0, seed) for seed in range(4)]

    def texts(**settings: int) -> list[str]:
        inputs = [{"raw": sound.samples, "sampling_rate": sound.rate} for sound in sounds]
        return [pipe(one, generate_kwargs=settings)["text"] for one in inputs]

    assert texts() == texts(num_beams=5)
    assert texts() != texts(num_beams=1)
