"""Own images and texts in every layout: the same pairs, and columns known by their names."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.data.sources.own_pairs import own_pairs
from mmbench.datasets import RetrievalData
from mmbench.errors import ColumnsNeeded, DataError, UnknownName
from mmbench.media import read_bytes
from tests.support.files import write_file
from tests.support.media.images import png, save_image

IMAGES = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
PAIRS = [("red", "a red one"), ("green", "grass"), ("red", "a fire"), ("blue", "the sea")]


def coco(folder: Path) -> Path:
    images = [{"id": n, "file_name": f"{name}.png"} for n, name in enumerate(IMAGES)]
    numbers = {name: n for n, name in enumerate(IMAGES)}
    captions = [
        {"id": 100 + n, "image_id": numbers[name], "caption": text}
        for n, (name, text) in enumerate(PAIRS)
    ]
    content = {"info": {}, "images": images, "annotations": captions}
    return write_file(folder / "coco.json", json.dumps(content))


def table(ending: str, separator: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        file = folder / f"pairs{ending}"
        with file.open("w", newline="") as stream:
            rows = csv.writer(stream, delimiter=separator)
            rows.writerows([("filepath", "title"), *((f"{n}.png", t) for n, t in PAIRS)])
        return file

    return write


def jsonl(folder: Path) -> Path:
    by_image = {name: [t for n, t in PAIRS if n == name] for name in IMAGES}
    lines = [json.dumps({"Image": f"{n}.png", "Captions": t}) for n, t in by_image.items()]
    return write_file(folder / "pairs.jsonl", "\n".join(lines) + "\n")


def cells(folder: Path) -> list[dict[str, object]]:
    return [
        {"bytes": (folder / f"{name}.png").read_bytes(), "path": f"{name}.png"} for name, _ in PAIRS
    ]


def parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"image": cells(folder), "sentence": [text for _, text in PAIRS]}
    pq.write_table(pa.table(columns), folder / "pairs.parquet")
    return folder / "pairs.parquet"


def saved(folder: Path) -> Path:
    import datasets

    columns = {"photo": cells(folder), "caption": [text for _, text in PAIRS]}
    data = datasets.Dataset.from_dict(columns).cast_column("photo", datasets.Image())
    data.save_to_disk(str(folder / "saved"))
    return folder / "saved"


def media_folder(folder: Path) -> Path:
    for name in IMAGES:
        texts = [text for image, text in PAIRS if image == name]
        write_file(folder / f"media/{name}.txt", "\n".join(texts) + "\n")
        (folder / f"media/{name}.png").write_bytes((folder / f"{name}.png").read_bytes())
    return folder / "media"


LAYOUTS = {
    "coco": coco,
    "csv": table(".csv", ","),
    "tsv": table(".tsv", "\t"),
    "jsonl": jsonl,
    "parquet": parquet,
    "saved": saved,
    "folder": media_folder,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    for name, colour in IMAGES.items():
        save_image(folder / f"{name}.png", colour)
    return folder


def pairs(data: RetrievalData) -> set[tuple[bytes, str]]:
    """Return the bytes of the image and the text of each link."""
    images = {document.id: read_bytes(document.inputs["image"]) for document in data.corpus}
    texts = {query.id: str(query.inputs["text"]) for query in data.queries}
    return {(images[image], texts[text]) for text, linked in data.links.items() for image in linked}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_the_same_pairs(home: Path, layout: str) -> None:
    data = own_pairs(LAYOUTS[layout](home))
    assert len(data.corpus) == 3
    assert pairs(data) == {((home / f"{n}.png").read_bytes(), text) for n, text in PAIRS}


def test_ids_are_names_of_files_or_numbers_of_rows(home: Path) -> None:
    data = own_pairs(LAYOUTS["csv"](home))
    assert [query.id for query in data.queries] == ["0", "1", "2", "3"]
    assert [document.id for document in data.corpus] == ["red", "green", "blue"]
    assert [document.id for document in own_pairs(parquet(home)).corpus] == ["0", "1", "3"]


def test_files_with_one_name_have_paths_as_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save_image(tmp_path / folder / "0.png")
    data = own_pairs(write_file(tmp_path / "x.csv", "image,text\na/0.png,one\nb/0.png,two\n"))
    assert [document.id for document in data.corpus] == ["a/0", "b/0"]


def test_ids_that_repeat_are_those_of_images(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "id,image,text\n7,a.png,one\n7,a.png,two\n9,b.png,x\n")
    (tmp_path / "a.png").write_bytes(png())
    data = own_pairs(file)
    assert [document.id for document in data.corpus] == ["7", "9"]
    assert data.links == {"0": {"7": 1.0}, "1": {"7": 1.0}, "2": {"9": 1.0}}


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("image,text", ""),
        ("filepath,title", "image=filepath,text=title"),
        ("FILE_NAME,Caption", "image=FILE_NAME,text=Caption"),
        ("path,Description", "image=path,text=Description"),
        ("url,sentence", "image=url,text=sentence"),
    ],
)
def test_inferred_columns_are_noted(tmp_path: Path, header: str, columns: str) -> None:
    (tmp_path / "a.png").write_bytes(png())
    data = own_pairs(write_file(tmp_path / "x.csv", f"{header},price\na.png,one,3\n"))
    assert data.source.get("columns", "") == columns
    notes = [note for note in data.notes() if "inferred" in note]
    assert notes == (
        [f"columns are inferred from their names: --columns {columns}"] * bool(columns)
    )


def test_numbered_captions_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    file = write_file(tmp_path / "x.csv", "file_name,caption_1,caption_2\na.wav,rain,wind\n")
    data = own_pairs(file)
    assert [query.inputs["text"] for query in data.queries] == ["rain", "wind"]
    assert data.source["columns"] == "audio=file_name,text=caption_1,text=caption_2"
    assert [*data.corpus[0].inputs] == ["audio"]


def test_columns_with_equal_cells_count_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    file = write_file(tmp_path / "x.csv", "file,txt,caption\na.png,one,one\n")
    assert own_pairs(file).source["columns"] == "image=file,text=txt"


def test_named_columns_need_no_known_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    file = write_file(tmp_path / "x.csv", "where,what\na.png,one\n")
    data = own_pairs(file, columns={"image": "where", "text": "what"})
    assert (len(data.corpus), len(data.queries), data.source) == (1, 1, {})


@pytest.mark.parametrize(
    ("header", "message", "columns"),
    [
        (
            "filepath,caption,title",
            "caption and title may each be the text); the columns are filepath, caption, title",
            "image=filepath,text=caption",
        ),
        (
            "filepath,words",
            "(no text); the columns are filepath, words",
            "image=filepath,text=COLUMN",
        ),
        ("where,words", "(no image, audio or video, no text)", "image=COLUMN,text=COLUMN"),
        (
            "img,photo,text",
            "img and photo may each be the image, audio or video",
            "text=text,image=img",
        ),
    ],
)
def test_an_unclear_column_is_asked_for(
    tmp_path: Path, header: str, message: str, columns: str
) -> None:
    cells = ",".join(f"{number}.png" for number, _ in enumerate(header.split(",")))
    with pytest.raises(ColumnsNeeded) as caught:
        own_pairs(write_file(tmp_path / "x.csv", f"{header}\n{cells}\n"))
    assert message in str(caught.value)
    assert caught.value.columns == columns


def test_unknown_roles_and_columns_are_refused(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "image,text\na.png,one\n")
    with pytest.raises(UnknownName, match=r"role in --columns 'imge'.*did you mean image"):
        own_pairs(file, columns={"imge": "image"})
    with pytest.raises(UnknownName, match=r"column of .*x\.csv 'txt'"):
        own_pairs(file, columns={"text": "txt"})


def test_rows_without_any_text_are_refused(tmp_path: Path) -> None:
    rows = [{"image": f"{name}.png", "caption": None} for name in IMAGES]
    file = write_file(tmp_path / "pairs.json", json.dumps(rows))
    with pytest.raises(DataError, match="no row has a text in caption; name another column with"):
        own_pairs(file)


def test_a_split_selects_one_of_several_tables(tmp_path: Path) -> None:
    for split, text in (("train", "a"), ("test", "b")):
        write_file(tmp_path / f"{split}.csv", f"image,text\nx.png,{text}\n")
    (query,) = own_pairs(tmp_path, split="test").queries
    assert query.inputs["text"] == "b"
    with pytest.raises(DataError, match="several such files"):
        own_pairs(tmp_path, split="val")


@pytest.mark.parametrize(("name", "separator"), [("a.csv", "|"), ("a.tsv", ";"), ("a.tsv", ",")])
def test_cells_with_another_separator_are_refused(
    tmp_path: Path, name: str, separator: str
) -> None:
    file = write_file(tmp_path / name, f"image{separator}text\nx.png{separator}a\n")
    with pytest.raises(
        DataError, match=r"the first line is one cell, .*; separate cells by commas"
    ):
        own_pairs(file)
