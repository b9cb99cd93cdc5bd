"""Which columns of other programs' files are scored, and which sample each row belongs to.

The rule is the project's own: docs/scoring.md, "Which column is the prediction". What a harness
writes into which column was read in its source; each layout names it.
"""

import json
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

import mmbench
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.predictions.column_choice import parse_fields
from mmbench.types import RunRecord
from tests.support.command_line import refusal
from tests.support.files import write_lines

TRUE, SAID = "dog", "cow"


def read(folder: Path, row: dict[str, object], **fields: str) -> object:
    """The value that is read of a row."""
    (value,) = read_outputs(write_lines(folder / "x.jsonl", row), fields).values.values()
    return value


# The prediction of each layout is SAID, what stands beside it is TRUE.
LAYOUTS = [
    {"id": 1, "answer": TRUE, "prediction": SAID},
    {"id": 1, "prediction": SAID, "answer": TRUE},
    {"id": 1, "answer": TRUE, "response": SAID},
    {"id": 1, "caption": TRUE, "prediction": SAID},
    {"id": 1, "label": TRUE, "output": SAID},
    {"id": 1, "text": TRUE, "hypothesis": SAID},
    {"id": 1, "answer": TRUE, "text": TRUE, "target": TRUE, "pred": SAID},
    {"id": 1, "prediction": TRUE, "answer": TRUE, "value": SAID},  # our own column wins
    {"ID": 1, "Answer": TRUE, "Prediction": SAID},  # case does not count
    {"Id": 1, "Pred Text": SAID, "TEXT": TRUE},
    {"questionId": 1, "prediction": SAID},  # GQA's predictions; DocVQA's have questionId, answer
    {"image": "VizWiz_test_1.jpg", "answer": SAID},  # VizWiz
    # MMMU's and MathVista's result files
    {"id": 1, "all_choices": ["A"], "answer": TRUE, "response": SAID},
    {"pid": 1, "question": "q", "answer": TRUE, "response": SAID, "extraction": "x"},
    {"id": 1, "answer": SAID, "ground_truth": TRUE},  # a reference and nothing else
    {"id": 1, "caption": SAID, "references": [TRUE]},
    {"id": 1, "prediction": SAID, "response": SAID, "answer": TRUE},  # the same twice
    # lm-eval 0.4 samples_*.jsonl; `doc` repeats the row of the data set
    {"doc_id": 0, "doc": {"answer": TRUE}, "target": TRUE, "resps": [[f"It is {SAID}"]],
     "filtered_resps": [SAID], "filter": "none", "exact_match": 0.0},
    # lmms-eval 0.7
    {"doc_id": 0, "target": TRUE, "filtered_resps": SAID, "doc_hash": "x"},
    # VLMEvalKit
    {"index": 0, "question": "q", "A": "cat", "B": TRUE, "answer": TRUE, "prediction": SAID},
    # EvalScope predictions, inspect samples: a response of an OpenAI-compatible server
    {"index": 0, "model_output": {"choices": [{"message": {"content": SAID}}]}},
    {"id": 1, "epoch": 1, "target": TRUE, "output": {"choices": [{"message": {"content": SAID}}]}},
    # inspect with a model that reasons: the reasoning is a part of its own
    {"id": 1, "target": TRUE, "output": {"choices": [{"message": {"content": [
        {"type": "reasoning", "reasoning": TRUE}, {"type": "text", "text": SAID}]}}]}},
    # NeMo, open_asr_leaderboard
    {"audio_filepath": "a.wav", "duration": 2.0, "time": 0.1, "text": TRUE, "pred_text": SAID},
    # LLaMA-Factory
    {"id": 1, "prompt": "q", "predict": SAID, "label": TRUE},
]  # fmt: skip


