"""Benchmarks of vision-language models in miniature, read by the packaged tasks."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, UnknownName
from mmbench.kinds.writing import Writing
from mmbench.media import read_bytes
from mmbench.spec import load_task
from mmbench.types import Media, TaskSpec
from tests.support.files import write_file
from tests.support.layouts import benchmarks, questions
from tests.support.media.images import png


def loaded(task: TaskSpec, root: Path) -> Samples:
    data = load_data(task, root)
    assert isinstance(data, Samples)
    return data


def asked(task: TaskSpec, data: Samples) -> list[list[object]]:
    """Return the parts of each sample's conversation."""
    return [list(message.parts) for (message,) in Writing(task).conversations(data)]


def picture(content: object) -> bytes:
    assert isinstance(content, Media)
    return read_bytes(content)


@pytest.mark.parametrize("folder", ["", "data"])
def test_mathvista(folder: str, tmp_path: Path) -> None:
    benchmarks.mathvista(tmp_path / folder)
    task = load_task("mathvista")
    data = loaded(task, tmp_path)
    number, choice, listed, letter = data.samples
    assert [sample.id for sample in data.samples] == ["1", "2", "3", "4"]
    assert (number.target, listed.target) == ("1.2", "[0, 2]")
    options = ["9", "B", "18", "18"]
    assert choice.target == {"answer": "C", "options": options}  # the first of equal texts
    assert letter.target == {"answer": "B", "options": options}
    assert (number.tags["answer_type"], number.tags["precision"]) == ("float", "1")
    assert number.tags["task"] == "figure question answering" and "precision" not in choice.tags
    image, text = asked(task, data)[2]
    assert text == "Hint: answer.\nQuestion 3?" and picture(image) == png(3)


def test_a_query_that_is_missing_is_named(tmp_path: Path) -> None:
    benchmarks.mathvista(tmp_path)
    write_file(tmp_path / "query.json", {"1": "Question?"})
    with pytest.raises(DataError, match=r"query.json: no entry for 3 rows of .*mini.json: 2, 3, 4"):
        loaded(load_task("mathvista"), tmp_path)


def test_hallusionbench(tmp_path: Path) -> None:
    benchmarks.hallusionbench(tmp_path)
    data = loaded(load_task("hallusionbench"), tmp_path)
    found = [(s.id, s.group, s.target) for s in data.samples]
    assert found == [
        ("VS/ocr/3/1/0", "VS/ocr/3", "yes"),
        ("VD/ocr/3/0/0", "VD/ocr/3", "no"),
        ("VD/ocr/3/1/0", "VD/ocr/3", "yes"),
    ]
    assert [picture(s.inputs["image"]) for s in data.samples] == [png(0), png(1), png(2)]
    assert data.samples[0].tags["figure_id"] == "1"


def test_a_target_without_a_name_is_refused(tmp_path: Path) -> None:
    benchmarks.hallusionbench(tmp_path)
    task = load_task("hallusionbench")
    strict = replace(task, data={**task.data, "target_names": {"1": "yes"}})
    with pytest.raises(UnknownName, match="target in data option target_names '0'"):
        loaded(strict, tmp_path)


def test_mm_vet(tmp_path: Path) -> None:
    benchmarks.mm_vet(tmp_path)
    (sample,) = loaded(load_task("mm-vet"), tmp_path).samples
    assert (sample.id, sample.target, sample.tags) == (
        "v1_0",
        "-1<AND>-5",
        {"capability": "math+ocr", "ocr": "yes", "math": "yes"},
    )
    assert picture(sample.inputs["image"]) == png(1)


def test_blink(tmp_path: Path) -> None:
    task = load_task("blink")
    benchmarks.blink(tmp_path, ["Counting", "Jigsaw"])
    task = replace(task, data={**task.data, "name": ["Counting", "Jigsaw"]})
    data = loaded(task, tmp_path)
    first = data.samples[0]
    assert [sample.id for sample in data.samples] == ["val_Counting_1", "val_Jigsaw_1"]
    assert first.target == {"answer": "B", "options": ["the first", "the second"]}
    assert first.tags == {"sub_task": "Counting"}
    *images, text = asked(task, data)[0]
    assert [picture(image) for image in images] == [png(1), png(2)]
    assert text == "Which?\nSelect.\n(A) the first\n(B) the second"


def test_mmstar_and_realworldqa(tmp_path: Path) -> None:
    benchmarks.mmstar(tmp_path / "mmstar")
    task = load_task("mmstar")
    data = loaded(task, tmp_path / "mmstar")
    assert (data.samples[0].id, data.samples[0].target) == ("0", "B")
    assert asked(task, data)[0][1] == (
        "Which?\nOptions: A: a cat, B: a dog\n"
        "Answer with the option's letter from the given choices directly"
    )
    benchmarks.realworldqa(tmp_path / "qa")
    (sample,) = loaded(load_task("realworldqa"), tmp_path / "qa").samples
    assert sample.target == "2" and picture(sample.inputs["image"]) == png(1)


def test_mmmu_asks_open_questions_in_another_way(tmp_path: Path) -> None:
    questions.mmmu(tmp_path)
    task = load_task("mmmu")
    task = replace(task, data={**task.data, "name": ["Art"]})
    data = loaded(task, tmp_path)
    choice, several = data.samples
    assert choice.target == {"answer": "B", "options": ["$1", "It's two"]}
    assert several.target == ["24/7", "3.429"] and "options" not in several.inputs
    assert [texts[1] for texts in asked(task, data)] == [
        "<image 1> Which?\nA. $1\nB. It's two\n\n"
        "Answer with the option's letter from the given choices directly.",
        "<image 1> Which?\n\nAnswer the question using a single word or phrase.",
    ]
