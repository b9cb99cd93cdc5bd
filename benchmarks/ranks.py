"""Ranks of all positives, compared with one product of the same shape, and with other methods."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.rows import Row, paired_row
from mmbench.search import CorpusPart, positive_ranks, positive_ranks_both, search_parts
from mmbench.search.checks import pairs_of
from mmbench.search.part_search import TORCH_CPU
from mmbench.types import Array

WIDTH = 512
MB = 1 << 20


def rows(quick: bool = False) -> list[Row]:
    n = 500 if quick else 5000
    gallery = 50_000 if quick else 1_000_000
    repeats = 3 if quick else 7
    random = _case("random embeddings", *_random(n), repeats)
    trained = _case("clustered embeddings", *_clustered(n), repeats)
    peers = _peers(*_clustered(n), 1 if quick else 3)
    devices = _devices(*_clustered(n), 1 if quick else 3)
    return [random, trained, *peers, *devices, _memory(n), *_gallery(gallery, 3)]


def _random(n: int) -> tuple[Array, Array, list[list[int]]]:
    """Return random vectors of n images and of five captions each (ten images have six)."""
    draws = np.random.default_rng(0)
    positives = [list(range(5 * i, 5 * i + 5)) for i in range(n)]
    for i in range(10):
        positives[i].append(5 * n + i)
    return _unit(draws, n), _unit(draws, 5 * n + 10), positives


def _clustered(n: int) -> tuple[Array, Array, list[list[int]]]:
    """Return data as `_random`, but with captions near their image, as for a trained model."""
    images, captions, positives = _random(n)
    for image, own in zip(images, positives, strict=True):
        captions[own] += 0.4 * image
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    return images, captions, positives


def _unit(draws: np.random.Generator, n: int) -> Array:
    vectors = draws.standard_normal((n, WIDTH), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _case(name: str, images: Array, captions: Array, positives: list[list[int]], n: int) -> Row:
    ours, bare = _interleaved(
        n, lambda: _measured(images, captions, positives), _sgemm(images, captions)
    )
    shape = f"{len(images):,} × {len(captions):,} × {WIDTH}"
    note = "recall@1/5/10, mean and median rank, MRR, mAP of both directions"
    title = f"ranks, {name}, {shape} / one sgemm of torch"
    return paired_row(title, list(zip(ours, bare, strict=True)), 1.3, note)


def _measured(images: Array, captions: Array, positives: list[list[int]]) -> list[list[float]]:
    """Return the metrics in the row's note, from the ranks of both directions."""
    return [_metrics(ranks) for ranks in positive_ranks_both(images, captions, positives)]


def _metrics(ranks: list[np.ndarray]) -> list[float]:
    best = np.array([r[0] for r in ranks if len(r)])
    flat, sizes = np.concatenate(ranks), np.array([len(r) for r in ranks])
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    precision = (np.arange(len(flat)) - starts + 1) / flat / np.repeat(sizes, sizes)
    recalls = [float((best <= k).mean()) for k in (1, 5, 10)]
    others = [best.mean(), np.median(best), (1 / best).mean(), precision.sum() / len(best)]
    return recalls + [float(value) for value in others]


def _sgemm(left: Array, right: Array) -> Callable[[], object]:
    """Return one product of all vectors by torch into allocated memory, the basis of the ranks.

    numpy's OpenBLAS, a peer below, may be faster, but the bits of a product depend on its position,
    so that exact duplicates would not tie.
    """
    import torch

    out = torch.empty(len(left), len(right))
    a, b = torch.from_numpy(left), torch.from_numpy(right)
    return lambda: torch.mm(a, b.T, out=out)


def _interleaved(n: int, *works: Callable[[], object]) -> list[list[float]]:
    """Return the seconds of n interleaved calls of each function, after a warm-up."""
    times: list[list[float]] = [[] for _ in works]
    for round_ in range(n + 1):
        for work, seconds in zip(works, times, strict=True):
            start = perf_counter()
            work()
            if round_:
                seconds.append(perf_counter() - start)
    return times


def _peers(images: Array, captions: Array, positives: list[list[int]], n: int) -> list[Row]:
    out = np.empty((len(images), len(captions)), np.float32)
    works = {
        "numpy's sgemm": lambda: np.matmul(images, captions.T, out=out),
        "all scores held, topk per recall, both directions": _by_topk(images, captions, positives),
        "all scores held, argsort, one direction": _by_argsort(images, captions),
        "FAISS Flat, first 100, both directions": _by_faiss(images, captions),
    }
    bare, *times = _interleaved(n, _sgemm(images, captions), *works.values())
    return [
        Row(f"peer: {name} / torch's sgemm", median(t), median(bare), median(t) / median(bare))
        for name, t in zip(works, times, strict=True)
    ]


def _by_topk(images: Array, captions: Array, positives: list[list[int]]) -> Callable[[], object]:
    """Return a computation of recall@1/5/10 of both directions as in CLIP_benchmark.

    It holds all scores and a mask of the positives; per k it multiplies the one-hot of the first k
    by the mask, 64 queries at a time.
    """
    import torch

    a, b = torch.from_numpy(images), torch.from_numpy(captions)
    right = torch.zeros(len(images), len(captions), dtype=torch.bool)
    for row, own in enumerate(positives):
        right[row, own] = True

    def recall(scores: torch.Tensor, mask: torch.Tensor, k: int) -> float:
        hits = 0
        for start in range(0, len(scores), 64):
            best = torch.topk(scores[start : start + 64], k, dim=1).indices
            chosen = torch.nn.functional.one_hot(best, scores.shape[1])
            found_positives = (chosen * mask[start : start + 64, None]).sum(dim=(1, 2))
            hits += int((found_positives > 0).sum())
        return hits / len(scores)

    def work() -> list[float]:
        both = ((a @ b.T, right), (b @ a.T, right.T))
        return [recall(scores, mask, k) for scores, mask in both for k in (1, 5, 10)]

    return work


