"""The adapter `api` against a real server of models: `transformers serve` on a tiny checkpoint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from tests.support.boards import stored_rows
from tests.support.checkpoints import chat
from tests.support.command_line import printed_record
from tests.support.layouts import questions
from tests.support.servers.ports import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("uvicorn") is None or find_spec("fastapi") is None,
        reason="needs a server: pip install 'transformers[serving]'",
    ),
]

_SECONDS = 90.0  # until it answers


@pytest.fixture(scope="module", params=["seeing", "blind"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, str]]:
    """Whether the model's template has a place for images, its folder, where it is served."""
    root = tmp_path_factory.mktemp("serve")
    template = chat.TEMPLATE if request.param == "seeing" else chat.BLIND
    folder = greedy_llava(root / "llava", template)
    port = free_port()
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    assert command is not None
    (root / "hub").mkdir()
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [command, "serve", str(folder), "--port", str(port), "--device", "cpu"],
            env=os.environ | {"HF_HUB_CACHE": str(root / "hub"), "HF_HUB_OFFLINE": "1"},
            stdout=log,
            stderr=log,
        )
        try:
            _wait(port, server, root / "log")
            yield request.param, folder, f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(20)


def greedy_llava(folder: Path, template: str) -> Path:
    """A checkpoint that a server answers with greedily: it keeps to what the folder says."""
    chat.llava(folder, template=template)
    said = json.loads((folder / "generation_config.json").read_text())
    said |= {"do_sample": False, "temperature": 1.0}
    (folder / "generation_config.json").write_text(json.dumps(said))
    return folder


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-2000:])


def run(
    model: str, data: Path, out: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any]]:
    task = out / "task.yaml"
    task.parent.mkdir(exist_ok=True)
    task.write_text("{include: textvqa, generation: {max_tokens: 8}, protocol: {}}\n")
    words = ["run", "-m", model, "-t", str(task), "--data", str(data), "--out", str(out), "--json"]
    code = main([*words, *more])
    record = printed_record(capsys)
    return code, record


def values(out: Path, record: dict[str, Any]) -> dict[str, Any]:
    rows = stored_rows(out, record["run"])
    return {row["id"]: (row["value"], row["error"]) for row in rows}


def test_a_served_model_says_what_it_says_here(
    served: tuple[str, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, folder, base = served
    questions.textvqa(tmp_path / "data")
    given = (tmp_path / "data", tmp_path / "out", capsys)
    endpoint = ["--api-base", base, "--concurrency", "2", "--model-arg", "retries=1"]
    code, remote = run(f"api@{folder}", *given, *endpoint)
    found = values(tmp_path / "out", remote)
    if kind == "blind":  # the server has no place for the image and says so by a status
        assert code == 3
        assert remote["counts"]["computed"] == 0
        assert all(value is None and error for value, error in found.values()), found
        return
    code, here = run(f"llava@{folder}", *given, "--device", "cpu", "--dtype", "float32")
    assert found == values(tmp_path / "out", here)
    assert remote["scores"] == here["scores"]


def test_a_server_that_the_run_starts_answers_as_the_model_does_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = greedy_llava(tmp_path / "llava", chat.TEMPLATE)
    questions.textvqa(tmp_path / "data")
    given = (tmp_path / "data", tmp_path / "out", capsys)
    plain = ["--device", "cpu", "--dtype", "float32"]
    code, remote = run(f"serve:transformers@{folder}", *given, *plain)
    assert code == 0
    assert remote["counts"]["computed"] > 0
    assert not any("served_as" in note for note in remote["notes"])
    found = values(tmp_path / "out", remote)
    _, here = run(f"llava@{folder}", *given, *plain)
    assert found == values(tmp_path / "out", here)
    assert remote["scores"] == here["scores"]
