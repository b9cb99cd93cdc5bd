"""Rows of the user's own data in each layout; the sources of own data are tested elsewhere."""

from pathlib import Path

import pytest

from mmbench.data.readers.own_data import own_rows
from mmbench.data.readers.rows import Rows
from mmbench.data.sources.transcripts import transcripts
from mmbench.data.sources.translations import translations
from mmbench.errors import DataError
from tests.support.files import write_file
from tests.support.media.images import png
from tests.support.tars import write_tar

TEXTS = ["a cat", "a dog"]


def cells(rows: Rows) -> dict[str, list[object]]:
    return {name: list(rows.column(name)) for name in rows.names()}


@pytest.fixture
def images(tmp_path: Path) -> list[str]:
    names = ["cats/0.png", "dogs/1.png"]
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(png(number))
    return names


def test_tables_keep_their_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("filepath,title\na.jpg,a cat\n")
    (tmp_path / "a.tsv").write_text("filepath\ttitle\na.jpg\ta cat\n")
    (tmp_path / "a.jsonl").write_text('{"filepath": "a.jpg", "title": "a cat"}\n')
    for name in ("a.csv", "a.tsv", "a.jsonl"):
        expected: dict[str, list[object]] = {"filepath": ["a.jpg"], "title": ["a cat"]}
        assert cells(own_rows(str(tmp_path / name))) == expected


def test_a_folder_of_media_has_ids_labels_and_texts(tmp_path: Path, images: list[str]) -> None:
    (tmp_path / "cats/0.txt").write_text("a cat\na black cat\n")
    assert cells(own_rows(tmp_path)) == {
        "id": ["cats/0", "dogs/1"],
        "image": images,
        "label": ["cats", "dogs"],
        "text": [["a cat", "a black cat"], None],
    }


def test_a_folder_of_save_to_disk_uses_its_only_split_or_test(tmp_path: Path) -> None:
    import datasets

    def save(*splits: str) -> Path:
        place = tmp_path / "-".join(splits)
        parts = {name: datasets.Dataset.from_dict({"of": [name]}) for name in splits}
        datasets.DatasetDict(parts).save_to_disk(str(place))
        return place

    assert cells(own_rows(save("train"))) == {"of": ["train"]}
    assert cells(own_rows(save("train", "test"))) == {"of": ["test"]}
    several = save("train", "val")
    assert cells(own_rows(several, "val")) == {"of": ["val"]}
    with pytest.raises(DataError, match="has the splits train, val; add --split NAME"):
        own_rows(several)


def test_tar_archives_are_rows_of_their_samples(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_tar(tmp_path / split / "0.tar", [("a.txt", b"a cat"), ("b.txt", split.encode())])
    expected: dict[str, list[object]] = {"key": ["a", "b"], "txt": ["a cat", "test"]}
    for place in ("", "test", "test/0.tar", "test/{0..0}.tar", "test/*.tar"):
        assert cells(own_rows(tmp_path / place)) == expected
    assert list(own_rows(tmp_path, "train").column("txt")) == ["a cat", "train"]


@pytest.mark.parametrize("name", ["absent", "a.xyz", "shards/*.csv"])
def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.xyz").write_text("?")
    with pytest.raises(DataError, match="give a table"):
        own_rows(tmp_path / name)


def test_a_folder_of_parquet_files_is_one_data_set(tmp_path: Path) -> None:
    import datasets

    for shard, text in enumerate(TEXTS):
        part = datasets.Dataset.from_dict({"text": [text]})
        part.to_parquet(str(tmp_path / f"data/test-0000{shard}-of-00002.parquet"))
    assert cells(own_rows(tmp_path)) == {"text": TEXTS}


def test_a_folder_of_coco_has_a_row_for_each_caption_and_image(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 7, "file_name": "7.jpg"}, {"id": 9, "file_name": "9.jpg"}],
        "annotations": [{"id": 1, "image_id": 7, "caption": text} for text in TEXTS],
    }
    write_file(tmp_path / "annotations/captions_val2017.json", content)
    assert cells(own_rows(tmp_path)) == {
        "id": ["1", "1", None],
        "image_id": ["7", "7", "9"],
        "image": ["7.jpg", "7.jpg", "9.jpg"],
        "text": [*TEXTS, None],
    }
    assert own_rows(tmp_path).media("image", "image") == [["7.jpg"], ["7.jpg"], ["9.jpg"]]


def test_a_misspelt_path(tmp_path: Path) -> None:
    write_file(tmp_path / "products.csv", "filepath,title\n")
    with pytest.raises(
        DataError, match=r"prodcts.csv: no such file.*did you mean .*/products.csv\?"
    ):
        own_rows(str(tmp_path / "prodcts.csv"))
    with pytest.raises(DataError, match=r"gone/x.csv: no such file or folder; give a table"):
        own_rows(str(tmp_path / "gone/x.csv"))
    with pytest.raises(DataError, match=r"no such file or folder; give a \.trn file, a table"):
        own_rows(str(tmp_path / "gone/x.csv"), formats="a .trn file")
    for source, formats in (
        (transcripts, r"a \.trn or \.txt file"),
        (translations, r"a \.txt file"),
    ):
        with pytest.raises(DataError, match=rf"give --data PATH: {formats}.*, a table"):
            source(None)


def test_a_path_of_a_table_is_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / "photos/products.csv", "filepath,title\n")
    with pytest.raises(DataError, match=r"no such file.*did you mean photos/products.csv\?"):
        own_rows("photos/prodcts.csv")
