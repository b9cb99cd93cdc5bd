"""A run of a model that speaks, and of a model that recognises this speech."""

from __future__ import annotations

from pathlib import Path

from tests.support.checkpoints import speech_recognition, text_to_speech
from tests.support.files import write_task
from tests.support.layouts import speech


def speaking_run(folder: Path) -> tuple[str, list[str]]:
    """Write four sentences and both checkpoints; return the metric and the command of the run."""
    speech.ljspeech(folder / "data", 4)
    text_to_speech.vits(folder / "vits")
    speech_recognition.ctc(folder / "ctc")
    metric = f"roundtrip_wer@ctc@{folder / 'ctc'}"
    task = write_task(folder / "speak.yaml", include="ljspeech-speak", metric=metric)
    command = ["run", "-m", f"tts@{folder / 'vits'}", "-t", task, "--data", str(folder / "data")]
    return metric, [*command, "--device", "cpu"]
