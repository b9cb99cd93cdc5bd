"""The source `hf`: data sets as `datasets` saves them, from disk, the hub and the cache."""

import io
import json
import socket

import datasets
import huggingface_hub
import pytest
from PIL import Image

from mmbench.data.sources.text_media_pairs import hf
from mmbench.errors import DataError, SampleError, UnknownName
from mmbench.media import read_bytes
from mmbench.types import InvalidContent
from tests.support.datasets import texts
from tests.support.errors import one_line_error
from tests.support.media.images import plain_image, png, red_of, save_image
from tests.support.processes import run_python
from tests.support.servers.dataset_hub import COMMIT, NAME, dataset_hub

pytestmark = pytest.mark.usefixtures("own_datasets")


def pictures(greys, texts, **columns):
    made = datasets.Dataset.from_dict(
        {"image": [plain_image(g, (2, 2)) for g in greys], "text": texts, **columns}
    )
    return made.cast_column("image", datasets.Image())


def greys(data):
    return [red_of(document.inputs["image"]) for document in data.corpus]


def message(kind=DataError, root=None, **options):
    with one_line_error(kind) as caught:
        hf(root, **options)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path):
    """Four rows of three images, saved as one data set, as splits, and as Parquet."""
    rows = pictures([1, 2, 3, 1], ["a", "b", "c", "d"])
    rows.save_to_disk(tmp_path / "one")
    splits = datasets.DatasetDict({"train": rows.select([0]), "test": rows})
    splits.save_to_disk(tmp_path / "splits")
    for split, part in splits.items():
        part.to_parquet(tmp_path / f"parquet/data/{split}-00000-of-00001.parquet")
    return tmp_path


@pytest.mark.parametrize(
    "place", ["one", "splits", "parquet", "parquet/data/test-00000-of-00001.parquet"]
)
@pytest.mark.parametrize("way", ["root", "path"])
def test_data_sets_on_disk(saved, place, way):
    root = saved / place
    data = hf(root, path=NAME) if way == "root" else hf(None, path=str(root))
    assert texts(data) == {"0": "a", "1": "b", "2": "c", "3": "d"}
    assert greys(data) == [1, 2, 3]
    assert data.links["3"] == data.links["0"] == {data.corpus[0].id: 1.0}
    assert data.source == {"path": str(root)}
    assert data.corpus[1].inputs["image"].name == f"image of {root} (test) row 1"


def test_ids_and_lists_of_texts(tmp_path):
    rows = pictures([5, 6], [["a", "b"], ["c"]], number=[70, 80], file=["x.jpg", "y.jpg"])
    rows = rows.rename_columns({"image": "img", "text": "caption"})
    rows.save_to_disk(tmp_path / "d")
    columns = {"image": "img", "text": "caption", "id": "number", "image_id": "file"}
    data = hf(tmp_path / "d", path=NAME, columns=columns)
    assert texts(data) == {"70#0": "a", "70#1": "b", "80#0": "c"}
    assert data.links["70#1"] == {"x.jpg": 1.0}
    assert greys(data) == [5, 6]


def test_a_folder_of_images_with_metadata(tmp_path):
    folder = tmp_path / "test"
    folder.mkdir()
    for grey in (3, 4):
        save_image(folder / f"{grey}.png", grey)
    lines = [{"file_name": f"{grey}.png", "text": f"grey {grey}"} for grey in (3, 4)]
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    data = hf(tmp_path, path=NAME)
    assert sorted(greys(data)) == [3, 4]
    assert sorted(texts(data).values()) == ["grey 3", "grey 4"]


def test_rows_in_another_order_keep_their_images(tmp_path):
    rows = pictures([1, 2, 3], ["a", "b", "c"], image_id=[1, 2, 3]).select([2, 0])
    rows.save_to_disk(tmp_path / "d")
    data = hf(tmp_path / "d", path=NAME)
    assert greys(data) == [3, 1]
    assert data.links == {"0": {"3": 1.0}, "1": {"1": 1.0}}


