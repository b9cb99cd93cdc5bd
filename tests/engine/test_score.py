"""Outputs of others into records: known answers on real data, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.execution.in_process import InProcessModel
from mmbench.engine.inference.cached_inference import CachedInference
from mmbench.engine.loading.abilities import kind_of
from mmbench.engine.progress import Silent
from mmbench.errors import DataError
from mmbench.registry import lookup
from mmbench.reports.sections import other_data
from mmbench.spec import load_task
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.support.boards import score_values
from tests.support.files import write_file, write_lines
from tests.support.layouts.coco import captions_json, make_coco
from tests.support.paths import real_data
from tests.support.processes import run_mmbench


@pytest.mark.parametrize(
    ("file", "accuracy"), [("pred_test_all_yes", 0.223666), ("pred_test_human_1", 0.876975)]
)
def test_vqa_as_the_official_evaluator_prints_it(file: str, accuracy: float) -> None:
    folder = real_data("vqa/vqa2")
    record = mmbench.score("vqav2", folder / f"{file}.json", data=folder).record
    assert record.scores["vqa_accuracy[official]"].value == pytest.approx(accuracy, abs=5e-7)
    score = record.scores["vqa_accuracy[official]"]
    assert score.low is not None
    assert score.high is not None
    assert score.low < accuracy < score.high
    assert set(record.breakdowns["answer_type"]) == {"yes/no", "number", "other"}
    parts = [v["vqa_accuracy[official]"] for v in record.breakdowns["answer_type"].values()]
    assert sum(p.n for p in parts) == score.n == 2962
    micro = sum(p.n * p.value for p in parts if p.value is not None) / score.n
    assert micro == pytest.approx(accuracy, abs=5e-7)


def test_as_many_images_of_another_split_are_marked(tmp_path: Path) -> None:
    task = tmp_path / "two.yaml"
    task.write_text("name: two\ninclude: coco-caption\nprotocol: {sample: 2}\nmetrics: [cider]\n")
    said = {"7": "a cat", "12": "a dog"}
    for name, words in [
        ("captions_val2017", ": nothing says that captions_val2017.json is of the split test"),
        ("coco_test_karpathy", ""),
    ]:
        file = write_file(tmp_path / f"{name}.json", captions_json())
        record = mmbench.score(str(task), said, data=file).record
        assert record.task.data == record.task.protocol
        assert other_data(record) == (f"not comparable with the protocol{words}" if words else "")


def test_captions_as_coco_caption_prints_them() -> None:
    folder = real_data("captions/fakecap")
    results = folder / "en_captions_val2014_fakecap_results.json"
    record = mmbench.score("captions", results, data=folder / "en_captions_val2014.json").record
    values = score_values(record)
    shown = {name: round(value, 3) for name, value in values.items() if value is not None}
    assert shown == {
        "bleu@1": 0.579, "bleu@2": 0.404, "bleu@3": 0.279, "bleu@4": 0.191, "rouge_l": 0.396,
        "cider": 0.6,
    }  # fmt: skip


@pytest.mark.parametrize("category", ["random", "popular", "adversarial"])
def test_always_yes_on_pope(category: str, tmp_path: Path) -> None:
    data = real_data(f"vqa/pope/coco_pope_{category}.json")
    ids = [json.loads(line)["question_id"] for line in data.read_text().splitlines()]
    record = mmbench.score("pope", dict.fromkeys(map(str, ids), "yes"), data=data).record
    assert score_values(record) == pytest.approx(
        {
            "pope_accuracy": 0.5, "pope_precision": 0.5, "pope_recall": 1.0, "pope_f1": 2 / 3,
            "pope_yes_ratio": 1.0, "pope_unparsed": 0.0,
        }
    )  # fmt: skip


def test_embeddings_score_as_the_run_that_made_them(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco", 9)
    run = mmbench.evaluate("test-means", "coco-retrieval", data=folder, device="cpu").record
    spec = load_task("coco-retrieval")
    kind, data = kind_of(spec), lookup("data", "coco")(folder)
    model = lookup("model", "test-means")(None, device="cpu", dtype="float32")
    with ContentKeys(cache_folder()) as keys:
        executor = InProcessModel(lambda: model, keys, print)
        answerer = CachedInference(executor, tmp_path / "journal", keys, Silent(), batch_size=4)
        found = {s: answerer.answer(s, r).vectors for s, r in kind.requests(data, 0).items()}
    order = np.random.default_rng(0).permutation(len(data.queries))
    np.savez(
        tmp_path / "vectors.npz",
        query=7 * found["query"][order],
        corpus=found["corpus"],
        query_ids=np.array([q.id for q in data.queries])[order],
        corpus_ids=np.array([d.id for d in data.corpus]),
    )
    given = mmbench.score("coco-retrieval", tmp_path / "vectors.npz", data=folder).record
    assert score_values(given) == score_values(run)
    assert given.task.data_hash == run.task.data_hash
    assert given.task.fingerprint == run.task.fingerprint


def test_a_trec_run_against_qrels(tmp_path: Path) -> None:
    (tmp_path / "test.qrels").write_text("q1 0 a 1\nq1 0 b 2\nq2 0 c 1\nq2 0 d 0\n")
    (tmp_path / "bm25.run").write_text(
        "q1 Q0 x 1 9.0 t\nq1 Q0 b 2 8.0 t\nq1 Q0 a 3 7.0 t\nq2 Q0 d 1 3.0 t\n"
    )
    record = mmbench.score("pairs", tmp_path / "bm25.run", data=tmp_path / "test.qrels").record
    gained = (2 / np.log2(3) + 1 / np.log2(4)) / (2 / np.log2(2) + 1 / np.log2(3))
    assert record.scores["ndcg@10"].value == pytest.approx(gained / 2)
    assert record.scores["map"].value == pytest.approx((1 / 2 + 2 / 3) / 2 / 2)
    assert record.scores["mrr@10"].value == pytest.approx(1 / 4)
    assert record.scores["recall@1"].value == 0


def written(folder: Path, answers: list[dict[str, str]]) -> tuple[Path, Path]:
    data, outputs = folder / "data.jsonl", folder / "outputs.jsonl"
    references = {"a": "red", "b": "blue", "c": "x"}
    write_lines(data, *({"id": id, "answer": answer} for id, answer in references.items()))
    write_lines(outputs, *answers)
    return data, outputs


def command(data: Path, outputs: Path, *flags: str) -> int:
    out = str(data.parent / "out")
    paths = ["--data", str(data), "--predictions", str(outputs), "--out", out]
    return main(["score", "-t", "answers", *paths, "--quiet", *flags])


def test_what_is_missing_is_listed_and_partial_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, outputs = written(tmp_path, [{"id": "a", "value": "red"}])
    assert command(data, outputs) == 2
    assert "2 of 3 samples have no output: b, c; --partial" in capsys.readouterr().err
    assert command(data, outputs, "--partial") == 0
    told = capsys.readouterr().out
    assert "exact_match" in told
    assert "note: partial: left out 2 samples without an output" in told


def test_an_output_that_failed_is_counted_and_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [
        {"id": "a", "value": "Red."}, {"id": "b", "value": "no"}, {"id": "c", "error": "timeout"},
    ]  # fmt: skip
    data, outputs = written(tmp_path, answers)
    assert command(data, outputs) == 3
    told = capsys.readouterr().out
    assert "1 sample failed; exact_match between 0.3333 and 0.6667:\n" in told
    assert "c: timeout" in told
    assert command(data, outputs, "--allow-failed", "1") == 0


@pytest.mark.parametrize("who", ["outputs", "constant"])
def test_a_reference_that_may_mean_two_options_fails_its_sample_alone(
    who: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A is the letter of E and the text of option D, in a file whose other answer is a text."""
    options = ["E", "B", "C", "A"]
    rows = [
        {"id": "a", "question": "q", "answer": "A", "options": options},
        {"id": "b", "question": "q", "answer": "dog", "options": ["cat", "dog"]},
    ]
    data = write_lines(tmp_path / "ref.jsonl", *rows)
    said = write_file(
        tmp_path / "said.jsonl", '{"id": "a", "value": "A"}\n{"id": "b", "value": "B"}'
    )
    given = ["--predictions", str(said)] if who == "outputs" else ["-m", who]
    place = ["-t", "choices", "--data", str(data), "--out", str(tmp_path / "out")]
    assert main(["score" if who == "outputs" else "run", *place, *given]) == 3
    told = capsys.readouterr().out
    assert "1 sample failed" in told and "answer 'A' may mean options A, D" in told
    record = json.loads(next((tmp_path / "out").glob("runs/choices/*.json")).read_text())
    assert record["counts"] | {"failed": 1, "samples": 2} == record["counts"]
    assert record["scores"]["choice_accuracy"]["value"] == 1
    assert record["scores"]["choice_accuracy"]["bounds"] == [0.5, 1]


