"""Every source with what users give by mistake: one line that names the file, and no bug."""

import gzip
import io
import tarfile

import msgspec
import pytest

from mmbench.data.readers.file_formats import describe
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, MmbenchError
from mmbench.spec import load_task, packaged_tasks
from tests.support.files import write_file
from tests.support.media.images import image_bytes, plain_image

CSV = b'image,text,id,label\na.jpg,"a dog, wet",1,dog\nb.jpg,a cat,2,cat\n'
JSONL = b'{"id": 1, "image": "a.jpg", "text": "x"}\n{"id": 2, "image": "b.jpg", "text": "y"}\n'
INPUTS = {
    "empty.csv": b"",
    "empty.json": b"",
    "empty.jsonl": b" \n",
    "header.csv": b"image,text,id,label\n",
    "columns.csv": b"foo,bar\n1,2\n",
    "table.csv": CSV,
    "windows.csv": b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"),
    "latin.csv": CSV.replace(b"wet", b"caf\xe9"),
    "utf16.csv": CSV.decode().encode("utf-16"),
    "packed.csv": gzip.compress(CSV),
    "table.csv.gz": gzip.compress(CSV),
    "rows.jsonl": JSONL,
    "one.json": JSONL.split(b"\n")[0],
    "list.json": b"[" + JSONL.strip().replace(b"\n", b", ") + b"]",
    "null.json": b"null",
    "numbers.json": b"[1, null]",
    "nothing.json": b"{}",
    "page.json": b"<!DOCTYPE html><html></html>",
    "photo.jpg": b"\xff\xd8\xff\xe0",
    "vectors.npy": b"\x93NUMPY\x01\x00",
    "noise.bin": bytes(range(256)),
    "words.txt": b"hello\nworld\n",
}
OPTIONS = {
    "caption-rows": {"columns": {"image": "image", "text": "text"}},
    "rows": {"columns": {"text": "text"}, "target": "label"},
}


def specs():
    """Return a task for each source that reads data: a packaged one, or one of its own."""
    named = {}
    for name in packaged_tasks():
        spec = load_task(name)
        if not spec.data["source"].startswith(("shapes", "spoken")):
            named.setdefault(spec.data["source"], spec)
    for source in ("folder", "table", "hf", "rows", "caption-rows"):
        base = load_task("answers" if source == "rows" else "coco-retrieval")
        data = {"source": source, **OPTIONS.get(source, {})}
        named[source] = msgspec.structs.replace(base, name="mine", data=data)
    return named


SPECS = specs()
LIBRARY = ("hf", "rows", "caption-rows")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong")
    for name, content in INPUTS.items():
        (folder / name).write_bytes(content)
    (folder / "folder.csv").mkdir()
    write_file(folder / "notes/readme.md", "x")
    write_file(folder / "two/a.csv", CSV.decode())
    write_file(folder / "two/b.csv", CSV.decode())
    return folder


@pytest.mark.parametrize(
    "source", [pytest.param(s, marks=pytest.mark.slow) if s in LIBRARY else s for s in SPECS]
)
def test_a_source_reads_it_or_names_it_in_one_line(inputs, source):
    for path in sorted(inputs.iterdir()):
        try:
            data = load_data(SPECS[source], path, hub=False)
        except MmbenchError as error:
            assert path.name in str(error)
            assert "\n" not in str(error)
            assert len(str(error)) < 900
        else:
            assert isinstance(data, Samples | RetrievalData)
            assert data.samples if isinstance(data, Samples) else data.corpus


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        ("coco-retrieval", "table.csv", ["is CSV with the columns image, text", "-t retrieval"]),
        ("coco-retrieval", "table.csv", ["COCO captions JSON", "-t transcripts", "-t labels"]),
        ("coco-retrieval", "page.json", ["an HTML page", "not JSON"]),
        ("vqav2", "table.csv", ["is not a questions file", "CSV with the columns"]),
        ("pope", "columns.csv", ["is CSV with the columns foo, bar, not JSON"]),
        ("cifar10-zeroshot", "photo.jpg", ["a JPEG image", "reads a FOLDER"]),
        ("clotho-retrieval", "vectors.npy", ["a NumPy array", "clotho_captions_evaluation"]),
        ("labels", "table.csv.gz", ["compressed by gzip", "unpack it"]),
        ("chartqa", "list.json", ["is one file, but 2 files are read; give --data FOLDER"]),
        ("gqa", "nothing.json", ["no rows"]),
    ],
)
def test_the_format_and_its_task_are_named(inputs, task, name, words):
    with pytest.raises(DataError) as caught:
        load_data(load_task(task), inputs / name)
    for word in words:
        assert word in str(caught.value)
    assert "malformed" not in str(caught.value)


def test_a_fault_within_the_right_format_is_told_alone(tmp_path):
    file = write_file(tmp_path / "x.jsonl", '{"id": 1, "answer": "a"}\n{"id": 2}\n')
    with pytest.raises(DataError) as caught:
        load_data(load_task("answers"), file)
    assert "JSON lines" not in str(caught.value)
    assert "-t " not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"q1 0 d1 1\nq1 0 d2 0\n", "TREC qrels"),
        (b"q1 Q0 d1 1 0.5 me\n", "a TREC run"),
        (b"a b (id-1)\n", "lines `text (id)`"),
        (b"a;b\n1;2\n", "CSV (with semicolons) with the columns a, b"),
        (b'[{"a": 1}, {"a"', "a JSON list of objects with a"),
        (b'{"a": {"b": [1, ', "a JSON object"),
        (b"id,text\n1," + b"x" * 70_000, "CSV with the columns id, text"),
        (b"\n", "empty"),
    ],
)
def test_what_a_file_is(tmp_path, content, text):
    (tmp_path / "x").write_bytes(content)
    assert describe(tmp_path / "x") == text
    assert describe(tmp_path / "nowhere") == ""


def archive(path, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as made:
        for name in names:
            content = image_bytes(plain_image(), "JPEG") if name.endswith("jpg") else b"a thing"
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))


def test_a_key_of_webdataset_ends_at_the_first_dot_of_the_name(tmp_path):
    spec = msgspec.structs.replace(
        SPECS["hf"],
        data={"source": "hf", "split": "train", "columns": {"image": "jpg", "text": "txt"}},
    )
    archive(tmp_path / "good/x-0.tar", ["d.v1/a.jpg", "d.v1/a.txt", "d.v1/b.jpg", "d.v1/b.txt"])
    data = load_data(spec, tmp_path / "good")
    assert isinstance(data, RetrievalData)
    assert len(data.queries) == 2
    archive(tmp_path / "odd/x-0.tar", ["a.jpg", "a.txt", "b.v2.jpg", "b.v2.txt"])
    with pytest.raises(DataError, match=r"x-0.tar the key 'b' has the members v2.jpg, v2.txt, "):
        load_data(spec, tmp_path / "odd")
    archive(tmp_path / "all/x-0.tar", ["a.v1.jpg", "a.v1.txt", "a.v2.jpg", "a.v2.txt"])
    with pytest.raises(DataError, match=r"key 'a' has the members v1.jpg, v1.txt, v2.jpg, v2.txt"):
        load_data(spec, tmp_path / "all")
