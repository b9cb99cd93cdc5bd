"""A damaged, locked or unusable cache costs time, never a score; else one line says what to do."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.command_line import printed_record
from tests.support.media.images import labelled_images

PLUGIN = '''
import numpy as np
import mmbench

@mmbench.register("model", "brightness")
class Brightness:
    """Takes bright images for `b`, dark ones for `a`; loaded with labels in that order."""
    modalities = frozenset({"image"})
    version = 1
    labels = ["a", "b"]

    def __init__(self, folder, *, device, dtype):
        pass

    def classify(self, items, modality):
        means = [np.asarray(item, np.float32).mean() / 255 for item in items]
        return np.array([[1 - mean, mean] for mean in means], np.float32)
'''
EXPECTED = 0.75  # the third of four images is bright, and labelled `a`


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "brightness.py").write_text(PLUGIN)
    labelled_images(folder, "abaa", (10, 240, 230, 20))
    for image in folder.glob("*.png"):
        os.utime(image, (0, 0))
    return folder


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys of files that were just written be remembered."""
    monkeypatch.setattr("mmbench.storage.content_keys._CLOCK_NS", -1)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(data: Path, out: Path, model: str = "brightness") -> int:
    command = ["run", "-m", model, "-t", "labels", "--data", str(data / "data.csv")]
    command += ["--plugin", str(data / f"{model}.py"), "--out", str(out), "--quiet", "--json"]
    return main([*command, "--device", "cpu"])


def accuracy(capsys: pytest.CaptureFixture[str]) -> float:
    record = printed_record(capsys)
    return float(record["scores"]["accuracy@1"]["value"])


def files(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeros(path: Path) -> None:
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])


def noise(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(path.stat().st_size + 100))


def missing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    (path / "x").mkdir(parents=True)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


SLOW = [
    pytest.param(damage, marks=pytest.mark.slow)
    for damage in (empty, truncate, zeros, loop, missing)
]
DAMAGES = [noise, folder, pipe, *SLOW]


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damaged_file_is_made_again_or_named(
    data: Path,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
) -> None:
    assert run(data, tmp_path / "out") == 0
    assert accuracy(capsys) == EXPECTED
    whole = shutil.copytree(cache, tmp_path / "whole")
    names = [path.relative_to(cache) for path in files(cache)]
    # hashes.sqlite and .lock, in-use, model.txt, segments of scores and labels, the data's folder
    assert len(names) == 7
    for name in names:
        shutil.rmtree(cache)
        shutil.copytree(whole, cache)
        damage(cache / name)
        code = run(data, tmp_path / "out")
        shown = capsys.readouterr()
        if code == 0:
            (record,) = json.loads(shown.out)
            assert record["scores"]["accuracy@1"]["value"] == EXPECTED
        else:
            assert code == 2
            assert str(cache / name) in shown.err and "MMBENCH_CACHE" in shown.err
            assert shown.err.count("\n") == 1
            assert damage in (folder, pipe, loop)


def swap_keys(cache: Path) -> None:
    """Give each file the key of another one, as a torn page or a stray tool might."""
    database = sqlite3.connect(cache / "hashes.sqlite")
    (table,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
    rows = database.execute(f"SELECT path, key FROM {table} ORDER BY path").fetchall()
    for (path, _), (_, key) in zip(rows, [*rows[1:], rows[0]], strict=True):
        database.execute(f"UPDATE {table} SET key = ? WHERE path = ?", (key, path))
    database.commit()
    database.close()


def odd_keys(cache: Path) -> None:
    database = sqlite3.connect(cache / "hashes.sqlite")
    database.execute("UPDATE file_keys SET key = 10000000000, checksum = 'x'")
    database.commit()
    database.close()


def forget_labels(cache: Path) -> None:
    """Leave labels in the wrong order where earlier versions kept them, without a checksum."""
    (labels,) = cache.glob("journal/*/*/labels")
    shutil.rmtree(labels)
    (labels.parent / "labels.json").write_text('["b", "a"]')


@pytest.mark.parametrize("change", [swap_keys, odd_keys, forget_labels])
def test_changed_keys_and_labels_move_no_score(
    data: Path,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
) -> None:
    for _ in range(2):
        assert run(data, tmp_path / "out") == 0
        record = printed_record(capsys)
        assert record["scores"]["accuracy@1"]["value"] == EXPECTED
        change(cache)
    assert record["counts"]["cached"] == 4  # the scores of the classes were whole


@pytest.mark.parametrize("what", ["*/*/labels", "*/*/*.segment"])
def test_labels_and_scores_of_another_model_are_not_taken(
    data: Path, cache: Path, tmp_path: Path, what: str
) -> None:
    source = PLUGIN.replace('["a", "b"]', '["b", "a"]').replace("[1 - mean,", "[mean, 1 -")
    source = source.replace("brightness", "darkness")
    (data / "darkness.py").write_text(source)
    assert run(data, tmp_path / "out") == 0
    assert run(data, tmp_path / "out", "darkness") == 0
    one, two = cache.glob(f"journal/{what}")
    one.rename(tmp_path / "moved")
    two.rename(one)
    (tmp_path / "moved").rename(two)
    assert run(data, tmp_path / "out") == 0
    assert run(data, tmp_path / "out", "darkness") == 0
    values = [
        json.loads(path.read_bytes())["scores"]["accuracy@1"]["value"]
        for path in (tmp_path / "out").glob("runs/labels/*.json")
    ]
    assert values == [EXPECTED] * 4


def test_a_locked_database_is_one_line(
    data: Path,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mmbench.storage.key_store._WAIT", 0.05)
    cache.mkdir()
    database = sqlite3.connect(cache / "hashes.sqlite", isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    assert run(data, tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert "hashes.sqlite: database is locked" in err and err.count("\n") == 1
    database.close()
    assert run(data, tmp_path / "out") == 0


def a_file(place: Path) -> None:
    place.write_text("")


def below_a_file(place: Path) -> None:
    place.parent.rmdir()
    place.parent.write_text("")


def a_loop(place: Path) -> None:
    place.symlink_to(place)


@pytest.mark.parametrize("make", [a_file, below_a_file, a_loop])
def test_a_folder_that_cannot_be_used_is_one_line(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
) -> None:
    place = tmp_path / "parent" / "cache"
    place.parent.mkdir()
    make(place)
    monkeypatch.setenv("MMBENCH_CACHE", str(place))
    assert run(data, tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert str(place) in err and "MMBENCH_CACHE" in err and err.count("\n") == 1
    assert main(["cache", "show"]) == 2
