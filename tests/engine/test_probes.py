"""Probes and clusterings from data to records: splits of own data, stored rows, comparisons."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import mmbench
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.examples import with_example_data
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.engine.score import score
from mmbench.errors import DataError
from mmbench.spec import load_task
from mmbench.storage import records as store
from tests.support.files import write_file, write_lines, write_table, write_task
from tests.support.media.images import png, save_image
from tests.support.toy_models import COLOURS, Toy


@mmbench.register("model", "toy-colour-vectors")
class ColourVectors(Toy):
    """Embeds an image as its first pixel."""

    def embed(self, items: Sequence[Any], modality: str, role: str) -> Any:
        return np.array([item.getpixel((0, 0)) for item in items], np.float32)


def save_rows(folder: Path) -> list[dict[str, str]]:
    """Save images of three colours: train/red/0.png …; return a table of them."""
    rows = []
    for split, n in (("train", 4), ("test", 2)):
        for colour, rgb in COLOURS.items():
            for number in range(n + (split == "train" and colour == "red")):
                shade = tuple(max(0, level - 9 * number - 4 * n) for level in rgb)
                path = f"{split}/{colour}/{number}.png"
                save_image(folder / path, shade)  # type: ignore[arg-type]  # three levels
                rows.append({"image": path, "label": colour, "split": split})
    return rows


def own_data(folder: Path, layout: str) -> Path:
    rows = save_rows(folder)
    if layout == "folders":
        return folder
    if layout == "column":
        write_table(folder / "all.csv", rows)
        return folder / "all.csv"
    for split in ("train", "test"):
        own = [
            {k: v for k, v in row.items() if k != "split"} for row in rows if row["split"] == split
        ]
        write_table(folder / f"{split}.csv", own)
    return folder


def settings(data: Path) -> RunSettings:
    return RunSettings(data=data, device="cpu")


@pytest.mark.parametrize("layout", ["folders", "column", "tables"])
def test_training_and_test_samples_of_own_data(layout: str, tmp_path: Path) -> None:
    record = run("toy-colour-vectors", "knn", settings(own_data(tmp_path, layout))).record
    assert record.task.data == {"sample": 6}
    assert record.scores["accuracy@1"].value == 1
    assert record.counts["requests"] == 19  # 13 training images
    assert "probe=dino-knn(k=20,temperature=0.07)" in record.scores["accuracy@1"].signature


def test_classes_are_matched_by_name(tmp_path: Path) -> None:
    """A class without a test sample comes after the others, and takes none of their numbers."""
    folder = own_data(tmp_path, "folders")
    shutil.rmtree(folder / "test" / "blue")
    finished = run("toy-colour-vectors", "knn", settings(folder))
    assert finished.samples is not None
    assert finished.record.scores["accuracy@1"].value == 1
    assert finished.record.task.data == {"sample": 4}


@pytest.mark.parametrize("place", ["test", "test.csv"])
def test_data_without_a_training_split_are_refused(place: str, tmp_path: Path) -> None:
    own_data(tmp_path, "tables")
    with pytest.raises(DataError, match="no split train; add a column split"):
        run("toy-colour-vectors", "knn", settings(tmp_path / place))


def test_another_task_is_not_the_advice_for_a_missing_split(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "image,label\na.png,red\nb.png,blue\n")
    with pytest.raises(DataError, match=r"as a table$"):
        run("toy-colour-vectors", "knn", settings(file))


def test_a_column_without_the_split_is_refused(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "image,label,split\na.png,red,dev\nb.png,blue,dev\n")
    with pytest.raises(DataError, match=r"no row with the split test \(column split: dev\)"):
        run("toy-colour-vectors", "knn", settings(file))


def curve(folder: Path) -> str:
    return write_task(
        folder / "curve.yaml",
        kind="probe",
        data={"source": "own-classes", "split": "test"},
        train_data={"split": "train"},
        fields={"image": "image"},
        probe="knn",
        k=1,
        shots=[1, 2],
        repeats=2,
        metrics=["accuracy@1", "mean_per_class_recall"],
        headline="accuracy@1[2-shot]",
    )


def test_a_curve_is_stored_and_rescored(tmp_path: Path) -> None:
    data, task = own_data(tmp_path / "data", "folders"), curve(tmp_path)
    finished = run("toy-colour-vectors", task, settings(data))
    info = finished.record.scores["accuracy@1[1-shot]"]
    assert (info.n, info.groups, info.fold) == (12, 6, "split-mean:mean")
    assert list(finished.record.scores) == [
        f"{metric}[{shots}-shot]"
        for metric in ("accuracy@1", "mean_per_class_recall")
        for shots in (1, 2)
    ]
    out = tmp_path / "out"
    path = store.write_record(out, finished.record, finished.rows)
    again = rescore(path, RunSettings(tasks=(str(tmp_path),)), out=str(out)).record
    assert again.scores == finished.record.scores
    other = rescore(path, RunSettings(tasks=(str(tmp_path),)), out=str(out), metrics=("ece",))
    assert list(other.record.scores) == ["ece[1-shot]", "ece[2-shot]"]


def test_outputs_of_another_probe_and_of_another_clustering(tmp_path: Path) -> None:
    data = own_data(tmp_path / "data", "folders")
    ids = [f"{colour}/{n}" for colour in COLOURS for n in range(2)]
    outputs = write_file(
        tmp_path / "x.csv", "id,label\n" + "".join(f"{i},{i.split('/')[0]}\n" for i in ids)
    )
    scored = score("knn", outputs, settings(data)).record
    assert scored.scores["accuracy@1"].value == 1
    clusters = write_file(
        tmp_path / "c.csv",
        "id,prediction\n" + "".join(f"{i},{n // 3}\n" for n, i in enumerate(ids)),
    )
    found = score("clusters", clusters, settings(data / "test")).record
    assert found.scores["completeness"].value == pytest.approx(2 / 3)
    run_record = run("toy-colour-vectors", "clusters", settings(data / "test")).record
    assert run_record.scores["v_measure"].value == pytest.approx(1)
    assert run_record.task.data_hash == found.task.data_hash


def cifar_file(labels: Sequence[int]) -> bytes:
    """A file of the binary version: for each image its label, and planes of red, green and blue."""
    planes = [np.repeat(level, 1024).astype(np.uint8) for level in range(0, 250, 25)]
    return b"".join(
        bytes([label]) + planes[label].tobytes() + planes[-1 - label].tobytes() * 2
        for label in labels
    )


def save_cifar(folder: Path) -> Path:
    """Save the layout of cs.toronto.edu/~kriz/cifar.html, "Binary version", in a few images."""
    names = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    write_file(folder / "batches.meta.txt", "\n".join(names) + "\n\n")
    for batch in range(1, 6):
        write_file(folder / f"data_batch_{batch}.bin", cifar_file([*range(10)] * 4))
    write_file(folder / "test_batch.bin", cifar_file([*range(10)] * 2))
    return folder


def test_cifar_in_its_published_layout(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    data = settings(save_cifar(tmp_path / "cifar-10-batches-bin"))
    record = run("toy-colour-vectors", "cifar10-probe", data).record
    info = record.scores["accuracy@1"]
    assert (info.n, info.groups, record.counts["requests"]) == (100, 20, 220)
    assert info.signature.endswith("probe=mieb(C=1,max_iter=100),embeddings=as-returned,shots=16")
    assert record.scores["accuracy@5"].value == 1
    clusters = run("toy-colour-vectors", "cifar10-clusters", data).record
    assert clusters.scores["v_measure"].value == pytest.approx(1)


def test_several_labels_per_sample_have_another_headline(tmp_path: Path) -> None:
    lines = [row | {"label": [row["label"], "any"]} for row in save_rows(tmp_path)]
    file = write_lines(tmp_path / "x.jsonl", *lines)
    record = run("toy-colour-vectors", "knn", settings(file)).record
    assert (record.headline, record.scores["mean_ap"].value) == ("mean_ap", 1)
    with pytest.raises(DataError, match="use probe: logistic, knn or dino-knn"):
        run("toy-colour-vectors", "probe", settings(file))


def test_imagenet_and_voc_in_their_published_layouts(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    for split in ("train", "val"):
        for number, rgb in enumerate(COLOURS.values()):
            save_image(tmp_path / f"imagenet/{split}/n0{number}/{split}.JPEG", rgb)
    found = run("toy-colour-vectors", "imagenet-knn", settings(tmp_path / "imagenet")).record
    assert found.scores["accuracy@1"].value == 1
    voc, images = tmp_path / "VOC2007", [*COLOURS.values()]
    for number in range(12):
        save_image(voc / f"JPEGImages/{number:06}.jpg", images[number % 3])
    for split, numbers in (("trainval", range(6)), ("test", range(6, 12))):
        for own, name in enumerate(("aeroplane", "cat", "dog")):
            marks = [f"{n:06} {1 if n % 3 in (own, (own + 1) % 3) else -1:2}" for n in numbers]
            write_file(voc / f"ImageSets/Main/{name}_{split}.txt", "\n".join(marks) + "\n")
    record = run("toy-colour-vectors", "voc2007-probe", settings(voc)).record
    assert record.scores["mean_ap"].value == 1
    assert record.counts["requests"] == 12


def test_training_samples_of_the_hub_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of `train_data: {hub: …}` replace single keys of the block."""
    import datasets

    images = {"img": [{"bytes": png(level), "path": None} for level in (10, 200)], "label": [0, 9]}
    saved = datasets.DatasetDict(
        {
            "train": datasets.Dataset.from_dict({k: v * 3 for k, v in images.items()}),
            "test": datasets.Dataset.from_dict(images),
        }
    ).cast_column("img", datasets.Image())
    saved.save_to_disk(str(tmp_path / "saved"))
    spec = load_task("cifar10-probe")
    hub = spec.data["hub"] | {"path": str(tmp_path / "saved"), "revision": None}
    spec = replace(spec, data=spec.data | {"hub": hub})
    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path / "none"))
    data = with_example_data(spec, load_data(spec, None), None)
    assert isinstance(data, Samples)
    assert [sample.target for sample in data.samples] == [0, 9]
    assert [sample.target for sample in data.examples] == [0, 9] * 3
