"""Every task reads its data set as it is published: miniatures in the data sets' own layout."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mmbench import media, registry
from mmbench.cli import main
from mmbench.data.published.cifar import cifar
from mmbench.data.published.voc import voc
from mmbench.data.sources.media_folders import class_folders
from mmbench.data.sources.row_samples import labelled
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, Missing, SampleError, SpecError, UnknownName
from mmbench.kinds.classification.zero_shot import ZeroShotOptions
from mmbench.spec import load_task
from mmbench.types import Media
from tests.support.layouts import classification, retrieval
from tests.support.layouts.classification import CIFAR10, prompts_package
from tests.support.layouts.parts import images, write_files
from tests.support.paths import real_data

LAYOUTS = classification.LAYOUTS | retrieval.LAYOUTS

# Ids, targets and labels of each miniature.
FOUND: dict[str, tuple[list[str], list[Any], list[str]]] = {
    "imagenet-zeroshot": (
        [
            "n01440764/ILSVRC2012_val_00000293",
            "n01440764/ILSVRC2012_val_00002138",
            "n01484850/ILSVRC2012_val_00002338",
        ],
        [0, 0, 2],
        ["tench", "goldfish", "great white shark"],
    ),
    "cifar10-zeroshot": (
        ["0", "1"],
        [3, 8],
        CIFAR10,
    ),
    "cifar100-zeroshot": (["0", "1"], [49, 99], [f"class_{i}" for i in range(100)]),
    "esc50-zeroshot": (
        ["1-100032-A-0.wav", "1-9887-A-49.wav", "5-9032-A-0.wav"],
        [0, 1, 0],
        ["dog", "hand saw"],
    ),
    "esc50": (
        ["1-100032-A-0.wav", "1-9887-A-49.wav", "5-9032-A-0.wav"],
        [0, 1, 0],
        ["dog", "hand_saw"],
    ),
    "kinetics400": (
        ["--07WQ2iBlw", "-0IErS_cisg", "-zzzGoneGon"],
        [0, 1, 0],
        ["javelin throw", "tying knot (not on a tie)"],
    ),
    "audioset": (
        ["--4gqARaEJE", "--BfvyPmVMo", "--gone23456"],
        [[0, 2], [1], [0]],
        ["Speech", "Hammer", "Domestic animals, pets"],
    ),
    "food101-zeroshot": (
        ["apple_pie/1011328", "waffles/999047", "waffles/101251"],
        [0, 2, 2],
        ["apple pie", "baby back ribs", "waffles"],
    ),
    "voc2007-zeroshot": (
        ["000001", "000002", "000003"],
        [[1, 2], [0, 2], []],
        ["aeroplane", "dog", "person"],
    ),
    "ucf101": (
        ["v_ApplyEyeMakeup_g01_c01", "v_HandStandPushups_g01_c01", "v_ApplyEyeMakeup_g01_c02"],
        [0, 1, 0],
        ["ApplyEyeMakeup", "HandstandPushups", "YoYo"],
    ),
    "ssv2": (
        ["74225", "116154", "198186"],
        [2, 1, 1],
        ["Dropping something", "Lifting something up", "Spinning something that stops"],
    ),
    "charades": (
        ["YSKX3", "EDXBD", "QWERT"],
        [[1, 2], [], [0]],
        ["Holding some clothes", "Putting clothes somewhere", "Taking some clothes"],
    ),
    "fsd50k": (
        ["37199", "175151", "253463"],
        [[1, 2], [0], [2]],
        ["Accelerating_and_revving_and_vroom", "Electric_guitar", "Guitar"],
    ),
}
# Documents, and the texts of the first of them.
RETRIEVED: dict[str, tuple[list[str], list[str]]] = {
    "clotho-retrieval": (
        ["Santa Motor.wav", "Radio Garble.wav", "01 A pug.wav"],
        [f"Santa, caption {i}" for i in range(1, 6)],
    ),
    "msrvtt-retrieval": (
        ["video9770", "video9771", "video7020"],
        ["a person is connecting something to system"],
    ),
    "cc3m-retrieval": (["0", "1", "2"], ['author : a "life in photography']),
    "audiocaps-retrieval": (
        ["vfY_TJq7n_U", "tdWhHV3X25Q", "6BJ455B1aAs"],
        [f"Hello, {i}" for i in range(5)],
    ),
}
WHOLE = {"imagenet-zeroshot", "cifar10-zeroshot", "cifar100-zeroshot"}


@pytest.fixture(autouse=True)
def _prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts_package(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


@pytest.fixture
def data(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The miniature of a task, as its task file has it read."""
    task = request.param
    LAYOUTS[task](tmp_path / "data")
    return task, load_data(load_task(task), tmp_path / "data")


