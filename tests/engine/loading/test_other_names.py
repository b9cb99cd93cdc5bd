"""Names of libraries, servers and recipes in place of an adapter: the message says what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checkpoints import chat
from tests.support.command_line import refusal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat.llava(tmp_path_factory.mktemp("llava"))


def said(capsys: pytest.CaptureFixture[str], model: str, *more: str) -> str:
    return refusal(capsys, "run", "-m", model, *more, "-t", "shapes-vqa", "--device", "cpu")


@pytest.mark.parametrize("name", ["hf", "chat", "frames+hf"])
def test_an_unknown_name_before_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    typed = name.removeprefix("frames+")
    expected = f"unknown model '{typed}'; type -m llava@{folder} ("
    assert expected in said(capsys, f"{name}@{folder}")
    assert expected in said(capsys, f"{name}@{folder}", "-m", f"{name}@{folder}")  # before any run


@pytest.mark.parametrize("name", ["vllm", "transformers"])
def test_the_name_of_a_server(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    both = f"-m serve:{name}@{folder} or -m llava@{folder}"
    assert f"unknown model '{name}'; type {both} (" in said(capsys, f"{name}@{folder}")
    assert f"type -m serve:{name}@no/folder (" in said(capsys, f"{name}@no/folder")
    assert f"type -m serve:{name}@CHECKPOINT (" in said(capsys, name)


@pytest.mark.parametrize("place", ["", "@/weights"])
def test_the_name_of_a_recipe_without_its_ending(
    capsys: pytest.CaptureFixture[str], place: str
) -> None:
    name = "qwen2-vl-7b-instruct"
    expected = f"unknown model '{name}'; type -m {name}.yaml{place} for this recipe"
    assert expected in said(capsys, name + place)


def test_another_unknown_name_has_similar_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown model 'lava': did you mean" in said(capsys, "lava@no/folder")
