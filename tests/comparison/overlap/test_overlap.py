"""`mmbench overlap`: equal and near contents of a test set in training lists of every layout."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmbench
from mmbench import register
from mmbench.cli import main
from mmbench.comparison.overlap import training_rows
from mmbench.comparison.overlap.overlap import OverlapSettings, overlap
from mmbench.comparison.overlap.result import Overlap
from mmbench.comparison.overlap.training_rows import TrainingRows
from mmbench.engine.options import RunSettings
from mmbench.errors import DataError
from tests.support.command_line import refusal
from tests.support.files import write_file, write_table
from tests.support.tars import write_tar
from tests.support.toy_models import Toy

SIZE, N = 8, 12


@register("model", "toy-thumbnail")
class Thumbnail(Toy):
    """Embeds an image by its pixels at 4 x 4, and a text by its letters."""

    modalities = frozenset({"image", "text"})

    def embed(self, items: Sequence[Any], modality: str, role: str) -> Any:
        if modality == "image":
            small = [np.asarray(item.resize((4, 4)), np.float32).ravel() - 127 for item in items]
            return np.stack(small)
        alphabet = [chr(code) for code in range(97, 97 + 48)]  # as many as numbers of an image
        letters = [[1e-3 + text.lower().count(c) for c in alphabet] for text in items]
        return np.array(letters, np.float32)


def picture(number: int) -> Image.Image:
    pixels = np.random.default_rng(number).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def text(number: int) -> str:
    return f"Picture number {number} shows noise, only noise."


# Training rows: name, bytes of the image, text. 0: same bytes and text; 1: same pixels; 2: same
# words; 3: nearly the same image; the others are unknown to the test set.
TRAINING = [
    ("a.png", encoded(picture(0)), text(0)),
    ("b.bmp", encoded(picture(1), "BMP"), "nothing that is known here"),
    ("c.png", encoded(picture(100)), "picture NUMBER 2: shows noise only noise"),
    ("d.png", encoded(Image.blend(picture(3), picture(101), 0.1)), "another unknown text here"),
    *((f"{n}.png", encoded(picture(n)), f"unknown words {n} in a row") for n in range(102, 110)),
    ("e.png", encoded(picture(0)), "the first picture once more here"),
]


@pytest.fixture(scope="module")
def test_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("test")
    for n in range(N):
        write_file(folder / f"{n}.png", encoded(picture(n)))
    rows = [{"image": f"{n}.png", "text": text(n)} for n in range(N)]
    return write_table(folder / "test.csv", rows)


def table_of(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        for file, data, _ in TRAINING:
            write_file(folder / "files" / file, data)
        rows = [{"filepath": f"files/{file}", "title": one} for file, _, one in TRAINING]
        return write_table(folder / name, rows)

    return write


def parquet(folder: Path) -> Path:
    rows = [
        {"id": f, "image": {"bytes": data, "path": f}, "text": one} for f, data, one in TRAINING
    ]
    return write_table(folder / "train.parquet", rows)


def tar(folder: Path) -> Path:
    members = []
    for nth, (file, data, one) in enumerate(TRAINING):
        key = f"s{nth:03}"
        members += [(f"{key}.{file.split('.')[1]}", data), (f"{key}.txt", one.encode())]
    return write_tar(folder / "00000.tar", members)


def saved(folder: Path) -> Path:
    from datasets import Dataset, DatasetDict, Features, Value
    from datasets import Image as ImageFeature

    rows = [{"image": {"bytes": data, "path": None}, "text": one} for _, data, one in TRAINING]
    features = Features({"image": ImageFeature(), "text": Value("string")})
    train = Dataset.from_list(rows, features=features)
    DatasetDict({"train": train, "test": train.select([8])}).save_to_disk(folder / "saved")
    return folder / "saved"


LAYOUTS = {
    "csv": table_of("train.csv"),
    "jsonl": table_of("train.jsonl"),
    "parquet": parquet,
    "tar": tar,
}


def compare(test_set: Path, train: Path, **settings: Any) -> Overlap:
    options = RunSettings(data=test_set)
    return overlap("retrieval", str(train), OverlapSettings(**settings), options)


def matches(found: Overlap) -> dict[tuple[str, str], str]:
    return {(pair.part, pair.id): pair.match for pair in found.pairs}


EXACT = {
    ("image", "0"): "bytes",
    ("image", "1"): "pixels",
    ("text", "0"): "text",
    ("text", "2"): "words",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_equal_contents_are_found_in_every_layout(
    layout: str, test_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "BLOCK", 5)  # several blocks
    found = compare(test_set, LAYOUTS[layout](tmp_path))
    assert matches(found) == EXACT
    assert (found.rows, found.unusable) == (len(TRAINING), 0)
    by_id = {(pair.part, pair.id): pair for pair in found.pairs}
    assert by_id["image", "0"].times == 2  # the last row has the same bytes
    assert found.samples == {"query": 2, "corpus": 2}


def test_a_folder_of_images_has_no_texts(test_set: Path, tmp_path: Path) -> None:
    for file, data, _ in TRAINING:
        write_file(tmp_path / "images" / file, data)
    found = compare(test_set, tmp_path / "images")
    assert matches(found) == {key: kind for key, kind in EXACT.items() if key[0] == "image"}
    assert "the training list has no text" in found.notes
    assert found.pairs[0].train_id == "a"


def test_near_duplicates_are_those_of_all_cosines(
    test_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "BLOCK", 4)
    train = LAYOUTS["csv"](tmp_path)
    found = compare(test_set, train, model="toy-thumbnail", threshold=0.9)
    model = Thumbnail(None, device="cpu", dtype="float32")
    images = [Image.open(BytesIO(data)).convert("RGB") for _, data, _ in TRAINING]
    own, others = (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        for vectors in (
            model.embed([picture(n) for n in range(N)], "image", "document"),
            model.embed(images, "image", "document"),
        )
    )
    cosines = own @ others.T
    expected = {str(n): float(row.max()) for n, row in enumerate(cosines) if row.max() >= 0.9}
    near = {p.id: p.cosine for p in found.pairs if p.part == "image"}
    assert near == pytest.approx(expected, abs=1e-5)
    assert matches(found)["image", "3"] == "near"
    (third,) = [p for p in found.pairs if (p.part, p.id) == ("image", "3")]
    assert third.train_id.endswith("d.png")
    assert any(p.match == "near" and p.part == "text" for p in found.pairs)


def test_a_damaged_and_a_missing_file_are_counted(test_set: Path, tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", TRAINING[0][1])
    write_file(tmp_path / "broken.png", TRAINING[1][1][:40])
    rows = [
        {"image": f"{n}.png", "text": "some text of no interest"} for n in ("a", "broken", "no")
    ]
    found = compare(test_set, write_table(tmp_path / "t.csv", rows), model="toy-thumbnail")
    assert (found.rows, found.unusable) == (3, 1)
    assert any("2 image items of the training list could not be emb" in n for n in found.notes)
    assert matches(found)["image", "0"] == "bytes"


def test_short_texts_are_left_out(test_set: Path, tmp_path: Path) -> None:
    rows = [{"caption": text(4)}, {"caption": "yes"}]
    train = write_table(tmp_path / "t.csv", rows)
    assert matches(compare(test_set, train)) == {("text", "4"): "text"}
    with pytest.raises(DataError, match="12 texts of fewer than 20 words"):
        compare(test_set, train, min_words=20)


def test_scores_are_compared_on_both_parts(
    test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = mmbench.evaluate("toy-thumbnail", "retrieval", data=test_set, out=tmp_path / "board")
    train = LAYOUTS["csv"](tmp_path)
    files = ["-t", "retrieval", "--data", str(test_set), "--train", str(train), "--quiet"]
    run = ["--run", "latest", "--out", str(tmp_path / "board")]
    command = ["overlap", *files, *run, "--metric", "recall@1", "--csv", str(tmp_path / "o.csv")]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["metric"] for one in found["scores"]] == [
        "recall@1[text-to-image]", "recall@1[image-to-text]"
    ]  # fmt: skip
    for one in found["scores"]:
        parts = [one["overlapping"], one["clean"]]
        assert [part["n"] for part in parts] == [2, N - 2]
        whole = result.record.scores[one["metric"]].value or 0.0
        assert sum(part["n"] * part["value"] for part in parts) == pytest.approx(N * whole)
        assert one["difference"] == pytest.approx(parts[0]["value"] - parts[1]["value"])
    with (tmp_path / "o.csv").open(newline="") as stream:
        assert {row["match"] for row in csv.DictReader(stream)} == set(EXACT.values())
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "2 of 12 query samples overlap by their media" in shown
    assert "compare the difference with that of a model" in shown
    table = shown.split("score ")[1].splitlines()
    assert table[0].split() == ["value", "95", "%", "samples"]
    starts = [line.split()[0] for line in table[1:5]]
    assert starts == ["recall@1[text-to-image]", "overlapping", "others", "difference"]
    assert "had other data" in refusal(capsys, *command, "--limit", "3")


def test_transcripts_and_references_are_parts(tmp_path: Path) -> None:
    data = write_table(
        tmp_path / "test.csv",
        [{"id": f"u{n}", "text": f"the speaker says sentence {n} now"} for n in range(3)],
    )
    train = write_table(tmp_path / "t.csv", [{"text": "The speaker says sentence 1 now!"}])
    options = RunSettings(data=data)
    found = overlap("transcripts", str(train), OverlapSettings(), options)
    assert matches(found) == {("reference", "u1"): "words"}
    assert (found.by, found.samples) == ("text", {"sample": 1})


@pytest.mark.slow  # imports the datasets library
def test_the_split_is_that_of_training(test_set: Path, tmp_path: Path) -> None:
    assert matches(compare(test_set, saved(tmp_path))) == EXACT
    rows = TrainingRows(str(tmp_path / "saved"))
    assert len(rows) == len(TRAINING)
    assert len(TrainingRows(str(tmp_path / "saved"), split="test")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "nowhere"], "--train: nowhere: no such file or folder"),
        (["--train-columns", "image=none"], "unknown column"),
        (["--train-columns", "image"], "--train-columns image: write ROLE=FIELD"),
        (["-m", "asr-nano"], "does not embed image or text"),
        (["--threshold", "2"], "is not a number between 0 and 1"),
        (["--threshold", "0.9"], "add -m MODEL, or leave it out"),
        (["--model-arg", "a=1"], "add -m MODEL, or leave it out"),
        (["--metric", "recall@1"], "add --run RUN, or leave it out"),
    ],
)
def test_errors_are_one_line_that_says_what_to_type(
    arguments: list[str],
    message: str,
    test_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train = LAYOUTS["csv"](tmp_path)
    files = ["-t", "retrieval", "--data", str(test_set), "--train", str(train), "--quiet"]
    try:
        error = refusal(capsys, "overlap", *files, *arguments)
    except SystemExit:
        error = capsys.readouterr().err
    assert message in error


def test_columns_that_are_unclear_are_asked_for_by_their_own_flag(
    test_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write_table(tmp_path / "t.csv", [{"x": "a", "y": "b"}])
    files = ["-t", "retrieval", "--data", str(test_set), "--train", str(train), "--quiet"]
    error = refusal(capsys, "overlap", *files)
    assert "--train-columns" in error and " --columns" not in error
