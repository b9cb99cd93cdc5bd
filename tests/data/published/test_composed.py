"""Data sets of composed queries in miniature, read by the packaged tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.data.published.composed import cirr, fashioniq
from mmbench.datasets import RetrievalData
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, UnknownName
from mmbench.spec import load_task
from tests.support.command_line import run_record
from tests.support.files import write_file
from tests.support.layouts import composed
from tests.support.layouts.composed import CIRR, CLOTHES


def loaded(task: str, root: Path) -> RetrievalData:
    data = load_data(load_task(task), root)
    assert isinstance(data, RetrievalData)
    return data


@pytest.mark.parametrize("inside", ["", "cirr"])
def test_cirr(inside: str, tmp_path: Path) -> None:
    composed.cirr(tmp_path / inside)
    if inside:  # as in the folders of CLIP4Cir
        (tmp_path / inside / "dev").rename(tmp_path / "dev")
    data = loaded("cirr", tmp_path)
    assert [query.id for query in data.queries] == ["12060", "12061", "12062"]
    assert [document.id for document in data.corpus] == CIRR
    first = data.queries[0]
    assert first.inputs["text"] == "change number 0"
    assert first.inputs["image"] == data.corpus[0].inputs["image"]
    assert Path(first.inputs["image"].name).name == "dev-0-0-img0.png"
    assert data.links["12060"] == {CIRR[1]: 1.0}
    assert data.excluded["12060"] == [CIRR[0]]
    assert data.subsets["12062"] == CIRR[2:8]
    assert [query.group for query in data.queries] == ["1", "1", "2"]


def test_fashioniq_joins_the_captions_and_keeps_the_queries_in_the_corpus(tmp_path: Path) -> None:
    composed.fashioniq(tmp_path)
    data = loaded("fashioniq-dress", tmp_path)
    assert [query.inputs["text"] for query in data.queries] == [
        "Is solid black with no sleeves and is black, with straps",
        "Has red and is LONGER",
    ]
    assert [document.id for document in data.corpus] == CLOTHES
    assert data.links == {"dress/0": {CLOTHES[1]: 1.0}, "dress/1": {CLOTHES[2]: 1.0}}
    assert not data.excluded
    pairs = fashioniq(tmp_path, gallery="pairs")
    assert [document.id for document in pairs.corpus] == CLOTHES[:3]


def test_excluded_documents_and_subsets_are_part_of_the_data_hash(tmp_path: Path) -> None:
    composed.cirr(tmp_path)
    data = cirr(tmp_path)
    plain = RetrievalData(data.queries, data.corpus, data.links)
    no_subsets = RetrievalData(data.queries, data.corpus, data.links, {}, data.excluded)
    hashes = {one.targets_hash() for one in (data, plain, no_subsets)}
    assert len(hashes) == 3
    fields = {"query": "image", "query_text": "text", "corpus": "image"}
    contents = list(data.contents(fields, False))
    assert contents[-1] == ("query_text", "12062", "change number 2")
    assert data.limit(5).excluded == data.excluded


def test_wrong_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="split of CIRR"):
        cirr(tmp_path, split="test1")
    with pytest.raises(UnknownName, match="did you mean shirt"):
        fashioniq(tmp_path, category="shirts")
    composed.cirr(tmp_path)
    write_file(tmp_path / "image_splits/split.rc2.val.json", {CIRR[1]: "./dev/a.png"})
    with pytest.raises(DataError, match=f"the image {CIRR[0]} of a query is not in the list"):
        cirr(tmp_path)
    composed.fashioniq(tmp_path)
    row = {"target": CLOTHES[0], "captions": ["one"], "candidate": CLOTHES[1]}
    write_file(tmp_path / "captions/cap.dress.val.json", [row])
    with pytest.raises(DataError, match=r"\$\[0\] has 1 captions; give two"):
        fashioniq(tmp_path)


def test_a_model_runs_cirr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    composed.cirr(tmp_path)
    command = ["run", "-m", "clip-nano", "-t", "cirr", "--data", str(tmp_path), "--device", "cpu"]
    record = run_record(
        capsys, *command, "--allow-failed", "1", "--out", str(tmp_path / "out"), code=0
    )
    assert record["counts"]["failed"] == 1
    score = record["scores"]["recall_subset@3"]
    assert "compose=sum" in score["signature"]
    assert score["bounds"] is not None
    low, high = score["bounds"]
    assert low <= score["value"] <= high
