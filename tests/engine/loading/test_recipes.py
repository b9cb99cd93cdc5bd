"""Recipes: model files with published scores, run, verified and refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.loading.models.model_ref import parse
from mmbench.engine.rescore import rescore
from mmbench.errors import SpecError, UnknownName
from mmbench.types import RunRecord
from tests.support.command_line import refusal, run_record
from tests.support.files import write_task
from tests.support.paths import ROOT

TASK = "shapes-retrieval"
SCORE = "recall@1[text-to-image]"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A cache with all answers of clip-nano, and the score that they have."""
    cache = tmp_path_factory.mktemp("answers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMBENCH_CACHE", str(cache))
        value = mmbench.evaluate("clip-nano", TASK, device="cpu").record.scores[SCORE].value
    assert value is not None
    return cache, value


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def measured(answers: tuple[Path, float], monkeypatch: pytest.MonkeyPatch) -> float:
    """Return the score of clip-nano, whose answers are in the cache."""
    cache, value = answers
    monkeypatch.setenv("MMBENCH_CACHE", str(cache))
    return value


def recipe(value: float, *, name: str = "nano.yaml", **keys: Any) -> str:
    """Write a recipe of clip-nano with a published score."""
    entry = {"task": TASK, "scores": {SCORE: value}, "source": "a page", **keys.pop("entry", {})}
    content = {"adapter": "clip-nano", "source": "a file", "published": [entry], **keys}
    write_task(Path(name), **content)
    return name


def verdicts(record: RunRecord) -> list[str]:
    return [entry.verdict for entry in record.published]


@pytest.mark.slow
def test_verify_runs_the_tasks_of_a_recipe(
    measured: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "-m", recipe(measured + 0.001), "--device", "cpu", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert f"nano on {TASK}" in out
    assert "reproduced" in out
    assert main(["verify", "-m", recipe(measured + 0.1), "--device", "cpu", "--quiet"]) == 1
    assert "not reproduced: off by -0.1000" in capsys.readouterr().out


def test_the_record_keeps_adapter_checkpoint_and_options_under_the_name_of_the_file() -> None:
    plain = mmbench.evaluate("clip-nano", TASK, limit=50, device="cpu").record
    record = mmbench.evaluate(recipe(0.5), TASK, limit=50, device="cpu").record
    assert (record.model.name, record.model.adapter) == ("nano", plain.model.adapter)
    assert record.model.hash == plain.model.hash  # the same answers: none is computed again
    assert record.counts["computed"] == 0
    assert verdicts(record) == ["not comparable: 50 of 1000 images"]
    assert record.published[0].source == "a page"


@pytest.mark.slow
@pytest.mark.usefixtures("measured")
def test_scores_with_other_settings_are_shown_and_not_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = recipe(0.5, entry={"differs": "five crops in the source"})
    command = ["verify", "-m", name, "--device", "cpu"]
    record = run_record(capsys, *command, code=4)
    assert [p["verdict"] for p in record["published"]] == [
        "not comparable: five crops in the source"
    ]


def test_other_options_than_those_of_the_recipe_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "answers.py"
    plugin.write_text(
        "import mmbench\n"
        "from mmbench.types import GeneratedText\n"
        "@mmbench.register('model', 'fixed')\n"
        "class Fixed:\n"
        "    modalities = frozenset({'image', 'text'})\n"
        "    def __init__(self, folder, *, device, dtype, answer: str = 'red'):\n"
        "        self._answer = answer\n"
        "    def write(self, conversations, options):\n"
        "        return [GeneratedText(self._answer) for _ in conversations]\n"
    )
    entry = {"task": "shapes-vqa", "scores": {"exact_match": 0.5}}
    name = recipe(0.5, entry=entry, adapter="fixed", options={"answer": "blue"})
    command = ["run", "-m", name, "-t", "shapes-vqa", "--plugin", str(plugin), "--device", "cpu"]
    same = run_record(capsys, *command, "--model-arg", "answer=blue")
    assert same["model"]["options"] == {"answer": "blue"}
    assert same["published"][0]["verdict"].startswith("not reproduced")
    other = run_record(capsys, *command, "--model-arg", "answer=red")
    verdict = "not comparable: options other than those of the recipe: answer"
    assert other["published"][0]["verdict"] == verdict


def test_a_local_copy_replaces_the_checkpoint_of_a_recipe(tmp_path: Path) -> None:
    copy = tmp_path / "my@weights"
    shutil.copytree(ROOT / "mmbench/reference/weights/clip-nano", copy)
    name = recipe(0.5, checkpoint="nobody/has-this")
    record = mmbench.evaluate(f"{name}@{copy}", TASK, limit=50, device="cpu").record
    assert (record.model.name, record.model.checkpoint) == ("nano", str(copy))
    assert verdicts(record) == ["not comparable: 50 of 1000 images"]


def test_a_revision_after_a_recipe_is_that_of_its_checkpoint() -> None:
    ref = parse("wav2vec2-base-960h.yaml@owner/name#abc")
    assert (ref.adapter, ref.checkpoint, ref.revision) == ("ctc", "owner/name", "abc")
    write_task(Path("both.yaml"), late=[{"adapter": "clip-nano"}, {"adapter": "clip-nano"}])
    with pytest.raises(SpecError, match="late fusion takes no checkpoint after @"):
        parse("both.yaml@folder")


@pytest.mark.slow
@pytest.mark.usefixtures("measured")
def test_rescoring_keeps_the_scores_of_a_recipe(tmp_path: Path) -> None:
    for differs, verdict in (("", "not reproduced"), ("a beam of five", "not comparable: a beam")):
        name = recipe(0.01, entry={"differs": differs})
        record = mmbench.evaluate(name, TASK, device="cpu", out=tmp_path / "board").record
        (entry,) = rescore(record.run, out=str(tmp_path / "board")).record.published
        assert entry.verdict.startswith(verdict)
        assert entry == record.published[0]


def test_a_model_file_without_a_source_keeps_the_name_of_its_adapter() -> None:
    write_task(Path("mine.yaml"), adapter="clip-nano")
    record = mmbench.evaluate("mine.yaml", TASK, limit=50, device="cpu").record
    assert (record.model.name, record.published) == ("clip-nano", [])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"source": ""}, "published scores need `source: URL`"),
        ({"entry": {"scores": {}}}, f"published for {TASK}: give `scores` and a `source`"),
        ({"entry": {"source": ""}}, f"published for {TASK}: give `scores` and a `source`"),
        ({"sources": "x"}, "unknown key of nano.yaml 'sources'"),
        ({"entry": {"value": 3}}, "unknown key of published\\[0\\] 'value'"),
    ],
)
def test_an_invalid_recipe_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises((SpecError, UnknownName), match=message):
        parse(recipe(0.5, **keys))