def test_rows_that_have_a_value(tmp_path):
    lang = ["en", "fr", "en", "de"]
    pictures([1, 2, 3, 4], ["a", "b", "c", "d"], lang=lang).save_to_disk(tmp_path / "d")
    data = hf(tmp_path / "d", where={"lang": ["en", "de"]})
    assert texts(data) == {"0": "a", "2": "c", "3": "d"}
    assert greys(data) == [1, 3, 4]


def test_samples_that_lack_something(tmp_path):
    cells = [{"bytes": data, "path": None} for data in (png(9), b"")]
    rows = datasets.Dataset.from_dict(
        {"image": [*cells, None], "text": [" ", "no bytes", "no image"]},
        features=datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")}),
    )
    rows.save_to_disk(tmp_path / "d")
    data = hf(tmp_path / "d", path=NAME)
    assert texts(data) == {"0": InvalidContent("empty caption"), "1": "no bytes", "2": "no image"}
    assert len(data.corpus) == 2
    assert data.links["2"] == {"row 2": 1.0}
    with pytest.raises(SampleError, match=r"^image of .* row 1 is empty"):
        read_bytes(data.corpus[1].inputs["image"])


def test_a_column_or_split_that_is_not_there(saved):
    for place in ("splits", "parquet"):
        found = message(UnknownName, saved / place, path=NAME, columns={"text": "tekst"})
        assert found.startswith(
            f"unknown column of {saved / place} (test) 'tekst': did you mean text?"
        )
    assert "did you mean test" in message(UnknownName, saved / "splits", path=NAME, split="tst")
    assert "Should be one of ['train', 'test']" in message(
        DataError, saved / "parquet", path=NAME, split="tst"
    )


def test_what_is_not_a_data_set(tmp_path):
    assert f"{tmp_path}/gone: no such file or folder" in message(root=tmp_path / "gone", path=NAME)
    assert message(root=tmp_path, path=NAME).startswith(f"{tmp_path} cannot be read: ")
    (tmp_path / "test.parquet").write_bytes(b"PAR1 but not really")
    assert "cannot be read: Parquet magic bytes not found" in message(root=tmp_path, path=NAME)
    (tmp_path / "notes.txt").touch()
    assert "give a file that ends in .parquet" in message(root=tmp_path / "notes.txt", path=NAME)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("README.md", "---\nconfigs:\n- config_name: a\n  data_files: {path}\n---\n# Data"),
        ("README.md", "---\nconfigs:\n- {config_name: a, data_dir: {path}}\n---\n"),
        (".huggingface.yaml", "configs:\n- data_files:\n  - {split: test, path: [{path}]}"),
        ("state.json", '{"_data_files": [{"filename": "{path}"}]}'),
        ("dataset_dict.json", '{"splits": ["test", "{path}"]}'),
    ],
    ids=["files", "folder", "yaml", "saved", "splits"],
)
@pytest.mark.parametrize("path", ["/etc/x.csv", "../x.csv", "https://example.org/x.csv"])
def test_a_folder_names_no_data_elsewhere(tmp_path, name, said, path):
    (tmp_path / "a.csv").write_text("text,answer\na,b\n")
    (tmp_path / name).write_text(said.replace("{path}", path))
    told = message(root=tmp_path, split="train")
    assert told.startswith(f"{tmp_path / name} refers to data outside its folder: {path}")


def test_a_name_that_the_hub_cannot_have():
    assert "a/b/c is neither a file or folder nor the OWNER/NAME" in message(path="a/b/c")


