"""Fields of media, by one rule in every source: a medium however it is stored, or a failure.

The rule is that of docs/data.md: an input named image, audio or video (or image_1, …) is never
asked as a text, and a sample without its medium is never asked in silence.
"""

import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from mmbench.data.mapping.media_columns import field_modality
from mmbench.data.sources.answers import answers
from mmbench.data.sources.captions import captions
from mmbench.data.sources.labels import labels
from mmbench.data.sources.row_samples import listing, rows
from mmbench.data.sources.text_media_pairs import caption_rows, table
from mmbench.datasets import Samples
from mmbench.engine.loading.media_check import check_media
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.errors import DataError, UnknownName
from mmbench.media import read_bytes
from mmbench.types import InvalidContent, Media, Sample
from tests.support.files import write_file, write_lines

pytestmark = pytest.mark.usefixtures("own_datasets")

BYTES = b"encoded"
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
STORED: dict[str, Any] = {
    "string": pa.array(["m/0.bin", None]),
    "large_string": pa.array(["m/0.bin", None], pa.large_string()),
    "string_view": pa.array(["m/0.bin", None], pa.string_view()),
    "dictionary": pa.array(["m/0.bin", None]).dictionary_encode(),
    "binary": pa.array([BYTES, None]),
    "large_binary": pa.array([BYTES, None], pa.large_binary()),
    "binary_view": pa.array([BYTES, None], pa.binary_view()),
    "struct of bytes": pa.array([{"bytes": BYTES, "path": None}, None], STRUCT),
    "struct of a path": pa.array([{"bytes": None, "path": "m/0.bin"}, {"bytes": None}], STRUCT),
    "struct of a path alone": pa.array([{"path": "m/0.bin"}, None]),
}
# Earlier versions cannot tell the size of such columns: the error of one line says so.
VIEWS = int(pa.__version__.partition(".")[0]) >= 26
ANY = [
    pytest.param(
        stored, marks=pytest.mark.skipif("view" in stored and not VIEWS, reason="pyarrow before 26")
    )
    for stored in STORED
]


@pytest.mark.parametrize(
    ("name", "modality"),
    [("image", "image"), ("audio", "audio"), ("video_2", "video"), ("image1", "image")],
)
def test_names_of_media(name: str, modality: str) -> None:
    assert field_modality(name) == modality


@pytest.mark.parametrize(
    "name", ["image_id", "audio_caption", "text", "images", "image_", "my_image"]
)
def test_names_of_texts(name: str) -> None:
    assert field_modality(name) is None


@pytest.mark.parametrize("stored", ANY)
@pytest.mark.parametrize("modality", ["image", "audio", "video"])
def test_a_medium_is_one_however_it_is_stored(stored: str, modality: str, tmp_path: Path) -> None:
    write_file(tmp_path / "m/0.bin", BYTES)
    file = tmp_path / "data.parquet"
    pq.write_table(pa.table({"c": STORED[stored], "q": ["a", "b"]}), file)
    columns = {modality: "c", "question": "q"}
    first, second = rows(file, path="p", columns=columns).samples
    medium = first.inputs[modality]
    assert isinstance(medium, Media) and medium.modality == modality
    assert read_bytes(medium) == BYTES
    empty = second.inputs[modality]
    assert isinstance(empty, InvalidContent) and "row 1: c is empty" in empty.reason
    corpus = caption_rows(file, path="p", columns={modality: "c", "text": "q"}).corpus
    assert read_bytes(corpus[0].inputs[modality]) == BYTES
    assert isinstance(corpus[1].inputs[modality], InvalidContent)


@pytest.mark.parametrize("stored", ANY)
def test_images_of_a_table_are_read_however_they_are_stored(stored: str, tmp_path: Path) -> None:
    write_file(tmp_path / "m/0.bin", BYTES)
    texts = pa.array(["a", "b"]).dictionary_encode()
    pq.write_table(pa.table({"image": STORED[stored], "text": texts}), tmp_path / "data.parquet")
    data = table(tmp_path / "data.parquet")
    assert [read_bytes(d.inputs["image"]) for d in data.corpus] == [BYTES]
    assert [q.inputs["text"] for q in data.queries] == ["a", "b"]
    assert data.links["1"] == {"row 1": 1.0}  # an image that is not in the corpus: it fails


