"""Files that data name are opened only if they are regular files."""

import os
import socket
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from mmbench.checkpoints.file_hashes import hash_file
from mmbench.checkpoints.layouts import check_folder, check_shards
from mmbench.data.readers.folders import matches
from mmbench.data.sources.media_folders import class_folders, folder, images
from mmbench.data.sources.text_media_pairs import table
from mmbench.data.sources.transcripts import transcripts
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError, ModelError, SampleError
from mmbench.media import read_bytes
from mmbench.spec import load_task, task_summary
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import InvalidContent, Media
from mmbench.validation.regular_files import open_regular, read_regular


def test_a_file_and_a_link_to_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    (tmp_path / "link.txt").symlink_to("a.txt")
    assert read_regular(tmp_path / "a.txt") == read_regular(str(tmp_path / "link.txt")) == b"text"
    with open_regular(tmp_path / "a.txt") as file:
        assert file.read(2) == b"te"


def test_whatever_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    (tmp_path / "to-pipe").symlink_to("pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    expected = {"pipe": "a pipe", "to-pipe": "a pipe", "zeros.png": "a device", ".": "a folder"}
    for name, kind in expected.items():
        with pytest.raises(OSError, match=f"is {kind}, not a regular file"):
            read_regular(tmp_path / name)
    with server, pytest.raises(OSError):
        read_regular(tmp_path / "socket")


def test_a_refusal_leaves_no_open_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(OSError):
            read_regular(tmp_path / "pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_missing_file_and_a_closed_loop_of_links_are_ordinary_errors(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name in ("none", "loop"):
        with pytest.raises(OSError):
            read_regular(tmp_path / name)


def special(folder: Path, name: str) -> list[Path]:
    """A pipe, a link to it and a link to a device without an end, with this ending."""
    folder.mkdir(parents=True, exist_ok=True)
    pipe, link, device = (folder / f"{kind}{name}" for kind in ("pipe", "link", "zeros"))
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    device.symlink_to("/dev/zero")
    return [pipe, link, device]


def test_a_medium_that_is_a_pipe_fails_and_is_named(tmp_path: Path) -> None:
    with ContentKeys(tmp_path) as keys:
        for path in special(tmp_path, ".png"):
            medium = Media("image", str(path))
            for read in (keys.key, read_bytes):
                with pytest.raises(SampleError, match=rf"{path}: .*, not a regular file"):
                    read(medium)


def test_a_table_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl", ".json", ".parquet"):
        special(tmp_path, suffix)
        for kind in ("pipe", "zeros"):
            (tmp_path / suffix / kind).mkdir(parents=True)
            (tmp_path / f"{kind}{suffix}").rename(tmp_path / suffix / kind / f"x{suffix}")
            with pytest.raises(DataError, match="not a regular file"):
                table(tmp_path / suffix / kind)
    spec = load_task("shapes-retrieval")
    with pytest.raises(DataError, match="is neither a file nor a folder"):
        load_data(spec, Path("/dev/zero"))


def test_captions_and_tasks_that_are_pipes_do_not_hang(tmp_path: Path) -> None:
    special(tmp_path / "d", ".txt")
    Path(tmp_path, "d", "pipe.jpg").write_bytes(b"")
    data = folder(tmp_path / "d")
    assert all(isinstance(sample.inputs["text"], InvalidContent) for sample in data.queries)
    for path in special(tmp_path / "tasks", ".yaml"):
        assert "not a regular file" in task_summary(path)
    for path in special(tmp_path / "arrays", ".npz"):
        with pytest.raises(DataError, match="not a regular file"):
            read_outputs(path)


def test_outputs_may_come_through_a_pipe_that_the_user_names(tmp_path: Path) -> None:
    pipe = tmp_path / "said.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('{"id": "a", "value": "b"}\n',))
    writer.start()
    assert read_outputs(pipe).values == {"a": "b"}
    writer.join()


def test_outputs_that_are_a_device_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zeros.jsonl").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"zeros\.jsonl cannot be read: is a device, not a"):
        read_outputs(tmp_path / "zeros.jsonl")


def test_files_of_a_model_that_are_pipes_are_named(tmp_path: Path) -> None:
    special(tmp_path, ".safetensors.index.json")
    with pytest.raises(ModelError, match="not a regular file"):
        check_shards(tmp_path / "pipe.safetensors.index.json")
    for path in special(tmp_path, ".pt"):
        with pytest.raises(OSError, match="not a regular file"):
            hash_file(path)


def test_links_to_folders_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    store, root = tmp_path / "store", tmp_path / "root"
    for place in (store / "cat/deep", root / "dog"):
        place.mkdir(parents=True)
        (place / "x.jpg").write_bytes(b"x")
    (root / "cat").symlink_to(store / "cat")
    (root / "dog/again").symlink_to(root)
    (store / "cat/deep/up").symlink_to(store / "cat")
    assert [s.id for s in class_folders(root).samples] == ["cat/deep/x", "dog/x"]
    expected = ["cat/deep/x", "dog/x"]
    assert [sample.id for sample in images(root).samples] == expected
    assert [sample.id for sample in folder(root).corpus] == expected
    assert sorted(read_outputs(root).values) == expected
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/linked").symlink_to(root)
    check_folder(tmp_path / "weights", (".jpg",))


def test_folders_that_link_to_each_other_many_times_are_listed_once(tmp_path: Path) -> None:
    """Of 30 folders with two links each to the next, 2^30 paths lead to the last."""
    places = [tmp_path / f"f{number:02}" for number in range(30)]
    for place in places:
        place.mkdir()
    for place, after in pairwise(places):
        (place / "a").symlink_to(after)
        (place / "b").symlink_to(after)
    (places[-1] / "x.jpg").write_bytes(b"x")
    assert len(images(places[0]).samples) == 1


def test_speakers_of_librispeech_may_be_links(tmp_path: Path) -> None:
    chapter = tmp_path / "store/12/345"
    chapter.mkdir(parents=True)
    (chapter / "12-345.trans.txt").write_text("12-345-0000 A LINE\n12-345-0001 ANOTHER\n")
    (tmp_path / "test-clean").mkdir()
    (tmp_path / "test-clean/12").symlink_to(tmp_path / "store/12")
    (tmp_path / "test-clean/loop").symlink_to(tmp_path / "test-clean")
    samples = transcripts(tmp_path / "test-clean").samples
    assert [(s.id, s.group) for s in samples] == [("12-345-0000", "12"), ("12-345-0001", "12")]


def test_annotations_in_linked_folders_are_found(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store/a.json").write_text("[]")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/linked").symlink_to(tmp_path / "store")
    assert matches(tmp_path / "data", "*/*.json") == [tmp_path / "data/linked/a.json"]
