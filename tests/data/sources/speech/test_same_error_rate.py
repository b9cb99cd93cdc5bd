"""The same clips in every layout: the same transcripts, and the same word error rate."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmbench
from mmbench.data.sources.transcripts import transcripts
from mmbench.media import read_bytes
from mmbench.reference.worlds.numbers import sources as numbers
from mmbench.types import Media
from tests.support.boards import stored_rows
from tests.support.command_line import run_record
from tests.support.files import write_file
from tests.support.layouts.speech import own_clips, write_layouts
from tests.support.paths import ROOT, real_data

LAYOUTS = ("nemo", "nemo parts", "kaldi", "kaldi parts", "fairseq", "tsv", "csv", "trn", "parquet")
WITH_SPEAKERS = LAYOUTS[:4]


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return five packaged clips of spoken numbers in every layout."""
    clips = {numbers.folder() / one.file: one.text for one in numbers.clips("test")[40:45]}
    return write_layouts(tmp_path_factory.mktemp("layouts"), own_clips(clips))


def rates(out: Path, data: Path) -> tuple[list[float | None], list[str]]:
    """Return the error rates of asr-nano, and its transcripts in order."""
    record = mmbench.evaluate("asr-nano", "transcripts", data=data, out=out, fresh=True).record
    assert record.counts["failed"] == 0
    values = [record.scores[name].value for name in ("wer[none]", "cer[none]")]
    return values, [row["value"] for row in stored_rows(out)]


def test_every_layout_has_the_same_error_rate(layouts: dict[str, Path], tmp_path: Path) -> None:
    found = {name: rates(tmp_path / name, data) for name, data in layouts.items()}
    assert list(found) == list(LAYOUTS)
    assert all(one == found["trn"] for one in found.values())
    (rate, _), _ = found["trn"]
    assert rate is not None and 0 < rate < 1


@pytest.mark.parametrize("name", WITH_SPEAKERS)
def test_the_speaker_is_the_group_and_a_tag(layouts: dict[str, Path], name: str) -> None:
    data = transcripts(layouts[name])
    assert data.group_name == "speaker"
    assert [sample.group for sample in data.samples] == ["s0", "s1", "s0", "s1", "s0"]
    tags = data.samples[1].tags
    assert tags["speaker"] == "s1"
    assert tags["lang" if name.startswith("nemo") else "gender"] in ("en", "m")


def test_a_part_is_the_clip_itself(layouts: dict[str, Path]) -> None:
    for name in ("nemo parts", "kaldi parts"):
        whole = transcripts(layouts["kaldi"]).samples
        for part, clip in zip(transcripts(layouts[name]).samples, whole, strict=True):
            audio, file = part.inputs["audio"], clip.inputs["audio"]
            assert isinstance(audio, Media) and isinstance(file, Media)
            assert read_bytes(audio) == read_bytes(file)
            assert audio.name.startswith(str(layouts["kaldi"].parents[1] / "wavs/long.flac from "))


def test_whole_files_have_the_same_data_hash(layouts: dict[str, Path], tmp_path: Path) -> None:
    """Outputs and boards are shared by layouts whose samples are the same files."""
    hashes = {
        name: mmbench.evaluate(
            "oracle", "transcripts", data=layouts[name], out=tmp_path / name
        ).record
        for name in ("kaldi", "trn", "tsv", "fairseq")
    }
    assert len({record.task.data_hash for record in hashes.values()}) == 1


@pytest.mark.slow
def test_workers_get_the_parts(
    layouts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = layouts["kaldi parts"], tmp_path / "out"
    flags = ["-m", "asr-nano", "-t", "transcripts", "--data", str(data), "--out", str(out)]
    record = run_record(capsys, "run", *flags, "--workers", "2", "--fresh")
    values = [record["scores"][name]["value"] for name in ("wer[none]", "cer[none]")]
    texts = [row["value"] for row in stored_rows(out)]
    assert (values, texts) == rates(tmp_path / "alone", data)


@pytest.mark.slow
def test_five_clips_of_librivox_and_a_real_recogniser(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = transcripts(real_data("speech/librivox")).samples
    clips = own_clips({Path(sample.inputs["audio"].name): sample.target for sample in samples})
    source = (ROOT / "examples/mmbench-pocketsphinx/mmbench_pocketsphinx.py").read_text()
    register = "\nimport mmbench\nmmbench.register('model', 'sphinx')(PocketSphinx)\n"
    model = write_file(tmp_path / "sphinx.py", source + register)
    found = {}
    for name, data in write_layouts(tmp_path, clips).items():
        flags = ["-t", "transcripts", "--data", str(data)]
        out = ["--plugin", str(model), "--out", str(tmp_path / name)]
        record = run_record(capsys, "run", "-m", "sphinx", *flags, *out)
        found[name] = {metric: score["value"] for metric, score in record["scores"].items()}
    assert list(found) == list(LAYOUTS)
    assert all(one == found["trn"] for one in found.values())
    assert 0.1 < found["trn"]["wer[whisper_en]"] < 0.4
