"""Lists and patterns of checkpoints in `-m`, on real folders and through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.engine.loading.models.patterns import expand
from mmbench.errors import UnknownName, UserError
from mmbench.text import natural_key
from tests.support.checkpoints import contrastive
from tests.support.command_line import refusal
from tests.support.errors import one_line_error
from tests.support.media.images import save_image

TASK = ("-t", "shapes-retrieval", "--limit", "3", "--device", "cpu")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive.build("clip", tmp_path_factory.mktemp("patterns") / "clip")


@pytest.fixture
def here(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints runs/step-10 and runs/step-2, next to a folder and a file that are none."""
    for step in (10, 2):
        shutil.copytree(checkpoint, tmp_path / f"runs/step-{step}")
    (tmp_path / "runs/logs").mkdir()
    (tmp_path / "runs/notes.txt").write_text("a note")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def models(*texts: str) -> list[str]:
    return expand(texts).models


def test_numbers_in_names_count_by_their_value() -> None:
    names = ["step-10", "step-2", "step-02", "epoch_1/step-9", "b", "step-2.5", "10", "9"]
    expected = ["9", "10", "b", "epoch_1/step-9", "step-02", "step-2", "step-2.5", "step-10"]
    assert sorted(names, key=natural_key) == expected


def test_a_pattern_is_its_checkpoints_in_natural_order(here: Path) -> None:
    assert models("clip@runs/*") == ["clip@runs/step-2", "clip@runs/step-10"]
    assert models("frames+clip@runs/step-?") == ["frames+clip@runs/step-2"]
    assert models("clip@runs/step-[!2]*") == ["clip@runs/step-10"]
    assert models("clip@**/step-*") == ["clip@runs/step-2", "clip@runs/step-10"]
    assert models(f"clip@{here}/r*/step-2") == [f"clip@{here}/runs/step-2"]
    assert models("constant", "clip@runs/*0") == ["constant", "clip@runs/step-10"]


def test_what_is_no_checkpoint_is_skipped_with_a_note(here: Path) -> None:
    expected = ["-m clip@runs/*: skipped logs, notes.txt: no checkpoint"]
    assert expand(["clip@runs/*"]).notes == expected
    assert expand(["clip@runs/step-*"]).notes == []


def test_a_damaged_checkpoint_is_not_skipped(here: Path) -> None:
    (here / "runs/step-2/model.safetensors").unlink()
    assert models("clip@runs/*") == ["clip@runs/step-2", "clip@runs/step-10"]


def test_a_name_with_the_signs_of_a_pattern_is_taken_as_it_is(here: Path) -> None:
    (here / "runs/step-2").rename(here / "runs/step-[2]")
    assert models("clip@runs/step-[2]") == ["clip@runs/step-[2]"]
    (here / "runs/step-10").rename(here / "runs/a,b")
    assert models("clip@runs/a,b") == ["clip@runs/a,b"]


def test_the_home_folder_is_found(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert models("clip@~/runs/step-*2") == [f"clip@{here}/runs/step-2"]


def test_a_file_counts_by_what_the_model_takes(here: Path, own_plugins: None) -> None:
    import mmbench

    class Tint:
        modalities = frozenset({"image"})
        checkpoints = (".npz",)

    mmbench.register("model", "tint")(Tint)
    for step in (10, 9):
        (here / f"runs/step-{step}.npz").write_bytes(b"")
    found = expand(["tint@runs/*"])
    assert found.models == ["tint@runs/step-9.npz", "tint@runs/step-10.npz"]
    assert found.notes == [
        "-m tint@runs/*: skipped logs, notes.txt, step-2, step-10: no checkpoint"
    ]


def test_a_list_repeats_the_name_before(here: Path) -> None:
    assert models("clip@a,clip@b") == ["clip@a", "clip@b"]
    assert models("clip@a,b#main, c/d") == ["clip@a", "clip@b#main", "clip@c/d"]
    assert models("clip@a,constant,clip-nano,frames+clip") == [
        *("clip@a", "constant", "clip-nano", "frames+clip")
    ]
    assert models("clip@a,late.yaml,b") == ["clip@a", "late.yaml", "clip@b"]
    assert models("api@gpt-1,gpt-1-mini") == ["api@gpt-1", "api@gpt-1-mini"]
    assert models("siglip,x@a,") == ["siglip", "x@a"]
    assert models("clip@runs/step-2,runs/*0") == ["clip@runs/step-2", "clip@runs/step-10"]


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        ("clip@runs/epoch-*", "no match; runs holds logs, notes.txt, step-2, step-10"),
        ("clip@runs/l*", "no checkpoint among the matches logs; runs holds logs, notes.txt"),
        ("clip@run/*/step-*", "no match; there is no folder run"),
        ("clip@runs/logs/*", "no match; runs/logs holds nothing"),
        ("clip@runs/*#main", "a pattern has no revision: leave #… out"),
    ],
)
def test_a_pattern_without_a_match_says_what_there_is(here: Path, model: str, fault: str) -> None:
    with one_line_error(UserError) as raised:
        expand([model])
    assert str(raised.value).startswith(f"-m {model}: {fault}")


