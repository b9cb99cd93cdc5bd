"""Benchmarks of commands: seconds and anonymous memory per sample, at two sizes each.

The cost of the same command on 10 samples is subtracted. Memory is RssAnon, sampled every 10 ms, so
that pages of mapped files do not count. Every command runs in a new process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.growth_data import answers, captions, corpus, labels, texts
from benchmarks.rows import Row

FEW = 10  # samples of the command whose cost is subtracted
MB = 1 << 20


class Cost(NamedTuple):
    """Wall seconds and bytes of anonymous memory of a process."""

    seconds: float
    memory: float


class Work(NamedTuple):
    """A command over two numbers of samples, and the limits of the cost per sample.

    `make` writes the files of n samples into a folder and returns the command's arguments.
    """

    name: str
    sizes: tuple[int, int]
    make: Callable[[Path, int], list[str]]
    microseconds: float
    bytes: float
    noun: str


WORKS = (
    Work("`run` of a text model", (50_000, 200_000), texts, 15, 300, "text"),
    Work("`score`, exact match", (250_000, 1_000_000), answers, 15, 400, "answer"),
    Work("`score`, BLEU, ROUGE, CIDEr", (25_000, 100_000), captions, 150, 2_000, "caption"),
    Work("`score`, accuracy@1", (100_000, 400_000), labels, 40, 600, "label"),
)


def rows(quick: bool = False) -> Iterator[Row]:
    part = 20 if quick else 1
    for work in WORKS:
        yield from _per_sample(work, part)
    yield from _compare(1_000_000 // part, quick)
    for documents in (1_000_000 // part, 10_000_000 // part):
        yield from _retrieval(documents, quick)


def _per_sample(work: Work, part: int) -> Iterator[Row]:
    base = _cost_of(work, FEW)
    for size in work.sizes:
        n = size // part
        cost = _cost_of(work, n)
        limits = (
            (work.microseconds, work.bytes)
            if size == work.sizes[-1] and part == 1
            else (None, None)
        )
        seconds, memory = (cost.seconds - base.seconds) / n, (cost.memory - base.memory) / n
        title = f"{work.name}, {n:,} {work.noun}s"
        yield Row(f"{title}: time of each", seconds * 1e6, limit=limits[0], unit="µs")
        yield Row(f"{title}: memory of each", memory, limit=limits[1], unit="B")


def _cost_of(work: Work, n: int) -> Cost:
    with _folder() as name:
        return _measure(work.make(Path(name), n), Path(name))


def _compare(n: int, quick: bool) -> Iterator[Row]:
    base, cost = (_comparison_cost(size) for size in (FEW, n))
    seconds, memory = cost.seconds - base.seconds, (cost.memory - base.memory) / MB
    title = f"`compare`, {n:,} samples"
    yield Row(f"{title}: time", seconds, limit=None if quick else 3, unit="s")
    yield Row(f"{title}: memory", memory, limit=None if quick else 1_000, unit="MB")


def _comparison_cost(n: int) -> Cost:
    with _folder() as name:
        folder, runs = Path(name), []
        for seed in (1, 2):
            args = [*answers(folder, n, seed), "--name", f"model-{seed}", "--json"]
            done = subprocess.run(
                _command(args), env=_environment(folder), capture_output=True, text=True, check=True
            )
            runs.append(json.loads(done.stdout)[0]["run"])
        return _measure(["compare", *runs, "--out", str(folder / "out")], folder)


def _retrieval(documents: int, quick: bool) -> Iterator[Row]:
    title = f"`score`, 1,000 queries × {documents:,} documents × 128"
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * 4 * 128 * documents:
        yield Row(title, note=f"skipped: needs {8 * 128 * documents / 1e9:.1f} GB of disk")
        return
    with _folder() as name:
        base = _measure(corpus(Path(name) / "few", FEW), Path(name))
    with _folder() as name:
        cost = _measure(corpus(Path(name), documents), Path(name), warm=Path(name) / "outputs")
        product = _product(Path(name) / "outputs" / "corpus.npy")
    seconds, memory = cost.seconds - base.seconds, (cost.memory - base.memory) / MB
    large = documents >= 10_000_000
    allowed = 2 * product + 15 if large else 3 * product
    note = f"the product takes {product:.3g} s" + (", and 15 s more are allowed" if large else "")
    limit = None if quick else allowed / product
    yield Row(f"{title}: time / the product", seconds, product, seconds / product, limit, "s", note)
    yield Row(
        f"{title}: memory", memory, limit=None if quick else 1_500 if large else 200, unit="MB"
    )


def _product(path: Path) -> float:
    """Return seconds of torch's product of 1,000 queries and all documents, block by block."""
    import torch

    vectors = np.load(path, mmap_mode="r")
    queries = torch.from_numpy(np.array(vectors[:1000]))
    out = torch.empty(len(queries), 100_000)
    spent = 0.0
    for start in range(0, len(vectors), out.shape[1]):
        block = torch.from_numpy(np.array(vectors[start : start + out.shape[1]]))
        begin = time.perf_counter()
        torch.mm(queries, block.T, out=out[:, : len(block)])
        spent += time.perf_counter() - begin
    return spent


def _measure(args: list[str], folder: Path, warm: Path | None = None) -> Cost:
    """Return the cost of a command, after loading the files of `warm` into the page cache."""
    for file in warm.iterdir() if warm else ():
        with file.open("rb") as stream:
            for _ in iter(partial(stream.read, MB), b""):
                pass
    with (folder / "errors").open("w+") as errors:
        start, peak = time.perf_counter(), 0
        process = subprocess.Popen(
            _command(args), env=_environment(folder), stdout=subprocess.DEVNULL, stderr=errors
        )
        while process.poll() is None:
            peak = max(peak, _anonymous(process.pid))
            time.sleep(0.01)
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"mmbench {' '.join(args)}: {errors.read()[-2000:]}")
    return Cost(seconds, peak)


def _anonymous(pid: int) -> int:
    """Return the bytes of anonymous resident memory of a process, 0 after its end."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def _command(args: list[str]) -> list[str]:
    return [sys.executable, "-m", "mmbench", *args]


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"MMBENCH_CACHE": str(folder / "cache")}


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="mmbench-growth-")
