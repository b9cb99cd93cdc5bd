"""Exact search on two Ray workers against one, and against two bare processes.

The variants alternate; the start of Ray, workers and processes is not timed. Every process has one
thread.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from benchmarks.bare_processes import run_together
from benchmarks.rows import Row
from mmbench.search.checks import Ints
from mmbench.search.exact import search
from mmbench.search.part_search import CorpusPart, PartQuestion, count_part, score_pairs
from mmbench.search.parts import SearchResult
from mmbench.types import Array

if TYPE_CHECKING:
    from mmbench.engine.workers.executor import RayExecutor

T = TypeVar("T")

WIDTH, QUERIES, TOP = 128, 1000, 10
MB = 1e6


def rows(folder: Path, m: int, repeats: int) -> Iterator[Row]:
    """Measure the search of 1,000 queries in `m` vectors of a mapped file."""
    name = f"two bare processes / two workers, search of {QUERIES:,} × {m:,} × {WIDTH}"
    need = 4 * m * WIDTH
    if shutil.disk_usage(folder).free < need + (1 << 30):
        yield Row(name, note=f"skipped: needs {need / 1e9:.1f} GB of disk")
        return
    corpus = _write(folder / "corpus.npy", m)
    with _executors() as (one, two):
        yield _speed(name, folder / "corpus.npy", corpus, (one, two), repeats)
        yield _memory(need, (one, two))


class _Times(NamedTuple):
    """Seconds of a search: of the clock, and the largest computing time of a process."""

    clock: float
    computing: float


def _speed(
    name: str,
    path: Path,
    corpus: Array,
    executors: tuple[RayExecutor, RayExecutor],
    repeats: int,
) -> Row:
    results: list[SearchResult] = []
    ours, bare = [], []
    for _ in range(repeats):
        ours.append([_search(executor, corpus, results) for executor in executors])
        bare.append([_bare(path, number) for number in (1, 2)])
    gain, reference = (
        median(one.clock / two.clock for one, two in pairs) for pairs in (ours, bare)
    )
    first = results[0]
    equal = all(
        np.array_equal(a, b) for other in results for a, b in zip(other, first, strict=True)
    )
    note = (
        f"{_words(ours)} for workers, {_words(bare)} for processes; ranks and first {TOP}"
        f" {'equal' if equal else 'DIFFER'}"
    )
    return Row(name, reference, gain, reference / gain if equal else np.inf, 1.11, "×", note)


def _words(pairs: Sequence[Sequence[_Times]]) -> str:
    """Return the medians for one and for two processes: `18 s to 9.2 s (computing …)`."""
    one, two = (
        _Times(*(median(values) for values in zip(*times, strict=True)))
        for times in zip(*pairs, strict=True)
    )
    gain = one.computing / two.computing
    return (
        f"{one.clock:.3g} s to {two.clock:.3g} s (computing {one.computing:.3g} s to"
        f" {two.computing:.3g} s each, {gain:.2f} ×)"
    )


def _memory(size: int, executors: tuple[RayExecutor, RayExecutor]) -> Row:
    peaks = [peak for executor in executors for peak in _on_workers(executor, _own_peak)]
    parts = [size, size / 2, size / 2]
    above = max(peak - part for peak, part in zip(peaks, parts, strict=True)) / MB
    listed = ", ".join(f"{peak / MB:,.0f}" for peak in peaks)
    note = f"peaks with the part {listed} MB: of one worker, and of each of two"
    return Row("the same, peak memory above the part", above, limit=500, unit="MB", note=note)


def _write(path: Path, m: int) -> Array:
    """Write random vectors of length 1 to a file, and map it."""
    draws = np.random.default_rng(1)
    matrix = np.lib.format.open_memmap(path, "w+", np.float32, (m, WIDTH))
    for start in range(0, m, 100_000):
        block = draws.standard_normal((min(100_000, m - start), WIDTH), np.float32)
        matrix[start : start + 100_000] = block / np.linalg.norm(block, axis=1, keepdims=True)
    matrix.flush()
    return _mapped(path)


def _mapped(path: Path) -> Array:
    matrix: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return matrix


def _queries(m: int) -> tuple[Array, tuple[Ints, Ints]]:
    """Return the queries, and pairs of each query with a random vector."""
    draws = np.random.default_rng(2)
    queries = draws.standard_normal((QUERIES, WIDTH), np.float32)
    return queries, (np.arange(QUERIES), draws.integers(0, m, QUERIES))


@contextmanager
def _executors() -> Iterator[tuple[RayExecutor, RayExecutor]]:
    """Start Ray, one worker, and two other workers."""
    import ray

    from mmbench.engine.workers.executor import RayExecutor, WorkerOptions

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False)
    try:
        with ExitStack() as stack:
            one, two = (RayExecutor(WorkerOptions(number, cpus=1)) for number in (1, 2))
            for executor in (one, two):
                stack.callback(executor.close)
                _divided(executor, np.eye(QUERIES, WIDTH, dtype=np.float32) + 1)  # starts workers
            yield one, two
    finally:
        ray.shutdown()


def _search(executor: RayExecutor, corpus: Array, results: list[SearchResult]) -> _Times:
    """Return the times of a search on the workers; add its result to `results`."""
    earlier = _on_workers(executor, _own_seconds)
    start = perf_counter()
    results.append(_divided(executor, corpus))
    clock = perf_counter() - start
    spent = zip(_on_workers(executor, _own_seconds), earlier, strict=True)
    return _Times(clock, max(after - before for after, before in spent))


def _divided(executor: RayExecutor, corpus: Array) -> SearchResult:
    from mmbench.engine.workers.search.divided import DividedSearch

    queries, pairs = _queries(len(corpus))
    divide = DividedSearch(executor, lambda _: None).divide
    (result,) = search(queries, corpus, pairs, top=TOP, divide=divide)
    return result


def _on_workers(executor: RayExecutor, function: Callable[[Any], T]) -> list[T]:
    """Return the result of a function in each worker."""
    import ray

    slots = executor.scheduler()._crew.slots
    results: list[T] = ray.get([slot.actor.__ray_call__.remote(function) for slot in slots])
    return results


def _own_seconds(_worker: Any) -> float:
    return process_time()


def _own_peak(_worker: Any) -> int:
    """Return the peak of the resident memory in bytes, with mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _bare(path: Path, number: int) -> _Times:
    """Return the times of bare processes that search a part each at the same time."""
    module = "benchmarks.scale_search"
    printed = run_together([[module, str(path), str(at), str(number)] for at in range(number)])
    times = [map(float, text.split()) for text in printed]
    return _Times(*map(max, zip(*times, strict=True)))


def bare_process(path: str, at: int, number: int) -> None:
    """Search a part of a file once a line arrives on stdin, and print the seconds."""
    corpus = _mapped(Path(path))
    m = len(corpus)
    queries, pairs = _queries(m)
    start, stop = m * at // number, m * (at + 1) // number
    part = CorpusPart(corpus[start:stop], start, m)
    own = (pairs[1] >= start) & (pairs[1] < stop)
    scores = np.einsum("ij,ij->i", queries, corpus[pairs[1]])  # of all pairs
    search(queries[:9], corpus[:9], (pairs[0][:9], pairs[0][:9]))  # loads torch
    print("ready", flush=True)
    sys.stdin.readline()
    begin, earlier = perf_counter(), process_time()
    score_pairs(queries, part, (pairs[0][own], pairs[1][own]))
    count_part(queries, part, PartQuestion(pairs, scores, top=TOP))
    print(perf_counter() - begin, process_time() - earlier)


if __name__ == "__main__":
    bare_process(sys.argv[1], *map(int, sys.argv[2:]))