@pytest.mark.parametrize("data", sorted(FOUND), indirect=True)
def test_ids_targets_and_classes(data: tuple[str, Samples]) -> None:
    task, found = data
    ids, targets, labels = FOUND[task]
    assert [sample.id for sample in found.samples] == ids
    assert [sample.target for sample in found.samples] == targets
    assert found.labels == labels


@pytest.mark.parametrize("data", sorted(RETRIEVED), indirect=True)
def test_documents_and_their_texts(data: tuple[str, RetrievalData]) -> None:
    task, found = data
    ids, texts = RETRIEVED[task]
    assert [document.id for document in found.corpus] == ids
    first = [query for query in found.queries if found.links[query.id] == {ids[0]: 1.0}]
    assert [query.inputs["text"] for query in first] == texts
    assert len(found.queries) == len(texts) * len(ids)


def test_audiocaps_as_aac_datasets_lays_it(tmp_path: Path) -> None:
    rows = "audiocap_id,youtube_id,start_time,caption\n97151,vfY_TJq7n_U,130,a\n97152,abc,5,b\n"
    write_files(tmp_path, {"csv_files_v1/test.csv": rows})
    sound = "audio_32000Hz/test/vfY_TJq7n_U_130.flac"
    write_files(tmp_path, {sound: ""})
    data = load_data(load_task("audiocaps-retrieval"), tmp_path)
    assert isinstance(data, RetrievalData)
    first, _ = data.corpus
    assert Path(first.inputs["audio"].name).resolve() == (tmp_path / sound).resolve()


@pytest.mark.parametrize("sound", ["test/7.wav", "audio/8.flac", "9.wav"])
def test_sounds_of_audiocaps_by_the_id_of_any_caption(tmp_path: Path, sound: str) -> None:
    rows = "audiocap_id,youtube_id,start_time,caption\n7,v,1,a\n8,v,1,b\n9,v,1,c\n"
    write_files(tmp_path, {"test.csv": rows, sound: ""})
    data = load_data(load_task("audiocaps-retrieval"), tmp_path)
    assert isinstance(data, RetrievalData)
    (only,) = data.corpus
    assert Path(only.inputs["audio"].name).resolve() == (tmp_path / sound).resolve()


@pytest.mark.parametrize("data", sorted(LAYOUTS), indirect=True)
def test_media_are_there_and_the_missing_one_fails(data: tuple[str, Any]) -> None:
    task, found = data
    field = load_task(task).fields
    name = field.get("corpus") or next(iter(field.values()))
    samples = found.corpus if isinstance(found, RetrievalData) else found.samples
    contents: list[Any] = [sample.inputs[name] for sample in samples]
    assert {content.modality for content in contents} == {name}
    there = contents if task in WHOLE else contents[:-1]
    assert all(media.read_bytes(content) for content in there)
    if task not in WHOLE:
        with pytest.raises(SampleError):
            media.read_bytes(contents[-1])


