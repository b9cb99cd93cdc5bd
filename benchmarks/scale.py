"""Benchmarks of Ray workers against this process, bare processes and a bare Ray loop.

The start of Ray and of the workers is not timed; the variants alternate.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import scale_search
from benchmarks.bare_processes import ROOT, run_together
from benchmarks.endtoend import COCO
from benchmarks.endtoend_model import make_vit_b32
from benchmarks.rows import Row, paired_row

if TYPE_CHECKING:
    from mmbench.engine.execution.executor import Executor
    from mmbench.engine.workers.executor import RayExecutor
    from mmbench.types import Item

PLUGIN = Path(__file__).with_name("scale_model.py")
BATCH = 8
PAUSE = 0.05
IN_FLIGHT = 2  # batches at an actor, in the bare loop as in mmbench


def rows(quick: bool = False) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        os.environ["MMBENCH_CACHE"] = f"{name}/cache"
        if COCO.is_dir():
            yield from _clip(Path(name), 1 if quick else 5, 16 if quick else 159)
        m, repeats = (200_000, 1) if quick else (10_000_000, 3)
        yield from scale_search.rows(Path(name), m, repeats)
        yield _sleeping(4 if quick else 16, 200 if quick else 2000, 1 if quick else 3)
        yield from _driver(50_000 if quick else 200_000, 1 if quick else 3)


@contextmanager
def _workers(number: int) -> Iterator[RayExecutor]:
    """Start Ray with workers of one thread."""
    from mmbench.engine.workers.executor import RayExecutor, WorkerOptions

    executor = RayExecutor(WorkerOptions(number, cpus=1))
    try:
        yield executor
    finally:
        executor.close()


def embed(
    executor: Executor,
    model: str,
    items: Sequence[Item],
    *,
    batch: int = BATCH,
    **options: object,
) -> float:
    """Return the seconds in which an executor embeds items, without the journal's old outputs."""
    from mmbench.engine.context import run_context
    from mmbench.engine.inference.runner import InferenceRunner
    from mmbench.engine.loading.models.resolver import ModelResolver, find
    from mmbench.engine.options import RunSettings
    from mmbench.types import Media, Requests

    settings = RunSettings(device="cpu", batch_size=batch, fresh=True)
    modality = items[0].modality if isinstance(items[0], Media) else "text"
    with run_context(settings, executor=executor) as context:
        found = find(model, ModelResolver(context.keys, device="cpu"), options)
        runner = InferenceRunner(found, context)
        start = perf_counter()
        runner.answers({"items": Requests(items, modality)})
        return perf_counter() - start


def _images(n: int) -> list[Item]:
    from mmbench.data.published.coco import coco

    return [sample.inputs["image"] for sample in coco(COCO).limit(n).corpus]


def _clip(folder: Path, repeats: int, n: int) -> list[Row]:
    """Measure one worker against this process, and two workers against two bare processes."""
    import torch

    from mmbench.engine.execution.in_process import InProcessExecutor

    torch.set_num_threads(1)
    checkpoint = make_vit_b32(folder / "vit-b32", ["a photo"])
    model, images = f"clip@{checkpoint}", _images(n)
    here = InProcessExecutor()
    with _workers(1) as one:
        for executor in (one, here):
            embed(executor, model, images[:BATCH])  # loads the model
        pairs = [(embed(one, model, images), embed(here, model, images)) for _ in range(repeats)]
    with _workers(2) as two:
        embed(two, model, images[: 4 * BATCH])
        ours, bare = [], []
        for _ in range(repeats):
            ours.append(embed(here, model, images) / embed(two, model, images))
            bare.append(_bare_gain(model, n))
    gain, reference = median(ours), median(bare)
    note = f"{gain:.2f} and {reference:.2f} times the speed of one process"
    return [
        paired_row(f"one worker, ViT-B/32, {n} images / this process", pairs, 1.05, "one thread"),
        Row("two bare processes / two workers", reference, gain, reference / gain, 1.11, "×", note),
    ]


def _bare_gain(model: str, n: int) -> float:
    """Return how much faster two processes without Ray are than one."""
    (alone,) = _processes(model, n, 1)
    return alone / max(_processes(model, n, 2))


def _processes(model: str, n: int, number: int) -> list[float]:
    """Return the seconds of processes that embed a share of the images each, at the same time."""
    commands = [["benchmarks.scale", model, str(n), str(at), str(number)] for at in range(number)]
    return list(map(float, run_together(commands)))


def bare_process(model: str, n: int, at: int, step: int) -> None:
    """Embed every `step`-th image once a line arrives on stdin, and print the seconds."""
    import torch

    from mmbench.engine.execution.in_process import InProcessExecutor

    torch.set_num_threads(1)
    executor, images = InProcessExecutor(), _images(n)
    embed(executor, model, images[:BATCH])
    print("ready", flush=True)
    sys.stdin.readline()
    print(embed(executor, model, images[at::step]))


