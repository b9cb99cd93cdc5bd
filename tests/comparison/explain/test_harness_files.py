"""`mmbench explain` with files as other harnesses write them, with runs, and with plain outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.comparison.explain.ours import our_result
from mmbench.storage.run_lookup import find_run
from tests.predictions.harnesses import writers
from tests.predictions.harnesses.own_data import CHOICES, OUTPUTS, QUESTIONS
from tests.support.command_line import refusal, run_record
from tests.support.files import write_file, write_lines
from tests.support.terminal import run_on_terminal

Explain = Callable[..., dict[str, Any]]
Score = Callable[[str, Path, Path], str]


@pytest.fixture
def scored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Score:
    """Score outputs and return the id of the run."""

    def score(task: str, outputs: Path, data: Path) -> str:
        flags = ["--predictions", str(outputs), "--data", str(data), "--out", str(tmp_path / "b")]
        return str(run_record(capsys, "score", "-t", task, *flags)["run"])

    return score


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Explain:
    """Explain a run against another result, and check that the points add up."""

    def explain(run: str, theirs: Path | str, *flags: str) -> dict[str, Any]:
        capsys.readouterr()
        out = ("--out", str(tmp_path / "b"))
        assert main(["explain", run, str(theirs), *out, *flags, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        total = pytest.approx(100 * found["difference"], abs=1e-9)
        assert sum(found["points"].values()) == total
        assert found["difference"] == pytest.approx(found["theirs"] - found["ours"])
        return found

    return explain


@pytest.fixture
def vqa_run(scored: Score, tmp_path: Path) -> str:
    """Return a run in which three of four answers are right."""
    data = write_lines(tmp_path / "data.jsonl", *QUESTIONS)
    rows = [{"id": q["id"], "value": o} for q, o in zip(QUESTIONS, OUTPUTS, strict=True)]
    return scored("answers", write_lines(tmp_path / "ours.jsonl", *rows), data)


def points(found: dict[str, Any]) -> dict[str, float]:
    return {cause: round(value, 6) for cause, value in found["points"].items()}


def lmms(row: int, output: str, score: float, **more: Any) -> dict[str, Any]:
    question = QUESTIONS[row]
    prompt = f"<image>\n{question['question']}\nAnswer with a word."
    return {
        "doc_id": row,
        "doc": question,
        "target": question["answer"],
        "arguments": [prompt],
        "resps": [[output]],
        "filtered_resps": [output],
        "exact_match": score,
        **more,
    }


def test_lmms_eval(explained: Explain, vqa_run: str, tmp_path: Path) -> None:
    """One answer differs; one is scored by case; a filter extracts one; the mean is rounded."""
    rows = [
        lmms(0, "Dog", 0.0),
        lmms(1, "There are 2", 1.0, filtered_resps=["2"]),
        lmms(2, "cat", 1.0),
        lmms(3, "red", 1.0),
    ]
    path = writers.lmms_eval(tmp_path / "20261129_101112_samples_vqa.jsonl", rows)
    results = {"results": {"vqa": {"alias": "vqa", "exact_match,none": 0.75}}}
    write_file(tmp_path / "20261129_101112_results.json", json.dumps(results))
    found = explained(vqa_run, path)
    assert (found["ours"], found["theirs"], found["matched"]) == (0.75, 0.75, 4)
    assert (found["matched_by"], found["their_metric"]) == ("row number", "exact_match")
    # The answers "Dog" and "There are 2" differ from ours too; only the latter loses a point.
    assert points(found) == {"raw answer": 0, "extraction": 25, "normalisation": -25}
    causes = [(d["cause"], d["id"], d["change"]) for d in found["divergences"]]
    assert causes == [
        ("raw answer", "q3", -1),
        ("raw answer", "q9", 1),
        ("raw answer", "q7", 0),
        ("extraction", "q3", 1),
        ("normalisation", "q7", -1),
    ]
    assert found["absent"]["prompt"] == "our run has the outputs of another program"


def lm(row: int, output: str, filtered: str, name: str) -> dict[str, Any]:
    question = QUESTIONS[row]
    return {
        "doc_id": row,
        "doc": {"question": question["question"], "answer": question["answer"]},
        "target": question["answer"],
        "arguments": [(f"Question: {question['question']}\nAnswer:", {"until": ["\n"]})],
        "resps": [[output]],
        "filtered_resps": [filtered],
        "filter": name,
        "metrics": ["exact_match"],
        "exact_match": float(filtered == question["answer"]),
    }


def test_lm_eval_with_two_filters(
    explained: Explain, vqa_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = ["[invalid]", "2", "[invalid]", "red"]
    rows = [lm(n, OUTPUTS[n], OUTPUTS[n], "none") for n in range(4)]
    rows += [lm(n, OUTPUTS[n], strict[n], "strict") for n in range(4)]
    stem = "2026-08-21T10-11-12.123456"
    path = writers.lm_eval(tmp_path / f"samples_vqa_{stem}.jsonl", rows)
    scores = {"exact_match,none": 0.75, "exact_match,strict": 0.5, "exact_match_stderr,none": 0.1}
    write_file(tmp_path / f"results_{stem}.json", json.dumps({"results": {"vqa": scores}}))
    assert points(explained(vqa_run, path, "--field", "filter=none")) == {}
    found = explained(vqa_run, path, "--field", "filter=strict")
    assert (found["theirs"], points(found)) == (0.5, {"extraction": -25})
    (lost, _) = found["divergences"]
    assert (lost["theirs"]["raw"], lost["theirs"]["extracted"]) == ("dog", "[invalid]")
    out = ("--out", str(tmp_path / "b"))
    message = refusal(capsys, "explain", vqa_run, str(path), *out)
    assert "choose one with --field filter=none" in message
    message = refusal(capsys, "explain", vqa_run, str(path), *out, "--field", "id=row")
    assert "give repeat, filter" in message


TEXTS = ("She had your dark suit.", "in greasy wash-water", "all year")


def test_open_asr_manifest(explained: Explain, scored: Score, tmp_path: Path) -> None:
    """Our reference of one recording differs; theirs are sorted by length and have no ids."""
    data = write_lines(
        tmp_path / "data.jsonl", *({"id": f"r{n}", "text": t} for n, t in enumerate(TEXTS))
    )
    said = [{"id": f"r{n}", "value": text} for n, text in enumerate(TEXTS)]
    run = scored("transcripts", write_lines(tmp_path / "ours.jsonl", *said), data)
    rows = [
        {"text": TEXTS[2], "pred_text": "all here", "duration": 1.0, "time": 0.1},
        {"text": "She had her dark suit.", "pred_text": TEXTS[0], "duration": 2.0, "time": 0.2},
        {"text": TEXTS[1], "pred_text": TEXTS[1], "duration": 2.0, "time": 0.1},
    ]
    for n, row in zip((2, 0, 1), rows, strict=True):
        row["audio_filepath"] = f"/data/r{n}.wav"
    path = writers.open_asr(tmp_path / "MODEL_m_DATASET_d_n_test.jsonl", rows)
    found = explained(run, path, "--metric", "wer[none]")
    words = 5 + 3 + 2
    assert found["theirs"] == pytest.approx(2 / words)
    assert points(found) == {"raw answer": 10, "reference": 10}
    assert [(d["cause"], d["id"]) for d in found["divergences"]] == [
        ("raw answer", "r2"),
        ("reference", "r0"),
    ]
    assert found["matched_by"] == "id"


@pytest.mark.parametrize("direction", ["text-to-image", "image-to-text"])
def test_mteb_predictions(
    explained: Explain, capsys: pytest.CaptureFixture[str], tmp_path: Path, direction: str
) -> None:
    """Their first document is relevant to every query except one, which they rank second."""
    out = ("--out", str(tmp_path / "b"), "--limit", "12")
    record = run_record(capsys, "run", "-m", "random", "-t", "shapes-retrieval", *out)
    run = find_run(record["run"], tmp_path / "b")
    ours = our_result(run, f"recall@1[{direction}]")
    documents = sorted({doc for own in ours.relevant.values() for doc in own})
    first = ours.items[0].prediction.id
    theirs = {}
    for item in ours.items:
        relevant = ours.relevant[item.prediction.id]
        other = next(doc for doc in documents if doc not in relevant)
        theirs[item.prediction.id] = dict.fromkeys(relevant, 0.5) | {other: 0.1}
    theirs[first] |= {next(doc for doc in documents if doc not in ours.relevant[first]): 0.9}
    path = writers.mteb(tmp_path / "T_predictions.json", {"default": {"test": theirs}})
    found = explained(record["run"], path, "--metric", f"recall@1[{direction}]")
    n = len(ours.items)
    assert (found["matched"], found["theirs"]) == (n, pytest.approx((n - 1) / n))
    assert points(found) == {"raw answer": pytest.approx(100 * found["difference"], abs=1e-6)}


def test_rankings_need_the_relevant_documents(
    scored: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    qrels = write_file(tmp_path / "test.qrels", "q1 0 doc7 1\n")
    run = scored("pairs", write_file(tmp_path / "m.run", "q1 Q0 doc7 1 0.5 m\n"), qrels)
    predictions = {"default": {"test": {"q1": {"doc7": 1.0}}}}
    path = writers.mteb(tmp_path / "T_predictions.json", predictions)
    message = refusal(capsys, "explain", run, str(path), "--out", str(tmp_path / "b"))
    assert "relevant documents of its queries are not stored; score" in message


def test_evalscope_reviews_of_choices(explained: Explain, scored: Score, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "choices.jsonl", *CHOICES)
    said = [{"id": c["id"], "value": "The answer is B."} for c in CHOICES]
    run = scored("choices", write_lines(tmp_path / "ours.jsonl", *said), data)
    rows = [
        {
            "index": n,
            "target": c["answer"],
            "messages": [writers.chat_message("user", c["question"])],
            "prediction": "The answer is B.",
            "extracted": extracted,
            "value": {"acc": float(extracted == c["answer"])},
        }
        for n, (c, extracted) in enumerate(zip(CHOICES, ("B", "A", "B"), strict=True))
    ]
    found = explained(run, writers.evalscope_reviews(tmp_path / "d_default.jsonl", rows))
    assert (found["ours"], found["theirs"]) == (pytest.approx(2 / 3), 1)
    assert points(found) == {"extraction": pytest.approx(100 / 3, abs=1e-6)}
    (only,) = found["divergences"]
    assert (only["id"], only["ours"]["extracted"], only["theirs"]["extracted"]) == ("b", "B", "A")


def test_vlmevalkit_scores_per_sample(explained: Explain, vqa_run: str, tmp_path: Path) -> None:
    rows = [
        {
            "index": n,
            "question": q["question"],
            "answer": q["answer"],
            "image_path": q["image"],
            "prediction": output,
            "hit": hit,
        }
        for n, (q, output, hit) in enumerate(zip(QUESTIONS, OUTPUTS, (1, 0, 0, 1), strict=True))
    ]
    path = tmp_path / "Qwen_VQA.tsv"
    writers.vlmevalkit(path, rows)
    found = explained(vqa_run, path)
    assert (found["their_metric"], points(found)) == ("hit", {"metric": -25})
    assert [(d["id"], d["change"]) for d in found["divergences"]] == [("q3", -1)]


def test_plain_outputs(explained: Explain, vqa_run: str, tmp_path: Path) -> None:
    path = write_file(tmp_path / "theirs.txt", "dog\n3\ncat\nred\n")
    found = explained(vqa_run, path)
    assert (found["theirs"], points(found)) == (0.75, {"raw answer": 0})
    ids = [{"id": "q9", "value": "cat"}, {"id": "q1", "value": "blue"}, {"id": "zz", "value": "?"}]
    found = explained(vqa_run, write_lines(tmp_path / "some.jsonl", *ids))
    assert (found["theirs"], found["unmatched"]) == (0.5, ["zz"])
    assert points(found) == {"samples": -25, "raw answer": 0}
    assert "1 sample of their result cannot be scored here" in found["notes"][-1]


def test_classes_by_name_number_and_score(
    explained: Explain, scored: Score, tmp_path: Path
) -> None:
    labels = ["cat", "dog", "cat", "bird"]
    data = write_lines(
        tmp_path / "d.jsonl", *({"id": f"i{n}", "label": label} for n, label in enumerate(labels))
    )

    def outputs(name: str, values: Sequence[object]) -> Path:
        lines = ({"id": f"i{n}", "value": value} for n, value in enumerate(values))
        return write_lines(tmp_path / name, *lines)

    run = scored("labels", outputs("ours.jsonl", ["cat", "dog", "dog", "bird"]), data)
    found = explained(run, outputs("names.jsonl", ["cat", "dog", "cat", "cat"]))
    assert (found["ours"], found["theirs"], points(found)) == (0.75, 0.75, {"raw answer": 0})
    shown = [(d["id"], d["ours"]["raw"], d["theirs"]["raw"]) for d in found["divergences"]]
    assert shown == [("i2", "dog", "cat"), ("i3", "bird", "cat")]
    by_class = [
        {name: float(name == best) for name in ("bird", "cat", "dog")}
        for best in ("cat", "dog", "cat", "bird")
    ]
    scores = scored("labels", outputs("scores.jsonl", by_class), data)
    found = explained(
        scores, outputs("names.jsonl", ["cat", "dog", "cat", "cat"]), "--metric", "accuracy@1"
    )
    assert (found["ours"], found["theirs"]) == (1, 0.75)
    found = explained(run, scores, "--metric", "accuracy@1")
    assert (found["ours"], found["theirs"], points(found)) == (0.75, 1, {"raw answer": 25})


def test_reasoning_is_removed_as_in_our_run(
    explained: Explain, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = write_lines(tmp_path / "data.jsonl", *QUESTIONS)
    said = [f"<think>Hm, {q['answer']}?</think>{q['answer']}" for q in QUESTIONS]
    rows = [{"id": q["id"], "value": text} for q, text in zip(QUESTIONS, said, strict=True)]
    ours = write_lines(tmp_path / "ours.jsonl", *rows)
    flags = ["--predictions", str(ours), "--data", str(data), "--out", str(tmp_path / "b")]
    record = run_record(capsys, "score", "-t", "answers", *flags, "--strip-reasoning")
    found = explained(record["run"], ours)
    assert (found["ours"], found["theirs"], found["steps"]) == (1, 1, [])


def test_a_second_run(explained: Explain, scored: Score, vqa_run: str, tmp_path: Path) -> None:
    rows = [{"id": q["id"], "value": q["answer"]} for q in QUESTIONS]
    other = scored("answers", write_lines(tmp_path / "o.jsonl", *rows), tmp_path / "data.jsonl")
    found = explained(vqa_run, other)
    assert (found["theirs"], points(found)) == (1, {"raw answer": 25})
    assert found["absent"] == {"prompt": "our run has the outputs of another program"}
    assert found["divergences"][0]["theirs"]["score"] == 1
    path = tmp_path / f"b/runs/answers/{other}.json"
    assert explained(vqa_run, path)["steps"] == found["steps"]


def test_prompts_of_two_tasks(
    explained: Explain, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A model that repeats its prompt answers the question only without an instruction."""
    from tests.support import toy_models  # noqa: F401 - registers toy-echo

    rows = [{"id": "a", "question": "cat", "answer": "cat"}]
    rows += [{"id": "b", "question": "dog", "answer": "bird"}]
    data = write_lines(tmp_path / "d.jsonl", *rows)
    for name, prompt in (("short", "{question}"), ("long", "{question}\\nBe brief.")):
        spec = f'include: answers\nprompt: "{prompt}"\nfields: {{question: question}}\n'
        write_file(tmp_path / "tasks" / f"{name}.yaml", spec)
    out = ("--out", str(tmp_path / "b"), "--data", str(data), "--tasks", str(tmp_path / "tasks"))
    runs = [
        run_record(capsys, "run", "-m", "toy-echo", "-t", name, *out)["run"]
        for name in ("short", "long")
    ]
    found = explained(*runs, "--tasks", str(tmp_path / "tasks"))
    assert (found["ours"], found["theirs"]) == (0.5, 0)
    assert points(found) == {"prompt": -50}
    assert found["divergences"][0]["theirs"]["prompt"] == "cat\nBe brief."


