"""Tables of references in every format, encoding and storage: read, or refused with the reason."""

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mmbench.data.mapping.samples import ColumnMapping, sample_table
from mmbench.data.published.coco import coco
from mmbench.data.published.mmbench_tsv import mmbench
from mmbench.data.readers.layouts.caption_annotations import find_annotations, read_annotations
from mmbench.data.readers.records import Record
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import find_file
from mmbench.data.sources.answers import answers
from mmbench.data.sources.captions import captions
from mmbench.data.sources.judgements import pairs
from mmbench.data.sources.labels import labels
from mmbench.data.sources.ratings import ratings
from mmbench.data.sources.transcripts import transcripts
from mmbench.errors import DataError
from mmbench.kinds.rating import Rating
from mmbench.metrics.speech.mos import mos
from mmbench.stats.crossed import crossed_interval
from mmbench.types import Media, Prediction, Sample, TaskSpec
from tests.support.files import write_file

ROWS = [{"id": "a", "answer": "cat"}, {"id": "b", "answer": "dog"}]
LINES = "\n".join(map(json.dumps, ROWS))


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        {"a": {"answer": "cat"}, "b": {"answer": "dog"}},
        {"a": "cat", "b": "dog"},
        LINES,  # JSON lines under another name, as POPE's files are
    ],
)
def test_json_is_a_table(content: Any, tmp_path: Path) -> None:
    write_file(tmp_path / "ref.json", content)
    found = answers(tmp_path).samples
    assert [(sample.id, sample.target) for sample in found] == [("a", "cat"), ("b", "dog")]


def test_json_in_the_other_sources(tmp_path: Path) -> None:
    named = labels(write_file(tmp_path / "l.json", {"a": "cat", "b": ["cat", "dog"]}))
    assert (named.labels, [s.target for s in named.samples]) == (["cat", "dog"], [[0], [0, 1]])
    assert transcripts(write_file(tmp_path / "t.json", {"u": "hello"})).samples[0].target == "hello"
    rated = ratings(write_file(tmp_path / "r.json", [{"id": 1, "rater": "r", "rating": 3}])).samples
    assert rated[0].target == [["r", 3.0]]
    listed = [{"id": 1, "references": ["a cat"]}, {"id": 2, "references": ["b"]}]
    for content in (listed, {"1": ["a cat"], "2": "b"}):
        found = captions(write_file(tmp_path / "c.json", content)).samples
        assert [(s.id, s.target) for s in found] == [("1", ["a cat"]), ("2", ["b"])]


@pytest.mark.parametrize(
    "content",
    [
        {"q": {"d1": 2, "d2": 0}, "p": {"d1": 1}},  # BEIR's and MTEB's qrels in memory
        [
            {"query": "q", "document": "d1", "grade": 2},
            {"query": "q", "document": "d2", "grade": 0},
            {"query": "p", "document": "d1", "grade": 1},
        ],
    ],
)
def test_judgements_in_json(content: Any, tmp_path: Path) -> None:
    links = {"q": {"d1": 2.0, "d2": 0.0}, "p": {"d1": 1.0}}
    assert pairs(write_file(tmp_path / "x.json", content)).links == links


