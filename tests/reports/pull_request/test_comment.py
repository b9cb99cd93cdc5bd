"""The comment of a gate: verdict first, one section for each gate, and no longer than allowed."""

import json
import re
from pathlib import Path
from typing import Protocol

import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.reports.pull_request.comment import StoredSection, to_markdown
from mmbench.types import PartInfo
from tests.support.boards import TASK, write_run
from tests.support.command_line import refusal

A, B = "20260101-000000-m-aaaaaa", "20260102-000000-m-bbbbbb"


def right(n: int) -> list[float]:
    """Return the values of 300 samples, the first `n` of which are right."""
    return [1.0] * n + [0.0] * (300 - n)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one task: `em` is worse in the candidate, `same` is equal."""
    out = tmp_path_factory.mktemp("board")
    for run, n in ((A, 180), (B, 120)):
        write_run(out, run, {"em": right(n), "same": right(150)})
    return out


class Gate(Protocol):
    """Runs `mmbench gate` with a comment; returns its exit code and the comment."""

    def __call__(self, *args: str, candidate: str = B, out: Path = ...) -> tuple[int, str]: ...


@pytest.fixture
def gate(board: Path, tmp_path: Path) -> Gate:
    """A gate that writes the comment into one file."""
    file = tmp_path / "eval.md"

    def run(*args: str, candidate: str = B, out: Path = board) -> tuple[int, str]:
        command = ["gate", "--baseline", A, "--candidate", candidate, "--out", str(out)]
        code = main([*command, "--github-comment", str(file), *args])
        return code, file.read_text(encoding="utf-8")

    return run


def test_the_verdict_comes_first(gate: Gate) -> None:
    code, comment = gate("--fail-if", "em: 0.01", "--fail-if", "same: 0.01")
    lines = comment.splitlines()
    assert code == 1
    assert lines[0] == "<!-- mmbench-gate: eval -->"
    assert lines[1] == "## ❌ mmbench: the gate fails: t"
    assert "### ❌ t: fail: `em` is worse by 0.2" in lines
    table = [line for line in lines if line.startswith("| `")]
    assert table[0].startswith("| `em` | 0.6000 | 0.4000 | -0.2000 (-0.2")
    assert "| 0.01 | ❌ fail, p = " in table[0]
    assert table[1] == (
        "| `same` | 0.5000 | 0.5000 | +0.0000 (+0.0000 to +0.0000) | 0.01 |"
        " ✅ pass: no worse than the margin allows |"
    )


def test_the_worst_samples_the_cost_and_the_commands_are_in_details(gate: Gate) -> None:
    _, comment = gate("--fail-if", "em: 1%")
    assert "<summary>Worst changes by <code>em</code>: 60 samples worse, 0 better</summary>" in (
        comment
    )
    assert comment.count("| 1 → 0 |") == 5
    assert "| `said` | `said` | `right` |" in comment
    assert "<summary>Cost of both runs</summary>" in comment
    assert f"mmbench gate -t t --baseline {A} --candidate {B} --fail-if 'em: 1%'" in comment
    assert comment.count("<details>") == comment.count("</details>") == 3


def test_the_worst_samples_are_of_different_groups(tmp_path: Path, gate: Gate) -> None:
    groups = [f"g{i // 4}" for i in range(300)]
    for run, n in ((A, 180), (B, 120)):
        write_run(tmp_path, run, {"em": right(n)}, groups=groups)
    _, comment = gate("--fail-if", "em: 1%", out=tmp_path)
    shown = [line.split("`")[1] for line in comment.splitlines() if "| 1 → 0 |" in line]
    assert shown == ["s0120", "s0124", "s0128", "s0132", "s0136"]


def test_an_unclear_verdict_says_how_many_samples_are_enough(board: Path, gate: Gate) -> None:
    write_run(board, "c", {"em": [0.0, *right(181)[1:]], "same": right(150)})
    code, comment = gate("--fail-if", "em: 0.001", candidate="c")
    assert code == 4
    assert comment.splitlines()[1] == "## ⚠️ mmbench: the gate is unclear: t"
    assert "samples would be enough for the same loss." in comment
    _, comment = gate("--fail-if", "em: 0.001", "--on-unclear", "pass", candidate="c")
    assert "- An unclear verdict passes the check (`--on-unclear`)." in comment


def test_a_run_on_a_part_is_named(tmp_path: Path, gate: Gate) -> None:
    task = replace(TASK, data={"samples": 300})
    write_run(tmp_path, A, {"em": right(180)}, task=task)
    part = PartInfo(60, 300, 60, 300, 0, task.data_hash, "fail: em, allowed 0.01, against x")
    drawn = replace(task, part=part, data_hash="drawn")
    write_run(tmp_path, B, {"em": right(20)[:60]}, task=drawn)
    _, comment = gate("--fail-if", "em: 0.01", out=tmp_path)
    assert f"Note: run {B} is on 60 of 300 samples, drawn at random, stopped by" in comment


def test_failed_samples_are_counted(board: Path, gate: Gate) -> None:
    counts = {"samples": 300, "failed": 2, "requests": 300, "computed": 298, "cached": 0}
    failures = [("s0001", "@octocat <b>broke</b> it")]
    values = [None, None, *right(180)[2:]]
    write_run(board, "f", {"em": values}, counts=counts, failures=failures, bounds=(0.5, 0.7))
    _, comment = gate("--fail-if", "em: 0.5", candidate="f")
    assert "Failed samples: 0 in the baseline, 2 in the candidate, for example `s0001`:" in comment
    assert "@\u200boctocat \\<b\\>broke" in comment


def test_a_second_gate_adds_a_section_and_a_repeated_gate_replaces_its_own(gate: Gate) -> None:
    gate("--fail-if", "same: 0.01")
    _, comment = gate("--fail-if", "em: 0.01")
    assert comment.splitlines()[1] == "## ❌ mmbench: 1 of 2 gates fails: t"
    assert comment.index("`em` is worse") < comment.index("`same` is unchanged")  # worst first
    _, comment = gate("--fail-if", "em: 0.9")
    assert comment.splitlines()[1] == "## ✅ mmbench: all 2 gates pass"
    assert comment.count("\n### ") == 2
    assert comment == gate("--fail-if", "em: 0.9")[1]


def test_outputs_cannot_forge_a_section_or_leave_their_cell(tmp_path: Path, gate: Gate) -> None:
    marker = "<!-- mmbench-gate-section: pass t x -->"
    hostile = f"x` |\n\n{marker}\n### ✅ pass </details> @octocat ![](https://x/y) #1 \u202e"
    said = [json.dumps(hostile)] * 300
    for run, n in ((A, 180), (B, 120)):
        write_run(tmp_path, run, {"em": right(n), "same": right(150)}, said=said)
    gate("--fail-if", "em: 1%", out=tmp_path)
    _, comment = gate("--fail-if", "same: 1%", out=tmp_path)
    assert comment.splitlines()[1] == "## ❌ mmbench: 1 of 2 gates fails: t"
    assert len(re.findall(r"^<!-- mmbench-gate-section: ", comment, re.MULTILINE)) == 2
    rows = [line for line in comment.splitlines() if "| 1 → 0 |" in line]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert "@octocat" not in comment
    assert "\u202e" not in comment


def test_links_lead_into_the_report(gate: Gate) -> None:
    pages, archive = "https://x.org/r a/", "https://github.com/o/r/actions/runs/1/artifacts/2"
    _, comment = gate("--fail-if", "em: 1%", "--report-url", pages)
    page = f"https://x.org/r%20a/compare/t/{A}--{B}.html"
    assert f"[All differences in the report]({page})" in comment
    assert f"[`{B}`](https://x.org/r%20a/runs/t/{B}.html)" in comment
    assert f"]({page}#sample=s0" in comment
    _, comment = gate("--fail-if", "em: 1%", "--report-url", archive)
    assert f"({archive})" in comment
    assert "#sample=" not in comment


def test_files_and_urls_that_are_refused(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gate", "--baseline", A, "--candidate", B, "--out", str(board)]
    command += ["--fail-if", "em: 1%"]
    other = tmp_path / "README.md"
    other.write_text("mine")
    assert "has not made" in refusal(capsys, *command, "--github-comment", str(other))
    assert other.read_text() == "mine"
    assert "add --github-comment" in refusal(capsys, *command, "--report-url", "https://x/")
    command += ["--github-comment", str(tmp_path / "new.md")]
    assert "https://" in refusal(capsys, *command, "--report-url", "javascript:x")


def section(outcome: str, size: int, task: str) -> StoredSection:
    text = f"### {task}\n\n{'table ' * 10}\n<details>\n{'x' * size}\n</details>"
    return StoredSection(outcome, task, task, text)  # type: ignore[arg-type]


def test_a_long_comment_loses_the_details_of_passes_first() -> None:
    sections = [section("pass", 900, "p"), section("fail", 900, "f")]
    whole = to_markdown(sections, "c", 4_000)
    assert whole.count("<details>") == 2
    assert "Shortened" not in whole
    cut = to_markdown(sections, "c", 1_500)
    assert len(cut.encode()) <= 1_500
    assert cut.index("### f") < cut.index("<details>") < cut.index("### p")
    assert cut.count("<details>") == 1
    assert "Shortened" in cut[cut.index("### p") :]
    least = to_markdown(sections, "c", 1)
    assert "table" not in least
    assert least.count("\n### ") == least.count("Shortened") == 2


def test_the_heading_counts_gates() -> None:
    def heading(*outcomes: str) -> str:
        sections = [section(outcome, 0, f"{outcome}{at}") for at, outcome in enumerate(outcomes)]
        return to_markdown(sections, "c").splitlines()[1].partition("mmbench: ")[2]

    assert heading("pass") == "the gate passes"
    assert heading("pass", "fail") == "1 of 2 gates fails: fail1"
    assert heading("unclear", "unclear") == "all 2 gates are unclear: unclear0, unclear1"
    assert heading("fail", "unclear", "pass") == "1 of 3 gates fails: fail0; 1 is unclear"
    assert heading(*["fail"] * 5) == "all 5 gates fail: fail0, fail1, fail2 and 2 more"


def test_a_comment_fits_whatever_models_say(tmp_path: Path, gate: Gate) -> None:
    said = ['"' + "漢" * 5_000 + '"'] * 300
    for run, n in ((A, 180), (B, 120)):
        write_run(tmp_path, run, {"em": right(n)}, said=said)
    _, comment = gate("--fail-if", "em: 1%", out=tmp_path)
    assert len(comment.encode()) < 10_000
