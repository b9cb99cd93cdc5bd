"""Commands that write results end with one line if there is no room, and leave no torn file."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest

from mmbench.cli import main
from mmbench.storage.run_lookup import find_run
from tests.support.files import write_lines
from tests.support.media.images import save_image


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes; a longer write raises OSError."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def score(folder: Path, question: str) -> list[str]:
    """Write data and outputs; return the command that scores them."""
    image = save_image(folder / "data/a.png", 1, (200, 200))
    row = {"id": "x", "image": image.name, "question": question, "answer": "a"}
    data = write_lines(folder / "data/rows.jsonl", row)
    given = write_lines(folder / "given.jsonl", {"id": "x", "prediction": "a"})
    files = ["--data", str(data), "--predictions", str(given), "--out", str(folder / "board")]
    return ["score", "-t", "answers", *files, "--quiet"]


def hidden(folder: Path) -> list[Path]:
    """Return the partial files below a folder."""
    return [path for path in folder.rglob(".*.*-*") if path.is_file()]


def test_a_run_is_kept_if_its_samples_cannot_be_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = Random(0).randbytes(100_000).hex()  # cannot be compressed to half of its size
    command = score(tmp_path, noise)
    with room_for(60_000):
        assert main(command) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "the samples of its data are not" in error
    run = find_run("latest", tmp_path / "board")
    assert run.record.scores["exact_match"].value == 1
    assert len(pq.read_table(tmp_path / "board" / run.rows_name)) == 1
    assert not list(tmp_path.rglob("data-*")) and not hidden(tmp_path / "board")
    assert main(["inspect", "latest", "--out", str(tmp_path / "board")]) == 0
    assert main(command) == 0
    (table,) = tmp_path.rglob("data-*")
    assert len(pq.read_table(table)) == 1


WRITERS = {
    "page": ["report", "latest", "--file", "out/page.html"],
    "site": ["report", "latest", "--site", "out/site", "--media", "copy", "--quiet"],
    "csv": ["inspect", "latest", "--csv", "out/samples.csv"],
    "scores": ["export", "latest", "--to", "csv", "--file", "out/scores.csv"],
    "junit": ["export", "latest", "--to", "junit", "--file", "out/junit.xml"],
    "hub": ["export", "latest", "--to", "hub", "--dataset", "o/d:t", "--file", "out/hub.yaml"],
    "card": ["export", "latest", "--to", "card", "--dataset", "o/d", "--file", "out/README.md"],
    "eee": ["export", "latest", "--to", "eee", "--model-id", "o/m", "--file", "out"],
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_is_written_whole_or_not_at_all(
    writer: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    assert main(score(tmp_path, "?" * 2000)) == 0
    command = [*WRITERS[writer], "--out", "board"]
    command += ["--anyway"] if "export" in command else []
    assert main(command) == 0
    whole = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    for kept in (True, False):
        if not kept:
            for path in whole:
                path.unlink()
        capsys.readouterr()
        with room_for(100):
            assert main(command) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "cannot" in error and "out/" in error
        left = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
        assert not hidden(tmp_path / "out") and left.items() <= whole.items()
        assert left == whole or not kept