def test_an_unknown_name_is_refused_before_its_pattern(here: Path) -> None:
    with pytest.raises(UnknownName, match="unknown model 'clop': did you mean clip"):
        expand(["clop@runs/*"])


def run(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[list[dict[str, Any]], str]:
    capsys.readouterr()
    assert main([*command, "--json", "--quiet"]) == 0
    said = capsys.readouterr()
    return json.loads(said.out), said.err


@pytest.mark.slow
def test_run_evaluates_each_checkpoint(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = json.loads((here / "runs/step-2/config.json").read_text())
    (here / "runs/step-2/config.json").write_text(json.dumps(config | {"logit_scale_init": 1}))
    records, errors = run(capsys, "run", "-m", "clip@runs/*,constant", *TASK)
    named = [(record["model"]["name"], record["model"]["checkpoint"]) for record in records]
    assert named == [("clip", "runs/step-2"), ("clip", "runs/step-10"), ("constant", None)]
    assert records[0]["model"]["hash"] != records[1]["model"]["hash"]
    assert "note: -m clip@runs/*: skipped logs, notes.txt: no checkpoint\n" in errors
    message = refusal(capsys, "run", "-m", "clip@runs/x*", *TASK)
    assert message.startswith("mmbench: error: -m clip@runs/x*: no match; runs holds logs,")
    assert message.count("\n") == 1


def test_a_damaged_checkpoint_does_not_stop_the_others(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "runs/step-2/model.safetensors").unlink()
    assert main(["run", "-m", "clip@runs/step-*", *TASK, "--json", "--quiet"]) == 2
    said = capsys.readouterr()
    (record,) = json.loads(said.out)
    assert record["model"]["checkpoint"] == "runs/step-10"
    assert "model clip: checkpoint runs/step-2 has no weights" in said.err


def test_check_and_verify_take_patterns(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-m", "clip@runs/step-*", *TASK]) == 0
    out = capsys.readouterr().out
    assert out.index("clip@runs/step-2 on") < out.index("clip@runs/step-10 on")
    task = here / "mine.yaml"
    task.write_text(
        "include: shapes-retrieval\nname: mine\npublished:\n"
        "  - {model: owner/clip, source: none, scores: {'recall@1[text-to-image]': 0.5}}\n"
    )
    flags = ["-t", str(task), "--published-as", "owner/clip", *TASK[2:]]
    assert main(["verify", "-m", "clip@runs/step-*", *flags]) in (1, 4)
    assert capsys.readouterr().out.count("clip on mine") == 2


def test_a_model_file_is_a_name_in_lists_and_patterns(here: Path) -> None:
    (here / "mine.yaml").write_text("adapter: clip\nsource: a page\n")
    assert models("mine.yaml@runs/*") == ["mine.yaml@runs/step-2", "mine.yaml@runs/step-10"]
    assert models("mine.yaml@a,b, c.yaml,constant") == [
        *("mine.yaml@a", "mine.yaml@b", "c.yaml", "constant")
    ]
    assert models("clip@a,mine.yaml@b,c") == ["clip@a", "mine.yaml@b", "mine.yaml@c"]
    (here / "mine.yaml").rename(here / "my@clip.yaml")
    assert models("my@clip.yaml") == ["my@clip.yaml"]
    assert models("my@clip.yaml@runs/*0") == ["my@clip.yaml@runs/step-10"]
    assert models("whisper-medium.en.yaml@runs/*[2]", "clip@a,whisper-medium.en.yaml") == [
        *("whisper-medium.en.yaml@runs/step-2", "clip@a", "whisper-medium.en.yaml")
    ]


def test_a_recipe_is_verified_on_each_checkpoint(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score = "{task: shapes-retrieval, source: a page, scores: {'recall@1[text-to-image]': 0.5}}"
    (here / "mine.yaml").write_text(f"adapter: clip\nsource: a page\npublished: [{score}]\n")
    assert main(["verify", "-m", "mine.yaml@runs/*", *TASK[2:], "--json", "--quiet"]) == 4
    records = json.loads(capsys.readouterr().out)
    named = [(record["model"]["name"], record["model"]["checkpoint"]) for record in records]
    assert named == [("mine", "runs/step-2"), ("mine", "runs/step-10")]
    assert {entry["source"] for one in records for entry in one["published"]} == {"a page"}


def test_a_command_for_one_model_takes_a_pattern_with_one_match(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = save_image(here / "a.png")
    flags = ["--image", str(image), "--labels", "a cat, a dog", "--device", "cpu"]
    assert main(["classify", "-m", "clip@runs/*-2", *flags]) == 0
    message = refusal(capsys, "classify", "-m", "clip@runs/*", *flags)
    assert "give one model of clip@runs/step-2, clip@runs/step-10" in message
