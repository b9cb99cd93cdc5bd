"""File names of any bytes: one text for each, in ids, classes, messages, records and rows."""

import os
from pathlib import Path

import pytest
from PIL import Image

import mmbench
from mmbench.checkpoints.file_hashes import hash_folder
from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.folders import sounds_in
from mmbench.data.sources.media_folders import class_folders, folder, images
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.recording.rows import stored_predictions
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.storage import records as store
from mmbench.storage.content_keys import ContentKeys
from mmbench.surrogates import escape_all, escape_surrogates
from mmbench.types import Media
from mmbench.validation.safe_parse import encode_json
from tests.support.toy_models import Means

assert Means  # registers the model test-means

TASK = """\
include: coco-retrieval
name: mine
summary: my own pairs
data: {source: folder}
protocol: {}
published: []
"""


def put(folder: Path, name: bytes, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.write_bytes(content)
    return path


def picture(folder: Path, name: bytes, green: int) -> Path:
    path = put(folder, name, b"")
    Image.new("RGB", (8, 8), (9, green, 9)).save(path.open("wb"), "PNG")
    return path


def test_each_surrogate_has_one_visible_text() -> None:
    assert escape_surrogates(os.fsdecode(b"caf\xe9 \xff")) == r"caf\xe9 \xff"
    assert escape_surrogates("a\ud800b") == r"a\ud800b"
    for same in ("plain", "café 😀 日本", "caf\\xe9"):
        assert escape_surrogates(same) is same or escape_surrogates(same) == same
    assert escape_all({"\udce9": ["\udcff", 1, None]}) == {r"\xe9": [r"\xff", 1, None]}


def test_what_is_written_is_unicode() -> None:
    assert encode_json(Media("image", "\udce9.png")) == encode_json(Media("image", r"\xe9.png"))
    assert str(DataError("caf\udce9")) == r"caf\xe9"


def test_sources_name_such_files_and_open_them(tmp_path: Path) -> None:
    path = picture(tmp_path / "d", b"caf\xe9.png", 200)
    put(tmp_path / "d", b"caf\xe9.txt", b"a place")
    data = folder(tmp_path / "d")
    assert [(s.id, s.group) for s in data.queries] == [(r"caf\xe9#0", r"caf\xe9")]
    (sample,) = data.corpus
    medium = sample.inputs["image"]
    assert isinstance(medium, Media)
    assert (sample.id, read_bytes(medium)) == (r"caf\xe9", path.read_bytes())
    assert [s.id for s in images(tmp_path / "d").samples] == [r"caf\xe9"]
    assert list(read_outputs(tmp_path / "d").values) == [r"caf\xe9"]
    put(tmp_path / "s", b"\xe9.wav", b"")
    assert list(sounds_in(tmp_path / "s")) == [r"\xe9"]


def test_classes_are_named_as_their_folders(tmp_path: Path) -> None:
    picture(Path(os.fsdecode(os.fsencode(tmp_path) + b"/dog\xe9")), b"x.png", 1)
    data = class_folders(tmp_path)
    assert data.labels == [r"dog\xe9"]
    assert [s.id for s in data.samples] == [r"dog\xe9/x"]


def test_a_table_names_such_a_file_by_its_escapes(tmp_path: Path) -> None:
    path = picture(tmp_path, b"caf\xe9.png", 200)
    (medium,) = find_media([[r"caf\xe9.png"]], tmp_path, "x.csv")
    assert isinstance(medium, Media)
    assert read_bytes(medium) == path.read_bytes()


def test_keys_hashes_and_messages_hold_for_such_names(tmp_path: Path) -> None:
    one, two = (put(tmp_path / "w", name, b"same") for name in (b"\xe9.pt", b"\xe8.pt"))
    with ContentKeys(tmp_path) as keys:
        assert keys.file(one) == keys.file(two)
        with pytest.raises(SampleError, match=r"\\xe7\.png: No such file"):
            keys.file(tmp_path / "\udce7.png")
    before = hash_folder(tmp_path / "w")
    one.rename(tmp_path / "w/\udce7.pt")
    assert hash_folder(tmp_path / "w") != before


def test_a_run_over_such_names_is_stored_and_read_back(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/root\xe9"))
    for name, green in ((b"a", 10), (b"caf\xe9", 200)):
        picture(root, name + b".png", green)
        put(root, name + b".txt", b"a thing")
    put(root, b"bad\xe8.png", b"no image")
    put(root, b"bad\xe8.txt", b"a thing")
    (tmp_path / "mine.yaml").write_text(TASK)
    record = mmbench.evaluate(
        "test-means", str(tmp_path / "mine.yaml"), data=root, device="cpu", out=tmp_path / "out"
    ).record
    assert record.failures[0][0] == r"bad\xe8"
    assert r"root\xe9/bad\xe8.png" in record.failures[0][1]
    (stored,) = store.read_records(tmp_path / "out")
    assert stored.failures == record.failures
    table = store.read_table(store.stored_run(stored, tmp_path / "out"))
    assert {r"caf\xe9", r"caf\xe9#0", r"bad\xe8"} <= set(table["id"])
    assert stored_predictions(table)