@pytest.mark.parametrize("data", ["cifar10-zeroshot", "cifar100-zeroshot"], indirect=True)
def test_cifar_planes_become_pixels(data: tuple[str, Samples]) -> None:
    task, found = data
    content = found.samples[0].inputs["image"]
    assert isinstance(content, Media)
    image = media.decode_image(media.read_bytes(content), content.name)
    assert image.size == (32, 32)
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((31, 31)) == ((250, 10, 20) if "10-" in task else (1, 2, 3))


@pytest.mark.parametrize("task", sorted(task for task in LAYOUTS if "zeroshot" in task))
def test_templates_are_the_tasks_or_the_packages(task: str, tmp_path: Path) -> None:
    LAYOUTS[task](tmp_path / "data")
    spec = load_task(task)
    found = load_data(spec, tmp_path / "data")
    assert isinstance(found, Samples)
    assert bool(spec.options_of(ZeroShotOptions).templates) != bool(found.templates)
    assert all("{c}" in template for template in found.templates)


def test_the_installed_package_has_what_the_tasks_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path / "site")])
    if find_spec("clip_benchmark") is None:
        pytest.skip("clip-benchmark is not installed")
    LAYOUTS["cifar10-zeroshot"](tmp_path / "data")
    assert len(cifar(tmp_path / "data", prompts="cifar10").templates) == 18
    for number in range(1000):
        (tmp_path / f"val/n{number:08}").mkdir(parents=True)
    images(tmp_path / "val", "n00000999/x.JPEG")
    found = class_folders(tmp_path / "val", prompts="imagenet1k")
    assert (found.labels[0], found.samples[0].target, len(found.templates)) == ("tench", 999, 80)


def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "clip_benchmark", None)
    LAYOUTS["cifar10-zeroshot"](tmp_path / "data")
    with pytest.raises(Missing, match="pip install --no-deps clip-benchmark"):
        cifar(tmp_path / "data", prompts="cifar10")


def test_a_class_without_a_folder_is_told(tmp_path: Path) -> None:
    LAYOUTS["imagenet-zeroshot"](tmp_path / "data")
    (tmp_path / "data/val/n01443537").rmdir()
    with pytest.raises(DataError, match="val has 2 classes, but imagenet1k has 3"):
        class_folders(tmp_path / "data", split="val", prompts="imagenet1k")


def test_a_cifar_that_is_cut_short_or_pickled(tmp_path: Path) -> None:
    write_files(tmp_path, {"cifar-10-batches-py/test_batch": "pickle"})
    with pytest.raises(DataError, match="binary version"):
        cifar(tmp_path)
    LAYOUTS["cifar10-zeroshot"](tmp_path)
    file = tmp_path / "cifar-10-batches-bin/test_batch.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match="if it is truncated"):
        cifar(tmp_path)


def test_difficult_objects_of_voc_may_count_as_absent(tmp_path: Path) -> None:
    LAYOUTS["voc2007-zeroshot"](tmp_path)
    found = voc(tmp_path, difficult=False)
    assert [sample.target for sample in found.samples] == [[1, 2], [0], []]


