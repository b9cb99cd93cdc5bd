"""The data source geneval: lines of the official file, four samples each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmbench.data.published.geneval import geneval
from mmbench.errors import DataError, SpecError
from tests.support.files import write_file

# Two lines of prompts/evaluation_metadata.jsonl of djghosh13/geneval (af4902f).
LINES = [
    '{"tag": "counting", "include": [{"class": "clock", "count": 2}],'
    ' "exclude": [{"class": "clock", "count": 3}], "prompt": "a photo of two clocks"}',
    '{"tag": "position", "include": [{"class": "teddy bear", "count": 1}, {"class": "dog",'
    ' "count": 1, "position": ["right of", 0]}],'
    ' "prompt": "a photo of a dog right of a teddy bear"}',
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_file(tmp_path / "prompts" / "evaluation_metadata.jsonl", "\n".join(LINES) + "\n")
    return tmp_path


def test_the_samples_of_a_prompt(folder: Path) -> None:
    data = geneval(folder)
    assert [sample.id for sample in data.samples] == [
        *(f"00000/samples/000{number}" for number in range(4)),
        *(f"00001/samples/000{number}" for number in range(4)),
    ]
    first, last = data.samples[0], data.samples[-1]
    assert (first.inputs["text"], first.group, first.tags, first.target) == (
        "a photo of two clocks",
        "00000",
        {"tag": "counting"},
        None,
    )
    for sample, line in ((first, LINES[0]), (last, LINES[1])):
        row = json.loads(line)
        del row["prompt"]
        assert json.loads(str(sample.inputs["requirements"])) == row


def test_a_file_and_another_number_of_images(folder: Path) -> None:
    file = folder / "prompts" / "evaluation_metadata.jsonl"
    assert [sample.id[-4:] for sample in geneval(file, images=1).samples] == ["0000", "0000"]
    assert len(geneval(file.parent, images=3).samples) == 6


def test_faults_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no evaluation_metadata\.jsonl; copy it there"):
        geneval(tmp_path)
    with pytest.raises(DataError, match="was given no data; give --data"):
        geneval(None)
    file = write_file(tmp_path / "evaluation_metadata.jsonl", LINES[0] + '\n{"prompt": "a cat"}\n')
    with pytest.raises(DataError, match=r"line 2 is .*a cat.*; give a prompt, a tag and a list"):
        geneval(file)
    with pytest.raises(SpecError, match="data option images is 0"):
        geneval(file, images=0)
