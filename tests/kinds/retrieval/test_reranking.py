"""Reranking: pairs, their scores and the new rankings; runs with packaged and tiny models."""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.cli import main
from mmbench.engine.recording.rows import stored_predictions
from mmbench.engine.rerank import rerank
from mmbench.errors import DataError, UserError
from mmbench.kinds.retrieval.reranking import (
    Pair,
    first_documents,
    pair_requests,
    pair_scores,
    reranked,
)
from mmbench.reports.command import repeat_command
from mmbench.search.listed import listed_ranking
from mmbench.storage import records as store
from mmbench.storage.row_columns import REQUIRED
from mmbench.storage.run_lookup import find_run
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    Media,
    Message,
    Prediction,
    Ranking,
    RunRecord,
    VectorOutputs,
)
from tests.support.checkpoints import text_encoders
from tests.support.checkpoints.parts import save

IMAGE = Media("image", "x.png")


def stored(listed: list[str], grades: Mapping[str, float], top: int) -> Prediction:
    return Prediction("q", listed_ranking(listed, grades, top))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(0, 12))
def test_ranks_are_those_of_the_new_list(seed: int, size: int, depth: int) -> None:
    draws = np.random.default_rng(seed)
    listed = [f"d{i}" for i in draws.permutation(size)]
    grades = {
        f"d{i}": float(draws.integers(1, 4))
        for i in draws.permutation(size + 3)[: draws.integers(1, size + 1)]
    }
    before = stored(listed, grades, size)
    documents = first_documents(before, depth)
    scores = draws.integers(0, 4, len(documents)).astype(float)
    after = reranked(before, scores).value
    k = len(documents)
    assert documents == listed[:depth]
    order = [listed[row] for row in sorted(range(k), key=lambda row: (-scores[row], row))]
    expected = listed_ranking([*order, *listed[k:]], grades, size)
    assert after.top == expected.top
    found = sorted(zip(after.ranks, after.grades, strict=True), key=str)
    assert found == sorted(zip(expected.ranks, expected.grades, strict=True), key=str)
    assert [rank for rank in after.ranks if rank] == [rank for rank in expected.ranks if rank]


def test_documents_that_were_not_stored_keep_their_ranks() -> None:
    before = Prediction("q", Ranking([2, 9], [1.0, 2.0], ["a", "b", "c"], size=20, failed=0))
    after = reranked(before, np.array([0.0, 1.0, 0.5])).value
    assert (after.ranks, after.grades, after.top, after.size) == (
        *([1, 9], [1.0, 2.0], ["b", "c", "a"], 20),
    )


def test_a_pair_without_a_score_makes_its_query_fail() -> None:
    before = Prediction("q", Ranking([1, 3], [1.0, 1.0], ["a", "b"], size=5))
    after = reranked(before, np.zeros(2), "the image is broken")
    assert after.error == "the image is broken" and after.value is None
    assert after.target == Ranking([None, None], [1.0, 1.0], [], failed=2, size=5)
    assert reranked(after, np.zeros(0)) is after


def test_questions_have_media_at_their_places() -> None:
    requests = pair_requests([Pair("a dog", IMAGE)], "answer")
    assert list(requests) == ["Yes", "No"]
    (request,) = requests["Yes"].contents
    assert request == ContinuationRequest(
        (
            Message(
                "user",
                (IMAGE, 'Does this image match the text "a dog"? Please answer Yes or No.'),
            ),
        ),
        "Yes",
    )
    assert requests["No"].modality == "image"
    (own,) = pair_requests([Pair("a {document}", "b")], "answer", "{query}, {document}?")[
        "No"
    ].contents
    assert own.conversation[0].parts == ("a {document}, b?",)
    text = pair_requests([Pair("a", "b")], "answer")["Yes"].contents[0].conversation[0].parts
    assert text == (
        "Query: a\nDocument: b\nIs the document relevant to the query? Please answer Yes or No.",
    )


def test_other_requests() -> None:
    (request,) = pair_requests([Pair(IMAGE, "a dog")], "likelihood")["text"].contents
    assert request == ContinuationRequest((Message("user", (IMAGE,)),), "a dog")
    (request,) = pair_requests([Pair("a", "b")], "relevance")["pair"].contents
    assert request == (Message("user", ("a",)), Message("user", ("b",)))
    broken = InvalidContent("broken")
    for by in ("relevance", "answer", "likelihood"):
        for batch in pair_requests([Pair("a", broken)], by).values():
            assert batch.contents == [broken]
    with pytest.raises(UserError, match="needs pairs of a text and an image"):
        pair_requests([Pair("a", "b")], "likelihood")


def test_scores_of_pairs() -> None:
    yes, no = np.array([[-1, 1], [-2, 2], [0, 0]]), np.array([[-3, 1], [-2, 1], [0, 0]])
    outputs = {
        "Yes": VectorOutputs(yes.astype(np.float32), {2: "broken"}),
        "No": VectorOutputs(no.astype(np.float32), {2: "broken"}),
    }
    scores, failures = pair_scores(outputs, "answer")
    assert scores.tolist() == [2, 1, 0] and failures == {2: "broken"}
    assert pair_scores({"text": outputs["Yes"]}, "likelihood")[0].tolist() == [-1, -1, 0]
    assert pair_scores({"pair": outputs["Yes"]}, "relevance")[0].tolist() == [-1, -2, 0]


