"""`--max-tokens`: the limit of a task that generates text, replaced for one run."""

from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.rescore import rescore
from mmbench.errors import SpecError
from mmbench.types import RunRecord

TASK = "shapes-vqa"


def run(out: Path, **flags: object) -> RunRecord:
    return mmbench.evaluate("llava-nano", TASK, limit=20, device="cpu", out=out, **flags).record  # type: ignore[arg-type]


def test_another_limit_is_another_question(tmp_path: Path) -> None:
    plain, short = run(tmp_path), run(tmp_path, max_tokens=1)
    assert (plain.task.max_tokens, short.task.max_tokens) == (None, 1)
    assert plain.task.fingerprint != short.task.fingerprint
    assert plain.task.data_hash == short.task.data_hash
    assert any("token limit" in note for note in short.notes)
    assert main(["leaderboard", "build", "--out", str(tmp_path)]) == 0
    page = (tmp_path / f"{TASK}.md").read_text()
    assert page.count("task definition") >= 2
    assert page.count("answers of at most 1 token") == 1


def test_a_run_with_another_limit_is_rescored(tmp_path: Path) -> None:
    record = run(tmp_path, max_tokens=2)
    again = rescore(record.run, out=str(tmp_path)).record
    assert again.task == record.task
    assert again.scores == record.scores


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("shapes-retrieval", "tasks of kind retrieval generate no text; leave out --max-tokens"),
        ("rated.yaml", "the model rates texts and generates none; leave out --max-tokens"),
    ],
)
def test_a_task_without_answers_has_no_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rated.yaml").write_text("include: shapes-chat\nchoose: likelihood\n")
    with pytest.raises(SpecError, match=message):
        mmbench.evaluate("llava-nano", task, max_tokens=3)


def test_check_takes_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["check", "-t", TASK, "--limit", "3"]
    first_lines = set()
    for more in ([], ["--max-tokens", "3"]):
        assert main([*flags, *more]) == 0
        first_lines.add(capsys.readouterr().out.splitlines()[0])
    assert len(first_lines) == 2