@pytest.mark.parametrize("width", [40, 80, 200])
def test_hostile_texts_on_a_terminal(vqa_run: str, tmp_path: Path, width: int) -> None:
    hostile = "\x1b[31m\u202eevil\x00 <script>alert(1)</script> " + "x" * 100_000
    rows = [lmms(n, hostile, 0.0) for n in range(4)]
    path = writers.lmms_eval(tmp_path / "1_samples_vqa.jsonl", rows)
    command = ["explain", vqa_run, str(path), "--out", str(tmp_path / "b")]
    code, shown = run_on_terminal(width, command)
    assert code == 0
    assert not {"\x1b", "\u202e", "\x00"} & set(shown)
    too_long = [line for line in shown.splitlines() if len(line) > width]
    assert all(" " not in line.strip() for line in too_long), too_long  # a word that is not broken
    assert "raw answer" in shown and "-75.00" in shown


def test_what_is_refused(vqa_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(theirs: Path | str, *flags: str) -> str:
        return refusal(
            capsys, "explain", vqa_run, str(theirs), "--out", str(tmp_path / "b"), *flags
        )

    strangers = write_lines(tmp_path / "x.jsonl", {"id": "zz", "value": "cat"})
    assert "no sample matches run" in refused(strangers)
    assert "has 1 line without ids, but the run has 4 samples" in refused(
        write_file(tmp_path / "one.txt", "cat\n")
    )
    theirs = write_file(tmp_path / "t.txt", "dog\n2\ncat\nred\n")
    assert "has no score 'bleu@4'; choose --metric from" in refused(theirs, "--metric", "bleu@4")
    assert "unknown score of their result" in refused(theirs, "--their-metric", "acc")
    assert "no run id" in refused("nowhere")
    assert "no file or folder other/s.jsonl; also, run" in refused("other/s.jsonl")


def test_the_printed_table(
    vqa_run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [lmms(0, "dog", 1.0), lmms(1, "2", 1.0), lmms(2, "a cat", 0.5), lmms(3, "blue", 0.0)]
    path = writers.lmms_eval(tmp_path / "1_samples_vqa.jsonl", rows)
    capsys.readouterr()
    command = ["explain", vqa_run, str(path), "--out", str(tmp_path / "b"), "--show", "1"]
    assert main(command) == 0
    shown = capsys.readouterr().out.splitlines()
    assert table_of(shown) == [
        "samples 0.00 0 no difference",
        "prompt not examined: our run has the outputs of another program",
        "raw answer -25.00 1 2 other answers",
        "extraction 0.00 0 no difference",
        "normalisation 0.00 0 no difference",
        "reference 0.00 0 no difference",
        "metric +12.50 1 1 other score by exact_match",
        "aggregation not examined: not in their file; their value is computed from their scores"
        " per sample",
        "difference -12.50",
    ]
    start = shown.index("raw answer: -25.00 points, 2 samples")
    assert [line.split() for line in shown[start + 1 : start + 6]] == [
        ["q1", "1", "→", "0"],
        ["our", "answer", "red"],
        ["their", "answer", "blue"],
        ["reference", "red"],
        ["and", "1", "more", "(--show", "N)"],
    ]


def table_of(shown: Sequence[str]) -> list[str]:
    """Return the lines of the table with single spaces, without its header."""
    start = next(at for at, line in enumerate(shown) if line.startswith("cause "))
    end = next(at for at, line in enumerate(shown) if at > start and not line)
    return [" ".join(line.split()) for line in shown[start + 1 : end]]
