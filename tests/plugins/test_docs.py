"""The code of docs/plugins.md, run as it stands there."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.command_line import run_record
from tests.support.documents import fenced_blocks, fenced_blocks_in, plugin_modules
from tests.support.media.images import save_image
from tests.support.paths import ROOT

PAGE = ROOT / "docs/plugins.md"
ROWS = (("1", "a", "yes", "en"), ("2", "b", "no", "en"), ("3", "a", "yes", "de"))
MODEL = """
from mmbench.types import GeneratedText

@mmbench.register("model", "believer")
class Believer:
    modalities = frozenset({"text", "image"})

    def __init__(self, folder, *, device, dtype):
        pass

    def write(self, conversations, options):
        assert all(turns[0].parts[1].startswith("Does the picture") for turns in conversations)
        return [GeneratedText("Yes.") for _ in conversations]
"""


def blocks(heading: str, language: str = "python") -> list[str]:
    """Return the fenced blocks of a section in a language; comments of commands are left out."""
    sections = re.split(r"^## (.+)\n", PAGE.read_text(), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2], strict=True))
    found = [block for block in fenced_blocks_in(texts[heading]) if block.language == language]
    return [re.sub(r"\A# needs .*\n", "", block.text) for block in found]


@pytest.fixture
def plugin(plugin_folder: Path) -> list[str]:
    """Write the files of the page with some data; the flags of a command on them."""
    (task,) = blocks("A kind", "yaml")
    sections = ("A data source", "A kind", "A reader of outputs")
    python = [block for section in sections for block in blocks(section)]
    Path("true_false.py").write_text("\n".join([*python, MODEL]))
    Path("true-false.yaml").write_text(task)
    for name in ("a", "b"):
        save_image(plugin_folder / f"{name}.png")
    rows = [f"{i},{name}.png,it is dark,{true},x,{lang}\n" for i, name, true, lang in ROWS]
    Path("statements.csv").write_text("id,file,text,true,topic,language\n" + "".join(rows))
    return ["--plugin", "true_false.py", "--data", "statements.csv"]


def test_the_code_imports_what_the_page_promises() -> None:
    """Each block stands alone: it compiles, and takes names of mmbench from stable modules."""
    code = [block.text for block in fenced_blocks(PAGE) if block.language == "python"]
    nodes = [node for block in code for node in ast.walk(ast.parse(block))]
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name and name.startswith("mmbench")} <= plugin_modules()


def test_a_run(plugin: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    models = ["-m", "believer", "-m", "oracle", "-m", "constant", "-m", "random", "-m", "empty"]
    run = ["run", *models, "-t", "true-false.yaml", "--device", "cpu", "--json", "--out", "board"]
    assert main([*run, *plugin]) == 0
    records = json.loads(capfd.readouterr().out)
    found = [record["scores"]["true_false_accuracy"]["value"] for record in records]
    assert (found[:3], found[4]) == ([0.5, 1, 0.5], 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("outputs.csv", "id,prediction\n1,Yes.\n2,not sure\n"),
        ("outputs.answers", "1: Yes.\n2: not sure\n"),
    ],
)
def test_scored_outputs(
    plugin: list[str], capfd: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    Path(name).write_text(text)
    score = ["score", "-t", "true-false.yaml", "--predictions", name, "--json"]
    record = run_record(capfd, *score, "--out", "board", *plugin)
    assert record["scores"]["true_false_accuracy"]["value"] == 0.5


def test_selftest_and_check(plugin: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "true-false.yaml", *plugin]) == 0
    assert main(["check", "-m", "believer", "-t", "true-false.yaml", *plugin]) == 0
    assert "2 samples" in capfd.readouterr().out


@pytest.mark.usefixtures("own_plugins")
def test_a_trainer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trained twice it is the same to the bit; more steps classify all colours."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path))
    ((python,), (task,), (command,)) = (
        blocks("A trainer", name) for name in ("python", "yaml", "sh")
    )
    Path("tint.py").write_text(python)
    Path("colours.yaml").write_text(task)
    for name in ("red", "green", "blue"):
        Image.new("RGB", (8, 8), name).save(f"{name}.png")
    rows = [f"{name}.png,{name}\n" for name in ("red", "green", "blue")]
    Path("colours.csv").write_text("file,label\n" + "".join(rows))
    assert main(command.split()[1:]) == 0
    out = capsys.readouterr().out
    assert "trained: tint@runs/tint/step-200.npz" in out
    assert [line.split()[:2] for line in out.splitlines() if "accuracy@1" in line] == [
        ["accuracy@1", "1.0000"]
    ] * 2
    assert main(["train", "tint", "--plugin", "tint.py", "--out", "runs/again"]) == 0
    once, again = (Path(f"runs/{name}/step-200.npz").read_bytes() for name in ("tint", "again"))
    assert once == again
    assert main(["train", "tint", "--plugin", "tint.py", "--out", "runs/tint"]) == 2
    assert "cannot resume runs/tint: choose another --out" in capsys.readouterr().err


def test_a_reporter(plugin_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes the questions of the wrong answers."""
    ((python,), (command,)) = (blocks("A reporter", name) for name in ("python", "sh"))
    Path("worst.py").write_text(python)
    rows = [{"id": n, "question": f"question {n}", "answer": "yes"} for n in range(4)]
    outputs = [
        {"id": n, "prediction": answer} for n, answer in enumerate(["yes", "no", "so", "Yes."])
    ]
    for name, lines in (("answers.jsonl", rows), ("mine.jsonl", outputs)):
        Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(command.split()[1:]) == 0
    (file,) = Path().glob("*.txt")
    assert file.read_text().splitlines() == ["question 1", "question 2"]
    assert f"  wrong-answers: {file}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("own_plugins")
def test_rows_of_conformance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row holds; that of a metric which counts otherwise does not."""
    monkeypatch.chdir(tmp_path)
    (rows,) = (block for block in blocks("A metric") if "LargestDifference" in block)
    metric = (ROOT / "examples/success_metric.py").read_text()
    Path("good.py").write_text(metric + rows)
    strict = rows.replace('"within"', '"stricter"').replace("i <= 5", "i < 5")
    Path("bad.py").write_text(f"import mmbench\n{strict}")
    conformance = ["conformance", "--plugin", "good.py", "--plugin", "bad.py", "--family"]
    assert main([*conformance, "within"]) == 0
    assert "two positives each" in capsys.readouterr().out
    assert main([*conformance, "stricter"]) == 1
    assert "BEYOND" in capsys.readouterr().out
    assert main(["list", "conformance", "--plugin", "good.py"]) == 0
    assert "within" in capsys.readouterr().out
