"""`mmbench check` fails whenever `mmbench run` would, for the same samples and in the same words.

The expected value of each test is what a run of the same model on the same data does.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.engine.check import check
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import UserError
from tests.support import toy_models
from tests.support.command_line import refusal
from tests.support.files import write_file, write_lines
from tests.support.media.images import image_bytes, noise_image, save_image

QUESTIONS = """\
kind: writing
data: {source: answers}
fields: {question: question, image: image}
metrics: [exact_match]
headline: exact_match
"""
CLASSES = """\
kind: KIND
data: {source: labels, DATA}
fields: {image: image}
metrics: [accuracy@1]
headline: accuracy@1
"""
ROWS = """\
kind: zero_shot
data: {source: toy-rows}
fields: {image: image}
templates: ["a {}"]
metrics: [accuracy@1]
headline: accuracy@1
"""


def failed(model: str, task: Path, data: Path) -> list[tuple[str, str]]:
    """The failures of a run, which those of a check with and without the model have to equal."""
    options = RunSettings(data=data, device="cpu")
    found = run(model, str(task), options).record.failures
    assert sorted(check(model, str(task), options).failures) == sorted(found)
    assert sorted(check(None, str(task), options).failures) == sorted(found)
    return found


def refused(model: str, task: Path, data: Path, *, alone: bool = True) -> str:
    """The message of a run's refusal, which that of a check has to equal."""
    options = RunSettings(data=data, device="cpu")
    calls: list[Callable[[], Any]] = [
        lambda: run(model, str(task), options),
        lambda: check(model, str(task), options),
    ]
    calls += [lambda: check(None, str(task), options)] if alone else []
    words = set()
    for call in calls:
        with pytest.raises(UserError) as caught:
            call()
        words.add(str(caught.value))
    (message,) = words
    return message