def test_paths_of_rows_begin_at_the_file_and_may_be_ids(tmp_path: Path) -> None:
    write_file(tmp_path / "images/a.png", BYTES)
    file = write_lines(
        tmp_path / "x.jsonl", {"image": "a.png", "y": "r"}, {"image": "gone.png", "y": "r"}
    )
    data = rows(file, path="p", id="image", columns={"image": "image"}, target="y")
    assert [sample.id for sample in data.samples] == ["a.png", "gone.png"]
    assert data.samples[0].inputs["image"] == Media("image", str(tmp_path / "images/a.png"))
    gone = data.samples[1].inputs["image"]  # fails when it is read
    assert isinstance(gone, Media) and gone.name.endswith("/gone.png")


def test_a_mapping_with_a_path_is_a_path(tmp_path: Path) -> None:
    write_file(tmp_path / "a.wav", BYTES)
    file = write_lines(tmp_path / "x.jsonl", {"id": 1, "answer": "x", "audio": {"path": "a.wav"}})
    assert answers(file).samples[0].inputs == {"audio": Media("audio", str(tmp_path / "a.wav"))}
    (sample,) = rows(file, path="p", columns={"audio": "audio"}, target="answer").samples
    assert sample.inputs == {"audio": Media("audio", str(tmp_path / "a.wav"))}


@pytest.mark.parametrize("cells", [[5, 6], [["a.png"], ["b.png"]], [True, False]])
def test_what_is_no_path_is_refused_with_its_place(cells: list[Any], tmp_path: Path) -> None:
    given = [{"id": n, "image": cell, "answer": "x", "label": "x"} for n, cell in enumerate(cells)]
    file = write_lines(tmp_path / "x.jsonl", *given)
    with pytest.raises(
        DataError, match=r"column image has the type .*; give paths, bytes, or structs"
    ):
        rows(file, path="p", columns={"image": "image"})
    for source in (answers, labels):
        with pytest.raises(DataError, match=r"line 1: image is .*; give the path of a file"):
            source(file)
    with pytest.raises(DataError, match=r"line 1: image is .*; give the path of a file"):
        listing(tmp_path, files="x.jsonl", columns={"image": "image"}, target="answer")


@pytest.mark.parametrize(
    "url", ["https://x.org/a.png", "s3://b/a.png", "data:image/png;base64,AA=="]
)
def test_an_address_is_not_downloaded(url: str, tmp_path: Path) -> None:
    write_file(tmp_path / "b.png", BYTES)
    given = [{"id": n, "image": n, "text": "x", "answer": "x"} for n in (url, "b.png")]
    file = write_lines(tmp_path / "x.jsonl", *given)
    for samples in (
        answers(file).samples,
        rows(file, path="p", columns={"image": "image"}).samples,
    ):
        found = samples[0].inputs["image"]
        assert isinstance(found, InvalidContent) and "is a URL; download the file" in found.reason
        assert isinstance(samples[1].inputs["image"], Media)
    alone = table(write_lines(tmp_path / "y.jsonl", given[0])).corpus[0].inputs["image"]
    assert isinstance(alone, InvalidContent) and "is a URL; download" in alone.reason


def test_an_image_in_base64_is_no_path(tmp_path: Path) -> None:
    file = write_lines(
        tmp_path / "x.jsonl", {"id": 1, "answer": "x", "image": "iVBORw0KGgo/" * 1000}
    )
    found = answers(file).samples[0].inputs["image"]
    assert (
        isinstance(found, InvalidContent)
        and "is too long for a path (12000 characters)" in found.reason
    )
    assert len(found.reason) < 200


