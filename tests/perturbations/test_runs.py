"""Runs with perturbed inputs: their records, tables and comparisons with the clean run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.comparison.compare import compare_runs
from mmbench.engine.check import check
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.errors import UserError
from mmbench.spec import load_task
from mmbench.storage import records as store
from mmbench.types import RunRecord
from tests.support.command_line import refusal

TASK = "shapes-retrieval"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("board")


@pytest.fixture(scope="module")
def printed(board: Path) -> str:
    """Return what a run with two perturbations prints; its records are on the board."""
    import contextlib
    import io

    command = ["run", "-m", "clip-nano", "-t", TASK, "--limit", "6", "--out", str(board)]
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        assert main([*command, "--quiet", "--perturb", "noise:5", "--perturb", "jpeg:90"]) == 0
        assert main(["run", "-m", "random", *command[3:], "--quiet"]) == 0
    return stream.getvalue()


def latest(board: Path, task: str, model: str = "clip-nano") -> RunRecord:
    records = store.read_records(str(board), task)
    return [record for record in records if record.model.name == model][-1]


def test_the_table_has_the_clean_run_first(printed: str, board: Path) -> None:
    lines = printed.partition("clip-nano on shapes-retrieval: recall@1[text-to-image]")[2]
    rows = [line.split() for line in lines.splitlines()[2:5]]
    clean, noisy = latest(board, TASK), latest(board, f"{TASK}+noise-5")
    values = [one.scores[one.headline].value for one in (clean, noisy)]
    assert [row[0] for row in rows] == ["clean", "noise:5", "jpeg:90"]
    assert [float(row[1]) for row in rows[:2]] == pytest.approx(values, abs=5e-5)
    assert float(rows[1][2]) == pytest.approx(values[1] - values[0], abs=1e-4)
    assert rows[1][-1] in ("worse", "difference")  # no difference, on 6 images


def test_a_record_names_the_perturbation_and_the_clean_task(printed: str, board: Path) -> None:
    clean, noisy = latest(board, TASK).task, latest(board, f"{TASK}+noise-5").task
    assert (clean.perturbation, clean.clean) == ("", {})
    assert noisy.perturbation == "noise:5"
    assert noisy.clean == {
        "name": TASK, "fingerprint": clean.fingerprint, "data_hash": clean.data_hash
    }  # fmt: skip
    assert noisy.fingerprint != clean.fingerprint
    assert noisy.data_hash != clean.data_hash


@pytest.mark.slow
def test_a_stored_run_is_compared_and_rescored(printed: str, board: Path) -> None:
    runs = [latest(board, name) for name in (TASK, f"{TASK}+noise-5", f"{TASK}+jpeg-90")]
    pairs = compare_runs(runs, metrics=["recall@5[text-to-image]"], out=board)
    assert [(p.baseline, p.candidate) for p in pairs[:2]] == [
        (runs[0].run, runs[1].run), (runs[0].run, runs[2].run)
    ]  # fmt: skip
    again = rescore(runs[1], out=str(board), metrics=("recall@5",)).record
    assert again.task == runs[1].task
    name = "recall@5[text-to-image]"
    assert again.scores[name].value == runs[1].scores[name].value


@pytest.mark.slow
def test_runs_of_other_models_or_data_are_not_compared(printed: str, board: Path) -> None:
    noisy, other = latest(board, f"{TASK}+noise-5"), latest(board, TASK, "random")
    with pytest.raises(UserError, match="perturbation none against noise:5"):
        compare_runs([other, noisy], out=board)
    smaller = run("clip-nano", f"{TASK}+noise:5", RunSettings(limit=3)).record
    with pytest.raises(UserError, match=r"cannot be compared: data .* against"):
        compare_runs([latest(board, TASK), smaller], out=board)


@pytest.mark.slow
def test_outputs_are_computed_once(printed: str, board: Path) -> None:
    """The clean texts come from the journal; the same noise comes again."""
    first = run("clip-nano", f"{TASK}+noise:4", RunSettings(limit=5)).record
    second = run("clip-nano", f"{TASK}+noise:4:corpus", RunSettings(limit=5)).record
    assert first.scores["mrr[text-to-image]"].value == second.scores["mrr[text-to-image]"].value
    assert second.counts["computed"] == 0


@pytest.mark.slow
def test_a_batch_size_and_an_order_do_not_change_the_inputs() -> None:
    def values(**settings: int) -> list[float | None]:
        options = RunSettings(limit=6, fresh=True, **settings)
        scores = run("clip-nano", f"{TASK}+noise:3", options).record.scores
        return [scores[f"mrr[{way}]"].value for way in ("text-to-image", "image-to-text")]

    assert values(batch_size=1) == pytest.approx(values(batch_size=4))


@pytest.mark.slow
def test_check_decodes_perturbed_inputs() -> None:
    report = check("clip-nano", f"{TASK}+noise:3", RunSettings(limit=3))
    assert not report.failures


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--perturb", "noize:3"], "unknown perturbation 'noize': did you mean noise?"),
        (["--perturb", "noise:9"], "write noise:VALUE, where VALUE is 1 to 5"),
        (["--perturb", "snr:5"], "snr:5 changes audio, and the inputs of the task have none"),
    ],
)
def test_an_unsuitable_perturbation_is_one_line(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["run", "-m", "random", "-t", TASK, "--limit", "3", "--out", str(tmp_path)]
    assert message in refusal(capsys, *command, "--quiet", *flags)


def test_every_packaged_perturbation_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "perturbations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"blur", "noise", "jpeg", "snr", "typos", "options"} <= {x.split()[0] for x in lines}


def test_data_flags_of_a_task_hold_for_its_perturbations() -> None:
    from mmbench.cli.parser.options import data_for

    tasks = [TASK, f"{TASK}+noise:3"]
    assert data_for(tasks[1], [f"{TASK}=/x"], tasks) == Path("/x")
    assert load_task(tasks[1]).data == load_task(TASK).data