@pytest.mark.parametrize("row", LAYOUTS)
def test_a_truth_is_never_read_as_the_prediction(tmp_path: Path, row: dict[str, object]) -> None:
    assert read(tmp_path, row) == SAID
    listed = tmp_path / "x.json"
    listed.write_text(json.dumps([row]))
    assert list(read_outputs(listed).values.values()) == [SAID]
    outside = {name: cell for name, cell in row.items() if name.casefold() not in ("id", "index")}
    listed.write_text(json.dumps({"k": outside}))
    assert read_outputs(listed).values == {"k": SAID}


def test_columns_of_equal_numbers_are_one_column(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a", "prediction": 1, "response": 1},
        {"id": "b", "prediction": 2, "response": 2.0},  # numbers of two types
    ]
    outputs = read_outputs(write_lines(tmp_path / "x.jsonl", *rows))
    assert outputs.values == {"a": 1, "b": 2}
    assert outputs.notes == ["the predictions are read from column prediction, not from response"]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_the_same_in_tables(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.{suffix}"
    text = "id,answer,prediction\n1,dog,cow\n"
    file.write_text(text if suffix == "csv" else text.replace(",", "\t"))
    outputs = read_outputs(file)
    assert outputs.values == {"1": "cow"}
    assert outputs.notes == ["the predictions are read from column prediction, not from answer"]


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"answer": TRUE, "text": SAID}, ("answer", "text")),
        ({"prediction": SAID, "response": TRUE}, ("prediction", "response")),
        ({"answer": TRUE, "target": TRUE}, ("answer", "target")),
        ({"label": TRUE, "text": SAID}, ("label", "text")),
        ({"caption": TRUE, "captions": [SAID]}, ("caption", "captions")),
        ({"target": TRUE, "my_model": SAID}, ("target",)),
        ({"ground_truth": TRUE, "my_model": SAID}, ("ground_truth",)),
        ({"references": [TRUE], "my_model": SAID}, ("references",)),
        ({"Value": SAID, "VALUE": TRUE}, ("Value", "VALUE")),
        # Predictions under a name that no list has: vLLM's outputs, NeMo's hybrid models, sklearn.
        ({"answer": TRUE, "outputs": [SAID]}, ("answer", "outputs")),
        ({"answer": TRUE, "llm_answer": SAID}, ("answer", "llm_answer")),
        ({"text": TRUE, "pred_text_ctc": SAID}, ("text", "pred_text_ctc")),
        ({"caption": TRUE, "generatedCaption": SAID}, ("caption", "generatedCaption")),
        ({"label": TRUE, "y_pred": SAID}, ("label", "y_pred")),
        ({"label": "3", "top1": "4"}, ("label", "top1")),
        ({"target": TRUE, "raw_response": SAID}, ("target", "raw_response")),
    ],
)  # fmt: skip
def test_what_could_be_two_columns_is_refused(
    tmp_path: Path, row: dict[str, object], names: tuple[str, ...]
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, {"id": 1, **row})
    assert "line 1" in str(caught.value)
    assert all(name in str(caught.value) for name in (*names, "--field prediction=NAME"))
    chosen = list(row)[-1]
    expected = row[chosen] if isinstance(row[chosen], str) else list(row[chosen])  # type: ignore[call-overload]
    assert read(tmp_path, {"id": 1, **row}, prediction=chosen) == expected


@pytest.mark.parametrize(
    "beside",
    [
        {"pred_source": "OCR"},  # TextVQA's results
        {"response_time": "0.3 s", "output_tokens": 7, "output_file": "a.json"},
        {"prediction_score": 0.9, "result": 0.5, "correct_answer": TRUE, "answer_type": "other"},
        {"model": "llava", "model_id": "llava-7b", "answer_id": "x9"},  # LLaVA's answers
        {"llm_answer": SAID, "y_pred": None},  # the same twice, and nothing
    ],
)
def test_what_is_said_about_a_prediction_is_none(tmp_path: Path, beside: dict[str, object]) -> None:
    assert read(tmp_path, {"question_id": 1, "answer": SAID, **beside}) == SAID


