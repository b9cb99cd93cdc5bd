"""`--report-to`: reporters get each finished run, and none can lose a run or stop another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.cli.exit_codes import BUG, DONE, USER
from mmbench.storage.records import read_records
from tests.support.command_line import refusal
from tests.support.mlflow_store import stored_runs, use_folder
from tests.support.wandb_files import offline_runs, write_offline

PLUGIN = """
import json
from pathlib import Path
import mmbench
from mmbench.errors import UserError

@mmbench.register("reporter", "lines")
def lines(record, rows, samples):
    question = samples.get("sample", rows["id"][0]).texts["question"]
    line = {"run": record.run, "rows": len(rows["id"]), "question": question}
    with Path("lines.jsonl").open("a") as file:
        print(json.dumps(line), file=file)
    print("printed by a plugin")
    return "lines.jsonl"

@mmbench.register("reporter", "refuses")
def refuses(record, rows, samples):
    raise UserError("reporter refuses: the disk is full; free some space")

@mmbench.register("reporter", "breaks")
def breaks(record, rows, samples):
    return 1 / 0

@mmbench.register("reporter", "silent")
def silent(record, rows, samples):
    pass

class Unready:
    def check(self):
        raise UserError("reporter unready: no key; type `unready login`")

    def __call__(self, record, rows, samples):
        raise AssertionError

mmbench.register("reporter", "unready")(Unready())
"""


LOGS = """
import mmbench
from mmbench.errors import UserError
from mmbench.types import TrainingStep

@mmbench.register("trainer", "counter")
def count(run, *, report, saved):
    for number in (1, 2):
        report(TrainingStep(number, 2, 0.5))
        if run.seed == 13:
            raise UserError("no 13")
    return f"oracle@{run.out}"

class Full:
    def training(self, run):
        return self

    def add(self, step):
        raise UserError("the disk is full; free some space")

class Lists(Full):
    def __init__(self):
        self.steps = []

    def training(self, run):
        return Lists()

    def add(self, step):
        self.steps.append(step.number)

    def close(self, *, failed):
        return f"{self.steps} {failed}"

    def __call__(self, record, rows, samples):
        raise AssertionError