def test_two_entries_for_a_task_are_refused() -> None:
    entry = {"task": TASK, "scores": {SCORE: 0.5}, "source": "a page"}
    write_task(Path("two.yaml"), adapter="clip-nano", source="s", published=[entry, entry])
    with pytest.raises(SpecError, match=f"two entries for {TASK}; merge them"):
        parse("two.yaml")


def test_a_score_that_the_task_lacks_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    name = recipe(0.5, entry={"scores": {"recall@2[text-to-image]": 0.5}})
    said = refusal(capsys, "verify", "-m", name, "--device", "cpu")
    assert f"score of task {TASK} in a recipe 'recall@2[text-to-image]'" in said


def test_a_shipped_recipe_is_found_by_name_and_a_file_comes_first() -> None:
    assert parse("wav2vec2-base-960h.yaml").checkpoint == "facebook/wav2vec2-base-960h"
    recipe(0.5, name="wav2vec2-base-960h.yaml")
    assert parse("wav2vec2-base-960h.yaml").adapter == "clip-nano"


def test_an_unknown_recipe_is_refused_with_a_similar_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refusal(capsys, "run", "-m", "llava-1.5-7.yaml", "-t", TASK)
    assert "unknown model file 'llava-1.5-7.yaml'" in said
    assert "llava-1.5-7b.yaml" in said
    assert "folder/none.yaml: the file cannot be read" in refusal(
        capsys, "verify", "-m", "folder/none.yaml"
    )


def test_recipes_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "recipes"]) == 0
    assert "videomae-base-finetuned-kinetics.yaml" in capsys.readouterr().out
    assert main(["show", "recipe", "llava-1.5-7b"]) == 0
    assert "temperature: 0.0 # --temperature 0" in capsys.readouterr().out
    assert main(["verify"]) == 0
    assert "llava-1.5-7b.yaml" in capsys.readouterr().out