def test_a_row_without_the_prediction_is_not_scored_by_its_truth(
    tmp_path: Path,
) -> None:
    rows = {"id": 1, "answer": TRUE, "prediction": SAID}, {"id": 2, "answer": TRUE}
    with pytest.raises(DataError, match="line 2: no prediction"):
        read_outputs(write_lines(tmp_path / "x.jsonl", *rows))


def test_a_row_with_an_error_has_failed_though_its_truth_is_there(tmp_path: Path) -> None:
    rows = [{"id": n, "answer": TRUE, "error": "timeout"} for n in (1, 2)]
    outputs = read_outputs(write_lines(tmp_path / "x.jsonl", *rows))
    assert [value.reason for value in outputs.values.values()] == ["timeout", "timeout"]


def test_an_id_is_no_label_where_another_column_is_the_id(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,key,cat,dog\n1,k,0.9,0.1\n")
    assert read_outputs(file, {"id": "key"}).values == {"k": {"cat": 0.9, "dog": 0.1}}


def test_a_label_next_to_scores_may_be_the_truth(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,cat,dog,label\n1,0.9,0.1,dog\n")
    with pytest.raises(DataError, match=r"label may hold the true labels.* scores in cat, dog"):
        read_outputs(file)
    assert read_outputs(file, {"prediction": "label"}).values == {"1": "dog"}


# --field


def test_fields_choose_columns(tmp_path: Path) -> None:
    row = {"id": 1, "key": "k", "answer": TRUE, "my model": SAID}
    outputs = read_outputs(
        write_lines(tmp_path / "x.jsonl", row), {"prediction": "My_Model", "id": "key"}
    )
    assert outputs.values == {"k": SAID}
    assert parse_fields(["prediction=a,id=b"]) == parse_fields(["id=b", "prediction=a"])
    assert parse_fields(["prediction=a=b"]) == {"prediction": "a=b"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("predicton=a", "did you mean prediction"),
        ("prediction", "write prediction=NAME"),
        ("prediction=", "write prediction=NAME"),
        ("id=a,id=b", "given twice"),
        ("prediction=predicton", "unknown column of"),
    ],
)
def test_what_is_refused_of_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, words: str
) -> None:
    data = write_lines(tmp_path / "ref.jsonl", {"id": 1, "answer": TRUE})
    file = write_lines(tmp_path / "out.jsonl", {"id": 1, "prediction": SAID})
    paths = ["--data", str(data), "--predictions", str(file), "--out", str(tmp_path / "out")]
    assert words in refusal(capsys, "score", "-t", "answers", *paths, "--field", given)