def test_files_that_are_missing_or_at_fault(tmp_path: Path) -> None:
    whole = image_bytes(noise_image())
    write_file(tmp_path / "0.png", whole)
    write_file(tmp_path / "1.png", whole[: len(whole) // 2])
    write_file(tmp_path / "2.png", b"")
    write_file(tmp_path / "3.png", "<html>404</html>")
    rows = [
        {"id": str(n), "question": "?", "answer": "x", "image": f"{n}.png" if n < 5 else None}
        for n in range(6)
    ]
    data = write_lines(tmp_path / "x.jsonl", *rows)
    task = write_file(tmp_path / "mine.yaml", QUESTIONS)
    found = dict(failed("toy-echo", task, data))
    assert list(found) == ["1", "2", "3", "4", "5"]
    assert "4.png" in found["4"]
    assert "image is empty" in found["5"]


def test_a_caption_whose_image_is_not_listed(tmp_path: Path) -> None:
    save_image(tmp_path / "1.jpg")
    notes = [{"id": 10 + n, "image_id": n, "caption": f"a thing {n}"} for n in (1, 2)]
    file = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": notes}
    data = write_file(tmp_path / "captions_val2014.json", json.dumps(file))
    task = write_file(tmp_path / "mine.yaml", "include: coco-retrieval\nprotocol: {}\n")
    assert failed("clip-nano", task, data) == [
        ("12", "its relevant document 2 is not in the corpus")
    ]


def zero_shot(tmp_path: Path, targets: list[Any]) -> Path:
    """Data of images with these targets."""
    rows = []
    for n, target in enumerate(targets):
        save_image(tmp_path / f"{n}.png")
        rows.append({"id": f"{n}", "inputs": {"image": f"{n}.png"}, "target": target})
    write_file(tmp_path / "rows.json", json.dumps(rows))
    return tmp_path


def test_zero_shot_without_classes(tmp_path: Path) -> None:
    data = zero_shot(tmp_path, ["dog", "cat"])
    task = write_file(tmp_path / "mine.yaml", ROWS)
    message = refused("clip-nano", task, data)
    assert "labels of samples: cat, dog" in message
    assert "data: {labels: [NAME, …]}" in message
    # The targets are texts, with which a baseline cannot index its scores.
    assert "cat, dog" in refused("constant", task, data, alone=False)


def test_zero_shot_without_templates(tmp_path: Path) -> None:
    data = zero_shot(tmp_path, [0, 1])
    text = ROWS.replace('templates: ["a {}"]\n', "").replace("rows}", "rows, labels: [a, b]}")
    assert "templates" in refused("clip-nano", write_file(tmp_path / "mine.yaml", text), data)


def test_a_classifier_without_one_of_the_classes(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png")
    data = write_file(tmp_path / "x.csv", "id,image,label\n1,a.png,dark\n2,a.png,purple\n")
    text = CLASSES.replace("KIND", "classification").replace(", DATA", "")
    message = refused("toy-sorter", write_file(tmp_path / "mine.yaml", text), data, alone=False)
    assert "no class for purple" in message
    task = write_file(tmp_path / "fits.yaml", text.replace("labels}", "labels, classes: [dark]}"))
    data = write_file(tmp_path / "y.csv", "id,image,label\n1,a.png,dark\n2,gone.png,dark\n")
    assert [ident for ident, _ in failed("toy-sorter", task, data)] == ["2"]


def test_media_of_two_kinds_for_one_classifier(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png")
    write_file(tmp_path / "b.wav", b"RIFF")
    data = write_file(tmp_path / "x.csv", "id,file,label\n1,a.png,x\n2,b.wav,x\n")
    message = refused("toy-sorter", write_file(tmp_path / "mine.yaml", "include: labels\n"), data)
    assert "modalities (image of 1, audio of 2); make a task" in message


def test_a_model_of_texts(tmp_path: Path) -> None:
    """It is refused where a prompt has a slot for an image, or where the data have images."""
    import mmbench

    class Reader(toy_models.Echo):
        modalities = frozenset({"text"})

    mmbench.register("model", "check-reader")(Reader)
    rows = [{"id": n, "question": "dog", "answer": a} for n, a in enumerate(("dog", "cat"))]
    data = write_lines(tmp_path / "x.jsonl", *rows)
    options = RunSettings(data=data, device="cpu")
    record = run("check-reader", "answers", options).record
    assert record.scores["exact_match"].value == 0.5
    assert check("check-reader", "answers", options).failures == []
    save_image(tmp_path / "a.png")
    rows[1]["image"] = "a.png"
    seen = write_lines(tmp_path / "y.jsonl", *rows)
    task = write_file(tmp_path / "mine.yaml", QUESTIONS)
    assert "takes no image" in refused("check-reader", task, seen, alone=False)
    slot = write_file(tmp_path / "slot.yaml", QUESTIONS + 'prompt: "{image} {question}"\n')
    # Refused before any data are looked for.
    for call in (run, check):
        with pytest.raises(UserError, match="takes no image"):
            call("check-reader", str(slot), RunSettings(data=tmp_path / "nowhere"))


def test_questions_of_which_some_have_no_image_are_noted(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png")
    rows = [{"id": 1, "question": "?", "answer": "x", "image": "a.png"}, {"id": 2, "question": "?"}]
    rows[1]["answer"] = "y"
    data = write_lines(tmp_path / "x.jsonl", *rows)
    record = run("toy-echo", "answers", RunSettings(data=data, device="cpu")).record
    assert "1 of 2 samples has no image, audio or video" in record.notes


@pytest.mark.parametrize(
    ("task", "row", "words"),
    [
        ("choices", {"answer": "B"}, "-t answers"),  # an open question has no letters
        ("choices", {"answer": "B", "options": []}, "-t answers"),  # as in MMMU's tables
        ("answers", {"answer": "B", "options": ["x", "y"]}, "-t choices"),
    ],
)
@pytest.mark.parametrize("model", ["constant", "score"])
def test_options_where_they_belong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: str, row: dict[str, Any],
    words: str, model: str,
) -> None:  # fmt: skip
    """Letters of no options, and letters compared with the texts of free answers, are errors."""
    file, out = tmp_path / "d.jsonl", tmp_path / "o.jsonl"
    file.write_text(json.dumps({"id": "1", "question": "q"} | row))
    out.write_text(json.dumps({"id": "1", "value": "B"}))
    given = ["-t", task, "--data", str(file), "--out", str(tmp_path / "b")]
    if model == "score":
        assert words in refusal(capsys, "score", *given, "--predictions", str(out))
    else:
        assert words in refusal(capsys, "run", "-m", model, *given)
        assert words in refusal(capsys, "check", "-m", model, "-t", task, "--data", str(file))
