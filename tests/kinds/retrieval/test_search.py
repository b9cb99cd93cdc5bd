"""The search of retrieval data: on a torch device, and with several indexes."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mmbench
from mmbench.cli import main
from mmbench.cli.output.run_summary import run_summary
from mmbench.columns.vectors import Vectors
from mmbench.datasets import RetrievalData
from mmbench.engine.identity import fingerprint
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.index_comparison import RECALL, SPEED, compare_indexes
from mmbench.engine.scoring.measure import measure
from mmbench.errors import SpecError, UserError
from mmbench.kinds.retrieval.search import SearchMethod, search_splits
from mmbench.kinds.retrieval.splits import make_splits
from mmbench.reports.command import repeat_command
from mmbench.reports.index_tables import index_tables
from mmbench.reports.tables import page
from mmbench.search.part_search import CPU, TORCH_CPU
from mmbench.types import Directions, Outputs, RunRecord, Sample
from tests.support.boards import record

NAMES = ["text-to-image", "image-to-text"]
INDEXES = ["HNSW4", "exact", "Flat", "IVF8,Flat;nprobe=2"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RetrievalData, tuple[Vectors, Vectors], tuple, int]:
    """Links, embeddings with many equal scores, failures of both sides, and 1 to 3 splits."""
    splits = draw(st.integers(1, 3))
    n, m = splits * draw(st.integers(1, 20)), splits * draw(st.integers(1, 20))
    draws = np.random.default_rng(draw(st.integers(0, 2**32)))
    documents = [f"d{i}" for i in range(m)]
    links = {
        f"q{i}": {documents[j]: 1.0 for j in draws.integers(0, m, draws.integers(0, 4))}
        for i in range(n)
    }
    data = RetrievalData(
        [Sample(q, {"text": q}) for q in links], [Sample(d, {"image": d}) for d in documents], links
    )
    sides, failures = [], []
    for size in (n, m):
        # Of a larger matrix, in another order, as of a file with more vectors than samples.
        matrix = draws.integers(1, 4, (2 * size, 3)).astype(np.float16)
        sides.append(Vectors(matrix, draws.permutation(2 * size)[:size]))
        failures.append({int(row): "broken" for row in np.flatnonzero(draws.random(size) < 0.2)})
    return data, (sides[0], sides[1]), tuple(failures), splits


def rankings(directions: Directions) -> list[object]:
    return [(p.id, p.value, p.error) for splits in directions.values() for s in splits for p in s]


@given(worlds(), st.sampled_from([1, 2]))
def test_failures_splits_and_selected_rows_on_a_device(world: tuple, both: int) -> None:
    data, sides, failures, splits = world
    parts = make_splits(data, failures, splits)
    on = {
        device: search_splits(parts, NAMES[:both], sides, [SearchMethod()], device)
        for device in (CPU, TORCH_CPU)
    }
    assert rankings(on[CPU].directions) == rankings(on[TORCH_CPU].directions)
    assert on[CPU].search == {}
    assert {one["device"] for one in on[TORCH_CPU].search.values()} == {TORCH_CPU}


def test_mapped_embeddings_on_a_device(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    sides = []
    for name, n in (("queries", 300), ("corpus", 900)):
        np.save(tmp_path / f"{name}.npy", draws.integers(-3, 4, (n, 9)).astype(np.float16) + 0.5)
        sides.append(Vectors(np.load(tmp_path / f"{name}.npy", mmap_mode="r")))
    links = {f"q{i}": {f"d{i}": 1.0, f"d{i + 7}": 1.0} for i in range(300)}
    samples = [Sample(f"q{i}", {}) for i in range(300)], [Sample(f"d{i}", {}) for i in range(900)]
    parts = make_splits(RetrievalData(*samples, links), ({}, {}), 1)
    found = [
        search_splits(parts, NAMES, (sides[0], sides[1]), [SearchMethod()], device).directions
        for device in (CPU, TORCH_CPU)
    ]
    assert rankings(found[0]) == rankings(found[1])


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path]:
    pytest.importorskip("faiss", reason="faiss is in the extras index and gpu")
    out = tmp_path_factory.mktemp("board")
    return mmbench.evaluate(
        "clip-nano", "shapes-retrieval", index=INDEXES, out=out, limit=200
    ).record, out


def rows_of(one: RunRecord) -> Mapping[str, list[dict]]:
    return {
        name: report["rows"] for name, report in one.index.items() if name.startswith("compared, ")
    }


@pytest.mark.slow
def test_each_index_has_the_scores_of_a_run_with_it(compared: tuple[RunRecord, Path]) -> None:
    whole, _ = compared
    rows = rows_of(whole)
    assert list(rows) == [f"compared, {name}" for name in NAMES]
    for nth, index in enumerate(INDEXES):
        alone = mmbench.evaluate("clip-nano", "shapes-retrieval", index=index, limit=200).record
        scores = {}
        for direction in rows.values():
            assert direction[nth]["factory"] == index
            scores |= direction[nth]["scores"]
        assert scores == {name: score.value for name, score in alone.scores.items()}
    first = mmbench.evaluate("clip-nano", "shapes-retrieval", index=INDEXES[0], limit=200).record
    assert whole.scores == first.scores
    assert whole.task == first.task


def test_the_front_and_the_columns(compared: tuple[RunRecord, Path]) -> None:
    for rows in rows_of(compared[0]).values():
        for row in rows:
            better = [
                other
                for other in rows
                if other[RECALL] >= row[RECALL]
                and other[SPEED] >= row[SPEED]
                and (other[RECALL], other[SPEED]) != (row[RECALL], row[SPEED])
            ]
            assert row["front"] == (not better)
            assert row["bytes"] > 0 and row["checked on"] in (200, 1000)
        recalls = {row["factory"]: row[RECALL] for row in rows}
        assert recalls["exact"] == recalls["Flat"] == 1
        assert recalls["IVF8,Flat;nprobe=2"] < 1


def test_the_record_and_the_board_have_the_table(compared: tuple[RunRecord, Path]) -> None:
    one, out = compared
    assert msgspec.json.decode(msgspec.json.encode(one), type=RunRecord) == one
    assert main(["leaderboard", "build", "--out", str(out)]) == 0
    text = (out / "shapes-retrieval.md").read_text()
    for name in NAMES:
        assert f"### Indexes for clip-nano, {name}" in text
    lines = [line for line in text.splitlines() if line.startswith(("| exact |", "| IVF8,Flat;"))]
    assert len(lines) == 4
    tables = index_tables(one)
    assert [table.direction for table in tables] == NAMES
    assert all(len(row) == len(table.header) for table in tables for row in table.rows)
    command = repeat_command(one).text
    assert "--index HNSW4 --index exact --index Flat --index 'IVF8,Flat;nprobe=2'" in command


def test_the_table_in_the_terminal(
    compared: tuple[RunRecord, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one, out = compared
    capsys.readouterr()
    assert main(["show", "run", one.run, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    header = next(line for line in text.splitlines() if "exact@10" in line and "index" in line)
    assert header.split() == [
        *("index", "exact@1", "exact@10", "exact@100", "queries/s", "build", "s", "MB", "front"),
        *("recall@1", "recall@5", "recall@10", "mean_rank", "median_rank", "mrr", "map"),
    ]
    assert "indexes, image-to-text:" in text


def test_scores_of_splits_are_joined() -> None:
    pytest.importorskip("faiss", reason="faiss is in the extras index and gpu")
    spec, kind = _task("shapes-retrieval")
    draws = np.random.default_rng(0)
    links = {f"q{i}": {f"d{i}": 1.0} for i in range(40)}
    data = RetrievalData(
        [Sample(q, {}) for q in links], [Sample(f"d{i}", {}) for i in range(40)], links
    )
    sides = tuple(Vectors(draws.standard_normal((40, 8))) for _ in range(2))
    parts = make_splits(data, ({}, {}), 2)
    methods = [SearchMethod("Flat"), SearchMethod("exact")]
    found = search_splits(parts, kind.directions(), sides, methods, CPU)
    assert list(found.search) == [
        f"{name}, split {split}" for split, name in product((1, 2), NAMES)
    ]
    measured = measure(spec.metrics, found.directions)
    flat, exact = compare_indexes(spec, found, measured)["compared, text-to-image"]["rows"]
    assert flat["checked on"] == exact["checked on"] == 40
    assert flat[RECALL] == exact[RECALL] == 1
    assert flat["bytes"] > exact["bytes"] == 40 * 8 * 4
    assert flat["scores"]["recall@1[text-to-image]"] == exact["scores"]["recall@1[text-to-image]"]


def _task(name: str, **settings: object):
    return find_task(name, RunSettings(settings=dict(settings)))


def test_the_device_changes_neither_fingerprint_nor_signature() -> None:
    usual, kind = _task("shapes-retrieval")
    other, moved = _task("shapes-retrieval", search_device="cpu", index="exact")
    assert fingerprint(usual) == fingerprint(other)
    empty = RetrievalData([], [], {})
    assert kind.signature(empty) == moved.signature(empty) == "index=exact"
    assert usual.options.search_device == "auto"  # of the model


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_a_device_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "5"]
    for command, device in product(("check", "run"), ("cuda", "cuda:1", "gpu")):
        assert main([command, *flags, "--search-device", device]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert f"--search-device {device}: " in error and "; use " in error


def test_a_task_of_another_kind_has_no_search(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["-m", "llava-nano", "-t", "shapes-vqa", "--search-device", "cpu"]
    assert main(["check", *flags]) == 2
    assert "omit --search-device" in capsys.readouterr().err


def test_an_index_that_is_listed_twice() -> None:
    with pytest.raises(SpecError, match="--index exact: listed twice"):
        mmbench.evaluate("clip-nano", "shapes-retrieval", index=["exact", "exact"], limit=5)


def test_a_further_index_is_checked_before_the_run() -> None:
    pytest.importorskip("faiss", reason="faiss is in the extras index and gpu")
    for index, message in (("Nope", "could not parse"), ("IVF64,Flat", "cannot train 64")):
        with pytest.raises(UserError, match=message):
            mmbench.evaluate("clip-nano", "shapes-retrieval", index=["exact", index], limit=20)


def test_scored_embeddings_take_a_search_device(tmp_path: Path) -> None:
    spec, _ = _task("shapes-retrieval")
    samples = load_data(spec, None).by_role()
    arrays = {}
    for role, n in (("query", 60), ("corpus", 12)):
        ids = [sample.id for sample in samples[role][:n]]
        arrays |= {role: np.random.default_rng(n).standard_normal((n, 8)), f"{role}_ids": ids}
    np.savez(tmp_path / "x.npz", **arrays)
    values = {"task": "shapes-retrieval", "predictions": tmp_path / "x.npz", "partial": True}
    with pytest.raises(UserError, match="--search-device tpu: not a device"):
        mmbench.score(**values, search_device="tpu")
    scored = mmbench.score(**values, search_device="cpu").record
    assert scored.scores == mmbench.score(**values).record.scores
    assert scored.task.asked.startswith("index=exact")


@pytest.mark.parametrize("rows", [[], [{}], [{"factory": "<b>|x", "scores": 3, "bytes": "?"}], 7])
def test_damaged_comparisons_do_not_stop_a_page(rows: object) -> None:
    one = record(index={"compared, a\x1b": {"rows": rows}})
    assert "\x1b" not in "\n".join(run_summary(one, 80))
    text = page("t", [[one]])
    assert "<b>" not in text and "\x1b" not in text


FORMS = ["int8", "full", "32+binary+rescore20"]


@pytest.fixture(scope="module")
def forms() -> RunRecord:
    return mmbench.evaluate("clip-nano", "shapes-retrieval", vectors=FORMS, limit=12).record


def test_forms_of_vectors_are_compared(forms: RunRecord) -> None:
    assert forms.task.asked == "index=exact,vectors=int8"
    usual = mmbench.evaluate("clip-nano", "shapes-retrieval", limit=12).record
    assert usual.task.asked == "index=exact"
    assert usual.task.fingerprint == forms.task.fingerprint
    tables = index_tables(forms)
    assert [(one.title, one.direction) for one in tables] == [("Vectors", name) for name in NAMES]
    for one, direction in zip(tables, NAMES, strict=True):
        assert [row[0] for row in one.rows] == FORMS
        assert one.header[1:7] == [
            *("full@1", "full@10", "full@100", "bytes/vector", "MB", "front"),
        ]
        assert [row[4] for row in one.rows] == ["128", "512", "4"]
        assert [row[6] for row in one.rows] == ["yes"] * 3
        headline = one.metrics.index(f"recall@1[{direction}]")
        for row, source in zip(one.numbers, (forms, usual), strict=False):
            assert row[7 + headline] == source.scores[f"recall@1[{direction}]"].value
    assert (
        "--vectors int8 --vectors full --vectors 32+binary+rescore20" in repeat_command(forms).text
    )
    assert "  vectors, text-to-image:" in run_summary(forms, 80)
    assert "### Vectors for clip-nano, text-to-image" in page("shapes-retrieval", [[forms]])


def test_one_form_of_vectors_has_a_report() -> None:
    one = mmbench.evaluate("clip-nano", "shapes-retrieval", vectors="binary", limit=12).record
    reports = one.index
    assert list(reports) == NAMES
    assert {report["vectors"] for report in reports.values()} == {"binary"}
    assert {report["bytes per vector"] for report in reports.values()} == {16}
    assert "--vectors binary" in repeat_command(one).text


def test_forms_that_cannot_be_searched() -> None:
    for values, message in (
        ({"vectors": ["int8", "int8"]}, "--vectors int8: listed twice"),
        ({"vectors": "int8", "index": "Flat"}, "leave out --index, or use an index that comp"),
        ({"vectors": "float8"}, "--vectors float8: not a form"),
        ({"vectors": "129"}, "the vectors of the model have 128 dimensions"),
    ):
        with pytest.raises(UserError, match=message):
            mmbench.evaluate("clip-nano", "shapes-retrieval", limit=5, **values)


def test_rankings_have_no_vectors(tmp_path: Path) -> None:
    spec, kind = _task("shapes-retrieval", vectors="int8")
    data = load_data(spec, None)
    assert isinstance(data, RetrievalData)
    outputs = Outputs({sample.id: ["d"] for sample in data.queries})
    with pytest.raises(UserError, match="--vectors needs embeddings"):
        kind.accept(data, outputs)