def _sleeping(workers: int, batches: int, repeats: int) -> Row:
    """Measure batches that only sleep, against a bare loop over Ray actors."""
    from mmbench import registry

    registry.load_plugin(str(PLUGIN))
    texts = [f"text {number}" for number in range(batches * BATCH)]
    with _workers(workers) as executor:
        embed(executor, "sleeper", texts[: 4 * workers * BATCH], pause=PAUSE)
        bare = _BareLoop(workers)
        pairs = [
            (embed(executor, "sleeper", texts, pause=PAUSE), bare.run(texts))
            for _ in range(repeats)
        ]
    name = f"{workers} workers, {batches:,} batches of 50 ms / a bare Ray loop"
    ideal = batches * PAUSE / workers
    return paired_row(name, pairs, 1.053, f"without any cost {ideal:.3g} s")


class _BareLoop:
    """A loop over Ray actors that sleep."""

    def __init__(self, actors: int) -> None:
        import ray

        class Bare:
            def run(self, texts: list[str]) -> bytes:
                import time

                time.sleep(PAUSE)
                return bytes(32 * len(texts))

        remote: Any = ray.remote(Bare)
        self._actors = [remote.options(num_cpus=0).remote() for _ in range(actors)]
        ray.get([actor.run.remote([]) for actor in self._actors])

    def run(self, texts: list[str]) -> float:
        """Return the seconds of the loop over batches of the texts."""
        import ray

        start = perf_counter()
        batches = (texts[i : i + BATCH] for i in range(0, len(texts), BATCH))
        owner: dict[Any, Any] = {}
        for actor in self._actors * IN_FLIGHT:
            if batch := next(batches, None):
                owner[actor.run.remote(batch)] = actor
        while owner:
            (done,), _ = ray.wait([*owner])
            actor = owner.pop(done)
            ray.get(done)
            if batch := next(batches, None):
                owner[actor.run.remote(batch)] = actor
        return perf_counter() - start


def _driver(n: int, repeats: int) -> list[Row]:
    """Measure the driver's CPU time and memory for `n` texts, against a single process.

    CPU time is that of all threads of the process, for the keys, the plan, the batches, the journal
    and the table of outputs; the time that the model takes in the single process is subtracted.
    One-time costs are not counted: a quarter of the texts is embedded before.
    """
    pairs = [(_usage(n, 2), _usage(n, 0)) for _ in range(repeats)]
    seconds = [(driver.seconds / n * 1e6, alone.seconds / n * 1e6) for driver, alone in pairs]
    memory = [(driver.memory / n, alone.memory / n) for driver, alone in pairs]
    name = f"driver of two workers, {n:,} texts / this process without the model"
    return [
        _usage_row(name, seconds, "µs", "CPU time of each text in batches of 64"),
        _usage_row("the same, memory", memory, "B", "growth of the peak for each text"),
    ]


def _usage_row(name: str, pairs: list[tuple[float, float]], unit: str, note: str) -> Row:
    row = paired_row(name, pairs, 1.2, f"{note}; median of {len(pairs)}")
    return replace(row, unit=unit)


class Usage(NamedTuple):
    """The CPU seconds of a process, and the growth of its peak memory in bytes."""

    seconds: float
    memory: float


def _usage(n: int, workers: int) -> Usage:
    """Return the usage of a process that embeds `n` texts."""
    command = [sys.executable, "-m", "benchmarks.scale", "usage", str(n), str(workers)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return Usage(*map(float, done.stdout.split()))


def _memory(name: str) -> int:
    """Return a value of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def usage(n: int, workers: int) -> None:
    """Embed `n` texts with a model that does nothing, and print the usage of this process."""
    from mmbench import registry
    from mmbench.columns import pack
    from mmbench.engine.execution.in_process import InProcessExecutor

    registry.load_plugin(str(PLUGIN))

    def run(executor: Executor) -> None:
        texts = pack([f"text {number}" for number in range(n)])
        embed(executor, "sleeper", texts[: n // 4], batch=64, pause=0.0)
        model = registry.lookup("model", "sleeper")
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of the memory
        before, memory = process_time() - model.seconds, _memory("VmRSS")
        embed(executor, "sleeper", texts, batch=64, pause=0.0)
        print(process_time() - model.seconds - before, _memory("VmHWM") - memory)

    if not workers:
        run(InProcessExecutor())
        return
    with _workers(workers) as executor:
        run(executor)


if __name__ == "__main__":
    if sys.argv[1] == "usage":
        usage(*map(int, sys.argv[2:]))
    else:
        bare_process(sys.argv[1], *map(int, sys.argv[2:]))