def test_outputs_and_boards_treat_names_as_hostile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{"id": i, "value": "</td><script>"} for i in "abc"]
    data, outputs = written(tmp_path, answers)
    assert command(data, outputs, "--name", "\x1b[31m<b>evil</b>|") == 0
    assert "\x1b" not in capsys.readouterr().out
    page = (tmp_path / "out" / "answers.md").read_text()
    assert "<b>" not in page


def test_scoring_again_is_the_same_to_the_bit(tmp_path: Path) -> None:
    answers = [{"id": i, "value": "red"} for i in "abc"]
    data, outputs = written(tmp_path, answers)
    one = mmbench.score("answers", outputs, data=data).record
    other = mmbench.score("answers", outputs, data=data).record
    assert one.scores == other.scores
    assert one.model.hash == other.model.hash
    seeded = mmbench.score("answers", outputs, data=data, seed=1).record
    assert seeded.scores["exact_match"].value == one.scores["exact_match"].value


def test_a_kind_that_runs_no_model_names_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "ratings.csv"
    data.write_text("id,system,rater,rating\na,s,r,4\n")
    assert main(["run", "-m", "clip-nano", "-t", "ratings", "--data", str(data)]) == 2
    assert "mmbench score -t ratings --predictions FILE" in capsys.readouterr().err


def test_a_baseline_runs_on_every_kind(tmp_path: Path) -> None:
    data, _ = written(tmp_path, [])
    record = mmbench.evaluate("oracle", "answers", data=data).record
    assert record.scores["exact_match"].value == 1
    with pytest.raises(DataError):
        mmbench.score("answers", {"a": "x"}, data=data)


def test_without_java_and_git_the_other_metrics_are_there(tmp_path: Path) -> None:
    data, outputs = tmp_path / "refs.json", tmp_path / "captions.json"
    data.write_text('{"a": ["a dog on a sofa"], "b": ["two red cars"]}')
    outputs.write_text('{"a": "a dog on a sofa", "b": "a car"}')
    command = ["score", "-t", "coco-caption", "--data", data, "--predictions", outputs]
    printed = run_mmbench(*command, "--out", tmp_path / "out", PATH=str(tmp_path))
    assert "cider" in printed
    assert "meteor needs Java" in printed
