"""Benchmarks of a whole run (against a bare loop of forward passes), a rerun and start-up."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.endtoend_model import make_vit_b32
from benchmarks.rows import Row, paired_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mmbench.models.contrastive.clip import Clip
    from mmbench.types import Modality, Role

COCO = Path(__file__).parents[2] / "shared/data/coco-mini"
TASK = "coco-retrieval"


def rows(quick: bool = False) -> list[Row]:
    results = [_listing(3 if quick else 15)]
    if not COCO.is_dir():
        note = f"skipped: no {COCO.name} beside the checkout"
        return [*results, Row("end to end, ViT-B/32 on coco-mini", limit=1.05, note=note)]
    with tempfile.TemporaryDirectory() as name:
        os.environ["MMBENCH_CACHE"] = f"{name}/cache"
        return results + _whole_runs(Path(name), 1 if quick else 3, 16 if quick else None)


def _listing(repeats: int) -> Row:
    """Measure `mmbench list tasks` in a new process, next to the start of Python."""
    ours = [sys.executable, "-m", "mmbench", "list", "tasks"]
    bare = [sys.executable, "-c", "pass"]
    times = [(_process(ours), _process(bare)) for _ in range(repeats)]
    seconds, start = (median(t) for t in zip(*times, strict=True))
    note = f"Python alone {start:.3f} s"
    return Row("mmbench list tasks", seconds, limit=0.15, unit="s", note=note)


def _process(command: list[str]) -> float:
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def _whole_runs(folder: Path, repeats: int, limit: int | None) -> list[Row]:
    import mmbench
    from mmbench.models.contrastive.clip import Clip

    texts, images = _contents(limit)
    checkpoint = make_vit_b32(folder / "vit-b32", texts)
    model = Clip(checkpoint, device="cpu", dtype="float32")
    _bare(model, texts[:64], images[:8])  # warm up
    pairs = []
    for _ in range(repeats):
        bare = _bare(model, texts, images)
        record = mmbench.evaluate(
            f"clip@{checkpoint}", TASK, data=COCO, device="cpu", fresh=True, limit=limit
        ).record
        ours = sum(s for stage, s in record.seconds.items() if stage != "load")
        pairs.append((ours, bare))
    start = perf_counter()
    again = mmbench.evaluate(
        f"clip@{checkpoint}", TASK, data=COCO, device="cpu", limit=limit
    ).record
    seconds = perf_counter() - start
    note = f"{len(images)} images, {len(texts)} captions"
    name = "end to end, ViT-B/32 on coco-mini / a bare loop of its forwards"
    forwards = f"{again.counts['computed']} forward passes"
    return [
        paired_row(name, pairs, 1.05, note),
        Row("the same run again, beyond start-up", seconds, limit=2.0, unit="s", note=forwards),
    ]


def _contents(limit: int | None) -> tuple[list[str], list[Image]]:
    from mmbench import media
    from mmbench.data.published.coco import coco
    from mmbench.types import Media

    data = coco(COCO)
    data = data.limit(limit) if limit else data
    sources = [sample.inputs["image"] for sample in data.corpus]
    images = [
        media.decode_image(media.read_bytes(source), source.name)
        for source in sources
        if isinstance(source, Media)
    ]
    return [str(sample.inputs["text"]) for sample in data.queries], images


def _bare(model: Clip, texts: list[str], images: list[Image]) -> float:
    """Return seconds of the forward passes only, with decoded images and captions padded alike."""
    start = perf_counter()
    longest_first = sorted(texts, key=len, reverse=True)
    _embed(model, longest_first, "text", "query")
    _embed(model, images, "image", "document")
    return perf_counter() - start


def _embed(model: Clip, items: Sequence[str | Image], modality: Modality, role: Role) -> None:
    for i in range(0, len(items), 64):
        batch = [model.prepare(item, modality) for item in items[i : i + 64]]
        model.embed(batch, modality, role)
