"""Runs on a part of the samples: what is drawn, what stays whole, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.context import run_context
from mmbench.engine.loading.models.live import live_model
from mmbench.engine.loading.parts import GroupOrder, order_groups, with_part
from mmbench.engine.loading.prepare import find_task, prepare
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run_prepared
from mmbench.errors import UserError
from mmbench.types import GeneratedText, Sample

ROWS = [{"id": f"q{i}", "question": f"what {i}?", "answer": str(i % 3)} for i in range(60)]


class Guesses:
    """Answers 0, 1 or 2 by the question alone, and counts the questions that reach it."""

    modalities = frozenset({"text"})
    identity = "guesses"
    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def write(self, conversations: Sequence[Any], _options: object) -> list[GeneratedText]:
        questions = [turns[-1].parts[-1] for turns in conversations]
        self.asked += questions
        return [GeneratedText(str(sum(map(ord, one)) % 3), "stop", 1) for one in questions]


class Growing(Guesses):
    """The same answers under another name in the journal."""

    identity = "growing"


def evaluate(model: object, **flags: Any) -> Any:
    return mmbench.evaluate(model, "answers", data=ROWS, **flags)  # type: ignore[arg-type]


def grouped(groups: int, size: int) -> Samples:
    return Samples([
        Sample(f"{g}-{i}", {"question": f"{g} {i}"}, "0", group=f"g{g}")
        for i in range(size)
        for g in range(groups)
    ])  # fmt: skip


@cache
def found(task: str) -> Any:
    return find_task(task, RunSettings())


def order(data: Any, seed: int = 0, task: str = "answers") -> GroupOrder:
    spec, kind = found(task)
    return order_groups(spec, kind, data, seed)


def test_whole_groups_are_drawn_and_a_larger_part_contains_a_smaller_one() -> None:
    data = grouped(20, 3)
    drawn = order(data)
    assert (drawn.samples, len(drawn.rows)) == (60, 20)
    small, large = (set(drawn.first(n).tolist()) for n in (4, 9))
    assert small < large
    assert len({data.samples[row].group for row in small}) == 4
    assert set(drawn.first(9, 4).tolist()) == large - small
    names = [data.samples[row].group for row in drawn.first(4)]
    assert sorted(names) == sorted(np.repeat(sorted(set(names)), 3).tolist())


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_data() -> None:
    data = grouped(20, 3)

    def drawn(samples: Samples, seed: int) -> set[str]:
        rows = order(samples, seed).first(5)
        return {samples.samples[row].id for row in rows}

    assert drawn(data, 1) == drawn(data.shuffled(3), 1)
    assert len({frozenset(drawn(data, seed)) for seed in range(8)}) > 4


@pytest.mark.parametrize(("budget", "groups"), [(30, 10), (31, 10), (60, 20), (1, 1), (999, 20)])
def test_the_number_of_groups_follows_from_their_mean_size(budget: int, groups: int) -> None:
    assert order(grouped(20, 3)).groups_for(budget) == groups


def test_each_group_is_drawn_equally_often() -> None:
    data = grouped(12, 1)
    drawn = [row for seed in range(600) for row in order(data, seed).first(3)]
    counts = np.bincount(drawn, minlength=12)
    assert abs(counts - 150).max() < 45  # four standard deviations of a binomial


def test_a_part_has_the_predictions_of_the_whole_and_says_what_it_is(tmp_path: Path) -> None:
    whole = evaluate(Guesses(), out=tmp_path)
    model = Guesses()
    part = evaluate(model, out=tmp_path, budget=30, fresh=True)
    info = part.record.task.part
    assert (info.samples, info.of, info.groups, info.seed) == (30, 60, 30, 0)
    assert info.data_hash == whole.record.task.data_hash != part.record.task.data_hash
    assert len(model.asked) == part.record.counts["samples"] == 30
    values = {row["id"]: row["exact_match"] for row in rows_of(tmp_path, whole.record)}
    own = {row["id"]: row["exact_match"] for row in rows_of(tmp_path, part.record)}
    assert own.items() <= values.items()
    assert len(own) == 30


def rows_of(out: Path, record: Any) -> list[dict[str, Any]]:
    from pyarrow import parquet

    rows: list[dict[str, Any]] = parquet.read_table(
        out / "runs" / "answers" / f"{record.run}.parquet"
    ).to_pylist()
    return rows


def test_a_larger_budget_and_the_whole_run_use_the_outputs_of_a_smaller_one() -> None:
    model = Guesses()
    evaluate(model, budget=30, fresh=True)
    first = set(model.asked)
    evaluate(model, budget=45)
    assert len(model.asked) == len(set(model.asked)) == 45
    whole = evaluate(model)
    assert len(model.asked) == len(set(model.asked)) == 60
    assert len(first) == 30
    assert whole.record.task.part is None


def test_a_budget_of_all_samples_is_a_run_on_all_samples() -> None:
    assert evaluate(Guesses(), budget=60).record.task.part is None
    assert evaluate("oracle", budget=30).record.task.part is None  # it costs nothing


def test_growing_parts_compute_each_output_once() -> None:
    model, sizes = Growing(), []
    with run_context(RunSettings(data=memory(), device="cpu")) as context:
        prepared = prepare(live_model(model, None), "answers", context)
        drawn = order_groups(prepared.spec, prepared.kind, prepared.data, 5)
        for groups in (10, 25, 60):
            part = with_part(prepared, drawn, groups, context, stopped="decided")
            record = run_prepared(part, context).record
            sizes.append((record.counts["samples"], record.task.part and record.task.part.stopped))
    assert sizes == [(10, "decided"), (25, "decided"), (60, "decided")]
    assert len(model.asked) == len(set(model.asked)) == 60


def memory() -> Any:
    from mmbench.data.readers.memory.rows import memory_rows

    return memory_rows(ROWS)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"budget": 29}, "--budget 29: too few for an interval, which needs 30 groups"),
        ({"budget": 40, "limit": 50}, "--budget and --limit cannot be combined"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(flags: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(Guesses(), **flags)


@pytest.mark.parametrize(
    ("task", "data", "reason"),
    [
        ("clusters", grouped(3, 2), "depends on the other samples"),
        ("retrieval", RetrievalData([], [], {}), "a document of the other direction"),
        ("shapes-fewshot", None, ""),
    ],
)
def test_tasks_that_need_all_samples_are_refused(task: str, data: Any, reason: str) -> None:
    spec, kind = find_task(task, RunSettings())
    if data is None:
        assert kind.needs_all(grouped(3, 2)) == ""  # type: ignore[attr-defined]  # a probe
        return
    with pytest.raises(UserError, match=f"{task} cannot be evaluated on a part.*{reason}"):
        order_groups(spec, kind, data, 0)


def test_examples_that_are_test_samples_need_all_samples(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text("include: answers\nfew_shot: 2\n")
    with pytest.raises(UserError, match="few-shot examples are test samples"):
        order(grouped(20, 1), task=str(tmp_path / "few.yaml"))


def test_a_corpus_stays_whole_and_queries_without_judgements_are_not_drawn() -> None:
    queries = [Sample(f"q{i}", {}) for i in range(6)]
    corpus = [Sample(f"d{i}", {}) for i in range(9)]
    data = RetrievalData(queries, corpus, {f"q{i}": {f"d{i}": 1.0} for i in range(4)})
    assert data.test_rows().tolist() == [0, 1, 2, 3]
    part = data.part(np.array([3, 1]))
    assert [one.id for one in part.queries] == ["q3", "q1"]
    assert (part.corpus, part.sizes()) == (corpus, {"query": 2, "corpus": 9})
    assert part.notes() == data.part(np.array([0, 1, 2, 3])).notes()  # the same documents