def test_one_of_a_numbered_family_is_enough(tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", BYTES)
    columns = {name: name for name in ("image_1", "image_2", "question")}
    given = [
        {"image_1": "a.png", "image_2": None, "question": "one?"},
        {"image_1": None, "image_2": None, "question": "none?"},
    ]
    first, second = rows(
        write_lines(tmp_path / "x.jsonl", *given), path="p", columns=columns
    ).samples
    assert first.inputs.keys() == {"image_1", "question"}
    assert isinstance(second.inputs["image_1"], InvalidContent)


def test_a_medium_may_be_optional(tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", BYTES)
    given = [
        {"id": 1, "image": "a.png", "question": "?", "answer": "x"},
        {"id": 2, "image": "", "question": "?", "answer": "x"},
    ]
    file = write_lines(tmp_path / "x.jsonl", *given)
    columns = {"image": "image", "question": "question"}
    for found in (
        rows(file, path="p", columns=columns, optional=["image"]),
        listing(tmp_path, files="x.jsonl", columns=columns, target="answer", optional=["image"]),
        answers(file, optional=["image"]),
    ):
        assert [set(s.inputs) for s in found.samples] == [{"image", "question"}, {"question"}]
    for strict in (
        rows(file, path="p", columns=columns),
        listing(tmp_path, files="x.jsonl", columns=columns, target="answer"),
        answers(file),
    ):
        assert isinstance(strict.samples[1].inputs["image"], InvalidContent)
    with pytest.raises(UnknownName, match=r"media input in data option optional 'audio'"):
        rows(file, path="p", columns=columns, optional=["audio"])


@pytest.mark.parametrize(
    ("lines", "empty"),
    [
        # In no row are both filled: they are alternatives, and a row needs one.
        (["1,a.png,", "2,,a.wav"], []),
        (["1,a.png,", "2,,"], ["2 image", "2 audio"]),
        # A row with both shows that questions are about both.
        (["1,a.png,a.wav", "2,a.png,"], ["2 audio"]),
    ],
)
def test_columns_of_media_that_are_alternatives(
    lines: list[str], empty: list[str], tmp_path: Path
) -> None:
    write_file(tmp_path / "a.png", BYTES)
    write_file(tmp_path / "a.wav", BYTES)
    text = "\n".join(["id,image,audio,label", *(f"{line},x" for line in lines)])
    data = labels(write_file(tmp_path / "x.csv", text))
    found = [
        f"{sample.id} {name}"
        for sample in data.samples
        for name, content in sample.inputs.items()
        if isinstance(content, InvalidContent)
    ]
    assert found == empty


def test_a_row_without_a_path_fails_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "a.wav", BYTES)
    file = write_file(tmp_path / "x.csv", "id,f\n1,a.wav\n2,\n")
    first, second = listing(tmp_path, files="x.csv", columns={"audio": "{f}"}).samples
    assert first.inputs == {"audio": Media("audio", str(tmp_path / "a.wav"))}
    assert second.inputs == {
        "audio": InvalidContent(f"{file} line 3: {{f}} is empty, so the audio file is missing")
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a.jpg", "image is the text 'a.jpg'"),
        (Media("audio", "a.wav"), "item of modality audio"),
    ],
)
def test_a_plugin_s_source_gives_media_too(content: Any, words: str) -> None:
    spec, _ = find_task("coco-caption", RunSettings())
    data = Samples(
        [Sample("1", {"image": Media("image", "a.jpg")}), Sample("2", {"image": content})]
    )
    with pytest.raises(DataError, match=f"sample 2: .*{words}"):
        check_media(spec, data)
    check_media(spec, Samples([Sample("1", {"image": InvalidContent("gone")}), Sample("2", {})]))


@pytest.mark.parametrize(
    ("cells", "medium"),
    [
        ({"images": ["a.png", "b.png"]}, "image"),
        ({"image": "a.png", "image_2": "b.png"}, "image"),
        ({"image1": "a.png"}, "image"),
        ({"clip": "a.mp4"}, "video"),
    ],
)
def test_a_medium_in_a_column_that_is_not_read(
    cells: dict[str, Any], medium: str, tmp_path: Path
) -> None:
    """The question would be asked without its picture, or without the second of two."""
    write_file(tmp_path / "a.png", BYTES)
    row = {"id": 1, "question": "?", "answer": "x"}
    (sample,) = answers(write_lines(tmp_path / "x.jsonl", row | cells)).samples
    found = sample.inputs[medium]
    name = next(name for name in cells if name != "image")
    assert isinstance(found, InvalidContent)
    assert f"line 1: column {name} is not read; call it {medium}" in found.reason


@pytest.mark.parametrize(
    ("column", "file", "medium"),
    [
        ("image_path", "a.png", "image"),
        ("Path", "x/A.JPEG", "image"),
        ("audio_filepath", "a.wav", "audio"),
    ],
)
def test_a_medium_in_a_column_with_a_known_name(
    column: str, file: str, medium: str, tmp_path: Path
) -> None:
    write_file(tmp_path / file, BYTES)
    row = {"id": 1, "question": "?", "answer": "x", column: file}
    data = answers(write_lines(tmp_path / "x.jsonl", row))
    assert data.samples[0].inputs[medium] == Media(medium, str(tmp_path / file))
    assert data.source == {"columns": f"{medium}={column}"}