def test_a_hub_that_refuses_or_does_not_answer(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (silent.getsockname()[1], 1):
            url = f"http://127.0.0.1:{port}"
            monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
            found = message(path=NAME, revision="v1")
            assert found.startswith(f"no data set {NAME} (revision v1): no file or folder has this")
            assert f"the cache {datasets.config.HF_DATASETS_CACHE} has no copy" in found
            assert f"{url} cannot be reached" in found
            assert "--data FOLDER" in found


def test_offline_mode(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids requests to the hub" in message(path=NAME)


def test_a_data_set_or_revision_that_the_hub_lacks(monkeypatch):
    with dataset_hub({}) as (url, _):
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
        assert f"{url}/datasets/some/other does not exist or is not accessible" in message(
            path="some/other"
        )
        assert f"{url}/datasets/{NAME} has no revision 'v1'" in message(path=NAME, revision="v1")


SCRIPT = """
import json, sys
from mmbench.data.sources.text_media_pairs import hf
from mmbench.errors import MmbenchError
from mmbench.media import read_bytes
for options in json.loads(sys.argv[1]):
    try:
        data = hf(None, path="someone/Pictures", **options)
        texts = [query.inputs["text"] for query in data.queries]
        sizes = [len(read_bytes(document.inputs["image"])) for document in data.corpus]
        print(json.dumps([texts, min(sizes) > 0, data.source]))
    except MmbenchError as error:
        print(json.dumps(str(error)))
"""


def load(home, url, *options):
    """Load the data set in a process of its own: `datasets` reads its settings on import."""
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1"}
    printed = run_python(SCRIPT, json.dumps(options), **settings)
    return [json.loads(line) for line in printed.splitlines()]


README = b"""---
configs:
- {config_name: en, default: true, data_files: [{split: test, path: en.parquet}]}
- {config_name: fr, data_files: [{split: test, path: fr.parquet}]}
---
"""


def parquet(words):
    stream = io.BytesIO()
    pictures(range(len(words)), words).to_parquet(stream)
    return stream.getvalue()


@pytest.mark.slow
def test_from_the_hub_and_then_from_the_cache(tmp_path):
    files = {
        "README.md": README,
        "en.parquet": parquet(["a cat", "a dog"]),
        "fr.parquet": parquet(["un chat"]),
    }
    source = {"path": NAME, "revision": COMMIT}
    english, french = [["a cat", "a dog"], True, source], [["un chat"], True, source]
    with dataset_hub(files) as (url, requests):
        # What is cached is not the default configuration: it is not taken for it.
        assert load(tmp_path, url, {"name": "fr"}, {}, {"split": "tst"})[:2] == [
            french,
            english,
        ]
        asked = len(requests)
        assert load(tmp_path, url, {"name": "fr", "revision": COMMIT}) == [french]
        assert not [path for path in requests[asked:] if NAME in path]
    english_now, french_now, main, either, tag, other = load(
        tmp_path,
        url,
        {"name": "en"},
        {"name": "fr", "revision": COMMIT},
        {"name": "fr", "revision": "main"},
        {},
        {"name": "en", "revision": "v1"},
        {"name": "en", "revision": "f" * 40},
    )
    assert (english_now, french_now, main) == (english, french, french)
    assert either.startswith(f"{NAME}: the cache has the configurations en, fr; choose one")
    assert tag.startswith(f"no data set {NAME} (revision v1): ")
    assert other.startswith(f"no data set {NAME} (revision {'f' * 40}): ")


def test_files_on_disk_ask_no_server(tmp_path, monkeypatch):
    """`datasets` counts each use of a builder at the hub, which takes 5 s without a network."""
    asked = []

    def resolve(host, *args, **options):
        asked.append(host)
        raise OSError("no network")

    monkeypatch.setattr(datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", True)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "x.jsonl").write_text('{"image": "a.png", "text": "a"}\n')
    assert texts(hf(tmp_path / "x.jsonl", path=NAME)) == {"0": "a"}
    assert asked == []


def test_a_path_may_be_left_out_where_data_are_given(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"image": "a.jpg", "text": "red"}\n')
    assert [query.inputs["text"] for query in hf(file).queries] == ["red"]
    with pytest.raises(DataError, match=r"--data PATH.*`path`"):
        hf(None)
