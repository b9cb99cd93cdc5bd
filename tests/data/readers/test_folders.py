"""What operating systems and tools leave in folders is no class, no medium and no table.

The names are those of the systems: macOS archives hold `__MACOSX` and AppleDouble files `._NAME`
with the ending of the real file, Windows writes Thumbs.db and desktop.ini, Synology's index
`@eaDir` holds thumbnails as JPEG, Jupyter copies files into .ipynb_checkpoints.
"""

from pathlib import Path

import pytest

from mmbench.data.published.pope import pope
from mmbench.data.readers.folders import is_system_name
from mmbench.data.readers.layouts.caption_annotations import find_annotations
from mmbench.data.readers.table_files import find_file
from mmbench.data.sources.captions import captions
from mmbench.data.sources.media_folders import class_folders, folder, images
from mmbench.data.sources.transcripts import transcripts
from mmbench.engine.loading.data.outputs import read_outputs
from tests.support.files import write_file

FOLDERS = ["__MACOSX", "@eaDir", ".ipynb_checkpoints", "$RECYCLE.BIN"]
FILES = ["Thumbs.db", "desktop.ini", ".DS_Store"]


def litter(root: Path, name: str) -> None:
    """Put every kind of system file beside, below and above a file called `name`."""
    for place in (root, *(root / left for left in FOLDERS)):
        for left in (*FILES, f"._{name}"):
            write_file(place / left)
    for left in FOLDERS:
        write_file(root / left / name)
        write_file(root / left / "inner" / name)


@pytest.mark.parametrize("name", [*FOLDERS, *FILES, "._a.jpg", "THUMBS.DB", "Icon\r"])
def test_names_of_systems(name: str) -> None:
    assert is_system_name(name)


@pytest.mark.parametrize("name", ["cat", "_", "macosx", "Thumbs", "a.DS_Store", "db"])
def test_names_of_data(name: str) -> None:
    assert not is_system_name(name)


def test_classes_are_the_real_folders(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write_file(tmp_path / name / "a.jpg")
        litter(tmp_path / name, "a.jpg")
    litter(tmp_path, "a.jpg")
    data = class_folders(tmp_path)
    assert data.labels == ["cat", "dog"]
    assert [(sample.id, sample.target) for sample in data.samples] == [("cat/a", 0), ("dog/a", 1)]


def test_images_are_the_real_files(tmp_path: Path) -> None:
    write_file(tmp_path / "a.jpg")
    write_file(tmp_path / "a.txt", "a cat")
    litter(tmp_path, "a.jpg")
    litter(tmp_path, "a.txt")
    data = folder(tmp_path)
    assert ([d.id for d in data.corpus], [q.id for q in data.queries]) == (["a"], ["a#0"])
    assert [sample.id for sample in images(tmp_path).samples] == ["a"]
    assert list(read_outputs(tmp_path).values) == ["a"]


def test_tables_are_the_real_files(tmp_path: Path) -> None:
    real = write_file(tmp_path / "ref.csv")
    litter(tmp_path, "ref.csv")
    assert find_file(tmp_path, "labels") == real
    annotations = write_file(tmp_path / "captions_test.json", '{"a": ["a cat"]}')
    litter(tmp_path, "captions_test.json")
    assert find_annotations(tmp_path, "test") == annotations
    assert [sample.id for sample in captions(tmp_path).samples] == ["a"]


def test_recordings_and_questions_are_the_real_files(tmp_path: Path) -> None:
    write_file(tmp_path / "speech/1/2/1-2.trans.txt", "1-2-0 HELLO")
    write_file(tmp_path / "speech/1/2/1-2-0.flac")
    litter(tmp_path / "speech/1/2", "1-2.trans.txt")
    litter(tmp_path / "speech", "1-2.trans.txt")
    assert [sample.id for sample in transcripts(tmp_path / "speech").samples] == ["1-2-0"]
    line = '{"question_id": 1, "image": "a.jpg", "text": "?", "label": "yes"}'
    write_file(tmp_path / "pope/coco_pope_random.json", line)
    litter(tmp_path / "pope", "coco_pope_random.json")
    assert [sample.id for sample in pope(tmp_path / "pope", category="random").samples] == ["1"]
