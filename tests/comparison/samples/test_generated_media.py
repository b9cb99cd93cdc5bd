"""Generated images and speech in the samples of a run: stored with the rows, up to a limit."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import mmbench
import tests.support.toy_models  # noqa: F401  (registers toy-artist)
from mmbench.cli import main
from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.engine.recording import stored_media
from mmbench.storage.records import read_rows
from mmbench.storage.run_lookup import find_run


@mmbench.register("metric", "test_is_sound")
def is_sound(given: list[mmbench.Prediction]) -> mmbench.Score:
    """Whether an output is audio, a metric without a recogniser."""
    return mmbench.stats.score([isinstance(p.value, mmbench.Media) for p in given])


DRAWING = "include: shapes-draw\nmetrics: [shapes_right]\nheadline: shapes_right\n"


def ran(folder: Path, task: str, limit: int = 3) -> RunSamples:
    """Return the samples of a run of toy-artist on a task file with this text."""
    file = folder / "task.yaml"
    file.write_text(task)
    run = ["run", "-m", "toy-artist", "-t", str(file), "--limit", str(limit), "--quiet"]
    assert main([*run, "--out", str(folder / "board")]) == 0
    return run_samples(find_run("latest", folder / "board"))


def test_a_generated_image_is_stored_as_it_was_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ran(tmp_path, DRAWING)
    for sample in found:
        assert sample.generated is not None and sample.generated.data is not None
        image = Image.open(BytesIO(sample.generated.data))
        red = len(sample.texts["text"]) % 256  # what toy-artist draws for a prompt
        assert np.array_equal(np.unique(np.asarray(image)[..., 0]), [red])
        assert sample.answer_text.endswith(", stored")
    assert main(["inspect", "latest", "--out", str(tmp_path / "board")]) == 0
    assert "answer     generated image at 64 px, stored" in capsys.readouterr().out


def test_media_beyond_the_limit_are_named_but_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ran(tmp_path, DRAWING)
    sizes = [len(one.generated.data or b"") for one in whole if one.generated]
    monkeypatch.setattr(stored_media, "_MOST", sum(sizes[:2]))
    cut = ran(tmp_path, DRAWING)
    data = [one.generated.data for one in cut if one.generated]
    assert [len(one or b"") for one in data] == [*sizes[:2], 0]
    assert cut[2].answer_text.endswith(", not stored")


def test_generated_speech_is_stored_as_audio(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(
        '[{"id": "a", "inputs": {"text": "four"}, "target": "four"}]'
    )
    found = ran(
        tmp_path,
        f"kind: speaking\ndata: {{source: toy-rows, folder: {tmp_path}}}\nfields: {{text: text}}\n"
        "metrics: [test_is_sound]\nheadline: test_is_sound\n",
    )
    (sample,) = found
    assert sample.generated is not None and sample.generated.data is not None
    samples, rate = soundfile.read(BytesIO(sample.generated.data))
    assert rate == 8000 and np.array_equal(samples, np.full(400, 0.25))


def test_other_tasks_have_no_column_of_media(tmp_path: Path) -> None:
    assert main(["run", "-m", "random", "-t", "shapes-zeroshot", "--out", str(tmp_path)]) == 0
    assert "data:output" not in read_rows(find_run("latest", tmp_path)).column_names
