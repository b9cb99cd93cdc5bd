"""The source `table`: rows of CSV, TSV, JSONL and Parquet."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.sources.text_media_pairs import table
from mmbench.errors import DataError, MmbenchError, SampleError, UnknownName
from mmbench.media import decode_image, read_bytes
from mmbench.types import InvalidContent, Media
from tests.support.datasets import texts
from tests.support.errors import one_line_error
from tests.support.files import write_table
from tests.support.media.images import png, red_of


@pytest.fixture
def folder(tmp_path):
    """A folder with the images a.png, b.png and images/c.png."""
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png", "images/c.png"):
        (tmp_path / name).write_bytes(png(ord(name[-5])))
    return tmp_path


def greys(data):
    return {document.id: red_of(document.inputs["image"]) for document in data.corpus}


ROWS = [
    {"image": "a.png", "text": 'a "red", round dog'},
    {"image": "b.png", "text": "zwei\nZeilen"},
    {"image": "a.png", "text": "ein Hündchen\tda"},
]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("given", ["the file", "its folder"])
def test_the_same_rows_in_every_format(folder, kind, given):
    file = write_table(folder / f"captions.{kind}", ROWS)
    data = table(file if given == "the file" else folder)
    assert texts(data) == {"0": ROWS[0]["text"], "1": ROWS[1]["text"], "2": ROWS[2]["text"]}
    assert data.links == {"0": {"a.png": 1.0}, "1": {"b.png": 1.0}, "2": {"a.png": 1.0}}
    assert [query.group for query in data.queries] == ["a.png", "b.png", "a.png"]
    assert greys(data) == {"a.png": ord("a"), "b.png": ord("b")}


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_columns_are_renamed_and_ids_taken(folder, kind):
    rows = [
        {"no": 11, "picture": "A", "file": "a.png", "caption": "one", "split": "x"},
        {"no": 12, "picture": "A", "file": "a.png", "caption": "two", "split": "x"},
        {"no": 15, "picture": "C", "file": "c.png", "caption": "three", "split": "x"},
    ]
    columns = {"image": "file", "text": "caption", "id": "no", "image_id": "picture"}
    data = table(write_table(folder / f"t.{kind}", rows), columns=columns)
    assert texts(data) == {"11": "one", "12": "two", "15": "three"}
    assert data.links == {"11": {"A": 1.0}, "12": {"A": 1.0}, "15": {"C": 1.0}}
    assert greys(data) == {"A": ord("a"), "C": ord("c")}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_sounds_by_a_pattern_with_several_texts(tmp_path, kind):
    (tmp_path / "clips").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"clips/{name}.wav").write_bytes(b"RIFF")
    rows = [{"key": n, "one": f"{n} one", "two": f"{n} two", "no": f"n{n}"} for n in ("a", "b")]
    columns = {
        "audio": ["gone/{key}.wav", "clips/{key}.wav"], "audio_id": "{key}.wav",
        "text": ["one", "two"], "id": "no",
    }  # fmt: skip
    data = table(write_table(tmp_path / f"t.{kind}", rows), columns=columns)
    assert texts(data) == {"na#0": "a one", "na#1": "a two", "nb#0": "b one", "nb#1": "b two"}
    assert data.links["nb#1"] == {"b.wav": 1.0}
    assert [d.inputs["audio"] for d in data.corpus] == [
        Media("audio", f"{tmp_path}/clips/{name}.wav") for name in ("a", "b")
    ]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"image": "image", "audio": "image"}, "unknown key of data option columns 'audio'"),
        ({"image_id": ["a", "b"]}, "image_id is a list; give one column"),
    ],
)
def test_columns_that_pairs_cannot_have(folder, columns, words):
    file = write_table(folder / "t.csv", ROWS)
    with pytest.raises(MmbenchError, match=words):
        table(file, columns=columns)


def test_a_column_called_id_may_be_that_of_the_image(folder):
    rows = [{"id": 5, "image": "a.png", "text": text} for text in ("one", "two")]
    data = table(write_table(folder / "t.jsonl", rows), columns={"image_id": "id"})
    assert data.links == {"0": {"5": 1.0}, "1": {"5": 1.0}}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_list_of_texts(folder, kind):
    rows = [
        {"image": "a.png", "text": ["one", "two"]},
        {"image": "b.png", "text": []},
        {"image": "c.png", "text": ["three", "", None]},
    ]
    data = table(write_table(folder / f"t.{kind}", rows))
    empty = InvalidContent("empty caption")
    assert texts(data) == {"0#0": "one", "0#1": "two", "2#0": "three", "2#1": empty, "2#2": empty}
    assert [document.id for document in data.corpus] == ["a.png", "b.png", "c.png"]
    assert data.links["2#0"] == {"c.png": 1.0}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_rows_that_lack_a_text_or_an_image(folder, kind):
    rows = [
        {"image": "a.png", "text": None},
        {"image": "b.png", "text": " "},
        {"image": None, "text": "of nothing"},
    ]
    data = table(write_table(folder / f"t.{kind}", rows))
    assert [document.id for document in data.corpus] == ["a.png", "b.png"]
    assert texts(data) == {"1": InvalidContent("empty caption"), "2": "of nothing"}
    assert data.links["2"] == {"row 2": 1.0}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_missing_file_fails_alone(folder, kind):
    rows = [*ROWS, {"image": "gone.png", "text": "gone"}]
    data = table(write_table(folder / f"t.{kind}", rows))
    assert data.corpus[2].inputs["image"] == Media("image", f"{folder}/gone.png")
    with pytest.raises(SampleError, match=r"gone\.png: cannot be read: No such file"):
        read_bytes(data.corpus[2].inputs["image"])


@pytest.mark.parametrize("form", ["bytes", "struct", "struct without path"])
def test_parquet_with_the_bytes_of_images(tmp_path, form):
    def cell(grey):
        data = png(grey)
        if form == "bytes":
            return data
        # One path for all: it is the bytes that tell them apart.
        return {"bytes": data} | ({"path": "image.png"} if form == "struct" else {})

    rows = [{"image": cell(grey), "text": f"number {i}"} for i, grey in enumerate([9, 8, 9])]
    data = table(write_table(tmp_path / "t.parquet", rows))
    assert list(greys(data).values()) == [9, 8]
    first, second = (document.id for document in data.corpus)
    assert data.links == {"0": {first: 1.0}, "1": {second: 1.0}, "2": {first: 1.0}}
    assert data.corpus[1].inputs["image"].name == f"image of {tmp_path}/t.parquet row 1"


def test_parquet_in_many_batches(tmp_path):
    rows = [{"image": png(i % 251), "text": str(i), "image_id": i} for i in range(700)]
    data = table(write_table(tmp_path / "t.parquet", rows))
    assert greys(data) == {str(i): i % 251 for i in range(700)}


def test_an_empty_image_in_parquet_fails_alone(tmp_path):
    rows = [{"image": image, "text": "x"} for image in (png(3), b"", b"not an image")]
    data = table(write_table(tmp_path / "t.parquet", rows))
    with pytest.raises(SampleError, match=r"^image of .* row 1 is empty"):
        read_bytes(data.corpus[1].inputs["image"])
    assert data.links["1"] == {"row 1": 1.0}
    with pytest.raises(SampleError, match=r"^image of .* row 2"):
        decode_image(
            read_bytes(data.corpus[2].inputs["image"]), data.corpus[2].inputs["image"].name
        )


def message(root, kind=DataError, **options):
    with one_line_error(kind) as caught:
        table(root, **options)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_a_column_that_is_not_there(folder, kind):
    rows = [{"image": "a.png", "caption": "one"}]
    file = write_table(folder / f"t.{kind}", rows)
    assert message(file, UnknownName).startswith(f"unknown column of {file} 'text'")
    found = message(file, UnknownName, columns={"text": "captions"})
    assert found.startswith(f"unknown column of {file} 'captions': did you mean caption?")
    assert "columns" in message(file, UnknownName, columns={"tekst": "caption"})
    assert "did you mean text?" in message(file, UnknownName, columns={"tekst": "caption"})


def test_no_table(folder):
    assert "data source table was given no data; give --data FILE (.csv, " in message(None)
    assert f"{folder}/gone.csv: no such file" in message(folder / "gone.csv")
    assert f"{folder}/a.png: no file that ends in" in message(folder / "a.png")
    assert f"{folder}: no file that ends in" in message(folder)
    for name in ("one.csv", "two.csv"):
        write_table(folder / name, ROWS)
    assert f"{folder} has several such files (one.csv, two.csv); give one file" in message(folder)


# Lines are counted from 1; that of a row is its last.
BAD = [
    (
        "t.csv",
        b"image,text\na.png,one\nb.png,two,three\n",
        "line 3 has 3 fields, but the header has 2",
    ),
    ("t.csv", b"image,text\na.png\n", "line 2 has 1 field, but the header has 2"),
    ("t.csv", b'image,text\na.png,"one\n', "line 2: unexpected end of data"),
    ("t.csv", b'image,text\na.png,"one"x\n', "line 2: ',' expected after '\"'"),
    ("t.csv", b"image,text\na.png,caf\xe9\n", "line 2 column 10 (byte 20): not UTF-8"),
    ("t.csv", b"", "no header line"),
    (
        "t.jsonl",
        b'{"image": "a.png", "text": "one"}\n{"image": }\n',
        "line 2 column 11 (byte 10): ",
    ),
    ("t.jsonl", b'{"image": "a.png", "text": "one"', "line 1 column 33 (byte 32): Input data was"),
    ("t.jsonl", b'{"image": "a.png", "text": "one"}\n[1]\n', "line 2: Expected `object`, got"),
    (
        "t.jsonl",
        b'{"image": "a.png", "text": "one"}\n\n{"image": "a.png"}',
        "line 3: no 'text'",
    ),
    (
        "t.jsonl",
        b'{"image": "a.png", "text": 5}',
        "line 1: text is 5; give a string or a list of strings",
    ),
    ("t.jsonl", b'{"image": ["a.png"], "text": "x"}', "line 1: image is ['a.png']; give the path"),
    (
        "t.jsonl",
        b'{"image": "a.png", "text": "x", "id": 1.5}',
        "line 1: id is 1.5; give an integer",
    ),
    ("t.jsonl", b"\n\n", "no rows of data"),
    ("t.parquet", b"PAR1 this is none", "cannot be read: "),
    ("t.parquet", b"", "cannot be read: "),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD)
def test_what_cannot_be_read_is_shown_by_its_line(folder, name, content, said):
    (folder / name).write_bytes(content)
    found = message(folder / name)
    assert found.startswith(f"{folder / name}")
    assert said in found


def test_an_image_column_of_numbers(folder):
    file = write_table(folder / "t.parquet", [{"image": 5, "text": "five"}])
    assert "the image column has the type int64; give paths, bytes, or structs" in message(file)


def test_text_in_parquet_that_is_not_utf8(folder):
    text = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"caf\xe9")]
    )
    pq.write_table(pa.table({"image": ["a.png"], "text": text}), folder / "t.parquet")
    found = message(folder / "t.parquet")
    assert f"{folder}/t.parquet: column text cannot be read: " in found and "UTF8" in found


def test_duplicate_ids(folder):
    rows = [{"image": "a.png", "text": "x", "id": id} for id in (1, 2, 2)]
    assert "caption id must occur once, but these are repeated: 2;" in message(
        write_table(folder / "t.jsonl", rows)
    )


def test_one_image_id_has_one_path(folder):
    rows = [{"image": name, "text": "x", "image_id": 3} for name in ("a.png", "b.png")]
    file = write_table(folder / "t.jsonl", rows)
    assert (
        f"{file} line 2: image_id '3' has the path 'b.png' here and 'a.png' in an earlier row"
        in message(file)
    )


def test_no_image_at_all(folder):
    file = write_table(folder / "t.csv", [{"image": "x.png", "text": "x"}])
    # Embeddings are scored without the images; `run` and `check` refuse with this reason.
    (document,) = table(file).corpus
    reason = document.inputs["image"].reason
    assert f"{file}: none of its 1 images was found, e.g. 'x.png' (looked in {folder}," in reason


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_two_ways_to_write_a_path_are_one_image(folder, kind):
    # The file system knows one file under all of these names.
    names = ["a.png", "./a.png", "images/../a.png", ".//a.png", "images/./c.png"]
    file = write_table(folder / f"t.{kind}", [{"image": name, "text": name} for name in names])
    data = table(file)
    assert greys(data) == {"a.png": ord("a"), "images/c.png": ord("c")}
    assert [list(to) for to in data.links.values()] == [["a.png"]] * 4 + [["images/c.png"]]
    rows = [{"image": name, "text": "x", "image_id": 3} for name in names[:2]]
    assert list(greys(table(write_table(folder / f"u.{kind}", rows)))) == ["3"]


def test_blank_lines_and_a_byte_order_mark_are_skipped(folder):
    (folder / "t.csv").write_bytes(b"\xef\xbb\xbfimage,text\r\n\r\na.png,one\r\n\r\n")
    assert texts(table(folder / "t.csv")) == {"0": "one"}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@given(st.sampled_from(["csv", "jsonl", "parquet"]), st.data())
def test_damage_is_read_or_is_an_error(damaged, kind, data):
    (damaged / "a.png").write_bytes(png(1))
    file = write_table(damaged / f"t.{kind}", ROWS)
    content = bytearray(file.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content[place] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        table(file)
    except MmbenchError as error:
        assert "\n" not in str(error)
