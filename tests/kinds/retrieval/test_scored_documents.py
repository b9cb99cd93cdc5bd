"""Runs as `{query: {document: score}}`: what pytrec_eval, BEIR, MTEB and ranx keep in JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError
from mmbench.types import RunRecord

Run = dict[str, dict[str, float]]
TREC = {
    "ndcg@10": "ndcg_cut.10",
    "map": "map",
    "precision@10": "P.10",
    "fraction_recall@10": "recall.10",
    "recall@1": "success.1",
}


def score(folder: Path, run: object, qrels: dict[str, dict[str, int]], name: str) -> RunRecord:
    data, file = folder / "qrels.json", folder / name
    data.write_text(json.dumps(qrels))
    file.write_text(run if isinstance(run, str) else json.dumps(run))
    return mmbench.score("pairs", file, data=data).record


def as_trec(run: Run) -> str:
    return "".join(f"{q} Q0 {d} 0 {s!r} t\n" for q, docs in run.items() for d, s in docs.items())


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_of_trec_eval(tmp_path: Path, seed: int) -> None:
    # The oracle takes the same dictionaries. No two scores of a query are equal, and the documents
    # are not written in the order of their scores.
    trec = pytest.importorskip("pytrec_eval")
    draws = np.random.default_rng(seed)
    run: Run = {
        f"q{q}": {f"d{d}": float(s) for d, s in enumerate(draws.random(20))} for q in range(5)
    }
    qrels = {
        q: {f"d{d}": int(draws.integers(0, 3)) for d in draws.permutation(25)[:8]} for q in run
    }
    found = trec.RelevanceEvaluator(qrels, {*TREC.values()}).evaluate(run)
    record = score(tmp_path, run, qrels, "run.json")
    for ours, theirs in TREC.items():
        mean = np.mean([of_query[theirs.replace(".", "_")] for of_query in found.values()])
        assert record.scores[ours].value == pytest.approx(mean), ours
    # A TREC run of the same scores, and JSON lines.
    lines = "".join(json.dumps({"id": q, "value": docs}) + "\n" for q, docs in run.items())
    for name, text in (("x.run", as_trec(run)), ("x.jsonl", lines)):
        again = score(tmp_path, text, qrels, name)
        assert {n: s.value for n, s in again.scores.items()} == {
            n: s.value for n, s in record.scores.items()
        }


def test_equal_scores_are_ordered_as_in_a_run(tmp_path: Path) -> None:
    # By a hash of the id, as everywhere: neither by the place in the file nor by the name.
    run: Run = {"q": {f"d{n}": 1.0 for n in range(9)}}
    file = tmp_path / "x.run"
    file.write_text(as_trec(run))
    order = read_outputs(file).values["q"]
    assert order not in (sorted(order), sorted(order, reverse=True))
    for place, doc in enumerate(order, 1):
        for docs in (run["q"], dict(reversed(run["q"].items()))):
            (tmp_path / "sub").mkdir(exist_ok=True)
            record = score(tmp_path / "sub", {"q": docs}, {"q": {doc: 1}}, "x.json")
            assert record.scores["map"].value == pytest.approx(1 / place)


def test_paths_that_name_one_document(tmp_path: Path) -> None:
    run = {"q": {"./a.jpg": 0.1, "x/../b.jpg": 0.9}}
    assert score(tmp_path, run, {"q": {"b.jpg": 1}}, "x.json").scores["map"].value == 1.0
    run = {"q": {"./a.jpg": 0.1, "a.jpg": 0.9}}
    with pytest.raises(DataError, match=r"the output for q: documents occur twice: a\.jpg"):
        score(tmp_path, run, {"q": {"a.jpg": 1}}, "x.json")


def test_ids_without_their_case(tmp_path: Path) -> None:
    run, qrels = {"Q": {"D1": 0.9, "d2": 0.1}}, {"q": {"d1": 1, "d2": 0}}
    data, file = tmp_path / "qrels.json", tmp_path / "x.json"
    data.write_text(json.dumps(qrels))
    file.write_text(json.dumps(run))
    record = mmbench.score("pairs", file, data=data, fold_ids=True).record
    assert record.scores["map"].value == 1.0


def test_ids_that_are_whole_numbers(tmp_path: Path) -> None:
    qrels = {"1": {"11": 1, "12": 0}}
    for run in ({"1": [12, 11]}, {"1": {"12": 2, "11": 1}}):
        assert score(tmp_path, run, qrels, "x.json").scores["map"].value == 0.5
    with pytest.raises(DataError, match=r"document.* 11"):
        score(tmp_path, {"1": [11, 11]}, qrels, "x.json")


@pytest.mark.parametrize("run", ["d1", 3, [0.5, 0.25]])
def test_what_is_no_ranking(tmp_path: Path, run: object) -> None:
    with pytest.raises(DataError, match="for q is not a ranking; give a list of document ids"):
        score(tmp_path, {"q": run}, {"q": {"d1": 1}}, "x.json")


def test_a_table_with_a_row_for_each_document_is_refused_with_what_to_give(tmp_path: Path) -> None:
    # PyTerrier's and BEIR's tables: a query has as many rows as documents were found.
    for name, text in (
        ("x.csv", "qid,docno,score\nq,d1,2\nq,d2,1\n"),
        ("x.tsv", "query-id\tcorpus-id\tscore\nq\td1\t2\nq\td2\t1\n"),
    ):
        with pytest.raises(DataError, match="several rows for one query; give a TREC run"):
            score(tmp_path, text, {"q": {"d1": 1}}, name)
