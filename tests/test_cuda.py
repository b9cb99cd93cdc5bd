"""What runs on a GPU, beside the same on the CPU; skipped where torch sees no CUDA device."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import mmbench
from mmbench.reference.training import change_recipe, read_recipe, recipe_names, train
from mmbench.search.approximate import FaissIndex

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
    on = {d: mmbench.evaluate(model, task, limit=limit, device=d) for d in ("cuda", "cpu")}
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
def test_an_index_finds_and_weighs_what_it_does_on_the_cpu(
    factory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faiss = pytest.importorskip("faiss")
    if not getattr(faiss, "get_num_gpus", int)():
        pytest.skip("this faiss has no GPU")
    vectors = np.random.default_rng(0).standard_normal((5000, 32)).astype(np.float32)
    gpu = FaissIndex(vectors, factory)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0)
    cpu = FaissIndex(vectors, factory)
    found, there = gpu.nearest(vectors[:200], 10), cpu.nearest(vectors[:200], 10)
    assert (found == there).mean() > 0.99
    assert gpu.bytes == cpu.bytes
