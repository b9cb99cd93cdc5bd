"""Breakdowns by a tag: the group of a sample is one, and a tag that no sample has is an error."""

import json
from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.check import check
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.errors import DataError, UnknownName
from tests.support.files import write_lines, write_task

TEXTS = {"u1": ("hello world", "ann"), "u2": ("the cat", "bob"), "u3": ("a dog", "bob")}


def task(folder: Path, tag: str, base: str = "transcripts", metric: str = "wer[none]") -> str:
    return write_task(folder / "mine.yaml", include=base, metric=metric, breakdowns=[tag])


def references(folder: Path) -> Path:
    rows = [{"id": n, "text": t, "speaker": who, "sex": who[0]} for n, (t, who) in TEXTS.items()]
    file = folder / "ref.jsonl"
    write_lines(file, *rows)
    return file


def by_value(record: mmbench.RunRecord, tag: str, metric: str = "wer[none]") -> dict[str, object]:
    return {value: found[metric].value for value, found in record.breakdowns[tag].items()}


# bob's two recordings have 4 words; "hat" for "cat" is 1 substitution, ann's are right.
@pytest.mark.parametrize("tag", ["speaker", "sex"])
def test_the_group_is_a_tag_as_other_columns_are(tmp_path: Path, tag: str) -> None:
    said = {"u1": "hello world", "u2": "the hat", "u3": "a dog"}
    record = mmbench.score(
        task(tmp_path, tag), said, data=references(tmp_path), out=tmp_path
    ).record
    ann, bob = ("ann", "bob") if tag == "speaker" else ("a", "b")
    assert by_value(record, tag) == {ann: 0, bob: 0.25}
    assert record.scores[f"wer[none]{{macro:{tag}}}"].value == 0.125
    outcome = rescore(record.run, RunSettings(tasks=(str(tmp_path),)), out=str(tmp_path))
    assert outcome.record.breakdowns == record.breakdowns


def librispeech(folder: Path) -> Path:
    for speaker in ("84", "1088"):
        chapter = folder / "test-clean" / speaker / "1"
        chapter.mkdir(parents=True)
        (chapter / f"{speaker}-1.trans.txt").write_text(f"{speaker}-1-0000 A B\n")
    return folder / "test-clean"


def kaldi(folder: Path) -> Path:
    (folder / "text").write_text("84-1 A B\n1088-1 C D\n")
    (folder / "utt2spk").write_text("84-1 84\n1088-1 1088\n")
    return folder / "text"


@pytest.mark.parametrize("data", [librispeech, kaldi])
def test_speakers_of_other_layouts(tmp_path: Path, data) -> None:  # type: ignore[no-untyped-def]
    record = mmbench.evaluate("oracle", task(tmp_path, "speaker"), data=data(tmp_path)).record
    assert by_value(record, "speaker") == {"84": 0, "1088": 0}


def questions(folder: Path) -> Path:
    file = folder / "answers.csv"
    file.write_text("id,question,answer,group\n1,q,yes,g1\n2,q,no,g1\n3,q,no,g2\n")
    return file


def pope(folder: Path) -> Path:
    file = folder / "mine.json"
    rows = [
        {"question_id": n, "image": image, "text": "q?", "label": "yes"}
        for n, image in enumerate(("a.jpg", "a.jpg", "b.jpg"))
    ]
    write_lines(file, *rows)
    return file


@pytest.mark.parametrize(
    ("base", "metric", "data", "tag", "values"),
    [
        ("answers", "exact_match", questions, "group", {"g1", "g2"}),
        ("pope", "pope_accuracy", pope, "image", {"a.jpg", "b.jpg"}),
    ],
)
def test_groups_of_other_sources(  # type: ignore[no-untyped-def]
    tmp_path: Path, base: str, metric: str, data, tag: str, values: set[str]
) -> None:
    mine = task(tmp_path, tag, base, metric)
    record = mmbench.evaluate("oracle", mine, data=data(tmp_path)).record
    assert by_value(record, tag, metric) == dict.fromkeys(values, 1)


def test_a_tag_that_no_sample_has_is_refused_before_a_model_runs(tmp_path: Path) -> None:
    mine, data = task(tmp_path, "speakr"), references(tmp_path)
    words = "breakdowns of task mine 'speakr': did you mean speaker"
    said = {name: text for name, (text, _) in TEXTS.items()}
    with pytest.raises(UnknownName, match=words):
        mmbench.score(mine, said, data=data)
    for model in ("oracle", "asr-nano"):
        with pytest.raises(UnknownName, match=words):
            check(model, mine, RunSettings(data=data))
        with pytest.raises(UnknownName, match=words):
            mmbench.evaluate(model, mine, data=data)


