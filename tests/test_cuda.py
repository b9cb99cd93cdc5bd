"""What runs on a GPU, beside the same on the CPU; skipped where torch sees no CUDA device."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import mmbench
from mmbench.reference.training import change_recipe, read_recipe, recipe_names, train
from mmbench.search import CorpusPart, search_parts
from mmbench.search.exact import search
from mmbench.search.indexes.approximate import FaissIndex
from mmbench.search.order import IdOrder

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")


@pytest.mark.parametrize(
    ("model", "task", "limit"),
    [
        ("clip-nano", "shapes-retrieval", 300),
        ("llava-nano", "shapes-vqa", 300),
        ("llava-nano", "shapes-caption", 100),
        ("video-nano", "shapes-motion", 100),
        ("audioclip-nano", "shapes-sound-tags", 200),
        ("asr-nano", "numbers-asr", 100),
        ("fusion-nano", "shapes-fusion", 100),
        ("prefix-nano", "shapes-vqa", 300),
        ("unified-nano", "shapes-vqa", 300),
        ("unified-nano", "numbers-asr", 100),
        ("unified-nano", "shapes-draw", 32),
    ],
)
def test_scores_are_those_of_the_cpu(model: str, task: str, limit: int) -> None:
    """But for a sample or two, in which the two likeliest words are as good as equal."""
    on = {d: mmbench.evaluate(model, task, limit=limit, device=d).record for d in ("cuda", "cpu")}
    assert on["cuda"].counts == on["cpu"].counts and not on["cuda"].failures
    values = [on[device].scores[on[device].headline].value for device in ("cuda", "cpu")]
    assert values[0] == pytest.approx(values[1], abs=0.02)


@pytest.mark.parametrize("name", recipe_names())
def test_training_goes_on_where_it_stopped(name: str, tmp_path: Path) -> None:
    recipe = change_recipe(read_recipe(name), steps=8, every=4)
    losses: dict[int, float] = {}

    def stopping(step: int, loss: float) -> None:
        if step == 7 and step not in losses:
            losses[step] = loss
            raise KeyboardInterrupt
        losses[step] = loss

    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path, device="cuda", report=stopping)
    last = train(recipe, tmp_path, device="cuda", resume=True, report=stopping)
    assert last == tmp_path / "step-8"
    assert list(losses) == list(range(1, 9)) and all(map(math.isfinite, losses.values()))


@pytest.mark.parametrize(
    "factory",
    ["Flat", "IVF16,Flat;nprobe=4", "IVF16,PQ8;nprobe=4", "PCA16,IVF16,Flat;nprobe=4", "HNSW16"],
)
@pytest.mark.parametrize("device", ["cuda:0", "cuda"])
def test_an_index_finds_and_weighs_what_it_does_on_the_cpu(factory: str, device: str) -> None:
    """`cuda` puts a shard on each GPU, if there are several."""
    faiss = pytest.importorskip("faiss")
    if not getattr(faiss, "get_num_gpus", int)():
        pytest.skip("this faiss has no GPU")
    vectors = np.random.default_rng(0).standard_normal((5000, 32)).astype(np.float32)
    gpu, cpu = FaissIndex(vectors, factory, device=device), FaissIndex(vectors, factory)
    assert bool(gpu.gpus) == (factory != "HNSW16") and not cpu.gpus
    found, there = gpu.nearest(vectors[:200], 10), cpu.nearest(vectors[:200], 10)
    if factory in ("Flat", "HNSW16"):
        assert (found == there).mean() > 0.99
        assert gpu.bytes == cpu.bytes
    else:  # trained on the GPU: other clusters, of the same quality
        assert np.mean([len(set(a) & set(b)) for a, b in zip(found, there, strict=True)]) > 6
        assert gpu.bytes == pytest.approx(cpu.bytes, rel=0.01)


@pytest.mark.parametrize(("n", "m"), [(3000, 20_000), (20_000, 3000), (1, 5000)])
def test_ranks_of_exact_products_are_those_of_the_cpu(n: int, m: int) -> None:
    """Small integers: sums are exact on every device, and ties abound."""
    draws = np.random.default_rng(n)
    queries, corpus = (draws.integers(1, 4, (k, 5)).astype(np.float32) for k in (n, m))
    pairs = np.repeat(np.arange(n), 2), draws.integers(0, m // 2, 2 * n)
    pairs[1][1::2] += m // 2
    found, there = (
        search(queries, corpus, pairs, both=True, top=5, device=device)
        for device in ("cuda", "cpu")
    )
    for one, other in zip(found, there, strict=True):
        assert np.array_equal(one.ranks, other.ranks) and np.array_equal(one.top, other.top)


def test_equal_vectors_tie_in_every_place_and_in_every_part() -> None:
    """Floats: each score is summed in one order, wherever its vectors are, also with TF32 set."""
    draws = np.random.default_rng(0)
    queries, corpus = (draws.standard_normal((n, 512)).astype(np.float32) for n in (3000, 30_000))
    copies = draws.permutation(30_000)[:10_000]
    corpus[copies] = corpus[copies[0]]
    pairs = np.arange(3000), copies[:3000]
    torch.set_float32_matmul_precision("high")
    try:
        (whole,) = search(queries, corpus, pairs, top=5, device="cuda")
        cuts = (0, 1, 7000, 30_000)
        parts = [CorpusPart(corpus[a:b], a, 30_000, None, "cuda") for a, b in pairwise(cuts)]
        (divided,) = search_parts(queries, parts, pairs, top=5)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert np.array_equal(whole.ranks, divided.ranks) and np.array_equal(whole.top, divided.top)
    (first,) = search(queries, corpus, (pairs[0], np.repeat(copies[0], 3000)), device="cuda")
    keys = IdOrder(None, 30_000).keys(copies)
    places = np.argsort(np.argsort(keys))
    assert np.array_equal(whole.ranks - first.ranks, places[:3000] - places[0])
    (cpu,) = search(queries, corpus, pairs, device="cpu")
    assert (np.abs(whole.ranks - cpu.ranks) <= 1).mean() > 0.99