@pytest.mark.parametrize(
    "cells",
    [
        {"image": "a.png", "source": "a.jpg"},  # another medium is read
        {"images": None, "topic": "art"},
        {"url": "https://x.org/a.jpg?size=3"},
        {"answer": "a.png", "question": "Which of b.jpg"},
    ],
)
def test_columns_that_are_no_media(cells: dict[str, Any], tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", BYTES)
    row = {"id": 1, "question": "?", "answer": "x"} | cells
    (sample,) = answers(write_lines(tmp_path / "x.jsonl", row)).samples
    assert not [c for c in sample.inputs.values() if isinstance(c, InvalidContent)]


def test_the_case_of_a_column_of_media_does_not_matter(tmp_path: Path) -> None:
    """As of every other column (`Image-ID` is `image_id`)."""
    write_file(tmp_path / "a.png", BYTES)
    (sample,) = answers(write_file(tmp_path / "x.csv", "ID,Image,Answer\n1,a.png,x\n")).samples
    assert sample.inputs == {"image": Media("image", str(tmp_path / "a.png"))}
    assert sample.tags == {}


def test_a_classifier_is_asked_about_one_medium(tmp_path: Path) -> None:
    """Of a row with an image and a sound the image alone would be classified."""
    write_file(tmp_path / "a.png", BYTES)
    write_file(tmp_path / "a.wav", BYTES)
    _, kind = find_task("labels", RunSettings())
    data = labels(write_file(tmp_path / "x.csv", "id,image,audio,label\n1,a.png,a.wav,x\n"))
    with pytest.raises(DataError, match=r"1 has image and audio.*e\.g\. fields: {image: "):
        kind.requests(data, 0)
    data = labels(write_file(tmp_path / "y.csv", "id,image,audio,label\n1,a.png,,x\n2,,,x\n"))
    first, second = kind.requests(data, 0)["sample"].contents
    assert isinstance(first, Media) and isinstance(second, InvalidContent)


@pytest.mark.parametrize("name", ["x.json", "captions.json"])
def test_an_id_that_stands_twice_in_a_mapping(name: str, tmp_path: Path) -> None:
    """Python's json keeps the last of two equal keys: an image would be dropped."""
    file = write_file(tmp_path / name, '{"a": {"caption": "x"}, "a": {"caption": "y"}}')
    with pytest.raises(DataError, match="are repeated: a"):
        listing(tmp_path, files=name, id="key", target="caption")
    file.write_text('{"a": ["red"], "a": ["blue"]}')
    with pytest.raises(DataError, match="are repeated: a"):
        captions(file)


def test_names_of_images_are_not_asked_as_texts() -> None:
    """The rule of a field's name would let a model be asked with the word a.jpg."""
    spec, _ = find_task("pope", RunSettings())
    spec = replace(spec, fields={"question": "question", "picture": "picture"})

    def data(*names: str) -> Samples:
        return Samples([Sample(n, {"picture": n, "question": "?"}) for n in names])

    with pytest.raises(DataError, match=r"picture contains file names.* call the input image"):
        check_media(spec, data("a.jpg", "b.PNG"))
    for texts in (("a.jpg", "a dog"), ("a.jpg", "b.wav"), ("What is a.jpg",), ("e.g.", "3.5")):
        check_media(spec, data(*texts))


def test_names_of_classes_that_yaml_takes_for_numbers(tmp_path: Path) -> None:
    write_file(tmp_path / "a.png", BYTES)
    file = write_lines(tmp_path / "x.jsonl", {"image": "a.png", "label": "7"})
    digits: Any = [6, 7]
    found = rows(file, path="p", columns={"image": "image"}, target="label", labels=digits)
    assert (found.labels, found.samples[0].target) == (["6", "7"], 1)


@pytest.mark.parametrize(("written", "there"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_may_be_composed_or_not(written: Any, there: Any, tmp_path: Path) -> None:
    """Archives made by macOS have names in NFD, tables made elsewhere in NFC."""
    file = write_file(tmp_path / unicodedata.normalize(there, "café.png"))
    name = unicodedata.normalize(written, "café.png")
    data = answers(write_lines(tmp_path / "x.jsonl", {"id": 1, "answer": "x", "image": name}))
    assert data.samples[0].inputs["image"] == Media("image", str(file))