def test_a_file_without_columns_has_no_field(tmp_path: Path) -> None:
    for name, text in (("x.json", '{"1": "a"}'), ("x.txt", "a\n"), ("x.run", "q Q0 d 1 1 t\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match="no columns to choose from"):
            read_outputs(tmp_path / name, {"prediction": "value"})
    data = write_lines(tmp_path / "ref.jsonl", {"id": 1, "answer": TRUE})
    with pytest.raises(UserError, match="leave it out for outputs in memory"):
        mmbench.score("answers", {"1": SAID}, data=data, field={"id": "x"})
    with pytest.raises(UnknownName, match="key of --field"):
        mmbench.score("answers", tmp_path / "x.json", data=data, field={"answer": "x"})


# Ids


def score(
    folder: Path, refs: list[dict[str, object]], outs: list[dict[str, object]], **options: object
) -> RunRecord:
    data, file = write_lines(folder / "ref.jsonl", *refs), write_lines(folder / "out.jsonl", *outs)
    task = options.pop("task", "answers")
    return mmbench.score(str(task), file, data=data, **options).record  # type: ignore[arg-type]


def value(record: RunRecord, name: str = "exact_match") -> float | None:
    return record.scores[name].value


REFS: list[dict[str, object]] = [{"id": n, "answer": f"a{n}"} for n in (1, 2, 3)]
SHUFFLED = (3, 1, 2)


@pytest.mark.parametrize(
    ("own", "other", "column"),
    [
        ("image_id", "id", "caption"),  # COCO's results: loadRes numbers them with id
        ("question_id", "id", "answer"),  # VQA's results
        ("question_id", "image_id", "answer"),
        ("audio_filepath", "id", "pred_text"),  # NeMo
        ("id", "index", "value"),  # our own
        ("id", "question_id", "value"),
    ],
)
def test_the_format_says_which_column_is_the_id(
    tmp_path: Path, own: str, other: str, column: str
) -> None:
    # By `own` every output is its reference, by the running number `other` none is.
    outs = [{other: row, own: n, column: f"a{n}"} for row, n in enumerate(SHUFFLED, start=1)]
    assert value(score(tmp_path, REFS, outs)) == 1.0


def test_two_columns_that_name_the_samples_differently_are_refused(tmp_path: Path) -> None:
    outs = [
        {"id": row, "sample_id": n, "prediction": f"a{n}"}
        for row, n in enumerate(SHUFFLED, start=1)
    ]
    with pytest.raises(DataError, match=r"columns id, sample_id .* --field id=NAME"):
        score(tmp_path, REFS, outs)
    assert value(score(tmp_path, REFS, outs, field={"id": "sample_id"})) == 1.0
    assert value(score(tmp_path, REFS, outs, field={"id": "id"})) == 0.0


def test_keys_and_a_column_that_name_the_samples_differently_are_refused(tmp_path: Path) -> None:
    # The keys are the places of the rows, the column says which question it was: 0 and 1 in turn.
    data = write_lines(tmp_path / "ref.jsonl", *({"id": n, "answer": f"a{n}"} for n in range(2)))
    file = tmp_path / "out.json"
    rows = {str(n): {"question_id": 1 - n, "prediction": f"a{1 - n}"} for n in range(2)}
    file.write_text(json.dumps(rows))
    with pytest.raises(DataError, match=r"columns \(their keys\), question_id .*--field id=NAME"):
        mmbench.score("answers", file, data=data)
    record = mmbench.score("answers", file, data=data, field={"id": "question_id"}).record
    assert record.scores["exact_match"].value == 1.0
    # Keys that name no sample give way to a column that names all.
    file.write_text(json.dumps({f"row {n}": row for n, row in rows.items()}))
    record = mmbench.score("answers", file, data=data).record
    assert record.scores["exact_match"].value == 1.0
    assert "outputs are matched by column question_id, not their keys" in record.notes


def test_two_columns_that_differ_are_refused_in_a_part_of_the_outputs_too(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "ref.jsonl", *({"id": n, "answer": f"a{n}"} for n in range(5)))
    rows = [{"id": n, "question_id": n + 2, "prediction": f"a{n + 2}"} for n in range(2)]
    file = write_lines(tmp_path / "out.jsonl", *rows)
    with pytest.raises(DataError, match="columns id, question_id of the outputs name different"):
        mmbench.score("answers", file, data=data, partial=True)
    record = mmbench.score(
        "answers", file, data=data, partial=True, field={"id": "question_id"}
    ).record
    assert record.scores["exact_match"].value == 1.0


def test_a_tag_that_samples_share_is_no_id(tmp_path: Path) -> None:
    # Two questions about image 1: image_id names images, though its numbers are ids of questions.
    images = {1: 1, 2: 1, 3: 2}
    rows = ({"id": n, "image_id": image, "answer": f"a{n}"} for n, image in images.items())
    data = write_lines(tmp_path / "ref.jsonl", *rows)
    said = [{"id": n, "image_id": images[n], "prediction": f"a{n}"} for n in (2, 3)]
    file = write_lines(tmp_path / "out.jsonl", *said)
    record = mmbench.score("answers", file, data=data, partial=True).record
    assert record.scores["exact_match"].value == 1.0
    without = [{name: cell for name, cell in row.items() if name != "id"} for row in said]
    write_lines(file, *without)
    with pytest.raises(DataError, match="column image_id of the outputs cannot be the id"):
        mmbench.score("answers", file, data=data, partial=True)


@pytest.mark.parametrize("key", ["caf\u00e9_{}", "COCO_val2014_{:012}", "COCO_val2014_{:012}.jpg"])
def test_keys_that_are_names_of_files(tmp_path: Path, key: str) -> None:
    # CLIPScore's candidates are keyed by names of files; macOS decomposes the letters in them.
    images = [
        {"id": n, "file_name": f"{key.format(n)}".removesuffix(".jpg") + ".jpg"} for n in (1, 2)
    ]
    notes = [{"id": n, "image_id": n, "caption": f"a {n} on a red mat"} for n in (1, 2)]
    data, file = tmp_path / "captions_val.json", tmp_path / "out.json"
    data.write_text(json.dumps({"images": images, "annotations": notes}))
    said = {normalize("NFD", key.format(n)): f"a {n} on a red mat" for n in (2, 1)}
    file.write_text(json.dumps(said, ensure_ascii=False))
    record = mmbench.score("captions", file, data=data).record
    assert record.scores["bleu@4"].value == pytest.approx(1)


def test_a_column_that_names_no_sample_gives_way_to_one_that_names_all(tmp_path: Path) -> None:
    outs = [{"id": f"run-{n}", "doc_id": n, "prediction": f"a{n}"} for n in SHUFFLED]
    record = score(tmp_path, REFS, outs)
    assert value(record) == 1.0
    assert "outputs are matched by column doc_id, not id" in record.notes
    with pytest.raises(DataError, match=r"belong to no sample: run-3.*column id; --field id=NAME"):
        score(tmp_path, REFS, outs[:2], partial=True)


def test_columns_of_one_name_are_matched_with_each_other(tmp_path: Path) -> None:
    # The references number their rows; question_id is a tag of theirs, and the key of the outputs.
    refs = [
        {"id": row, "question_id": n, "answer": f"a{n}"} for row, n in enumerate(SHUFFLED, start=1)
    ]
    outs = [{"question_id": n, "answer": f"a{n}"} for n in (1, 2, 3)]
    assert value(score(tmp_path, refs, outs)) == 1.0
    own = [{"id": row, "value": f"a{n}"} for row, n in enumerate(SHUFFLED, start=1)]
    assert value(score(tmp_path, refs, own)) == 1.0


def test_twice_the_same_id_is_refused_though_another_column_is_distinct(tmp_path: Path) -> None:
    outs = [{"image_id": 1, "id": n, "caption": "x"} for n in (1, 2, 3)]
    with pytest.raises(DataError, match="column image_id: each id must occur once"):
        score(tmp_path, REFS, outs)


NAMES = ("u1", "u2")
# Paths of the references, and of the hypotheses: what of them is equal identifies the sound.
PATHS = [
    ("audio_filepath", "wavs/{}.wav", "audio_filepath", "wavs/{}.wav"),
    ("audio_filepath", "wavs/{}.wav", "audio_filepath", "/data/set/wavs/{}.wav"),
    ("audio_filepath", "/home/a/wavs/{}.wav", "audio_filepath", "/data/wavs/{}.wav"),
    ("audio_filepath", "/home/a/{}.flac", "audio_filepath", "./{}.wav"),
    ("audio_filepath", "{}/1.wav", "audio_filepath", "/data/{}/1.wav"),
    ("audio_filepath", "wavs\\{}.wav", "audio_filepath", "C:\\wavs\\{}.wav"),
    ("id", "{}", "audio_filepath", "/data/wavs/{}.wav"),
    ("id", "{}", "id", "{}.wav"),
    ("id", "{}.wav", "id", "{}"),
    ("id", "a/{}.wav", "id", "{}.wav"),
    ("audio_filepath", "wavs/{}.wav", "id", "{}"),
]


@pytest.mark.parametrize(("ours", "path", "theirs", "other"), PATHS)
def test_manifests_are_matched_by_their_paths(
    tmp_path: Path, ours: str, path: str, theirs: str, other: str
) -> None:
    # The texts are those of the references, so that WER is 0 if and only if each finds its own.
    refs = [{ours: path.format(name), "text": f"word {name}"} for name in NAMES]
    outs = [{theirs: other.format(name), "pred_text": f"word {name}"} for name in NAMES[::-1]]
    assert value(score(tmp_path, refs, outs, task="transcripts"), "wer[none]") == 0.0


def test_paths_of_the_sounds_name_samples_whose_ids_are_others(tmp_path: Path) -> None:
    refs = [{"id": f"r{i}", "audio": f"w/{n}.wav", "text": n} for i, n in enumerate(NAMES)]
    outs = [{"audio_filepath": f"/x/w/{n}.wav", "text": n} for n in NAMES[::-1]]
    assert value(score(tmp_path, refs, outs, task="transcripts"), "wer[none]") == 0.0


@pytest.mark.parametrize(
    ("path", "other"),
    [("train/{}", "test/{}"), ("v{}.0", "v{}.1"), ("{}", "{}.x")],
)
def test_ids_that_only_resemble_each_other_are_not_matched(
    tmp_path: Path, path: str, other: str
) -> None:
    refs = [{"id": path.format(n), "answer": "x"} for n in (1, 2)]
    with pytest.raises(DataError, match="belong to no sample"):
        score(tmp_path, refs, [{"id": other.format(n), "value": "x"} for n in (1, 2)])


def test_a_manifest_of_nemo_has_its_sounds(tmp_path: Path) -> None:
    from mmbench.data.sources.transcripts import transcripts

    file = write_lines(tmp_path / "m.jsonl", {"audio_filepath": "a.wav", "text": "x"})
    (sample,) = transcripts(file).samples
    assert (sample.id, sample.inputs["audio"].name) == ("a.wav", str(tmp_path / "a.wav"))  # type: ignore[union-attr]


# Tags


def test_tags_of_the_data_stay(tmp_path: Path) -> None:
    refs = [{**ref, "subject": "art"} for ref in REFS]
    outs = [{"id": n, "value": f"a{n}", "subject": "mine", "mood": "x"} for n in (1, 2, 3)]
    task = tmp_path / "t.yaml"
    task.write_text("name: t\ninclude: answers\nbreakdowns: [subject, mood]\n")
    record = score(tmp_path, refs, outs, task=str(task))
    assert set(record.breakdowns["subject"]) == {"art"}
    assert set(record.breakdowns["mood"]) == {"x"}  # further columns are still tags
    told = (
        "column subject of the outputs differs from the data for 3 samples; the values"
        " of the data are used"
    )
    assert told in record.notes


def test_a_tag_that_some_samples_lack_is_the_data_s_for_all(tmp_path: Path) -> None:
    refs = [{**REFS[0], "subject": "art"}, *REFS[1:]]
    outs = [{"id": n, "value": "x", "subject": "mine"} for n in (1, 2, 3)]
    task = tmp_path / "t.yaml"
    task.write_text("name: t\ninclude: answers\nbreakdowns: [subject]\n")
    assert set(score(tmp_path, refs, outs, task=str(task)).breakdowns["subject"]) == {"art"}


def test_outputs_that_are_the_references_are_told(tmp_path: Path) -> None:
    outs: list[dict[str, object]] = [{"id": n, "answer": f"a{n}"} for n in (1, 2, 3)]
    assert any("all outputs equal the references" in n for n in score(tmp_path, REFS, outs).notes)
    outs[0]["answer"] = "other"
    assert not any("equal the references" in n for n in score(tmp_path, REFS, outs).notes)


# References


@pytest.mark.parametrize(
    ("task", "row", "names"),
    [
        ("answers", {"id": 1, "answer": "a", "answers": ["b", "c"]}, ("answer", "answers")),
        ("captions", {"id": 1, "image_id": 2, "references": ["a"]}, ("id", "image_id")),
        ("labels", {"id": 1, "label": "a", "labels": ["b"]}, ("label", "labels")),
        ("pairs", {"query": "q", "document": "d", "grade": 1, "score": 0.5}, ("grade", "score")),
        ("pairs", {"qid": "a", "query_id": "q", "document": "d"}, ("qid", "query_id")),
        ("pairs", {"query": "q", "docid": "a", "doc_id": "d"}, ("docid", "doc_id")),
    ],
)
def test_references_in_two_columns_are_refused(
    tmp_path: Path, task: str, row: dict[str, object], names: tuple[str, ...]
) -> None:
    with pytest.raises(DataError) as caught:
        mmbench.score(task, {"1": "a"}, data=write_lines(tmp_path / "ref.jsonl", row))
    assert all(name in str(caught.value) for name in (*names, "line 1"))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "answer": "a", "answers": "a"},  # the same twice
        {"id": 1, "answer": "", "answers": ["a"]},  # one of them is empty
        {"ID": 1, "Answer": "a"},  # case does not count
        {"id": 1, "answer": "a", "prediction": "b"},  # a prediction is no reference
    ],
)
def test_references_in_one_column(tmp_path: Path, row: dict[str, object]) -> None:
    record = mmbench.score(
        "answers", {"1": "a"}, data=write_lines(tmp_path / "ref.jsonl", row)
    ).record
    assert value(record) == 1.0


