"""Every Eval Ever: the files fit its JSON schemas, its path rules and the stored rows."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.reports.exports.formats import export_runs
from mmbench.reports.exports.options import ExportOptions
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from tests.support.boards import coins, plain_score, record, write_record_alone, write_run
from tests.support.command_line import refusal
from tests.support.json_schema import schema_faults
from tests.support.paths import ROOT

SCHEMAS = Path(__file__).parent / "schemas"
LOG, LINE = (
    json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    for name in ("eval", "instance_level_eval")
)
# The path that its validator wants: validator/validation_core.py, check_path_structure.
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PLACE = re.compile(rf"data/[^/]+/[^/]+/[^/]+/{UUID4}\.json")
MODEL = ExportOptions(model_id="o/m", anyway=True)


def export(board: Path, run: str, *flags: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Export a run; return the log and its samples, which have to fit the schemas."""
    folder = board / f"eee-{run}"
    command = ["export", run, "--to", "eee", "--out", str(board), "--file", str(folder)]
    assert main([*command, "--model-id", "o/m", *flags]) == 0
    (place,) = folder.rglob("*.json")
    assert PLACE.fullmatch(place.relative_to(folder).as_posix())
    log = json.loads(place.read_text())
    assert schema_faults(log, LOG) == []
    return log, _samples(folder, log)


