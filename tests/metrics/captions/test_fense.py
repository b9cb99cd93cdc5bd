"""FENSE on tiny models, beside its definition written out with transformers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.cli import main
from mmbench.metrics.captions.semantic.fense import fense, sbert_sim
from mmbench.metrics.captions.semantic.fluency import fluency_error_rate
from mmbench.metrics.captions.semantic.spider_fl import penalised_spider
from mmbench.types import InvalidContent, Prediction
from tests.support.checkpoints import text_encoders
from tests.support.command_line import refusal, run_record
from tests.support.files import write_file

CAPTIONS = {
    "a": ("A man, on a horse!", ["a man riding a horse on the beach", "a horse."]),
    "b": ("dogs dogs and and the", ["two dogs play in the snow"]),
    "c": ("", ["the cat sat on the mat.", "a cat", "birds sing"]),
    "d": ("water runs and birds", ["water runs while birds sing"]),
    "e": ("plate plate", ["a plate of food, with rice and beans"]),
}
FEATURES: list[Any] = [
    {
        "caption": np.array([[1.0, 0.0]], np.float32),
        "references": np.array([[1.0, 0.0], [0.6, 0.8]], np.float32),
        "errors": np.array([[0.99, 0.99, 0.99, 0.99, 0.99, error]], np.float32),
    }
    for error in (0.5, 0.91, 0.9)
]


def test_a_worked_example() -> None:
    """0.9 is no error: only a probability above it."""
    similar = sbert_sim([], features=FEATURES)
    assert similar.rows.ravel().tolist() == pytest.approx([0.8] * 3)
    penalised = fense([], features=FEATURES)
    assert penalised.rows.ravel().tolist() == pytest.approx([0.8, 0.08, 0.8])
    assert penalised.details["fluency_error"] == pytest.approx([0.5, 0.91, 0.9])
    assert penalised.signature == "fold=mean,references=mean,penalty=0.9,threshold=0.9"
    rate = fluency_error_rate([], features=FEATURES)
    assert rate.rows.ravel().tolist() == [0, 1, 0]
    assert (rate.better, rate.worst, rate.best) == ("lower", 1, 0)


def test_spider_fl_has_the_same_penalty() -> None:
    rows = penalised_spider(np.array([1.0, 2.0, 0.5]), np.array([0.5, 0.0, 0.1]), FEATURES)
    assert rows.tolist() == pytest.approx([0.75, 0.1, 0.3])


def test_a_caption_without_references_fails() -> None:
    wants = fense.info.wants  # type: ignore[attr-defined]
    (content,) = wants.contents(Prediction("a", "x", []))["references"]
    assert isinstance(content, InvalidContent)


def sentence(folder: Path, text: str) -> Any:
    """Return the embedding of a text as sentence-transformers computes it, of length 1."""
    tokenizer, model = (
        tf.AutoTokenizer.from_pretrained(folder),
        tf.AutoModel.from_pretrained(folder),
    )
    batch = tokenizer([text.strip().lower()], truncation=True, max_length=8, return_tensors="pt")
    with torch.no_grad():
        vector = model.eval()(**batch).last_hidden_state[0].mean(dim=0)
    return vector / vector.norm()


def error(folder: Path, text: str) -> float:
    """Return the probability of an error as FENSE computes it."""
    state = torch.load(folder / "echecker_clotho_audiocaps_base.ckpt")["state_dict"]
    model = tf.BertModel(tf.AutoConfig.from_pretrained(folder)).eval()
    own = {n.removeprefix("encoder."): t for n, t in state.items() if n.startswith("encoder.")}
    model.load_state_dict({n: t for n, t in own.items() if n != "embeddings.position_ids"})
    plain = re.sub(r"[^\w\s]", "", text).lower()
    batch = tf.AutoTokenizer.from_pretrained(folder)([plain], return_tensors="pt")
    with torch.no_grad():
        logits = state["clf.weight"] @ model(**batch).last_hidden_state[0, 0] + state["clf.bias"]
    return float(logits.sigmoid()[-1])


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a task with metrics of local models, its references and captions."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    text_encoders.sentence_folder(tmp_path / "sentences", pooling_mode_mean_tokens=True)
    text_encoders.fluency_detector(tmp_path / "detector")
    text_encoders.build("bert", tmp_path / "bert")
    write_file(tmp_path / "references.json", {key: two for key, (_, two) in CAPTIONS.items()})
    write_file(tmp_path / "captions.json", {key: text for key, (text, _) in CAPTIONS.items()})
    (tmp_path / "task.yaml").write_text(f"""
        include: captions
        metrics:
          - rouge_l
          - fense@text-encoder@{tmp_path}/sentences
          - bertscore_f1@text-encoder@{tmp_path}/bert
          - fluency_error_rate
        metric_options:
          bertscore_f1@text-encoder@{tmp_path}/bert: {{layer: 2, idf: true}}
        headline: rouge_l
    """)
    return tmp_path


def score(folder: Path, *flags: str) -> list[str]:
    files = ("--data", f"{folder}/references.json", "--predictions", f"{folder}/captions.json")
    return ["score", "-t", f"{folder}/task.yaml", *files, "--out", f"{folder}/board", *flags]


@pytest.mark.slow
def test_a_task_is_scored_with_two_models(task: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detector = ("--fluency-detector", f"{task}/detector")
    record = run_record(capsys, *score(task, *detector))
    scores = record["scores"]
    errors = [error(task / "detector", text) > 0.9 for text, _ in CAPTIONS.values()]
    assert 0 < sum(errors) < len(errors)
    assert scores["fluency_error_rate"]["value"] == pytest.approx(np.mean(errors))
    expected = []
    for (text, references), wrong in zip(CAPTIONS.values(), errors, strict=True):
        caption = sentence(task / "sentences", text)
        cosines = [float(sentence(task / "sentences", one) @ caption) for one in references]
        expected.append(np.mean(cosines) * (0.1 if wrong else 1))
    found = scores[f"fense@text-encoder@{task}/sentences"]
    assert found["value"] == pytest.approx(np.mean(expected), abs=1e-5)
    assert re.search(
        r",features=text-encoder#\w{8},then_features=fluency#\w{8}$", found["signature"]
    )
    bert = scores[f"bertscore_f1@text-encoder@{task}/bert"]
    assert 0.2 < bert["value"] < 1
    assert re.search(r"idf=yes,.*features=text-encoder#\w{8},layer=2$", bert["signature"])
    again = run_record(capsys, *score(task, *detector))
    assert again["scores"] == scores
    assert again["counts"]["computed"] == 0 < record["counts"]["computed"]


def test_a_missing_detector_leaves_the_other_scores(
    task: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = run_record(capsys, *score(task))["scores"]
    missing = "needs a fluency error detector; pass --fluency-detector FOLDER with FENSE's"
    for name in ("fluency_error_rate", f"fense@text-encoder@{task}/sentences"):
        assert scores[name]["value"] is None
        assert scores[name]["reason"].startswith(f"metric {name} {missing}")
    assert scores["rouge_l"]["value"] > 0
    assert scores[f"bertscore_f1@text-encoder@{task}/bert"]["value"] > 0
    assert main(["show", "metric", "fense"]) == 0
    shown = capsys.readouterr().out
    assert "fluency; ,MODEL: any other; fluency needs --fluency-detector FILE" in shown


def test_a_model_that_cannot_be_loaded_leaves_the_other_scores(
    task: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (task / "sentences/1_Pooling/config.json").write_text('{"word_embedding_dimension": 16}')
    detector = ("--fluency-detector", f"{task}/detector")
    scores = run_record(capsys, *score(task, *detector))["scores"]
    name = f"fense@text-encoder@{task}/sentences"
    assert scores[name]["value"] is None
    assert "asks for the pooling none" in scores[name]["reason"]
    assert scores[name]["reason"].endswith("or use another model: fense@NAME@FOLDER")
    assert scores["rouge_l"]["value"] > 0 and scores["fluency_error_rate"]["value"] > 0


def test_a_wrong_folder_of_a_flag_is_refused_before_the_models_run(
    task: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, *score(task, "--fluency-detector", f"{task}/bert"))
    assert "error: --fluency-detector: model fluency: checkpoint" in message
    assert "loading" not in message