PLUGIN = """
import mmbench
from mmbench import RetrievalData, Sample

TEXTS = {texts}

@mmbench.register("data", "sentences")
def sentences(root, *, n: int = 5) -> RetrievalData:
    corpus = [Sample(f"d{{i}}", {{"text": text}}) for i, text in enumerate(TEXTS)]
    queries = [Sample(f"q{{i}}", {{"text": text[:12]}}) for i, text in enumerate(TEXTS)]
    links = {{f"q{{i}}": {{f"d{{i}}": 1.0}} for i in range(len(TEXTS))}}
    return RetrievalData(queries, corpus, links)
"""
TASK = """
name: sentences
version: 1
kind: retrieval
summary: s
licence: l
data: {source: sentences}
fields: {query: text, corpus: text}
directions: query-to-corpus
metrics: [recall@1, mrr]
headline: mrr
"""


@pytest.mark.slow
def test_a_cross_encoder_reranks_a_run_of_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = text_encoders.SENTENCES
    (tmp_path / "plugin.py").write_text(PLUGIN.format(texts=texts))
    (tmp_path / "sentences.yaml").write_text(TASK)
    encoder = text_encoders.build("bert", tmp_path / "bert")
    tokenizer = text_encoders.word_tokenizer()
    config = tf.BertConfig(
        **{**text_encoders.SIZES, "vocab_size": len(tokenizer), "num_labels": 1},
        max_position_embeddings=text_encoders.TOKENS,
    )
    torch.manual_seed(1)
    network = tf.BertForSequenceClassification(config).eval()
    save(tmp_path / "cross", network, tokenizer)
    plugin = ["--plugin", str(tmp_path / "plugin.py"), "--tasks", str(tmp_path)]
    board = ["--out", str(tmp_path / "board"), "--json"]
    run = ["run", "-m", f"text-encoder@{encoder}", "-t", "sentences", "--top", "4"]
    assert main([*run, *plugin, *board]) == 0
    (first,) = json.loads(capsys.readouterr().out)
    command = ["rerank", first["run"], "-m", f"cross-encoder@{tmp_path / 'cross'}"]
    assert main([*command, "--top", "3", *plugin, *board]) == 0
    (second,) = json.loads(capsys.readouterr().out)
    assert second["counts"]["failed"] == 0 and second["counts"]["requests"] == 15
    assert first["task"] == second["task"]
    for metric, score in second["scores"].items():
        assert score["signature"] == first["scores"][metric]["signature"]
    before, after = (_tops(tmp_path / "board", one["run"]) for one in (first, second))
    for query, top, new in zip(texts, before, after, strict=True):
        batch = tokenizer(
            [query[:12].strip()] * 3,
            [texts[int(one[1:])] for one in top[:3]],
            padding=True,
            truncation="longest_first",
            max_length=text_encoders.TOKENS,
            return_tensors="pt",
        )
        with torch.no_grad():
            logits = network(**batch).logits[:, 0].tolist()
        order = sorted(range(3), key=lambda row: -logits[row])
        assert new == [*(top[row] for row in order), top[3]]
    assert main([*command, "--top", "5", *plugin, "--out", str(tmp_path / "board")]) == 2
    assert "stored 4 documents per query; run its model again with --top 5" in (
        capsys.readouterr().err
    )


def _tops(board: Path, run: str) -> list[list[str]]:
    table = store.read_table(find_run(run, board), REQUIRED)
    return [prediction.value.top for prediction in stored_predictions(table).each()]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRecord]:
    out = tmp_path_factory.mktemp("board")
    first = mmbench.evaluate("clip-nano", "shapes-retrieval", limit=2, top=3, out=out)
    return out, first.record


@pytest.mark.slow
@pytest.mark.parametrize("by", ["likelihood", "answer"])
def test_a_language_model_reranks_images(board: tuple[Path, RunRecord], by: str) -> None:
    out, first = board
    flags = ["rerank", first.run, "-m", "llava-nano", "--by", by, "--out", str(out), "--quiet"]
    assert main(flags) == 0
    second = find_run("latest", out).record
    assert second.model.name == "clip-nano+llava-nano"
    assert second.task == first.task
    words = repeat_command(second).text
    assert words.startswith(f"mmbench rerank {first.run} -m llava-nano --top 3 --by {by}")
    assert main(["compare", first.run, second.run, "--out", str(out)]) == 0


def test_data_of_another_run(board: tuple[Path, RunRecord]) -> None:
    _, first = board
    other = msgspec.structs.replace(
        first, task=msgspec.structs.replace(first.task, data_hash="0" * 16)
    )
    with pytest.raises(DataError, match="has other data than those found"):
        rerank("llava-nano", other)


def test_composed_queries_are_refused(tmp_path: Path) -> None:
    run = mmbench.evaluate("random", "shapes-composed", limit=4, out=tmp_path).record
    with pytest.raises(UserError, match="images with texts, which rerank does not read"):
        rerank("llava-nano", run)