def _samples(folder: Path, log: dict[str, Any]) -> list[dict[str, Any]]:
    detail = log.get("detailed_evaluation_results")
    if detail is None:
        assert not list(folder.rglob("*.jsonl"))
        return []
    data = (folder / detail["file_path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == detail["checksum"]
    lines = [json.loads(line) for line in data.splitlines()]
    assert len(lines) == detail["total_rows"]
    results = {one["evaluation_result_id"] for one in log["evaluation_results"]}
    for line in lines:
        assert schema_faults(line, LINE) == []
        assert line["evaluation_id"] == log["evaluation_id"]
        assert line["model_id"] == log["model_info"]["id"]
        assert line["evaluation_result_id"] in results
    return lines


def test_the_schemas_find_faults(tmp_path: Path) -> None:
    write_run(tmp_path, "r1", {"exact_match": coins(5, 0.5)})
    log, lines = export(tmp_path, "r1")
    assert schema_faults({**log, "x": 1}, LOG) == ["$: has the unknown key x"]
    assert schema_faults({**log, "eval_library": {"name": "a"}}, LOG) == [
        "$.eval_library: lacks version"
    ]
    config = log["evaluation_results"][0]["metric_config"]
    del config["max_score"]
    assert schema_faults(log, LOG) == ["$.evaluation_results[0].metric_config: lacks max_score"]
    assert schema_faults({**lines[0], "output": None}, LINE)
    assert schema_faults({**lines[0], "evaluation": {"score": "1", "is_correct": True}}, LINE)


def test_scores_have_intervals_ranges_and_parameters(tmp_path: Path) -> None:
    values = {"exact_match": coins(50, 0.6), "wer[basic]": [2.0, *coins(49, 0.2)]}
    made = write_run(tmp_path, "r1", values)
    log, _ = export(tmp_path, "r1", "--organization", "Lab", "--relationship", "first_party",
                    "--source", "https://x.org/r")  # fmt: skip
    match, wer = log["evaluation_results"]
    score = made.scores["exact_match"]
    details = match["score_details"]
    assert details["score"] == score.value
    interval = details["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == (score.low, score.high)
    assert interval["confidence_level"] == 0.95
    assert details["uncertainty"]["num_samples"] == score.n
    config = wer["metric_config"]
    assert (config["metric_id"], config["metric_name"]) == ("wer", "wer[basic]")
    assert config["metric_parameters"]["variant"] == "basic"
    assert (config["min_score"], config["max_score"]) == (0, "Infinity")
    assert config["metric_unit"] == "proportion"
    source = log["source_metadata"]
    assert source["source_organization_name"] == "Lab"
    assert source["evaluator_relationship"] == "first_party"
    assert source["additional_details"] == {"run": "r1", "url": "https://x.org/r"}
    assert match["source_data"]["source_type"] == "other"
    assert match["source_data"]["additional_details"]["data_hash"] == "d" * 8


def test_a_score_outside_of_its_declared_range_has_no_range(tmp_path: Path) -> None:
    scores = {"exact_match": plain_score(1.5), "unknown[x]": plain_score(0.5)}
    write_record_alone(tmp_path, record("r1", scores=scores, headline="exact_match"))
    log, lines = export(tmp_path, "r1")
    assert lines == []
    for result in log["evaluation_results"]:
        assert "min_score" not in result["metric_config"]


def test_a_data_set_on_the_hub_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, "r1", {"exact_match": coins(5, 0.5)})
    log, _ = export(tmp_path, "r1", "--dataset", "o/d")
    source = log["evaluation_results"][0]["source_data"]
    assert (source["source_type"], source["hf_repo"]) == ("hf_dataset", "o/d")


def test_samples_are_those_of_the_rows(tmp_path: Path) -> None:
    """Failed samples have the worst value and their error; without inputs there is no hash."""
    values = [1.0, 0.0, None]
    write_run(tmp_path, "r1", {"exact_match": values, "b": values}, ids=["x", "y", "z"])
    _, lines = export(tmp_path, "r1", "--anyway", "--metric", "exact_match")
    assert [(one["sample_id"], one["evaluation"], one["error"]) for one in lines] == [
        ("x", {"score": 1.0, "is_correct": True}, None),
        ("y", {"score": 0.0, "is_correct": False}, None),
        ("z", {"score": 0, "is_correct": False}, "broken"),
    ]
    assert lines[0]["output"]["raw"] == ["said"]
    assert lines[0]["input"]["reference"] == ["right"]
    assert lines[0]["answer_attribution"][0]["extracted_value"] == "said"
    assert "sample_hash" not in lines[0]
    _, both = export(tmp_path, "r1", "--anyway")
    assert len(both) == 5  # nothing is known of the range of b


def test_an_output_stays_on_its_line_and_is_read_back(tmp_path: Path) -> None:
    said = ["a\u2028b\x00\n\u202e", "</script>"]
    encoded = [json.dumps(text) for text in said]
    write_run(tmp_path, "r1", {"exact_match": [0.0, 1.0]}, said=encoded)
    _, lines = export(tmp_path, "r1")
    assert [line["output"]["raw"] for line in lines] == [[text] for text in said]


def test_runs_of_packaged_tasks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A retrieval, a question with options and a caption, with their inputs and parsed answers."""
    lines: dict[str, dict[str, Any]] = {}
    for model, task in (("clip-nano", "shapes-retrieval"), ("llava-nano", "shapes-chat")):
        command = ["run", "-m", model, "-t", task, "--limit", "4", "--out", str(tmp_path)]
        assert main([*command, "--quiet"]) == 0
        run = store.read_records(tmp_path, task)[0].run
        _, samples = export(tmp_path, run, "--anyway")
        lines[task] = samples[0]
    capsys.readouterr()
    query, question = lines["shapes-retrieval"], lines["shapes-chat"]
    assert query["evaluation_result_id"].endswith("recall@1[text-to-image]")
    assert query["input"]["reference"] == [query["sample_id"].partition("#")[0]]
    assert query["output"]["raw"][0].startswith("test-")
    assert question["input"]["choices"] == ["yes", "no"]
    assert question["answer_attribution"][0]["extracted_value"] in "AB"
    assert question["answer_attribution"][0]["extraction_method"] == "mmbench choice_accuracy"
    content = {"raw": question["input"]["raw"], "reference": question["input"]["reference"]}
    packed = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    assert question["sample_hash"] == hashlib.sha256(packed).hexdigest()


def test_without_a_hub_id_of_the_model_the_error_says_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record_alone(tmp_path, record("r1"))
    said = refusal(capsys, "export", "r1", "--to", "eee", "--out", str(tmp_path))
    assert "run r1: the hub id of m is unknown" in said
    assert "type --model-id OWNER/NAME" in said


@pytest.mark.parametrize(
    "folder", [pytest.param("leaderboards", marks=pytest.mark.slow), "leaderboards/seeds"]
)
def test_all_records_of_this_repository_can_be_exported(folder: str, tmp_path: Path) -> None:
    """Records of earlier versions too."""
    board = Folder(ROOT / folder)
    runs, unreadable = store.stored_runs(board, board.run_files())
    assert runs
    assert unreadable == []
    for run in runs:
        export_runs([run], "card", tmp_path / f"{run.record.run}.md", MODEL)
    for name in ("csv", "junit"):
        export_runs(runs, name, tmp_path / name, MODEL)
    export_runs(runs, "eee", tmp_path / "eee", MODEL)
    logs = list((tmp_path / "eee").rglob("*.json"))
    assert len(logs) == len(runs)
    for place in logs:
        assert schema_faults(json.loads(place.read_text()), LOG) == []