mmbench.register("reporter", "full")(full := lambda record, rows, samples: "")
full.training = Full().training
mmbench.register("reporter", "lists")(Lists())
"""


@pytest.fixture
def command(plugin_folder: Path) -> list[str]:
    """Write a plugin, references and outputs; return the command that scores them."""
    Path("reporters.py").write_text(PLUGIN)
    lines = [json.dumps({"id": n, "question": f"q{n}", "answer": "dog"}) + "\n" for n in range(6)]
    Path("references.jsonl").write_text("".join(lines))
    outputs = [json.dumps({"id": n, "prediction": "dog" if n else "cat"}) + "\n" for n in range(6)]
    Path("outputs.jsonl").write_text("".join(outputs))
    return [
        *("score", "-t", "answers", "--data", "references.jsonl", "--predictions", "outputs.jsonl"),
        *("--plugin", "reporters.py", "--quiet", "--out", "board"),
    ]


def run_of(board: str) -> str:
    (record,) = read_records(board)
    return record.run


def test_a_reporter_gets_record_rows_and_samples(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--report-to", "lines"]) == DONE
    line = json.loads(Path("lines.jsonl").read_text())
    assert line == {"run": run_of("board"), "rows": 6, "question": "q0"}
    assert "  lines: lines.jsonl\n" in capsys.readouterr().out


def test_reporters_that_fail_stop_nothing(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--report-to", "refuses,silent", "--report-to", "lines"]) == USER
    err = capsys.readouterr().err
    run = run_of("board")
    stored = "; the record is stored, and `mmbench export {} --to {}` sends it again"
    assert err.splitlines() == [
        "mmbench: error: reporter refuses: the disk is full; free some space"
        + stored.format(run, "refuses"),
        "mmbench: error: reporter silent returned None; return a path or a URL as text"
        + stored.format(run, "silent"),
    ]
    assert json.loads(Path("lines.jsonl").read_text())["run"] == run
    assert Path("board/answers.md").exists()


def test_a_bug_of_a_reporter_is_its_own(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--report-to", "breaks,lines"]) in (USER, BUG)
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert json.loads(Path("lines.jsonl").read_text())["run"] == run_of("board")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wandp", "unknown reporter 'wandp': did you mean wandb? `mmbench list reporters` shows"),
        ("lines,unready", "reporter unready: no key; type `unready login`"),
        (",", "--report-to ,: no name of a reporter; `mmbench list reporters` shows all"),
    ],
)
def test_what_cannot_report_is_refused_before_the_run(
    command: list[str], capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    assert message in refusal(capsys, *command, "--report-to", name)
    assert read_records("board") == []
    train = ["train", "clip-nano", "--out", "trained", "--plugin", "reporters.py"]
    assert message in refusal(capsys, *train, "--eval", "shapes-retrieval", "--report-to", name)
    assert not Path("trained").exists()
    run = ["run", "-m", "oracle", "-t", "shapes-retrieval", "--out", "board"]
    run += ["--plugin", "reporters.py"]
    assert message in refusal(capsys, *run, "--report-to", name)
    assert read_records("board") == []


def test_json_stays_alone_on_stdout(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--report-to", "lines", "--json"]) == DONE
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["run"] == run_of("board")
    assert "  lines: lines.jsonl\n" in err
    assert "printed by a plugin" in err


@pytest.mark.slow
def test_both_trackers_get_the_runs_of_a_training(
    plugin_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("wandb")
    pytest.importorskip("mlflow")
    write_offline(plugin_folder, monkeypatch)
    use_folder(plugin_folder, monkeypatch)
    Path("tasks").mkdir()
    text = "include: shapes-retrieval\ndata: {source: shapes, images: 8}\n"
    Path("tasks/few.yaml").write_text(text + "protocol: {query: 40, corpus: 8}\n")
    layers = ", ".join(f"{part}_layers: 1" for part in ("image", "text"))
    Path("small.yaml").write_text(
        f"model: clip-nano\nfamily: clip\narchitecture: {{{layers}}}\n"
        "stages: [{name: all, objective: contrastive, steps: 2, batch: 4}]\n"
    )
    train = [
        "train",
        "small.yaml",
        "--out",
        "run",
        "--every",
        "1",
        "--board",
        "board",
        "--seed",
        "3",
    ]
    train += ["--eval", "few", "--tasks", "tasks"]
    assert main([*train, "--report-to", "wandb", "--report-to", "mlflow"]) == DONE
    records = {record.run: record for record in read_records("board")}
    wandb_runs, mlflow_runs = offline_runs(Path()), stored_runs()
    assert len(records) == 2

    (training,) = (run for run in wandb_runs.values() if run.job_type == "train")
    assert [row["_step"] for row in training.history] == [1, 2]
    losses = [row["train/loss_all"] for row in training.history]
    assert (training.group, training.config["recipe"]) == ("clip-nano@run", "small.yaml")
    del wandb_runs[training.id]
    (logged,) = (run for run in mlflow_runs if run.info.run_name == "clip-nano@run")
    mlflow_runs.remove(logged)
    assert (logged.info.status, logged.data.params["seed"]) == ("FINISHED", "3")
    assert logged.data.metrics == {"train/loss_all": losses[1]}
    assert all(loss > 0 for loss in losses)

    assert wandb_runs.keys() == records.keys()
    assert {run.data.tags["mmbench.run"] for run in mlflow_runs} == records.keys()
    # By time: the ids of two runs of one second are not in the order of the runs.
    assert [wandb_runs[run].history[0]["_step"] for run in records] == [1, 2]
    assert {run.group for run in wandb_runs.values()} == {"clip-nano@run"}
    for run, record in records.items():
        score = record.scores["recall@1[text-to-image]"].value
        assert wandb_runs[run].summary["few/recall_at_1_text_to_image"] == score


def test_a_training_goes_on_without_a_log_that_fails(
    plugin_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("logs.py").write_text(LOGS)
    train = ["train", "counter", "--out", "run", "--plugin", "logs.py", "--report-to", "full,lists"]
    assert main(train) == USER
    out, err = capsys.readouterr()
    assert out.splitlines() == ["lists: [1, 2] False", "trained: oracle@run"]
    assert [line for line in err.splitlines() if "error" in line] == [
        "mmbench: error: the disk is full; free some space; the steps from here on are not logged"
    ]
    assert main([*train, "--seed", "13"]) == USER
    out, err = capsys.readouterr()
    assert out.splitlines() == ["lists: [1] True"]
    assert "mmbench: error: no 13" in err


@pytest.mark.slow
def test_a_package_brings_a_reporter_by_an_entry_point(command: list[str]) -> None:
    """In a process of its own: entry points are read once."""
    site = Path("site").resolve()
    (site / "liners-1.0.dist-info").mkdir(parents=True)
    (site / "liners-1.0.dist-info/METADATA").write_text("Name: liners\nVersion: 1.0\n")
    points = "[mmbench.reporters]\npackaged-lines = liners:lines\n"
    (site / "liners-1.0.dist-info/entry_points.txt").write_text(points)
    (site / "liners.py").write_text(PLUGIN.replace("@mmbench", "# @mmbench").split("class Un")[0])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *sys.path])}

    def mmbench(*arguments: str) -> str:
        run = [sys.executable, "-m", "mmbench", *arguments]
        return subprocess.check_output(run, env=environment, text=True)

    assert ["packaged-lines", "from", "liners"] in [
        line.split() for line in mmbench("list", "reporters").splitlines()
    ]
    command = [part for part in command if part not in ("--plugin", "reporters.py")]
    assert "packaged-lines: lines.jsonl" in mmbench(*command, "--report-to", "packaged-lines")


def children(pid: int) -> list[str]:
    """Return the command lines of wandb's processes that belong to a process."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended
            continue
        if "wandb" in words[0] and str(pid) in words:
            lines.append(" ".join(words))
    return lines


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mmbench", *command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("interrupt", [False, True])
def test_the_process_of_wandb_ends_with_the_command(
    command: list[str], plugin_folder: Path, monkeypatch: pytest.MonkeyPatch, interrupt: bool
) -> None:
    """Also if the command is interrupted while a second reporter works."""
    pytest.importorskip("wandb")
    write_offline(plugin_folder, monkeypatch)
    waits = "import time, mmbench\n@mmbench.register('reporter', 'waits')\ndef wait(*run):\n"
    Path("waits.py").write_text(waits + "    print('waiting', flush=True)\n    time.sleep(600)\n")
    names = "wandb,waits" if interrupt else "wandb"
    with start([*command, "--plugin", "waits.py", "--report-to", names], plugin_folder) as process:
        assert process.stdout is not None
        if interrupt:
            assert any(line == "waiting\n" for line in process.stdout)
            assert children(process.pid) != []
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == (130 if interrupt else 0), err
    assert ("interrupted" in err) == interrupt
    assert len(offline_runs(Path())) == len(read_records("board")) == 1
    deadline = time.monotonic() + 20
    while children(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert children(process.pid) == []
