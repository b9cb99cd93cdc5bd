"""The process around a command: signals, closed, full and unread streams, the C locale."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.media.images import save_image

# As the script that pip installs.
START = "import sys; from mmbench.__main__ import main; sys.exit(main())"
BIN = [sys.executable, "-c", START]
C_LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
C_LOCALE |= {"PYTHONCOERCECLOCALE": "0"}


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash; a pipe ends with the exit code of its first command."""
    argv = ["bash", "-c", f'mmbench() {{ {shlex.join(BIN)} "$@"; }}; set -o pipefail; {command}']
    full = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    return subprocess.run(
        argv, cwd=folder, env=full, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A board with a run that is right everywhere and one that is wrong everywhere."""
    folder = tmp_path_factory.mktemp("runs")
    words = {"ref": ("answer", "dög"), "good": ("value", "dög"), "bad": ("value", "cat")}
    for name, (key, word) in words.items():
        lines = [json.dumps({"id": n, key: word}, ensure_ascii=False) + "\n" for n in range(60)]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    score = ["score", "-t", "answers", "--data", f"{folder}/ref.jsonl", "--out", f"{folder}/board"]
    for name in ("good", "bad"):
        assert main([*score, "--predictions", f"{folder}/{name}.jsonl", "--quiet"]) == 0
    good, bad = (next((folder / "board/runs").glob(f"*/*-{n}-*.json")) for n in ("good", "bad"))
    return folder, good.stem, bad.stem


def gate(good: str, bad: str) -> str:
    return (
        f"mmbench gate --baseline {good} --candidate {bad} --fail-if 'exact_match: -1%' --out board"
    )


def test_a_verdict_that_nobody_reads_is_the_exit_code(runs: tuple[Path, str, str]) -> None:
    folder, good, bad = runs
    came = shell(f"{gate(good, bad)} | true", folder)
    assert (came.returncode, came.stderr) == (1, "")


def test_a_full_stdout_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    came = shell("mmbench list models >/dev/full", tmp_path)
    assert came.returncode == 2
    assert came.stderr == "mmbench: error: standard output: No space left on device\n"


def test_closed_streams_change_nothing(tmp_path: Path) -> None:
    assert shell("mmbench list models >&- 2>&- <&-", tmp_path).returncode == 0


def test_the_c_locale_replaces_what_it_cannot_show(runs: tuple[Path, str, str]) -> None:
    folder = runs[0]
    task = "summary: größer\nname: own\ninclude: answers\n"
    (folder / "own.yaml").write_text(task, encoding="utf-8")
    came = shell("mmbench show task own.yaml", folder, **C_LOCALE)
    assert (came.returncode, came.stderr) == (0, "")
    assert "gr??er" in came.stdout


def interrupted(args: list[str], folder: Path, after: float, *numbers: int) -> tuple[int, str]:
    """Start a command, send it signals after some seconds, and return its exit code and stderr."""
    process = subprocess.Popen(
        [*BIN, *args], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(after)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.03)
    return process.wait(timeout=60), process.communicate()[1]


def is_fine(code: int, err: str, number: int) -> bool:
    """Return whether a command ended as usual, or as an interrupted one does, with one line.

    Python itself may be killed or print a traceback before it has begun with mmbench.
    """
    if code == 128 + number:
        return err.startswith("mmbench: interrupted") and err.count("\n") == 1
    return code == 0 or "mmbench" not in err


@pytest.mark.parametrize("module", ["mmbench.__main__", "mmbench.cli.parser", "msgspec.json"])
def test_ctrl_c_while_modules_are_imported_is_one_line(tmp_path: Path, module: str) -> None:
    argv = [sys.executable, "-X", "importtime", *BIN[1:], "list", "models"]
    process = subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while process.stderr.readline().split("|")[-1].strip() != module:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    rest = [line for line in process.communicate()[1].splitlines() if "import time:" not in line]
    assert process.returncode in (0, 130)
    assert len(rest) == (process.returncode == 130)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_at_any_time_lose_nothing(tmp_path: Path, number: int) -> None:
    args = ["run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "200", "--quiet"]
    args += ["--device", "cpu"]
    whole = subprocess.run([*BIN, *args, "--json", "--out", "a"], cwd=tmp_path, capture_output=True)
    for n in range(0, 25, 2):  # Python's own start is over after 0.06 s
        code, err = interrupted([*args, "--fresh"], tmp_path, 0.06 + 0.06 * n, number)
        assert is_fine(code, err, number), (n, code, err)
        code, err = interrupted([*args, "--fresh"], tmp_path, 0.06 + 0.06 * n, number, number)
        assert is_fine(code, err, number), (n, code, err)
    again = subprocess.run([*BIN, *args, "--json", "--out", "a"], cwd=tmp_path, capture_output=True)
    first, last = (json.loads(one.stdout)[0]["scores"] for one in (whole, again))
    assert first == last


def test_signals_that_the_parent_ignores_stay_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        came = interrupted(["list", "models"], tmp_path, 0.08, signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert came == (0, "")


COMMANDS = [
    "--help", "--version", "list models", "list tasks", "list runs --out board",
    "show task coco-retrieval", "show model clip", "show metric recall@10",
    "show run GOOD --out board", "leaderboard show --out board", "leaderboard build --out board",
    "compare GOOD BAD --out board", "compare GOOD BAD --out board --json",
    "history answers --out board", "cache show", "verify",
    "rescore GOOD --data ref.jsonl --out board",
    "score -t answers --data ref.jsonl --predictions good.jsonl --out board",
    "check -m constant -t shapes-retrieval --limit 5",
    "run -m constant -t shapes-retrieval --limit 5 --out other", "selftest answers",
    "conformance --family retrieval", "chat -m unified-nano --prompt hello",
    "classify -m clip-nano --image picture.png --labels 'a cat, a dog'",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_survives_every_stream(runs: tuple[Path, str, str], command: str) -> None:

    folder, good, bad = runs
    save_image(folder / "picture.png")
    line = f"mmbench {command}".replace("GOOD", good).replace("BAD", bad)
    usual = shell(f"{line} </dev/null", folder)
    assert usual.returncode in (0, 1, 4), usual.stderr
    for ending in (">&-", "2>&-", "<&-", ">&- 2>&- <&-", "| true", "2>&1 | true", "2>/dev/full"):
        came = shell(f"{line} {ending}", folder)
        assert (came.returncode, "Traceback" in came.stderr) == (usual.returncode, False), ending
    came = shell(f"{line} </dev/null", folder, **C_LOCALE)
    assert (came.returncode, "Traceback" in came.stderr) == (usual.returncode, False)
    came = shell(f"{line} >/dev/full", folder)
    assert came.returncode == 2
    assert came.stderr.endswith("standard output: No space left on device\n")


BLOCK = """
import os, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == os.environ["BLOCK"]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
SCORE = "mmbench score -t answers --data ref.jsonl --predictions good.jsonl --out other --quiet"


def without(library: str, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "block").mkdir(exist_ok=True)
    (folder / "block/sitecustomize.py").write_text(BLOCK)
    return shell(command, folder, BLOCK=library, PYTHONPATH=str(folder / "block"))


@pytest.mark.parametrize(
    ("library", "install"), [("yaml", "'pyyaml"), ("msgspec", "'msgspec"), ("pyarrow", "'pyarrow")]
)
def test_a_missing_library_is_one_line(
    runs: tuple[Path, str, str], library: str, install: str
) -> None:
    came = without(library, SCORE, runs[0])
    assert came.returncode == 2
    assert f"type pip install {install}" in came.stderr
    assert came.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "library",
    ["numpy", "msgspec", "yaml", "rich", "torch", "transformers", "datasets", "pandas", "pyarrow",
     "PIL", "safetensors", "jiwer", "rapidfuzz", "pycocoevalcap", "torchmetrics", "soundfile",
     "soxr", "av", "scipy", "fsspec", "requests", "huggingface_hub"],
)  # fmt: skip
def test_no_command_crashes_without_a_library(runs: tuple[Path, str, str], library: str) -> None:
    run = "mmbench run --limit 4 --device cpu --quiet --out other"
    tasks = (
        "clip-nano -t shapes-retrieval",
        "asr-nano -t numbers-asr",
        "constant -t shapes-caption",
    )
    for command in ("mmbench list models", SCORE, *(f"{run} -m {task}" for task in tasks)):
        came = without(library, command, runs[0])
        assert came.returncode in (0, 2, 3, 4), command
        assert "Traceback" not in came.stderr, command
        assert came.returncode != 2 or "pip install" in came.stderr, command


def test_an_interruption_in_a_destructor_ends_the_command() -> None:
    code = """
import os, signal
from mmbench.cli.process import run_process

class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

def command():
    Held()
    print("went on")
    return 0

raise SystemExit(run_process(command))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("mmbench: interrupted") and done.stderr.count("\n") == 1
