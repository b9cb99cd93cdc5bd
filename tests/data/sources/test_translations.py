"""The source `translations`: recordings or texts with their reference translations."""

import json
from pathlib import Path

import pytest

from mmbench import score
from mmbench.data.sources.translations import translations
from mmbench.errors import DataError
from mmbench.types import InvalidContent, Media
from tests.support.files import write_file


def jsonl(path: Path, *rows: dict[str, object]) -> Path:
    return write_file(path, "\n".join(map(json.dumps, rows)))


def test_recordings_with_several_references(tmp_path: Path) -> None:
    write_file(tmp_path / "a.wav", b"RIFF")
    row = {"audio": "a.wav", "text": "Guten Tag.", "references": ["Good day.", "Hello."]}
    file = jsonl(tmp_path / "x.jsonl", row | {"group": "talk", "lang": "de"})
    data = translations(file)
    (sample,) = data.samples
    assert (sample.id, sample.target, sample.group) == ("a", ["Good day.", "Hello."], "talk")
    audio = Media("audio", str(tmp_path / "a.wav"))
    assert sample.inputs == {"audio": audio, "transcript": "Guten Tag."}
    assert sample.tags == {"lang": "de"}


def test_texts_of_a_csv(tmp_path: Path) -> None:
    table = "id,source,reference,reference\n7,猫,cat,a cat\n8,犬,dog,\n"
    first, second = translations(write_file(tmp_path / "x.csv", table)).samples
    assert (first.id, first.inputs, first.target) == ("7", {"text": "猫"}, ["cat", "a cat"])
    assert (second.inputs, second.target) == ({"text": "犬"}, "dog")


@pytest.mark.parametrize("name", ["reference", "translation", "translations", "target"])
def test_names_of_the_reference(tmp_path: Path, name: str) -> None:
    (sample,) = translations(jsonl(tmp_path / "x.jsonl", {name: "cat"})).samples
    assert (sample.id, sample.target, sample.inputs) == ("0", "cat", {})


def test_columns_can_be_named(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "x.jsonl", {"en": "cat", "ja": "猫"})
    (sample,) = translations(file, columns={"reference": "en", "text": "ja"}).samples
    assert (sample.target, sample.inputs) == ("cat", {"text": "猫"})


def test_lines_of_text(tmp_path: Path) -> None:
    samples = translations(write_file(tmp_path / "ref.txt", "a cat\na dog\n")).samples
    assert [(s.id, s.target) for s in samples] == [("0", "a cat"), ("1", "a dog")]


def test_what_is_missing(tmp_path: Path) -> None:
    for cell in ("", []):
        file = jsonl(tmp_path / "x.jsonl", {"id": "1", "reference": cell})
        with pytest.raises(DataError, match=r"line 1.*reference"):
            translations(file)
    (sample,) = translations(jsonl(tmp_path / "y.jsonl", {"audio": "", "reference": "a"})).samples
    assert isinstance(sample.inputs["audio"], InvalidContent)


def test_scores_of_a_file(tmp_path: Path) -> None:
    """sacrebleu 2.6.0 prints these numbers for the files: `-m bleu chrf -w 4`."""
    references = write_file(tmp_path / "ref.txt", "The cat sat on the mat.\nHow are you today?\n")
    outputs = write_file(tmp_path / "hyp.txt", "The cat sat on a mat.\nHow do you do today?\n")
    scores = score(
        "translations", outputs, data=references, out=str(tmp_path / "out")
    ).record.scores
    values = {name: round(100 * scored.value, 4) for name, scored in scores.items()}
    assert values == {"sacrebleu[13a]": 32.4587, "chrf": 54.0904, "chrf++": 56.9687}
