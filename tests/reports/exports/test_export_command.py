"""The command: what it refuses, what --anyway writes into each format, and where files lie."""

from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.reports.exports.formats import FORMATS
from tests.support.boards import (
    coins,
    model_info,
    plain_score,
    record,
    task_info,
    write_record_alone,
    write_run,
)
from tests.support.command_line import refusal

HUB_IDS = ("--dataset", "o/d:t", "--model-id", "o/m")
SUFFIXES = {"hub": ".yaml", "card": ".md", "csv": ".csv", "junit": ".xml"}
CAVEATS: dict[str, tuple[dict[str, Any], str]] = {
    "baseline": ({"baseline": "random"}, "the baseline random, not a model"),
    "failed": (
        {
            "counts": {"samples": 1000, "failed": 4, "requests": 0, "computed": 0, "cached": 0},
            "failures": [("a", "broken image"), ("b", "no answer"), ("c", "x"), ("d", "y")],
        },
        "4 of 1,000 samples failed (a: broken image; b: no answer; c: x; and 1 more)",
    ),
    "limit": (
        {"task": task_info(protocol={"corpus": 5000}, data={"corpus": 159})},
        "159 of 5,000 corpus samples of the protocol (3.18 %)",
    ),
    "partial": (
        {"notes": ["scored from outputs", "partial: left out 2 samples without an output"]},
        "partial: left out 2 samples without an output",
    ),
    "own data": ({"notes": ["limited: 4 of 9 samples"]}, "limited: 4 of 9 samples"),
    "doubt": (
        {"task": task_info(source={"doubt": "nothing says that x.json is of the split test"})},
        "uncertain data: nothing says that x.json is of the split test",
    ),
}


