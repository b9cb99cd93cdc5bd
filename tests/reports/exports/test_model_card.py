"""`model-index`: read back by huggingface_hub, and merged into cards without other changes."""

from pathlib import Path

import pytest
from huggingface_hub import EvalResult, ModelCard
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.reports.exports.hub_tasks import hub_task
from mmbench.storage import records as store
from tests.support.boards import TASK, coins, model_info, record, write_record_alone, write_run
from tests.support.command_line import refusal

# What PyYAML would read as other values, comments, odd spacing, and a result of another program.
CARD = """\
---
language: no   # Norwegian
version: 1.10
model-index:   # results
- name: Mine
  results:
  - task: {type: automatic-speech-recognition}
    dataset:
      type: common_voice
      name: "Common # Voice"
      config: no
    metrics:
    - {type: wer, value: 0.10}

# the tags
tags: [a,   b]
---

# Title

Text --- with a rule.

---
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board with the run r1."""
    write_run(tmp_path, "r1", {"exact_match": coins(50, 0.6), "wer[none]": coins(50, 0.2)})
    return tmp_path


def export(board: Path, *flags: str, run: str = "r1") -> None:
    assert main(["export", run, "--to", "card", "--out", str(board), *flags]) == 0


def merge(board: Path, card: str, *flags: str, run: str = "r1") -> str:
    """Merge a run into a card and return the new card."""
    file = board / "README.md"
    file.write_text(card, encoding="utf-8", newline="")
    export(board, "--file", str(file), *flags, run=run)
    return file.read_bytes().decode()


def results(card: str) -> list[EvalResult]:
    return list(ModelCard(card).data.eval_results)


def test_all_fields_are_read_back(board: Path) -> None:
    export(board, "--file", str(board / "new.md"), "--source", "https://x.org/r",
           "--model-id", "o/m", "--dataset", "o/d")  # fmt: skip
    card = ModelCard((board / "new.md").read_text())
    assert card.data.model_name == "o/m"
    first, second = card.data.eval_results
    made = store.read_records(board)[0]
    score = made.scores["exact_match"]
    assert (first.metric_type, first.metric_name) == ("exact_match", "exact_match")
    assert first.metric_value == score.value
    assert first.metric_args["confidence_interval_95"] == [score.low, score.high]
    assert first.metric_args["n"] == score.n
    assert first.metric_args["signature"] == score.signature
    assert (first.source_url, first.source_name) == ("https://x.org/r", "mmbench run r1")
    assert (first.task_type, first.task_name) == ("exact_match", "t")
    assert first.dataset_type == "o/d"
    assert (second.metric_type, second.metric_name) == ("wer", "wer[none]")
    assert second.metric_args["variant"] == "none"


@pytest.mark.parametrize(
    ("task", "kind", "headline", "name"),
    [
        ("librispeech-clean", "writing", "wer[whisper_en]", "automatic-speech-recognition"),
        ("clotho-caption", "writing", "cider", "writing"),
        ("coco-caption", "writing", "cider", "image-to-text"),
        ("vqav2", "writing", "vqa_accuracy[official]", "visual-question-answering"),
        ("mmbench-en", "choice", "circular_accuracy", "visual-question-answering"),
        ("esc50", "classification", "accuracy@1", "audio-classification"),
        ("cifar10-zeroshot", "zero_shot", "accuracy@1", "zero-shot-image-classification"),
        ("parti-draw", "drawing", "clipscore", "text-to-image"),
        ("ljspeech-speak", "speaking", "roundtrip_wer", "text-to-speech"),
        ("coco-retrieval", "retrieval", "recall@1[text-to-image]", "retrieval"),
        ("vqav2", "retrieval", "recall@1", "retrieval"),  # another task of this name
        ("own", "writing", "wer[none]", "writing"),
        ("../vqav2.yaml", "writing", "wer[none]", "writing"),
    ],
)
def test_the_hubs_names_of_tasks(task: str, kind: str, headline: str, name: str) -> None:
    made = record(task=replace(TASK, name=task, kind=kind), headline=headline)
    assert hub_task(made) == name