def test_rows_of_coco_annotations_go_by_their_image(tmp_path: Path) -> None:
    texts = {1: "a red bus on a street", 2: "two dogs in the snow", 3: "a man on a bicycle"}
    refs = [
        {"id": row, "image_id": n, "caption": texts[n]} for row, n in enumerate(SHUFFLED, start=1)
    ]
    outs = [{"image_id": n, "caption": texts[n]} for n in texts]
    record = score(tmp_path, refs, outs, task="captions")
    assert value(record, "bleu@1") == pytest.approx(1.0)  # each caption is its own reference


# Numbers that are none, and documents that stand twice


def test_a_row_of_scores_with_nan_is_a_failed_sample(tmp_path: Path) -> None:
    # argmax of a row with NaN is the column of the NaN, a wrong answer that nobody gave.
    data = tmp_path / "ref.csv"
    data.write_text("id,label\na,cat\nb,dog\nc,cat\nd,dog\n")
    scores = [[0.9, 0.1], [np.nan, 0.9], [np.inf, 0.5], [-np.inf, 0.5]]
    np.save(tmp_path / "s.npy", np.array(scores))
    record = mmbench.score("labels", tmp_path / "s.npy", data=data).record
    assert [ident for ident, _ in record.failures] == ["b", "c"]
    assert value(record, "accuracy@1") == 1.0  # a and d: a class at -inf is one that is masked


@pytest.mark.parametrize("given", ["nan", "inf", "", None])
def test_a_rating_is_a_finite_number(tmp_path: Path, given: object) -> None:
    data = tmp_path / "ref.csv"
    data.write_text("id,system,rater,rating\na,s,r,4\n")
    file = write_lines(tmp_path / "out.jsonl", {"id": "a", "value": given})
    with pytest.raises(DataError, match="a"):
        mmbench.score("ratings", file, data=data)


@pytest.mark.parametrize("given", [["d", "d"], {"x": float("nan")}, [0.5, float("nan")], None])
def test_values_from_python_follow_the_same_rules(tmp_path: Path, given: object) -> None:
    data = tmp_path / "ref.qrels"
    data.write_text("q 0 d 1\n")
    with pytest.raises(DataError, match="output 'q'"):
        mmbench.score("pairs", {"q": given}, data=data)