def exported(out: Path, name: str, *more: str, run: str = "r1") -> str:
    """Export a run and return the text of the file."""
    file = out / f"x{SUFFIXES.get(name, '')}"
    command = ["export", run, "--to", name, "--out", str(out), "--file", str(file)]
    assert main([*command, *HUB_IDS, *more]) == 0
    if file.is_dir():
        (file,) = (path for path in file.rglob("*.json"))
    return file.read_text(encoding="utf-8")


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board with the run r1, which has no caveats."""
    write_run(tmp_path, "r1", {"exact_match": coins(50, 0.6), "wer[none]": coins(50, 0.2)})
    return tmp_path


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("caveat", CAVEATS)
def test_a_run_with_a_caveat_takes_anyway_and_the_export_says_so(
    name: str, caveat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, words = CAVEATS[caveat]
    write_record_alone(tmp_path, record("r1", **changes))
    command = ("export", "r1", "--to", name, "--out", str(tmp_path), *HUB_IDS)
    said = refusal(capsys, *command)
    assert words in said
    assert "--anyway" in said
    text = " ".join(exported(tmp_path, name, "--anyway").split())
    assert words in text.replace("&lt;", "<")


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_without_caveats_mentions_none(name: str, board: Path) -> None:
    text = exported(board, name)
    assert "caveat:" not in text
    assert not [words for _, words in CAVEATS.values() if words in text]


@pytest.mark.parametrize("name", ["hub", "csv", "junit"])
def test_another_programs_file_is_not_replaced_and_an_export_is(
    name: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = exported(board, name)
    assert exported(board, name) == first
    file = board / f"x{SUFFIXES[name]}"
    file.write_text("mine")
    command = ("export", "r1", "--to", name, "--out", str(board), "--file", str(file), *HUB_IDS)
    assert "a file that `mmbench export` has not made exists there; move it away" in refusal(
        capsys, *command
    )
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_cannot_be_written_is_refused(
    name: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "blocked").write_text("")
    file = str(board / f"blocked/x{SUFFIXES.get(name, '')}")
    command = ("export", "r1", "--to", name, "--out", str(board), "--file", file, *HUB_IDS)
    assert "Not a directory; give another file" in refusal(capsys, *command)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("hub", ".eval_results/t.yaml"),
        ("card", "model-card.md"),
        ("eee", "every-eval-ever/data/mmbench-t/o/m"),
        ("csv", "scores.csv"),
        ("junit", "scores.xml"),
    ],
)
def test_default_files(
    name: str, default: str, board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", "r1", "--to", name, "--out", str(board), *HUB_IDS]) == 0
    assert (tmp_path / default).exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--to", "xml"), "unknown export format 'xml'"),
        (("--to", "csv", "--percent"), "--percent is for --to hub and --to card, not --to csv"),
        (("--to", "csv", "--model-id", "x"), "--model-id x: not a hub id; give OWNER/NAME"),
        (("--to", "csv", "--model-id", "a/con"), "not a hub id"),
        (("--to", "csv", "--model-id", "../x"), "not a hub id"),
        (("--to", "csv", "--source", "javascript:x"), "--source javascript:x: not a URL"),
        (("--to", "csv", "--dataset", "x"), "--dataset x: not the id of a data set on the hub"),
        (("--to", "csv", "--dataset", "o/d:"), "not the id of a data set"),
        (
            ("--to", "csv", "--dataset", "u=o/d:x"),
            "no run of a task 'u' is exported; give one of t",
        ),
        (("--to", "csv", "--metric", "bleu@4"), "unknown metric of run r1 'bleu@4'"),
    ],
)
def test_flags_that_are_wrong(
    flags: tuple[str, ...], words: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal(capsys, "export", "r1", "--out", str(board), *flags)


@pytest.mark.parametrize("name", ["hub", "card", "eee"])
def test_a_headline_without_a_value_is_refused_with_its_reason(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"spice": plain_score(None, reason="no Java"), "cider": plain_score(0.5)}
    write_record_alone(tmp_path, record("r1", scores=scores, headline="spice"))
    said = refusal(capsys, "export", "r1", "--to", name, "--out", str(tmp_path), *HUB_IDS)
    assert "run r1: spice has no value: no Java; choose scores that have one with --metric" in said
    assert "cider" in exported(tmp_path, name, "--metric", "cider")


@pytest.mark.parametrize("name", ["card", "eee"])
def test_other_scores_without_a_value_are_left_out_with_a_note(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"cider": plain_score(0.5), "spice": plain_score(None)}
    write_record_alone(tmp_path, record("r1", scores=scores, headline="cider"))
    assert "spice" not in exported(tmp_path, name)
    assert "note: run r1: without a value, left out: spice" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "what"), [("hub", ".eval_results"), ("card", "a model card")])
def test_what_belongs_to_one_model_refuses_runs_of_two(
    name: str, what: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record_alone(board, record("r2", model=model_info("other")))
    said = refusal(capsys, "export", "r1", "r2", "--to", name, "--out", str(board), *HUB_IDS)
    assert what in said
    assert "belongs to one model, and these runs are of 2 (m, other)" in said


def test_a_run_that_is_given_twice_is_exported_once(board: Path) -> None:
    assert main(["export", "r1", "latest", "--to", "csv", "--out", str(board), "--file",
                 str(board / "x.csv")]) == 0  # fmt: skip
    assert len((board / "x.csv").read_text().splitlines()) == 3


REPORTER = """
import mmbench

@mmbench.register("reporter", "lines")
def lines(record, rows, samples):
    return f"{record.run}: {len(rows.get('id', []))} rows, samples {samples}"
"""


@pytest.mark.usefixtures("own_plugins")
def test_a_registered_reporter_gets_the_stored_run(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "plugin.py").write_text(REPORTER)
    write_record_alone(board, record("r2", baseline="random"))
    flags = ("--to", "lines", "--out", str(board), "--plugin", str(board / "plugin.py"))
    assert main(["export", "r1", "r2", *flags]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "r1: 50 rows, samples None",
        "r2: 0 rows, samples None",
    ]
    said = refusal(capsys, "export", "r1", *flags, "--file", "x")
    assert "--file is for exports to files, not for the reporter lines; leave it out" in said
