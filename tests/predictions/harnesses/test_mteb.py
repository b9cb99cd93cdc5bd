"""Predictions of mteb."""

import pytest

from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import notes, value
from tests.support.files import write_lines


@pytest.fixture
def qrels(tmp_path):
    path = tmp_path / "test.qrels"
    path.write_text("q1 0 doc7 1\nq2 0 doc9 1\n")
    return path


def test_subsets_and_splits_have_to_be_chosen(scored, refused, qrels, tmp_path):
    right = {"q1": {"doc7": 0.9, "doc9": 0.1}, "q2": {"doc7": 0.2, "doc9": 0.3}}
    wrong = {"q1": {"doc7": 0.1, "doc9": 0.9}, "q2": {"doc7": 0.2, "doc9": 0.3}}
    splits = {"default": {"test": right, "dev": wrong}}
    path = writers.mteb(tmp_path / "Flickr30kT2IRetrieval_predictions.json", splits)
    message = refused("pairs", path, qrels)
    assert "has 2 splits: test, dev; choose one with --field split=test" in message
    for split, expected in (("test", 1), ("dev", 0.5)):
        record = scored("pairs", path, qrels, "--field", f"split={split}")
        assert value(record, "recall@1") == expected
    assert "results of mteb, split dev: the model's outputs (scores) are scored" in notes(record)


def test_zero_shot_classification(scored, tmp_path):
    data = write_lines(
        tmp_path / "d.jsonl",
        *({"id": f"i{n}", "label": label} for n, label in enumerate("abba")),
    )
    rows = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]
    path = writers.mteb(tmp_path / "CIFAR_predictions.json", {"default": {"test": rows}})
    record = scored("labels", path, data)
    assert value(record, "accuracy@1") == 0.75


def test_predictions_of_other_tasks(refused, qrels, tmp_path):
    path = writers.mteb(tmp_path / "STS_predictions.json", {"default": {"test": [1, 2]}})
    message = refused("pairs", path, qrels)
    assert "neither scores of documents by query nor scores of labels by row" in message
