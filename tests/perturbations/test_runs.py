"""Runs with perturbed inputs: their records, tables and comparisons with the clean run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.cli.parser.requested_tasks import set_tasks
from mmbench.comparison.compare import compare_runs
from mmbench.engine.check import check
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.errors import UserError
from mmbench.perturbations.names import as_text, name_suffix, parse
from mmbench.spec import load_task
from mmbench.storage import records as store
from mmbench.types import RunRecord
from tests.support.command_line import refusal
from tests.support.files import write_file

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


def test_an_unsuitable_perturbation_is_refused_before_the_clean_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["run", "-m", "random", "-t", TASK, "--limit", "3", "--out", str(tmp_path)]
    for unsuitable in ("snr:5", "options:1"):
        flags = ["--perturb", "noise:1", "--perturb", unsuitable]
        assert f"{unsuitable} changes" in refusal(capsys, *command, "--quiet", *flags)
    assert not list(tmp_path.rglob("*.json"))


def test_frames_of_whole_videos_are_refused_before_the_clean_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = write_file(tmp_path / "data.csv", "video,question,answer\na.mp4,what,a\n")
    write_file(tmp_path / "a.mp4", b"...")
    command = ["run", "-m", "api@some-model", "-t", "answers", "--data", str(data), "--quiet"]
    command += ["--api-base", "http://localhost:9", "--model-arg", "video=url"]
    message = refusal(capsys, *command, "--out", str(tmp_path / "board"), "--perturb", "noise:1")
    assert "gets whole videos, and noise:1 changes their frames" in message


@pytest.mark.parametrize("suffix", ["nois-3", "nois:3", "blurr-1"])
def test_a_misspelt_perturbation_of_a_task_is_refused(
    suffix: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["run", "-m", "random", "--limit", "3", "--out", str(tmp_path), "--quiet"]
    message = refusal(capsys, *command, "-t", f"{TASK}+{suffix}")
    assert f"unknown perturbation '{suffix[:-2]}': did you mean" in message
    data = write_file(tmp_path / "data.csv", "image,text\na.png,a\n")
    flags = ["-t", f"retrieval+{suffix}", "--data", str(data)]
    assert "unknown perturbation" in refusal(capsys, *command, *flags)


def test_a_label_needs_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ["--limit", "3", "--out", str(tmp_path), "--quiet"]
    message = refusal(capsys, "run", "-m", "random", "-t", f"{TASK}+birds", *flags)
    assert f"unknown perturbation of task {TASK}+birds 'birds'" in message
    assert "data with the label birds need --data PATH" in message


def test_labels_like_perturbations_keep_their_data(tmp_path: Path) -> None:
    """Folders of a pattern, and a label with its own data, may have any name."""
    for name in ("noisy-3", "blurry-1"):
        folder = tmp_path / "sets" / name
        folder.mkdir(parents=True)
        write_file(folder / "data.csv", "id,prediction,answer\n1,a,a\n")
    args = argparse.Namespace(
        task=["answers", "labels+noisy-3"], tasks=[], perturb=[], model=["constant"],
        data=[f"answers={tmp_path}/sets/*", f"labels+noisy-3={tmp_path}"],
    )  # fmt: skip
    set_tasks(args)
    assert args.task == ["answers+blurry-1", "answers+noisy-3", "labels+noisy-3"]


def test_paraphrases_are_compared_with_the_clean_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from mmbench.engine.loading.data.datasets import load_data

    data = load_data(load_task(TASK), None)
    texts = {str(sample.inputs["text"]) for sample in data.limit(4).by_role()["query"]}
    rows = [{"text": text, "paraphrase": f"there is {text}"} for text in sorted(texts)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    file = write_file(tmp_path / "said+differently.jsonl", lines)
    command = ["run", "-m", "random", "-t", TASK, "--limit", "4", "--quiet"]
    command += ["--perturb", f"paraphrase:{file}", "--out", str(tmp_path / "board")]
    assert main(command) == 0
    recorded = parse(f"paraphrase:{file}")
    assert as_text(recorded) in capsys.readouterr().out
    record = latest(tmp_path / "board", f"{TASK}{name_suffix(recorded)}", "random")
    assert record.task.perturbation == as_text(recorded)
    assert record.task.clean["data_hash"] != record.task.data_hash
    assert rescore(record, out=str(tmp_path / "board")).record.task == record.task
    write_file(file, lines.splitlines()[0])
    assert "no paraphrase in" in refusal(capsys, *command)


def test_every_packaged_perturbation_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "perturbations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"blur", "noise", "jpeg", "snr", "typos", "options"} <= {x.split()[0] for x in lines}


def test_data_flags_of_a_task_hold_for_its_perturbations() -> None:
    from mmbench.cli.parser.options import data_for

    tasks = [TASK, f"{TASK}+noise:3"]
    assert data_for(tasks[1], [f"{TASK}=/x"], tasks) == Path("/x")
    assert load_task(tasks[1]).data == load_task(TASK).data
