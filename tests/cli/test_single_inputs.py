"""`classify`, `chat` and `verify`: a person tries a model, or holds it to what was published."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmbench
from mmbench.cli import main
from tests.support import toy_models
from tests.support.command_line import refusal
from tests.support.files import write_lines, write_task
from tests.support.media.images import save_image

CPU = ["--device", "cpu"]


def test_classify_with_labels_by_a_model_that_embeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    red = tmp_path / "red.png"
    Image.new("RGB", (64, 64), (220, 40, 40)).save(red)
    asked = ["classify", "-m", "clip-nano", "--image", str(red), *CPU, "--top", "2"]
    assert main([*asked, "--labels", "a red square, a blue square, a green circle"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(red)
    assert lines[1].endswith("a red square")
    assert len(lines) == 3


def test_classify_by_a_models_own_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [picture(tmp_path, 250), picture(tmp_path, 5)]
    given = [flag for file in files for flag in ("--image", file)]
    assert main(["classify", "-m", "toy-sorter", *given, "--top", "1", *CPU]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1::2]] == ["Very-Bright", "dark"]


def picture(folder: Path, level: int) -> str:
    return str(save_image(folder / f"{level}.png", level, (40, 30)))


@mmbench.register("model", "cli-cranes")
class Cranes(toy_models.Toy):
    """Probabilities of three classes, of which two have one name, as in ImageNet."""

    labels = ("crane", "gull", "crane")
    scores = "probabilities"

    def classify(self, items: Sequence[Any], modality: str) -> Any:
        return np.array([[0.5, 0.3, 0.2]] * len(items))


def test_classify_prints_probabilities_of_a_model_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A softmax of them would be .39, .32 and .29; by name alone one crane would be lost."""
    assert (
        main(
            [
                "classify",
                "-m",
                "cli-cranes",
                "--image",
                picture(tmp_path, 9),
                *CPU,
            ]
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split() for line in lines] == [
        ["0.5000", "crane"],
        ["0.3000", "gull"],
        ["0.2000", "crane"],
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["-m", "clip-nano"], "pass --labels"),
        (["-m", "toy-echo"], "neither classifies nor embeds"),
        (["-m", "toy-sorter", "--labels", "a, b"], "has its own classes; leave out --labels"),
        (["-m", "clip-nano", "--labels", "a", "--audio", "x.wav"], "files of one modality"),
        (["-m", "clip-nano", "--labels", "a", "--image", "none.png"], "none.png"),
    ],
    ids=["no-labels", "no-ability", "own-classes", "two-sorts", "no-file"],
)
def test_classify_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], reason: str
) -> None:
    error = refusal(capsys, "classify", "--image", picture(tmp_path, 9), *given, *CPU)
    assert reason in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("command", ["classify", "chat"])
def test_a_file_that_is_not_there_is_named_before_a_question(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "-m", "toy-echo", "--image", "nowhere.png", *CPU]) == 2
    assert capsys.readouterr().err == "mmbench: error: --image nowhere.png: no such file\n"


def test_chat_asks_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "chat",
        "-m",
        "toy-echo",
        "--image",
        picture(tmp_path, 9),
        "--prompt",
        "what is it",
    ]
    assert main([*asked, *CPU]) == 0
    assert capsys.readouterr().out == "<40x30>|what is it\n"
    assert main([*asked, "--max-tokens", "2", *CPU]) == 0
    assert capsys.readouterr().out == "<40x30>|what is [truncated by --max-tokens]\n"


def test_chat_goes_on_line_by_line_and_remembers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n\nnever asked\n"))
    assert main(["chat", "-m", "toy-echo", *CPU]) == 0
    assert capsys.readouterr().out == "one\none|one|two\n"


def test_chat_with_a_model_that_does_not_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "-m", "clip-nano", "--prompt", "hello", *CPU]) == 2
    assert "does not generate text; try " in capsys.readouterr().err


def published(folder: Path, value: float, model: str = "someone/clip") -> list[str]:
    scores = {"recall@1[text-to-image]": value}
    row = {"model": model, "scores": scores, "source": "a paper"}
    keys = {"include": "shapes-retrieval", "protocol": {}, "published": [row]}
    write_task(folder / "mini.yaml", **keys)
    return ["verify", "--tasks", str(folder), "-t", "mini", "--limit", "60", *CPU]


def test_verify_tells_what_is_reproduced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*published(tmp_path, 0.1), "--out", str(tmp_path / "out"), "-m", "clip-nano"]
    assert main([*given, "--published-as", "someone/clip", "--json"]) == 1
    out, err = capsys.readouterr()
    measured = json.loads(out)[0]["published"][0]["measured"]
    assert "not reproduced: off by" in err
    published(tmp_path, measured)
    assert main([*given, "--published-as", "someone/clip"]) == 0
    assert "reproduced" in capsys.readouterr().out
    assert main([*given, "--published-as", "someone/else"]) == 4


def test_verify_lists_what_was_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*published(tmp_path, 0.1)[:5]]) == 0
    assert capsys.readouterr().out == "someone/clip  mini  1 number  a paper\n"


def test_verify_of_a_model_that_nobody_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "-m", "clip-nano", *CPU]) == 2
    assert "no published scores of clip-nano" in capsys.readouterr().err


def test_check_of_a_task_alone_says_which_files_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "id": "1",
            "question": "what",
            "image": picture(tmp_path, 9),
            "answer": "x",
        },
        {"id": "2", "question": "what", "image": "gone.png", "answer": "x"},
    ]
    write_lines(tmp_path / "qa.jsonl", *rows)
    assert main(["check", "-t", "answers", "--data", str(tmp_path / "qa.jsonl")]) == 3
    out = capsys.readouterr().out
    assert out.startswith("the data of answers: 2 sample")
    assert "gone.png" in out
    assert "1 sample would fail" in out


def test_libraries_draw_no_bars_where_there_is_no_terminal(tmp_path: Path) -> None:
    from datasets import Dataset

    root = tmp_path / "data"
    rows = {"image": [b""] * 3, "text": ["a", "b", "c"]}
    Dataset.from_dict(rows).to_parquet(root / "test.parquet")
    task = tmp_path / "pairs.yaml"
    task.write_text(
        "include: shapes-retrieval\nprotocol: {}\n"
        f"data: {{source: caption-rows, path: {root}, media: {{image: image}}, captions: text}}\n"
    )
    words = ["run", "-m", "oracle", "-t", str(task), "--out", str(tmp_path / "out"), "--quiet"]
    env = os.environ | {"HF_DATASETS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "mmbench", *words], env=env, capture_output=True, text=True
    )
    assert "generating" not in done.stderr.lower()
    assert "%|" not in done.stderr


def test_verify_leaves_out_tasks_of_kinds_that_are_not_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = published(tmp_path, 0.1)[2]
    Path(folder, "other.yaml").write_text("include: mini\nkind: of-a-plugin\n")
    assert main(["verify", "--tasks", folder]) == 0
    shown = capsys.readouterr().out
    assert "mini" in shown
    assert "of-a-plugin" not in shown
