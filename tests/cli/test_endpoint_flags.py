"""The flags for endpoints next to models that are none, against a real local server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.files import write_lines
from tests.support.servers.chat_completions import serving


def command(folder: Path, *more: str) -> list[str]:
    data = write_lines(folder / "data.jsonl", {"id": 0, "question": "word", "answer": "word"})
    plain = ["--out", str(folder / "out"), "--device", "cpu", "--json", "--quiet"]
    return ["run", "-t", "answers", "--data", str(data), *plain, *more]


@pytest.mark.parametrize(
    "flags", [["--api-base", "http://localhost:1/v1"], ["--concurrency", "2"], ["--insecure-http"]]
)
@pytest.mark.parametrize("model", ["llava@/nowhere", "frames+llava@/nowhere", "oracle"])
def test_a_flag_for_endpoints_is_named_as_it_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str, flags: list[str]
) -> None:
    assert main(command(tmp_path, "-m", model, *flags)) == 2
    said = f"model {model}: {flags[0]} is for models behind an endpoint; leave it out"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("models", [["-m", "api@m", "-m", "oracle"], ["-m", "oracle,api@m"]])
def test_the_flags_apply_to_the_endpoints_among_several_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], models: list[str]
) -> None:
    with serving() as endpoint:
        flags = ["--api-base", endpoint.base, "--concurrency", "2"]
        assert main(command(tmp_path, *models, *flags)) == 0
    records = json.loads(capsys.readouterr().out)
    assert sorted(one["model"]["name"] for one in records) == ["api", "oracle"]


def test_an_unknown_model_is_still_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(tmp_path, "-m", "apy@m", "--api-base", "http://localhost:1/v1")) == 2
    assert "unknown model 'apy'" in capsys.readouterr().err


def test_interactive_commands_refuse_the_flags_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "-m", "llava@/nowhere", "--concurrency", "2"]) == 2
    assert "--concurrency is for models behind an endpoint" in capsys.readouterr().err