def test_documents_of_queries_in_json(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.json", {"q": ["d1", 2]})
    assert pairs(file).links == {"q": {"d1": 1.0, "2": 1.0}}
    with pytest.raises(DataError, match="'q' has no documents; give"):
        pairs(write_file(tmp_path / "x.json", {"q": "d1"}))


def test_json_beside_a_table_is_not_looked_at(tmp_path: Path) -> None:
    real = write_file(tmp_path / "ref.csv", "id,answer\na,cat\n")
    write_file(tmp_path / "config.json", {})
    assert find_file(tmp_path, "answers") == real


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_encodings_with_a_byte_order_mark(encoding: str, name: str, tmp_path: Path) -> None:
    text = (
        "id,answer\na,große Ähre 🌾\n"
        if name == "x.csv"
        else '{"id": "a", "answer": "große Ähre 🌾"}'
    )
    text = f"[{text}]" if name == "x.json" else text
    file = write_file(tmp_path / name, f"\ufeff{text}".encode(encoding))
    assert answers(file).samples[0].target == "große Ähre 🌾"


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_utf16_without_a_mark_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    text = "id,answer\na,cat\n" if name == "x.csv" else '{"id": "a", "answer": "cat"}'
    with pytest.raises(
        DataError, match="as in UTF-16 without a byte order mark; save the file as UTF-8"
    ):
        answers(write_file(tmp_path / name, text.encode("utf-16-le")))


def test_utf16_that_is_cut(tmp_path: Path) -> None:
    data = codecs.BOM_UTF16_LE + "id,answer\n".encode("utf-16-le")[:-1]
    with pytest.raises(DataError, match="not UTF-16, despite the byte order mark"):
        answers(write_file(tmp_path / "x.csv", data))


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.json"])
def test_json_of_python_with_nan_is_refused_with_its_place(
    token: str, name: str, tmp_path: Path
) -> None:
    """Python's json writes NaN, which is not JSON (RFC 8259, section 6)."""
    file = write_file(tmp_path / name, f'{{"id": "a", "answer": {token}}}')
    with pytest.raises(
        DataError, match=rf"line 1 column 2\d .*: {token} is not valid in JSON; write"
    ):
        answers(file)


@pytest.mark.parametrize("nan", ["nan", "NaN"])
def test_nan_in_a_csv_is_a_missing_cell(nan: str, tmp_path: Path) -> None:
    """pandas and numpy write a missing cell so; where a cell is needed its place is named."""
    write_file(tmp_path / "a.png", "")
    text = f"id,answer,answer,image,note\na,cat,{nan},a.png,{nan}\n"
    (sample,) = answers(write_file(tmp_path / "x.csv", text)).samples
    assert (sample.target, sample.tags) == ("cat", {})
    image = answers(write_file(tmp_path / "y.csv", f"id,answer,image\na,x,{nan}\n")).samples[0]
    assert "image is empty" in image.inputs["image"].reason  # type: ignore[union-attr]
    for source, header in ((answers, "answer"), (labels, "label"), (transcripts, "text")):
        with pytest.raises(DataError, match=f"line 3: {header} is missing; give a string"):
            source(write_file(tmp_path / "z.csv", f"id,{header}\na,x\nb,{nan}\n"))
    with pytest.raises(DataError, match="line 2: id is missing"):
        answers(write_file(tmp_path / "z.csv", f"id,answer\n{nan},x\n"))
    with pytest.raises(DataError, match="line 2: rating is missing; give a number"):
        ratings(write_file(tmp_path / "z.csv", f"id,rater,rating\na,r,{nan}\n"))
    # In JSON a text is marked as one.
    assert labels(write_file(tmp_path / "z.jsonl", '{"id": 1, "label": "nan"}')).labels == ["nan"]


def test_nan_in_the_cells_of_a_data_set() -> None:
    nan = float("nan")
    row = Record("row 0", {"q": nan, "y": "x", "t": nan, "A": "a", "B": "b", "C": nan})

    def sample_of(shape: ColumnMapping, record: Record = row) -> Sample:
        (sample,) = sample_table(FileRows(Path("x.jsonl"), [record]), shape)
        return sample

    sample = sample_of(ColumnMapping(columns={"question": "q"}, target="y", tags={"t": "t"}))
    assert (sample.inputs, sample.tags) == ({}, {})
    chosen = sample_of(ColumnMapping(target="A", options=["A", "B", "C"]))
    assert chosen.target == {"answer": "A", "options": ["a", "b"]}
    with pytest.raises(DataError, match="row 0: q is missing; give a string"):
        sample_of(ColumnMapping(target="q"))
    gap = Record("row 0", {"A": "a", "B": nan, "C": "c", "D": "d"})
    with pytest.raises(DataError, match="row 0: option B is empty"):
        sample_of(ColumnMapping(target="A", options=["A", "B", "C", "D"]), gap)


def test_a_hint_that_is_nan_is_none(tmp_path: Path) -> None:
    rows = "index\tquestion\thint\tA\tB\tanswer\timage\n1\tWhat?\tnan\tx\ty\tA\t1\n"
    (sample,) = mmbench(write_file(tmp_path / "x.tsv", rows), circular=False).samples
    assert sample.inputs["question"] == "What?"


RATED = "id,rater,rating\nu,r,2\nu,r,4\nu,s,3\nv,r,5\nv,r,5\n"


def test_a_rater_may_rate_an_item_twice(tmp_path: Path) -> None:
    """By hand: u is (2 + 4 + 3) / 3 = 3 and v (5 + 5) / 2 = 5, so that the mean is 4."""
    data = ratings(write_file(tmp_path / "x.csv", RATED))
    assert [s.target for s in data.samples] == [
        [["r", 2.0], ["r", 4.0], ["s", 3.0]], [["r", 5.0], ["r", 5.0]],
    ]  # fmt: skip
    predictions = [Prediction(s.id, 3.0, s.target, group=s.group) for s in data.samples]
    assert mos(predictions).value == 4.0
    rating = Rating(TaskSpec("t", "rating", {}, {}, ["mos"], "mos"))
    assert rating.baseline_values("oracle", data, 0) == [3.0, 5.0]


def test_ratings_given_twice_add_no_information() -> None:
    """Raters and items are drawn with all their ratings, so that a copy of each changes nothing."""
    rated = [(f"i{n}", f"r{k}", float((n * k) % 5)) for n in range(6) for k in range(4)]
    once = crossed_interval(rated)
    assert once is not None
    assert crossed_interval(rated * 2) == pytest.approx(once, abs=1e-12)


BLIP = [
    {"image": "val2014/COCO_val2014_000000391895.jpg", "caption": ["a man", "a moped"]},
    {"image": "flickr30k-images/1007129816.jpg", "caption": ["a hat"]},
]


@pytest.mark.parametrize("name", ["coco_karpathy_test.json", "flickr30k_test.json"])
def test_the_list_of_blip(name: str, tmp_path: Path) -> None:
    """The id of an image of COCO is its number, as in Karpathy's `cocoid` and COCO's results."""
    write_file(tmp_path / name, BLIP)
    write_file(tmp_path / "val2014/COCO_val2014_000000391895.jpg", "")
    write_file(tmp_path / "flickr30k-images/1007129816.jpg", "")
    data = coco(tmp_path)
    assert [d.id for d in data.corpus] == ["391895", "1007129816"]
    assert all(isinstance(d.inputs["image"], Media) for d in data.corpus)
    assert [(q.id, q.inputs["text"]) for q in data.queries] == [
        ("391895#0", "a man"), ("391895#1", "a moped"), ("1007129816#0", "a hat"),
    ]  # fmt: skip
    assert data.source == {}  # the name tells the split
    assert [s.target for s in captions(tmp_path).samples] == [["a man", "a moped"], ["a hat"]]


def test_blip_with_a_caption_each_and_a_folder_before(tmp_path: Path) -> None:
    rows = [{"image": "coco/val2014/x.jpg", "caption": text} for text in ("a", "b")]
    image = write_file(tmp_path / "val2014/x.jpg", "")
    data = coco(write_file(tmp_path / "list.json", rows))
    assert [(d.id, d.inputs["image"]) for d in data.corpus] == [("x", Media("image", str(image)))]
    assert [q.inputs["text"] for q in data.queries] == ["a", "b"]
    assert data.source["doubt"] == "nothing says that list.json is of the split test"


def test_karpathy_is_preferred_to_blip(tmp_path: Path) -> None:
    write_file(tmp_path / "coco_karpathy_test.json", BLIP)
    write_file(tmp_path / "coco_karpathy_val.json", BLIP)
    assert find_annotations(tmp_path, "val").name == "coco_karpathy_val.json"
    first = write_file(tmp_path / "dataset_coco.json", {})
    assert find_annotations(tmp_path, "val") == first


@pytest.mark.parametrize("folder", [{"filepath": None}, {}, {"filepath": ""}])
def test_karpathy_without_a_folder(folder: dict[str, Any], tmp_path: Path) -> None:
    sentences = [{"raw": "a man", "sentid": 1}]
    entry = {"filename": "a.jpg", "split": "test", "cocoid": 7, "sentences": sentences} | folder
    file = write_file(tmp_path / "dataset_coco.json", {"images": [entry]})
    assert read_annotations(file, "test").images == [("7", ["a.jpg"])]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(b"id,answer\n1,x\n", mtime=0), "compressed by gzip; unpack or convert it"),
        (b"PK\3\4\x14\0\xff", "a ZIP archive"),  # a workbook of Excel
        (b"PAR1\x15\0\xff", "Parquet"),
        ("id,answer\n1,caf\u00e9\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_a_file_that_is_no_text_says_what_it_is(
    name: str, data: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=reason):
        answers(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.csv", "id,answer\n1,café\n"), ("x.json", '[{"id": 1, "answer": "café"}]')],
)
def test_latin_1_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8; save the file as UTF-8"):
        answers(tmp_path / name)


def test_a_ground_truth_of_pycocoevalcap(tmp_path: Path) -> None:
    """BLIP's coco_karpathy_val_gt.json lists the ids of images, and no names of files."""
    (tmp_path / "COCO_val2014_000000000007.jpg").write_bytes(b"encoded")
    truth = {"images": [{"id": 7}], "annotations": [{"id": 1, "image_id": 7, "caption": "a dog"}]}
    file = tmp_path / "coco_karpathy_val_gt.json"
    file.write_text(json.dumps(truth))
    (sample,) = captions(file).samples
    found = Media("image", str(tmp_path / "COCO_val2014_000000000007.jpg"))
    assert (sample.id, sample.target, sample.inputs) == ("7", ["a dog"], {"image": found})
