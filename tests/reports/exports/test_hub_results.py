"""`.eval_results`: what huggingface_hub reads back is what the record says."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries
from msgspec.structs import replace

from mmbench.cli import main
from tests.support.boards import (
    TASK,
    coins,
    plain_score,
    record,
    task_info,
    write_record_alone,
    write_run,
)
from tests.support.command_line import refusal


def entries(out: Path, *command: str) -> list[EvalResultEntry]:
    """Export runs and return what huggingface_hub reads."""
    file = out / ".eval_results/x.yaml"
    assert main(["export", *command, "--to", "hub", "--out", str(out), "--file", str(file)]) == 0
    return parse_eval_result_entries(yaml.safe_load(file.read_text(encoding="utf-8")))


def test_all_fields_are_read_back(tmp_path: Path) -> None:
    made = write_run(tmp_path, "r1", {"wer[none]": coins(50, 0.2)}, better="lower")
    (entry,) = entries(tmp_path, "r1", "--dataset", "o/d:clean", "--source", "https://x.org/r")
    score = made.scores["wer[none]"]
    assert (entry.dataset_id, entry.task_id) == ("o/d", "clean")
    assert entry.value == score.value
    assert entry.date == made.created
    assert (entry.source_url, entry.source_name) == ("https://x.org/r", "mmbench run r1")
    assert entry.notes is not None
    for words in ("task t version 1", "wer[none]", f"n = {score.n}", score.signature, "d" * 8):
        assert words in entry.notes
    assert f"95 % interval {score.low:.4f} to {score.high:.4f}" in entry.notes


def test_a_rate_in_percent_has_its_interval_in_percent(tmp_path: Path) -> None:
    write_run(tmp_path, "r1", {"wer[none]": coins(50, 0.2)}, better="lower")
    (fraction,) = entries(tmp_path, "r1", "--dataset", "o/d:t")
    (percent,) = entries(tmp_path, "r1", "--dataset", "o/d:t", "--percent")
    assert percent.value == pytest.approx(100 * fraction.value)
    assert percent.notes is not None
    assert "wer[none] in percent; 95 % interval" in percent.notes


def test_a_score_that_is_no_rate_has_no_percent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"cider": plain_score(0.6)}
    write_record_alone(tmp_path, record("r1", scores=scores, headline="cider"))
    flags = ("--to", "hub", "--dataset", "o/d:t", "--percent", "--out", str(tmp_path))
    assert "--percent: cider is not a rate; leave --percent out" in refusal(
        capsys, "export", "r1", *flags
    )


def test_the_commit_of_the_data_set_comes_from_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"path": "o/d", "revision": "c" * 40}
    write_record_alone(tmp_path, record("r1", task=task_info(source=source)))
    said = refusal(capsys, "export", "r1", "--to", "hub", "--out", str(tmp_path))
    assert "type --dataset o/d:TASK_ID, with an id of the eval.yaml" in said
    (same,) = entries(tmp_path, "r1", "--dataset", "o/d:t")
    assert same.dataset_revision == "c" * 40
    (other,) = entries(tmp_path, "r1", "--dataset", "o/other:t")
    assert other.dataset_revision is None


def test_without_a_benchmark_the_error_says_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record_alone(tmp_path, record("r1"))
    for flags, known in (((), "OWNER/NAME"), (("--dataset", "o/d"), "o/d")):
        said = refusal(capsys, "export", "r1", "--to", "hub", "--out", str(tmp_path), *flags)
        assert f"the benchmark of t and its task id; type --dataset {known}:TASK_ID" in said


def test_each_task_has_its_own_benchmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("t", "u"):
        write_record_alone(tmp_path, record(f"run-{name}", task=replace(TASK, name=name)))
    runs = ("run-t", "run-u")
    said = refusal(
        capsys, "export", *runs, "--to", "hub", "--out", str(tmp_path), "--dataset", "o/d:x"
    )
    assert "several runs give a value for o/d:x" in said
    found = entries(tmp_path, *runs, "--dataset", "o/d:x", "--dataset", "u=o/e:a=b/c")
    assert [(one.dataset_id, one.task_id) for one in found] == [("o/d", "x"), ("o/e", "a=b/c")]


def test_one_entry_has_one_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = {f"recall@1[{way}]": plain_score(0.5) for way in ("text-to-image", "image-to-text")}
    made = record("r1", scores=scores, headline="recall@1[image-to-text]")
    write_record_alone(tmp_path, made)
    (headline,) = entries(tmp_path, "r1", "--dataset", "o/d:t")
    assert headline.notes is not None
    assert "recall@1[image-to-text]" in headline.notes
    flags = ("--to", "hub", "--dataset", "o/d:t", "--out", str(tmp_path))
    said = refusal(capsys, "export", "r1", *flags, "--metric", "recall@1")
    assert "has one value, and --metric stands for recall@1[text-to-image], recall@1[im" in said