def test_a_card_keeps_all_other_bytes(board: Path) -> None:
    new = merge(board, CARD)
    before, after = CARD.split("model-index:   # results\n")
    tail = after[after.index("\n# the tags") :]
    assert new.startswith(f"{before}model-index:\n- name: Mine\n")
    assert new.endswith(tail)
    assert "config: no\n" in new
    assert "value: 0.10" in new
    kept, *added = results(new)
    assert (kept.dataset_type, kept.metric_type, kept.metric_value) == ("common_voice", "wer", 0.1)
    assert [one.metric_name for one in added] == ["exact_match", "wer[none]"]


def test_a_second_export_replaces_the_first_and_nothing_else(board: Path) -> None:
    once = merge(board, CARD)
    assert merge(board, once) == once
    write_run(board, "r2", {"exact_match": coins(50, 0.9)}, name="m")
    again = results(merge(board, once, run="r2"))
    assert [one.metric_name for one in again] == [None, "wer[none]", "exact_match"]
    assert again[-1].metric_args["run"] == "r2"
    other = record("r3", task=replace(TASK, name="u"), scores=store.read_records(board)[0].scores)
    write_record_alone(board, other)
    assert len(results(merge(board, once, run="r3"))) == 5  # another task


@pytest.mark.parametrize(
    "card",
    [
        "",
        "# Title\n\nno front matter\n",
        "---\nlicense: mit\n---\ntext",
        "---\r\nlicense: mit\r\n---\r\ntext\r\n",
        "\n---\nlicense: mit\nmodel-index:\n---\n",
        "# A model\r\ntext without front matter\r\n",
        "---\nmodel-index: []\nlicense: mit\n---\n",
        "---\n# only a comment\n---\ntext\n",
        "---\nlicense: &x mit\nother: *x\n---\n",
        "\ufeff---\nlicense: mit\n---\ntext\n",
        "---\ntags:\n- a\nmodel-index: [{name: x, results: []}]\n---\n",
    ],
)
def test_cards_of_any_form_get_the_results_and_keep_their_text(card: str, board: Path) -> None:
    new = merge(board, card)
    assert [one.metric_name for one in results(new.lstrip("\ufeff"))] == [
        "exact_match",
        "wer[none]",
    ]
    for line in card.splitlines(keepends=True):
        assert line.startswith("model-index") or line in new
    assert new.startswith("\ufeff") == card.startswith("\ufeff")
    assert new.count("\r\n") in (0, new.count("\n"))


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("---\n- a\n---\n", "its front matter is not lines of `key: value`"),
        ("---\na: [\n---\n", "not a model card to which results can be added"),
        ("---\nmodel-index: x\n---\n", "model-index is not a list"),
        ("---\nmodel-index: [{name: x}]\n---\n", "has no list of results"),
        ("---\nmodel-index: [{name: x, results: [{task: {}}]}]\n---\n", "not a model card"),
        (f"---\na: {'[' * 200}\n---\n", "not a model card"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\n", "not a model card"),
    ],
)
def test_a_card_that_is_not_valid_is_not_changed(
    card: str, words: str, board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = board / "README.md"
    file.write_text(card)
    command = ("export", "r1", "--to", "card", "--out", str(board), "--file", str(file))
    assert words in refusal(capsys, *command)
    assert file.read_text() == card


def test_a_card_without_a_file_is_new_each_time(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(board)
    export(board)
    write_record_alone(board, record("r2", model=model_info("other")))
    export(board, run="r2")
    card = Path("model-card.md")
    assert ModelCard(card.read_text()).data.model_name == "other"
    card.write_text(CARD)
    assert "a file that `mmbench export` has not made exists there" in refusal(
        capsys, "export", "r1", "--to", "card", "--out", str(board)
    )


def test_a_file_that_is_no_markdown_is_refused(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("export", "r1", "--to", "card", "--out", str(board), "--file", "x.csv")
    assert "--file x.csv: a model card ends in .md; give such a file" in refusal(capsys, *command)