def test_rescoring_by_a_tag_that_is_not_stored_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = mmbench.evaluate(
        "oracle", task(tmp_path, "sex"), data=references(tmp_path), out=out
    ).record
    task(tmp_path, "room")
    with pytest.raises(UnknownName, match="'room': known: sex, speaker"):
        rescore(record.run, RunSettings(tasks=(str(tmp_path),)), out=str(out))


def test_a_tag_of_the_outputs_counts(tmp_path: Path) -> None:
    """Further columns of outputs are tags of their samples (docs/scoring.md)."""
    rows = [{"id": n, "value": text, "device": "cpu"} for n, (text, _) in TEXTS.items()]
    write_lines(tmp_path / "hyp.jsonl", *rows)
    record = mmbench.score(
        task(tmp_path, "device"), tmp_path / "hyp.jsonl", data=references(tmp_path)
    ).record
    assert by_value(record, "device") == {"cpu": 0}


def test_a_tag_that_the_source_knows_and_the_file_lacks_is_noted(tmp_path: Path) -> None:
    """POPE's category is part of the file's name; a file of another name is scored all the same."""
    record = mmbench.evaluate("oracle", "pope", data=pope(tmp_path)).record
    assert "no breakdown by category: no sample has the tag" in record.notes


# ann has no error in 2 words; bob says "hat" for "cat", 1 of 4 words: the mean over both is .125.
@pytest.mark.parametrize(("tag", "macro"), [("speaker", 0.125), ("sex", 0.125), ("room", 0.25)])
def test_a_mean_over_values_as_the_headline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str, macro: float
) -> None:
    """The command prints the parts of the mean; of a tag with one value it is that value's."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "include: transcripts\nname: mine\nmetrics: ['wer[none]']\n"
        f"headline: 'wer[none]{{macro:{tag}}}'\nbreakdowns: [{tag}]\n"
    )
    rows = [json.loads(line) for line in references(tmp_path).read_text().splitlines()]
    for row in rows:  # only bob's recordings have a room
        row |= {"room": "hall"} if row["speaker"] == "bob" else {}
    write_lines(tmp_path / "ref.jsonl", *rows)
    said = {"u1": "hello world", "u2": "the hat", "u3": "a dog"}
    values = [{"id": n, "value": text} for n, text in said.items()]
    write_lines(tmp_path / "out.jsonl", *values)
    given = ["--data", str(tmp_path / "ref.jsonl"), "--predictions", str(tmp_path / "out.jsonl")]
    assert main(["score", "-t", str(file), *given, "--out", str(tmp_path / "b"), "--json"]) == 0
    printed = capsys.readouterr()
    assert f"wer[none] by {tag}:" in printed.err
    scores = json.loads(printed.out)[0]["scores"]
    assert scores[f"wer[none]{{macro:{tag}}}"]["value"] == macro


def test_rescoring_a_task_of_ones_own_asks_for_its_folder(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    record = mmbench.evaluate(
        "oracle", task(tmp_path, "sex"), data=references(tmp_path), out=out
    ).record
    with pytest.raises(DataError, match=r"unknown task mine.*mine\.yaml with --tasks DIR"):
        rescore(record.run, out=out)


def test_a_tag_of_the_task_that_no_row_of_a_part_has_is_a_note(tmp_path: Path) -> None:
    """The first rows of a benchmark lack some abilities; scores and new scores need no edit."""
    rows = [{"id": "a", "q": "?", "answer": "x", "can": ["ocr"], "level": None}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    tags = {"ocr": "can[ocr]", "math": "can[math]", "level": "level"}
    data = {"source": "listing", "files": "rows.json", "id": "id", "columns": {"question": "q"}}
    name = write_task(
        tmp_path / "mine.yaml",
        include="answers",
        data={**data, "target": "answer", "tags": tags},
        breakdowns=[*tags],
    )
    record = mmbench.score(name, {"a": "x"}, data=tmp_path, out=tmp_path).record
    assert "no breakdown by math, level: no sample has the tag" in record.notes
    assert [*record.breakdowns] == ["ocr"]
    again = rescore(record.run, RunSettings(tasks=(str(tmp_path),)), out=str(tmp_path)).record
    assert again.breakdowns == record.breakdowns