@pytest.mark.parametrize(
    ("changed", "error", "match"),
    [
        ({"target": "kind"}, UnknownName, "unknown column"),
        ({"columns": {"audio": "a", "image": "b"}}, SpecError, "one of image, audio and video"),
        ({"columns": {"sound": "{filename}"}}, UnknownName, "known: audio, image, video"),
        ({"labels": ["dog"]}, UnknownName, r"esc50.csv line 3.*hand_saw"),
        ({"labels": ["dog", "cow", "dog"]}, DataError, "each class must occur once.*dog"),
        ({"labels": {"file": "x"}}, SpecError, "data option labels"),
        ({"where": {"fold": 9}}, DataError, "none of its 3 rows"),
        ({"id": "fold"}, DataError, "once"),
        ({"files": "meta/none.csv"}, DataError, "no meta/none.csv"),
    ],
    ids=[
        "column",
        "two-media",
        "medium",
        "class",
        "class-twice",
        "class-file",
        "where",
        "id",
        "file",
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Path, changed: dict[str, Any], error: type[Exception], match: str
) -> None:
    LAYOUTS["esc50"](tmp_path)
    options = {
        key: v
        for key, v in load_task("esc50").data.items()
        if key not in ("source", "folder", "hub")
    }
    with pytest.raises(error, match=match):
        labelled(tmp_path, **{**options, **changed})


def test_a_file_with_a_class_on_each_line(tmp_path: Path) -> None:
    LAYOUTS["esc50"](tmp_path)
    write_files(tmp_path, {"classes.txt": "hand_saw\ncow\ndog\n"})
    options = {"columns": {"audio": "audio/{filename}"}, "target": "category", "id": "filename"}
    found = labelled(tmp_path, files="meta/esc50.csv", labels="classes.txt", **options)
    assert found.labels == ["hand_saw", "cow", "dog"]
    assert [sample.target for sample in found.samples] == [2, 0, 2]


@pytest.mark.parametrize("cell", ["label", "unknown mid"])
def test_audioset_says_which_line_is_wrong(tmp_path: Path, cell: str) -> None:
    LAYOUTS["audioset"](tmp_path)
    file = tmp_path / "metadata/eval_segments.csv"
    bad = "abc, 1.0" if cell == "label" else 'abc, 1.0, 2.0, "/m/none"'
    file.write_text(file.read_text() + bad + "\n")
    with pytest.raises((DataError, UnknownName), match="line 7"):
        load_data(load_task("audioset"), tmp_path)


def test_a_run_counts_the_missing_image_and_scores_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    LAYOUTS["food101-zeroshot"](tmp_path / "data")
    given = ["--data", str(tmp_path / "data"), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert main(["run", "-t", "food101-zeroshot", "-m", "clip-nano", *given]) == 3
    told = capsys.readouterr().out
    assert "1 sample failed" in told
    assert "images/waffles/101251.jpg: No such file" in told


@pytest.mark.parametrize("task", ["esc50", "esc50-zeroshot"])
def test_the_copy_on_the_hub_gives_the_same_classes(task: str, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = {
        "filename": ["1-100032-A-0.wav", "1-9887-A-49.wav"],
        "fold": [1, 1],
        "target": [0, 49],
        "category": ["dog", "hand_saw"],
        "audio": [{"bytes": b"RIFF", "path": None}] * 2,
    }
    parquet.write_table(pa.table(rows), tmp_path / "train.parquet")
    LAYOUTS[task](tmp_path / "data")
    spec = load_task(task)
    local = load_data(spec, tmp_path / "data")
    assert isinstance(local, Samples)
    found = registry.lookup("data", "rows")(tmp_path / "train.parquet", **spec.data["hub"])
    assert [(s.id, found.labels[s.target], s.tags) for s in found.samples] == [
        (s.id, local.labels[s.target], s.tags) for s in local.samples[:2]
    ]
    assert [list(sample.inputs) for sample in found.samples] == [["audio"], ["audio"]]


def test_esc_layout_with_real_sounds(tmp_path: Path) -> None:
    real = real_data("audio/esc10")
    (tmp_path / "meta").mkdir()
    lines = (real / "labels.csv").read_text().splitlines()
    rows = [line.replace(",", ",1,0,").replace(" ", "_") for line in lines[1:]]
    table = ["filename,fold,target,category", *rows]
    write_files(tmp_path, {"meta/esc50.csv": "\n".join(table) + "\n"})
    (tmp_path / "audio").symlink_to(real)
    found = load_data(load_task("esc50-zeroshot"), tmp_path)
    assert isinstance(found, Samples)
    assert (len(found.samples), len(found.labels)) == (40, 10)
    assert "Dog bark" in found.labels
    assert all(media.read_bytes(sample.inputs["audio"]) for sample in found.samples)
