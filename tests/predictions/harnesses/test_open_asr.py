"""Manifests of the Open ASR Leaderboard."""

import csv

import pytest

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import notes, value

TEXTS = ("she had your dark suit", "in greasy wash water", "all year")


@pytest.fixture
def recordings(tmp_path):
    path = tmp_path / "ref.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("id", "text"), *((f"cmh_{n}", text) for n, text in enumerate(TEXTS))]
        )
    return path


def test_lines_without_paths_are_matched_by_reference(scored, recordings, tmp_path):
    # The leaderboard sorts by length before it numbers the lines.
    rows = [
        {"text": TEXTS[k], "pred_text": TEXTS[k], "duration": 2.0, "time": 0.5} for k in (2, 0, 1)
    ]
    path = writers.open_asr(tmp_path / "MODEL_a-b_DATASET_x_y_test.jsonl", rows)
    record = scored("transcripts", path, recordings)
    assert value(record, "wer[none]") == 0
    assert "matched by question, reference and media; 3 of 3" in notes(record)


def test_paths(scored, recordings, tmp_path):
    rows = [
        {
            "audio_filepath": f"/d/cmh_{n}.wav",
            "text": text.upper(),
            "pred_text": "",
            "duration": 1,
        }
        for n, text in enumerate(TEXTS)
    ]
    path = writers.open_asr(tmp_path / "m.jsonl", rows)
    record = scored("transcripts", path, recordings)
    assert value(record, "wer[none]") == 1
    assert "matched by column audio_filepath; 3 of 3" in notes(record)


def test_chunks_are_joined(scored, refused, recordings, tmp_path):
    chunks = [
        {
            "parent_id": f"cmh_{n}",
            "chunk_index": k,
            "text": text,
            "pred_text": text.split()[k],
            "duration": 1.0,
            "time": 0.1,
        }
        for n, text in enumerate(TEXTS)
        for k in (1, 0)
    ]
    path = writers.open_asr(tmp_path / "m.jsonl", chunks)
    record = scored("transcripts", path, recordings)
    assert value(record, "wer[none]") == pytest.approx(5 / 11)  # five of eleven words are missing
    assert "6 chunks joined to 3 recordings" in notes(record)
    path = writers.open_asr(tmp_path / "m.jsonl", chunks[:1])
    assert "the chunks of cmh_0 are numbered [1], not from 0" in refused(
        "transcripts", path, recordings
    )
