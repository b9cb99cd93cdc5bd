"""Exact search in parts on real workers has the ranks of one process, whatever dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from mmbench.cli import main
from mmbench.columns import Texts, as_column
from mmbench.columns.vectors import Vectors
from mmbench.engine.workers.executor import RayExecutor, WorkerOptions
from mmbench.engine.workers.search import ray_search
from mmbench.engine.workers.search.divided import DividedSearch
from mmbench.engine.workers.search.ray_search import RaySearch
from mmbench.errors import DataError, UserError
from mmbench.search.exact import search
from mmbench.search.parts import Divide, SearchResult, one_part
from mmbench.storage.run_lookup import find_run
from tests.engine.workers.conftest import Outcome
from tests.engine.workers.kills import in_a_thread
from tests.engine.workers.nodes import GUEST, HOST, cluster_in, network_namespace, without
from tests.support.boards import stored_rows
from tests.support.layouts.coco import make_coco
from tests.support.rankings import unit_vectors

Workers = Callable[[int], RayExecutor]
pytestmark = pytest.mark.slow


class Case:
    """Vectors with duplicates, ids, and three positives of each query."""

    def __init__(self, n: int = 300, m: int = 5000, d: int = 24) -> None:
        draws = np.random.default_rng(n)
        self.queries, self.corpus = unit_vectors(n, d, 1), unit_vectors(m, d, 2)
        self.corpus[draws.permutation(m)[: m // 4]] = self.corpus[
            draws.integers(0, min(50, m), m // 4)
        ]
        items = np.concatenate([draws.choice(m, 3, replace=False) for _ in range(n)])
        self.pairs = np.repeat(np.arange(n), 3), items
        self.query_ids = [f"q{i}" for i in range(n)]
        self.corpus_ids = as_column([f"d{i * 7}" for i in range(m)])
        assert isinstance(self.corpus_ids, Texts)

    def alone(self) -> list[SearchResult]:
        return self.searched(one_part)

    def divided(self, executor: RayExecutor) -> list[SearchResult]:
        return self.searched(DividedSearch(executor, lambda _: None).divide)

    def searched(self, divide: Divide) -> list[SearchResult]:
        return search(
            self.queries, self.corpus, self.pairs, query_ids=self.query_ids,
            corpus_ids=self.corpus_ids, both=True, top=5, divide=divide,
        )  # fmt: skip


def equal(one: list[SearchResult], other: list[SearchResult]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(a, b) for x, y in pairs for a, b in zip(x, y, strict=True))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(("n", "m"), [(300, 5000), (5000, 300), (7, 4)])
def test_any_number_of_workers_gives_the_ranks_of_one_process(
    number: int, n: int, m: int, workers: Workers
) -> None:
    case = Case(n, m)
    assert equal(case.divided(workers(number)), case.alone())


def test_a_mapped_file_of_vectors_of_any_length(tmp_path: Path, workers: Workers) -> None:
    case = Case()
    np.save(tmp_path / "corpus.npy", 3 * case.corpus)
    matrix = np.load(tmp_path / "corpus.npy", mmap_mode="r")
    case.corpus = Vectors(matrix).of_length_1()[0]
    assert equal(case.divided(workers(2)), case.alone())


def test_invalid_vectors_are_named_by_the_driver(workers: Workers) -> None:
    case = Case()
    case.corpus[[3, 4999]] = np.nan
    with pytest.raises(DataError, match=r"2 of 5,?000 corpus vectors are NaN.*'d21', 'd34993'"):
        case.divided(workers(2))


@contextmanager
def kills(executor: RayExecutor, most: int) -> Iterator[list[int]]:
    """Kill workers that search a part, `most` times; yield the numbers of their slots."""
    executor.device_for("cpu")
    slots, killed = executor.scheduler()._crew.slots, []

    def kill(stop: threading.Event) -> None:
        while not stop.wait(0.01) and len(killed) < most:
            for slot in slots:
                if slot.running and len(killed) < most:
                    killed.append(slot.number)
                    executor.cluster.kill(slot.actor)
                    slot_is_free(slot, stop)

    with in_a_thread(kill):
        yield killed


def slot_is_free(slot: object, stop: threading.Event) -> None:
    while slot.running and not stop.is_set():  # type: ignore[attr-defined]
        time.sleep(0.01)


def test_a_part_of_a_killed_worker_is_counted_again(ray_address: str) -> None:
    case = Case(2000, 60_000, 64)
    expected = case.alone()
    executor = RayExecutor(WorkerOptions(2, cpus=1))
    try:
        with kills(executor, most=2) as killed:
            found = case.divided(executor)
    finally:
        executor.close()
    assert len(killed) == 2
    assert equal(found, expected)


def test_workers_that_die_again_and_again_end_the_search(ray_address: str) -> None:
    executor = RayExecutor(WorkerOptions(1, cpus=1))
    message = "3 workers died during the call `search`; start fewer workers on each node"
    try:
        with kills(executor, most=100), pytest.raises(UserError, match=message):
            Case(2000, 60_000, 64).divided(executor)
    finally:
        executor.close()


def test_a_small_search_starts_no_worker() -> None:
    case, executor = Case(), RayExecutor(WorkerOptions(2, cpus=1))
    divide = RaySearch(executor, pytest.fail).divide
    (found,) = search(case.queries, case.corpus, case.pairs, divide=divide)
    assert equal([found], search(case.queries, case.corpus, case.pairs))
    assert not executor.is_running()


def test_a_full_disk_leaves_the_search_to_the_driver(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.engine.workers.test_vector_files import largest_file

    monkeypatch.setattr(ray_search, "_WORTH", 0)
    workers(2).device_for("cpu")
    workers(2).scheduler()
    case, notes = Case(), []
    with largest_file(1000):
        divide = RaySearch(workers(2), notes.append).divide
        found = search(case.queries, case.corpus, case.pairs, divide=divide)
    assert equal(found, search(case.queries, case.corpus, case.pairs))
    assert [note for note in notes if note.startswith("searching without workers: ")]


@pytest.mark.usefixtures("plugin")
def test_a_run_whose_search_is_divided_has_the_rows_of_one_process(
    tmp_path: Path,
    workers: Workers,
    outcome: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = make_coco(tmp_path / "coco", 20)
    expected = outcome("logged", "coco-retrieval", None, data=data)
    monkeypatch.setattr(ray_search, "_WORTH", 0)
    called: list[int] = []
    divided = DividedSearch.divide
    monkeypatch.setattr(DividedSearch, "divide", lambda *given: called.append(1) or divided(*given))
    found = outcome("logged", "coco-retrieval", workers(2), data=data)
    assert called
    assert found.rows.equals(expected.rows)
    assert found.record.scores == expected.record.scores


@pytest.mark.usefixtures("ray_address")
def test_score_searches_a_folder_of_embeddings_on_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, folder, qrels = Case(), tmp_path / "embeddings", tmp_path / "qrels.tsv"
    folder.mkdir()
    names = [f"q{i}" for i in range(300)], list(case.corpus_ids)
    for side, vectors, ids in zip(
        ("query", "corpus"), (case.queries, case.corpus), names, strict=True
    ):
        np.save(folder / f"{side}.npy", 3 * vectors)
        np.save(folder / f"{side}_ids.npy", ids)
    judged = [f"q{q} 0 {names[1][d]} 1" for q, d in zip(*case.pairs, strict=True)]
    qrels.write_text("\n".join(judged))
    score = ["score", "-t", "pairs", "--data", str(qrels), "--predictions", str(folder), "--quiet"]
    assert main([*score, "--out", str(tmp_path / "alone")]) == 0
    monkeypatch.setattr(ray_search, "_WORTH_A_START", 0)
    flags = ["--workers", "2", "--cpus-per-worker", "1", "--out", str(tmp_path / "divided")]
    assert main([*score, *flags]) == 0
    alone, divided = (find_run("latest", tmp_path / out).record for out in ("alone", "divided"))
    assert divided.scores == alone.scores
    assert stored_rows(tmp_path / "divided") == stored_rows(tmp_path / "alone")
    assert divided.environment["workers"] == 2


REMOTE = """
import sys
import numpy as np, torch
torch.set_num_threads(1)
from mmbench.engine.workers.executor import RayExecutor, WorkerOptions
from tests.engine.workers.test_search import Case, equal
case = Case(20, 100_000, 96)  # 38 MB, which are sent in two pieces
executor = RayExecutor(WorkerOptions(1, sys.argv[1], cpus=1))
start, servers = executor.cluster.start_server, []
executor.cluster.start_server = lambda: servers.append(start()) or servers[-1]
try:
    assert all(equal(case.divided(executor), case.alone()) for _ in range(2))
    print(len(servers), executor.environment()["nodes"])
finally:
    executor.close()
"""


def test_a_node_without_the_files_gets_the_vectors(tmp_path: Path) -> None:
    """The node has its own network, and its own folder of temporary files."""
    with network_namespace() as enter, cluster_in(tmp_path / "cluster", HOST) as cluster:
        folder = tmp_path / "temporary"
        folder.mkdir()
        hidden = without(folder)
        cluster.add_node(*enter, *hidden, flags=(f"--node-ip-address={GUEST}",))
        done = subprocess.run(
            [sys.executable, "-c", REMOTE, cluster.address],
            env=cluster.environment | {"TMPDIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 ['")
    assert GUEST in done.stdout