def _by_argsort(images: Array, captions: Array) -> Callable[[], object]:
    import torch

    a, b = torch.from_numpy(images), torch.from_numpy(captions)
    return lambda: torch.argsort(a @ b.T, dim=1, descending=True)


def _by_faiss(images: Array, captions: Array) -> Callable[[], object]:
    import faiss

    def work() -> None:
        for queries, documents in ((images, captions), (captions, images)):
            index = faiss.IndexFlatIP(WIDTH)
            index.add(documents)
            index.search(queries, 100)

    return work


def _devices(images: Array, captions: Array, positives: list[list[int]], n: int) -> list[Row]:
    """Measure the code for torch devices, on the CPU and, if there is one, on a GPU."""
    import torch

    devices = [TORCH_CPU] + ["cuda"] * torch.cuda.is_available()
    return [_device(images, captions, positives, n, device) for device in devices]


def _device(images: Array, captions: Array, positives: list[list[int]], n: int, device: str) -> Row:
    import torch

    place = torch.device(device.removeprefix("torch:"))
    a, b = (torch.from_numpy(side).to(place) for side in (images, captions))

    def product() -> None:
        torch.mm(a, b.T)[0, 0].item()  # waits for the device

    ours, bare = _interleaved(
        n, lambda: positive_ranks_both(images, captions, positives, device=device), product
    )
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else "the CPU"
    used = median(ours), median(bare)
    return Row(f"ranks by the code for GPUs on {name} / its product", *used, used[0] / used[1])


def _memory(n: int) -> Row:
    setup = f"""
from benchmarks.ranks import _measured, _random
case = _random({n})
_measured(*(side[:50].copy() for side in case[:2]), [[i] for i in range(50)])
"""
    used = _peak(setup, "_measured(*case)")
    return Row("the same, peak memory above the inputs", used, limit=256, unit="MB")


def _peak(setup: str, work: str) -> float:
    """Return the peak of anonymous memory of `work` above `setup` in MB, in a new process.

    Pages of a mapped file do not count: they are the system's cache.
    """
    code = f"""
import threading, time
def anonymous():
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return int(lines["RssAnon"].split()[0])
{setup}
before, peak, done = anonymous(), 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, anonymous())
        time.sleep(0.005)
watcher = threading.Thread(target=watch)
watcher.start()
{work}
done = True
watcher.join()
print(peak - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024 / MB


def _gallery(m: int, repeats: int) -> list[Row]:
    """Measure 1,000 queries against a memory-mapped gallery, and the memory."""
    name = f"1,000 × {m:,} × {WIDTH}, memory-mapped, share of sgemm's time"
    need = 4 * m * WIDTH
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * need:
        return [Row(name, note=f"skipped: needs {need / 1e9:.1f} GB of disk")]
    with tempfile.TemporaryDirectory() as folder:
        draws = np.random.default_rng(1)
        path = Path(folder) / "gallery"
        gallery = np.memmap(path, np.float32, "w+", shape=(m, WIDTH))
        for start in range(0, m, 50_000):
            gallery[start : start + 50_000] = _unit(draws, 50_000)
        gallery = np.memmap(path, np.float32, "r", shape=(m, WIDTH))
        queries = _unit(draws, 1000)
        positives = [[int(row)] for row in draws.integers(0, m, 1000)]
        part = np.array(gallery[: min(m, 100_000)])
        product = _sgemm(queries, part)
        ours, bare = _interleaved(
            repeats, lambda: positive_ranks(queries, gallery, positives), product
        )
        whole = median(bare) * m / len(part)  # of the whole, by the product of a part in memory
        note = f"sgemm throughput reached: {whole / median(ours):.0%} (at least 60 %)"
        time = Row(name, median(ours), whole, median(ours) / whole, 1 / 0.6, "s", note)
        return [time, _gallery_memory(path, m), _parts(gallery, queries, positives, repeats)]


def _parts(gallery: Array, queries: Array, positives: list[list[int]], n: int) -> Row:
    """Measure the search in two parts of the gallery, one after the other."""
    m, pairs = len(gallery), pairs_of(positives, len(queries), len(gallery))
    parts = [CorpusPart(gallery[a:b], a, m) for a, b in ((0, m // 2), (m // 2, m))]

    def divided() -> None:
        search_parts(queries, parts, pairs)

    def whole() -> None:
        positive_ranks(queries, gallery, positives)

    times = _interleaved(n, divided, whole)
    title = "the same, in two parts one after the other / whole"
    return paired_row(title, list(zip(*times, strict=True)), 1.1, "")


def _gallery_memory(path: Path, m: int) -> Row:
    setup = f"""
import numpy as np
from mmbench.search import positive_ranks
gallery = np.memmap({str(path)!r}, np.float32, "r", shape=({m}, {WIDTH}))
queries = np.array(gallery[:1000])
positive_ranks(queries[:9], queries[:9], [[i] for i in range(9)])
"""
    used = _peak(setup, "positive_ranks(queries, gallery, [[i] for i in range(1000)])")
    return Row("the same, peak memory above the gallery", used, limit=512, unit="MB")
