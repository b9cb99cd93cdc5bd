"""Probes and clusterings from data to records: splits of own data, stored rows, comparisons."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.engine.score import score
from mmbench.errors import DataError
from mmbench.storage import records as store
from tests.support.files import write_file, write_table, write_task
from tests.support.media.images import save_image
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
