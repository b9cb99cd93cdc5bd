"""The kind `segments`: outputs of other programs from file to record, and its baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.comparison.samples.output_text import output_text
from mmbench.conformance.case import measured
from mmbench.datasets import Samples
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.recording.rows import stored_predictions
from mmbench.engine.scoring.long_texts import truncate_long_texts
from mmbench.errors import DataError, SampleError
from mmbench.kinds.segments import Segments
from mmbench.metrics.speech.speakers.answers import output_segments
from mmbench.text.segments import Segment
from mmbench.types import (
    Audio,
    GeneratedText,
    InvalidContent,
    Outputs,
    Prediction,
    Sample,
    TaskSpec,
)
from tests.support.command_line import refusal, run_record
from tests.support.files import write_file
from tests.support.media.sounds import wav
from tests.support.meetings import OUTPUT, REFERENCE, rttm, seglst, segments, stm, write_meetings

KIND = Segments(TaskSpec("t", "segments", {}, {}, ["der"], "der"))
VALUES = {session: segments(turns) for session, turns in OUTPUT.items()}


def samples(*targets: Any) -> Samples:
    return Samples([Sample(f"s{i}", {}, target) for i, target in enumerate(targets)])


def test_every_format_gives_the_same_outputs(tmp_path: Path) -> None:
    assert read_outputs(write_file(tmp_path / "a.stm", stm(OUTPUT))).values == VALUES
    assert read_outputs(write_file(tmp_path / "a.json", seglst(OUTPUT))).values == VALUES
    by_session = {session: {"segments": own} for session, own in VALUES.items()}
    assert read_outputs(write_file(tmp_path / "b.json", by_session)).values == VALUES
    for session in OUTPUT:
        write_file(tmp_path / f"many/{session}.json", VALUES[session])
    write_file(tmp_path / "many/all.uem", "m1 1 0 1")
    folder = read_outputs(tmp_path / "many")
    assert folder.values == VALUES and folder.digest
    timed = read_outputs(write_file(tmp_path / "a.rttm", rttm(OUTPUT)))
    assert [len(one) for one in timed.values["m2"]] == [3]


def test_digests_cover_the_bytes(tmp_path: Path) -> None:
    files = {"a.stm": stm(OUTPUT), "b.stm": stm(REFERENCE), "c.json": seglst(OUTPUT)}
    digests = {read_outputs(write_file(tmp_path / n, text)).digest for n, text in files.items()}
    assert len(digests) == 3 and "" not in digests


def test_scores_records_and_what_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, hyp = write_meetings(tmp_path)
    place = ("--out", str(tmp_path / "board"))
    command = ("score", "-t", "meetings", "--data", str(data), "--predictions", str(hyp))
    record = run_record(capsys, *command, *place)
    scores = record["scores"]
    assert scores["cpwer[none]"]["value"] == pytest.approx(7 / 14)
    assert scores["cpwer[none]"]["low"] is not None and scores["cpwer[none]"]["n"] == 2
    assert record["counts"]["failed"] == 0
    der = run_record(
        capsys, "score", "-t", "diarisation", "--data", str(data), "--predictions", str(hyp), *place
    )
    assert der["scores"]["der"]["value"] == pytest.approx(2.6 / 11)
    again = run_record(capsys, "rescore", der["run"], "--metric", "der[skip_overlap]", *place)
    assert again["scores"]["der[skip_overlap]"]["value"] == pytest.approx(2.3 / 10)
    assert main(["inspect", record["run"], "--id", "m2", *place]) == 0
    shown = capsys.readouterr().out
    assert "1.00-3.00 ben: is anna here" in shown and "1.00-4.20 spk1: is anna" in shown
    assert "speakers   ben=spk1, carl missed" in shown
    best = run_record(
        capsys, "score", "-t", "meetings", "--data", str(data), "--predictions", str(data), *place
    )
    assert best["scores"]["cpwer[none]"]["value"] == 0
    assert main(["compare", record["run"], best["run"], *place]) == 0
    assert "cpwer[none]" in capsys.readouterr().out


def test_unknown_and_missing_sessions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, _ = write_meetings(tmp_path)
    command = ("score", "-t", "meetings", "--data", str(data), "--predictions")
    some = write_file(tmp_path / "some.stm", stm({"m1": OUTPUT["m1"]}))
    assert "1 of 2 samples has no output: m2; --partial" in refusal(capsys, *command, str(some))
    other = write_file(tmp_path / "other.stm", stm({**OUTPUT, "m3": OUTPUT["m1"]}))
    assert "1 output belongs to no sample: m3" in refusal(capsys, *command, str(other))
    partial = run_record(capsys, *command, str(some), "--partial", "--out", str(tmp_path / "b"))
    assert partial["scores"]["cpwer[none]"]["value"] == pytest.approx(3 / 9)
    assert "1 sample without an output" in str(partial["notes"])


def test_outputs_in_memory_and_sessions_that_failed(tmp_path: Path) -> None:
    data, _ = write_meetings(tmp_path)
    result = mmbench.score("meetings", VALUES, data=data)
    assert result.record.scores["cpwer[none]"].value == pytest.approx(7 / 14)
    failed = Outputs({**VALUES, "m2": InvalidContent("out of memory")})
    record = mmbench.score("meetings", failed, data=data).record
    assert record.counts["failed"] == 1 and record.scores["cpwer[none]"].failed == 1
    untimed = {**VALUES, "m2": [{"speaker": "a", "words": "is anna here"}]}
    record = mmbench.score("diarisation", untimed, data=data).record
    assert record.scores["der"].failed == 1 and record.scores["der"].n == 1
    assert record.scores["der"].value == pytest.approx(1.4 / 8)


def test_rejected_sessions_are_shown_and_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = write_meetings(tmp_path)
    values = {
        "m1": [{"speaker": "a", "words": "yes"}],
        "m2": [{"speaker": "a", "start": 0, "end": 9}],
    }
    hyp = write_file(tmp_path / "hyp.json", json.dumps(values))
    place = ("--out", str(tmp_path / "board"))
    command = ("score", "-t", "meetings", "--data", str(data), "--predictions", str(hyp))
    record = run_record(capsys, *command, *place, code=3)
    again = run_record(capsys, "rescore", record["run"], "--metric", "cpwer[basic]", *place, code=3)
    assert record["failures"] == [["m2", "the output has segments without words"]]
    assert again["failures"] == record["failures"] and again["counts"]["failed"] == 1
    assert main(["inspect", record["run"], "--failed", *place]) == 0
    shown = capsys.readouterr().out
    assert "2: 1 wrong, 1 failed" in shown and "1  m2  failed" in shown
    assert "failed     the output has segments without words" in shown
    assert main(["inspect", record["run"], "--json", "--id", "m1", "m2", *place]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["rejected"] is None and second["error"] is None
    assert second["rejected"] == "the output has segments without words"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3.5, "the output for s0 is 3.5; give a list of segments"),
        ([{"speaker": "a", "start_time": 2, "end_time": 1}], "s0: segment 1 ends at 1 s, before"),
        ([{"start_time": 0}], "s0: segment 1 has no speaker"),
        ({"a": 0.5}, "the output for s0 is {'a': 0.5}; give a list of segments"),
    ],
)
def test_outputs_that_are_no_segments(value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        KIND.accept(samples([]), Outputs({"s0": value}))


def test_baselines() -> None:
    first = segments(REFERENCE["m1"])
    data = samples(first, {"segments": segments(REFERENCE["m2"]), "regions": [[0.0, 9.0]]})
    assert KIND.baseline_values("oracle", data, 0) == [first, segments(REFERENCE["m2"])]
    assert KIND.baseline_values("empty", data, 0) == [[], []]
    assert KIND.baseline_values("random", data, 0) == [segments(REFERENCE["m2"]), first]
    assert KIND.baseline_values("constant", data, 0) == [
        [{"speaker": "speaker", "start_time": 0.0, "end_time": 8.0, "words": ""}],
        [{"speaker": "speaker", "start_time": 0.0, "end_time": 9.0, "words": ""}],
    ]
    untimed = samples([{"speaker": "a", "words": "b"}], InvalidContent("gone"))
    assert KIND.baseline_values("constant", untimed, 0) == [
        [{"speaker": "speaker", "words": ""}],
        [],
    ]


def test_references_of_plugins_are_checked() -> None:
    KIND.check(samples(segments(REFERENCE["m1"]), [], InvalidContent("gone")))
    for target in ("text", [{"speaker": ""}], {"segments": [], "regions": [[2, 1]]}):
        with pytest.raises(DataError, match="task t: the reference of s0"):
            KIND.check(samples(target))


class Scribe:
    """A model that writes JSON for one recording and an excuse for the other."""

    modalities = frozenset({"text", "audio"})

    def write(self, conversations: Any, options: Any) -> list[GeneratedText]:
        texts = []
        for (turn,) in conversations:
            sound, prompt = turn.parts
            assert isinstance(sound, Audio) and prompt.startswith("Transcribe the recording.")
            long = len(sound.samples) > 200
            texts.append(f"Here:\n```json\n{json.dumps(VALUES['m1'])}\n```" if long else "I cannot")
        return [GeneratedText(text, "stop", 5) for text in texts]


def test_a_model_that_writes_json(tmp_path: Path) -> None:
    data, hyp = write_meetings(tmp_path)
    hyp.unlink()
    write_file(tmp_path / "m1.wav", wav(n=400))
    write_file(tmp_path / "m2.wav", wav(n=160))
    score = mmbench.evaluate(Scribe(), "meetings", data=data).record.scores["cpwer[none]"]
    assert score.value == pytest.approx((3 + 5) / 14) and score.failed == 0
    assert score.reason.startswith("1 answer without segments in JSON; missed 3 of 5 speakers")


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ('[{"speaker": "a", "start": 0, "end": 1, "text": "b"}]', [Segment("a", 0, 1, "b")]),
        ('{"segments": [{"speaker": "a"}]}', [Segment("a")]),
        ("[]", []),
        ("a b", None),
        ('{"a": 1}', None),
        ('[{"speaker": "a", "start": 1, "end": 0}]', None),
        ("[" * 5000, None),
        ("```json\nx\n```\n```\n[]\n```", []),
    ],
)
def test_segments_in_a_text(text: str, segments: list[Segment] | None) -> None:
    assert output_segments(text) == segments


def test_few_shot_answers_are_json() -> None:
    text = KIND.example_answer(segments(REFERENCE["m2"]))
    assert output_segments(text) == [Segment(*turn) for turn in REFERENCE["m2"]]
    assert KIND.example_answer(InvalidContent("gone")) == ""


def test_long_answers_are_cut_by_the_length_of_the_reference() -> None:
    turn = ("a", 0.0, 1.0, "word " * 30_000)
    prediction = Prediction("s", json.dumps(segments([turn])), segments([turn]))
    assert truncate_long_texts([prediction])[0].value == prediction.value


HOSTILE: list[Any] = [
    [{"speaker": 3, "start_time": "x", "end_time": 1}],
    [{"speaker": "a", "start_time": 1}],
    {"segments": [{"speaker": "a"}], "regions": [["x", 1]]},
    {"segments": [{"speaker": "a"}], "regions": {}},
    [{"speaker": {}}, 4],
]


@pytest.mark.parametrize("value", HOSTILE)
def test_stored_rows_are_not_trusted(value: Any) -> None:
    assert output_text(value) == json.dumps(value, separators=(",", ":"))
    row = {"direction": [""], "split": [0], "id": ["s"], "group": [""], "error": [None]}
    good = json.dumps(segments(REFERENCE["m1"]))
    as_output = [(json.dumps(value), good)] if isinstance(value, list) else []
    for cells in [*as_output, (good, json.dumps(value))]:
        table = {**row, "value": [cells[0]], "target": [cells[1]], "tags": ["{}"]}
        with pytest.raises(DataError, match="sample s: the stored value is not an output"):
            stored_predictions(table)
    prediction = Prediction("s", '[{"speaker": "a", "start": 0, "end": 1, "text": "b"}]', value)
    with pytest.raises(SampleError, match="the reference"):
        measured("der", [prediction])
