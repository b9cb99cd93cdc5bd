"""The command line that starts vLLM, checked by a program in its place; vLLM itself is not run."""

from __future__ import annotations

import json
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.errors import ModelError
from mmbench.models.api.serve import Serve
from tests.support.boards import stored_rows
from tests.support.command_line import printed_record
from tests.support.files import write_lines
from tests.support.paths import ROOT

# Takes the arguments of `vllm serve` that vLLM 0.33 documents and no others, stores them, and
# answers each conversation with its own text.
PROGRAM = """#!{python}
import argparse, json, os, sys, time
sys.path.insert(0, {root!r})
from tests.support.servers.chat_completions import serving
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("command", choices=["serve"])
parser.add_argument("model")
parser.add_argument("--host", required=True)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--served-model-name", required=True)
parser.add_argument("--dtype", choices=["auto", "bfloat16", "float16", "float32"], required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--trust-remote-code", action="store_true")
parser.add_argument("--max-model-len", type=int)
arguments = vars(parser.parse_args())
names = ("VLLM_BATCH_INVARIANT", "CUDA_VISIBLE_DEVICES", "HF_HUB_OFFLINE")
arguments["environment"] = {{name: os.environ.get(name) for name in names}}
with open({log!r}, "w") as file:
    json.dump(arguments, file)
with serving(arguments["host"], port=arguments["port"]) as endpoint:
    endpoint.models = {{"data": [{{"id": arguments["served_model_name"]}}]}}
    time.sleep(600)
"""


class Environment:
    """A virtual environment that has the program in the place of vLLM."""

    def __init__(self, root: Path, version: str) -> None:
        venv.create(root, symlinks=True)
        self.python, self._log = root / "bin/python", root / "arguments.json"
        self.set_version(version)
        program = root / "bin/vllm"
        program.write_text(
            PROGRAM.format(python=sys.executable, root=str(ROOT), log=str(self._log))
        )
        program.chmod(0o755)

    def set_version(self, version: str) -> None:
        (site,) = self.python.parents[1].glob("lib/python*/site-packages")
        metadata = site / "vllm-0.dist-info/METADATA"
        metadata.parent.mkdir(exist_ok=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")

    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = json.loads(self._log.read_text())
        return arguments


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("vllm") / "venv", "0.33.0")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llava"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def run(
    checkpoint: Path, environment: Environment, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any]]:
    data = checkpoint.parent / "data.jsonl"
    write_lines(data, {"id": 1, "question": "What is it?", "answer": "What is it?"})
    words = ["run", "-m", f"serve:vllm@{checkpoint}", "-t", "answers", "--data", str(data)]
    out = ["--out", str(checkpoint.parent / "out"), "--json"]
    code = main([*words, *out, "--model-arg", f"python={environment.python}", *more])
    return code, printed_record(capsys)


def test_a_run_starts_vllm_with_these_arguments(
    checkpoint: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model-arg", "flags=--max-model-len 4096", "--dtype", "bfloat16"]
    code, record = run(checkpoint, environment, capsys, *flags)
    assert code == 0
    assert record["counts"]["computed"] == 1
    assert record["environment"]["server"]["software"] == "vllm==0.33.0"
    assert record["model"]["options"]["flags"] == "--max-model-len 4096"
    (row,) = stored_rows(checkpoint.parent / "out", record["run"])
    assert "What is it?" in row["value"]
    port = environment.arguments()["port"]
    assert environment.arguments() == {
        "command": "serve",
        "model": str(checkpoint),
        "host": "127.0.0.1",
        "port": port,
        "served_model_name": str(checkpoint),
        "dtype": "bfloat16",
        "seed": 0,
        "trust_remote_code": False,
        "max_model_len": 4096,
        "environment": {
            "VLLM_BATCH_INVARIANT": "1",
            "CUDA_VISIBLE_DEVICES": None,
            "HF_HUB_OFFLINE": "1",
        },
    }


def test_the_identity_is_that_of_weights_options_and_version(
    checkpoint: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, first = run(checkpoint, environment, capsys)
    _, again = run(checkpoint, environment, capsys, "--model-arg", "concurrency=2")
    assert again["model"]["hash"] == first["model"]["hash"]
    assert again["counts"]["computed"] == 0  # the server is not started
    _, varying = run(checkpoint, environment, capsys, "--model-arg", "batch_invariant=false")
    assert varying["counts"]["computed"] == 1
    assert environment.arguments()["environment"]["VLLM_BATCH_INVARIANT"] == "0"
    (checkpoint / "model.safetensors").write_bytes(b"others")
    _, trained = run(checkpoint, environment, capsys)
    hashes = {record["model"]["hash"] for record in (first, varying, trained)}
    assert len(hashes) == 3


def test_another_version_is_another_model(tmp_path: Path) -> None:
    older = Environment(tmp_path / "older", "0.32.0")
    newer = Environment(tmp_path / "newer", "0.33.0")
    identities = [Serve.identity("vllm", str(one.python)) for one in (older, newer)]
    assert identities == ["vllm==0.32.0", "vllm==0.33.0"]


def test_a_missing_server_and_an_unknown_one_are_one_line(tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", symlinks=True)
    python = tmp_path / "empty/bin/python"
    with pytest.raises(ModelError, match=f"vllm is not installed for {python}; type `{python} -m"):
        Serve.identity("vllm", str(python))
    with pytest.raises(ModelError, match="cannot be run: No such file or directory; give the"):
        Serve.identity("vllm", str(tmp_path / "nowhere/python"))
    with pytest.raises(ModelError, match="no server 'tgi'; type serve:vllm@CHECKPOINT or serve:t"):
        Serve.identity("tgi")
    with pytest.raises(ModelError, match="no server is named; type serve:vllm@CHECKPOINT or"):
        Serve.identity()
