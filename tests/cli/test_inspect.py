"""`mmbench inspect`: the samples of one run and of two, in a terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from unicodedata import category

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.cli import main
from mmbench.cli.output.samples.alignment_lines import alignment_lines
from mmbench.cli.output.terminal import display_width
from mmbench.metrics.speech.alignment import align, error_rate
from mmbench.storage.records import SAME
from tests.support.boards import write_run
from tests.support.command_line import refusal, run_record
from tests.support.files import write_file, write_lines
from tests.support.terminal import run_on_terminal

Shown = pytest.CaptureFixture[str]

COLOURS = ["red", "green", "blue", "black"]
HOSTILE = [
    "\x1b[2J\x1b]0;title\x07red", "a\u202eb\u2066c\u200bd", "nul\x00nul", "x" * 1_000_000,
    "word " * 100_000, "", " \n ", "one\ntwo\r\nthree\u2028four", "##[error]x\n::error::y",
    "=HYPERLINK(1)", "中文字符" * 50, "e\u0301" * 200, "\U0001f468\u200d\U0001f469",
]  # fmt: skip


def score(out: Path, task: str, data: Path, outputs: Path, name: str) -> None:
    files = ["--data", str(data), "--predictions", str(outputs)]
    assert main(["score", "-t", task, *files, "--name", name, "--out", str(out), "--quiet"]) == 0


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A board with two runs of answers and of transcripts, and one run of each further kind."""
    folder = tmp_path_factory.mktemp("board")
    out = folder / "out"
    questions = [
        {"id": f"q{n}", "question": f"colour {n}?", "answer": COLOURS[n % 4]} for n in range(24)
    ]
    data = write_lines(folder / "questions.jsonl", *questions)
    for name, right in (("a", 12), ("b", 18)):
        values = [
            {"id": f"q{n}", "value": COLOURS[n % 4] if n % 24 < right else f"{name} is wrong"}
            | {"size": "large" if n % 2 else "small"}
            for n in range(24)
        ]
        values[3]["value"] = "grey" if name == "b" else values[3]["value"]
        score(out, "answers", data, write_lines(folder / f"{name}.jsonl", *values), name)
    data = write_file(folder / "r.trn", "i've { um / uh / @ } as far (s-1)\nthe cat sat (s-2)\n")
    for name, text in (
        ("a", "i've uh as fur (s-1)\nthe cat sat (s-2)\n"),
        ("b", "as far now (s-1)\na cat sat (s-2)\n"),
    ):
        score(out, "transcripts", data, write_file(folder / f"{name}.trn", text), name)
    data = write_file(folder / "labels.csv", "id,label\nu1,dog\nu2,cat\nu3,cow\n")
    outputs = write_file(
        folder / "scores.csv", "id,cat,cow,dog\nu1,.1,0,.9\nu2,.2,.1,.7\nu3,.5,.4,.1\n"
    )
    score(out, "labels", data, outputs, "a")
    data = write_file(folder / "pairs.qrels", "q1 0 d1 1\nq1 0 d3 1\nq2 0 d2 1\nq3 0 d9 1\n")
    outputs = write_file(
        folder / "a.run", "q1 Q0 d2 1 9 x\nq1 Q0 d1 2 8 x\nq2 Q0 d2 1 9 x\nq3 Q0 d1 1 3 x\n"
    )
    score(out, "pairs", data, outputs, "a")
    options = {"question": "which?", "options": ["a cat", "a dog"], "answer": "B"}
    data = write_lines(folder / "choices.jsonl", *({"id": f"c{n}"} | options for n in range(3)))
    values = [{"id": f"c{n}", "value": text} for n, text in enumerate(["B", "(a)", "hm"])]
    score(out, "choices", data, write_lines(folder / "c.jsonl", *values), "a")
    questions = [
        {"id": f"h{n}", "question": f"what {text[:3000]}", "answer": f"x{text[:40]}"}
        for n, text in enumerate(HOSTILE)
    ]
    data = write_lines(folder / "texts.jsonl", *questions)
    for name in ("hostile", "other"):
        values = [{"id": f"h{n}", "value": text} for n, text in enumerate(HOSTILE)]
        values[0]["value"] += name
        score(out, "answers", data, write_lines(folder / f"{name}.jsonl", *values), name)
    texts = [{"id": f"h{n}", "text": f"word {text[:3000]}"} for n, text in enumerate(HOSTILE)]
    data = write_lines(folder / "spoken.jsonl", *texts)
    score(out, "transcripts", data, write_lines(folder / "heard.jsonl", *values), "hostile")
    return str(out)


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A board with a run of a packaged model on images and captions."""
    out = tmp_path_factory.mktemp("retrieval")
    command = ["run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "12"]
    assert main([*command, "--out", str(out), "--quiet"]) == 0
    return str(out)


def inspect(board: str, capture: Shown, *words: str, task: str = "answers") -> str:
    """Return what `mmbench inspect` prints into a pipe."""
    capture.readouterr()
    assert main(["inspect", *words, "-t", task, "--out", board]) == 0
    return capture.readouterr().out


def objects(board: str, capture: Shown, *words: str, task: str = "answers") -> list[dict[str, Any]]:
    return list(json.loads(inspect(board, capture, *words, "--json", task=task)))


def headings(shown: str) -> list[str]:
    """Return the first line of each sample."""
    return [line for line in shown.splitlines() if re.match(r"\d+  ", line)]


def test_the_worst_samples_are_shown_first_with_all_that_belongs_to_them(
    board: str, capsys: Shown
) -> None:
    shown = inspect(board, capsys, "a")
    head, title, first = shown.split("\n\n")[:3]
    assert head.splitlines()[1] == "model    a"
    assert "score    exact_match 0.5000 [" in head and "samples  24: 12 wrong, 0 failed" in head
    assert title == "10 of 24 samples, the worst by exact_match first:"
    assert first.splitlines() == [
        "1  q12  exact_match 0",
        "  question   colour 12?",
        "  reference  red",
        "  answer     a is wrong",
        "  tags       size=small",
    ]
    assert [line.split()[1] for line in headings(shown)] == [f"q{n}" for n in range(12, 22)]
    assert shown.splitlines()[-1].startswith("add --worst 24 for more, --id q12 for one sample")


def test_flags_select_samples(board: str, capsys: Shown) -> None:
    def ids(*words: str) -> list[str]:
        return [one["id"] for one in objects(board, capsys, *words)]

    assert len(ids("a")) == 24 and len(ids("a", "--wrong")) == 12
    assert ids("a", "--wrong", "--worst", "2") == ["q12", "q13"]
    assert ids("a", "--failed") == []
    assert ids("a", "--id", "q5", "q2", "--id", "q7") == ["q5", "q2", "q7"]
    assert ids("a", "--wrong", "--where", "size=large") == [f"q{n}" for n in range(13, 24, 2)]
    assert ids("a", "--id", "q5", "q2", "--where", "size=small") == ["q2"]
    assert "no failed sample\n" in inspect(board, capsys, "a", "--failed")
    assert "all 12 wrong samples, " in inspect(board, capsys, "a", "--wrong", "--worst", "50")
    assert "6 wrong samples with size=large, " in inspect(
        board, capsys, "a", "--wrong", "--where", "size=large"
    )


def test_failed_samples_say_why(tmp_path: Path, capsys: Shown) -> None:
    write_run(tmp_path, "run", {"em": [1.0, None, 0.0, None]})
    shown = inspect(str(tmp_path), capsys, "run", "--failed", task="t")
    assert "samples  4: 1 wrong, 2 failed" in shown or "samples  4: 2 failed" in shown
    assert headings(shown) == ["1  s0001  failed", "2  s0003  failed"]
    assert shown.count("  failed     broken\n") == 2
    every = objects(str(tmp_path), capsys, "run", task="t")
    assert [one["id"] for one in every] == ["s0002", "s0000", "s0001", "s0003"]


def test_reasoning_is_folded_unless_a_sample_is_shown_in_full(
    tmp_path: Path, capsys: Shown
) -> None:
    data = write_lines(tmp_path / "q.jsonl", {"id": "1", "answer": ["4", "four", "4"]})
    value = "<think>two\n\nand two</think>It is\n5"
    outputs = write_lines(tmp_path / "out.jsonl", {"id": "1", "value": value})
    files = ["--data", str(data), "--predictions", str(outputs), "--out", str(tmp_path)]
    assert main(["score", "-t", "answers", *files, "--strip-reasoning", "--quiet"]) == 0
    short = inspect(str(tmp_path), capsys, "latest")
    assert "  reasoning   3 lines, 12 characters\n  answer      It is 5\n" in short
    whole = inspect(str(tmp_path), capsys, "latest", "--id", "1")
    assert "  reasoning   two\n\n              and two\n" in whole
    assert "  answer      It is\n              5\n  scores      exact_match 0\n" in whole
    assert "  references  4 (2 times)\n              four\n" in whole


def test_equal_values_are_ordered_by_the_other_scores(tmp_path: Path, capsys: Shown) -> None:
    write_run(tmp_path, "run", {"hit": [0, 1, 0, 0], "mrr": [0.5, 1, 0.1, 0.2]})
    every = objects(str(tmp_path), capsys, "run", task="t")
    assert [one["id"] for one in every] == ["s0002", "s0003", "s0000", "s0001"]


def test_a_parsed_answer_is_shown_with_its_options(board: str, capsys: Shown) -> None:
    shown = inspect(board, capsys, "latest", task="choices")
    assert "  options    A. a cat\n             B. a dog\n  reference  B. a dog\n" in shown
    assert "  answer     (a)\n  parsed as  A\n" in shown
    assert "  answer     hm\n  parsed as  nothing\n" in shown
    assert "  answer     B\n\n" in shown  # parsed as it is


def test_class_scores_show_the_first_classes_and_the_reference(board: str, capsys: Shown) -> None:
    shown = inspect(board, capsys, "latest", task="labels")
    assert "classes      1       0.7  cat" not in shown
    block = next(part for part in shown.split("\n\n") if "  u2  " in part)
    assert [line.split() for line in block.splitlines()[2:]] == [
        ["classes", "1", "0.7", "dog"],
        ["2", "0.2", "cat", "(reference)"],
        ["3", "0.1", "cow"],
    ]


def test_a_ranking_marks_what_is_relevant(board: str, capsys: Shown) -> None:
    shown = inspect(board, capsys, "latest", task="pairs")
    block = next(part for part in shown.split("\n\n") if "  q1  " in part)
    assert "rank 2" in block.splitlines()[0]
    assert [line.split() for line in block.splitlines()[1:3]] == [
        ["retrieved", "1", "d2"],
        ["2", "d1", "(relevant)"],
    ]


def test_a_query_shows_its_rank_its_documents_and_where_they_are(
    retrieval: str, capsys: Shown
) -> None:
    every = objects(retrieval, capsys, "latest", task="shapes-retrieval")
    assert len(every) == 60 and {one["direction"] for one in every} == {"text-to-image"}
    ranks = [one["rank"] for one in every]
    assert ranks == sorted(ranks, reverse=True)  # also among those with the same recall@1
    shown = inspect(retrieval, capsys, "latest", "--worst", "1", task="shapes-retrieval")
    assert "samples  60: " in shown and "; 12 in the other direction" in shown
    worst = every[0]
    assert f"1  {worst['id']}  text-to-image  recall@1 0  rank {ranks[0]}\n" in shown
    assert f"  text       {worst['texts']['text']}\n" in shown
    (relevant,) = worst["relevant"]
    line = next(one for one in shown.splitlines() if f"  {relevant['id']}  " in one)
    assert line.endswith(f"  shapes {relevant['id']} (seed 0)")
    first = worst["retrieved"][0]
    assert first["media"]["image"]["modality"] == "image" and first["media"]["image"]["stored"]
    other = inspect(
        retrieval, capsys, "latest", "--metric", "recall@1[image-to-text]", task="shapes-retrieval"
    )
    assert "samples  12: " in other and "  ranks      " in other and "#0  " in other


def test_an_alignment_is_shown_for_a_sample_or_on_request(board: str, capsys: Shown) -> None:
    whole = inspect(board, capsys, "a", "--id", "s-1", task="transcripts")
    assert whole.count("  reference  i've { um / uh / @ } as far\n") == 1
    marked = [
        "  reference   i've uh as far",
        "  hypothesis  i've uh as fur",
        "                         S",
        "  1 error in 4 words: 1 substitution",
    ]
    assert "\n".join(marked) in whole
    assert "hypothesis" not in inspect(board, capsys, "a", task="transcripts")
    assert "\n".join(marked) in inspect(board, capsys, "a", "--align", task="transcripts")
    by_letter = inspect(
        board, capsys, "a", "--metric", "cer[none]", "--id", "s-1", task="transcripts"
    )
    assert "  hypothesis  i've uh as fur\n" in by_letter and "1 error in 14 characters" in by_letter
    (one,) = objects(board, capsys, "a", "--id", "s-1", task="transcripts")
    assert one["alignment"][-1] == {
        "operation": "substitute",
        "reference": "far",
        "hypothesis": "fur",
    }
    assert one["details"]["wer[none]"] == {"substitutions": 1, "deletions": 0, "insertions": 0}


WORDS = st.sampled_from(["a", "to", "three", "中文", "e\u0301", "x" * 50, "\x1b[1m", "\u202e"])


@settings(max_examples=200, deadline=None)
@given(
    reference=st.lists(WORDS, max_size=30),
    hypothesis=st.lists(WORDS, max_size=30),
    width=st.sampled_from([None, 40, 41, 80]),
    metric=st.sampled_from(["wer[none]", "cer[none]"]),
)
def test_the_lines_of_an_alignment_fit_and_mark_each_error(
    reference: list[str], hypothesis: list[str], width: int | None, metric: str
) -> None:
    rate = error_rate(metric)
    assert rate is not None
    alignment = align(" ".join(hypothesis), " ".join(reference), rate)
    lines = alignment_lines(alignment, width)
    assert width is None or all(display_width(line) <= width for line in lines[:-1])
    assert not any(category(char) in ("Cc", "Cf") for line in lines for char in line)
    marks = "".join(line for line in lines[:-1] if not line.strip(" SDI"))
    edits = alignment.edits
    assert [marks.count(mark) for mark in "SDI"] == list(edits[1:])
    assert sum(line.startswith("reference ") for line in lines) == sum(
        line.startswith("hypothesis ") for line in lines
    )


def test_an_alignment_of_a_sample_that_the_metric_leaves_out_says_so() -> None:
    rate = error_rate("wer[open_asr_2026]")
    assert rate is not None
    lines = alignment_lines(align("thank you", "", rate), 80)
    assert lines == ["left out by the metric: the reference is empty or a remark"]


def test_changed_samples_of_two_runs_begin_with_the_largest_loss(board: str, capsys: Shown) -> None:
    shown = inspect(board, capsys, "a", "b", "--changed")
    assert shown == inspect(board, capsys, "a", "b").replace("add --changed --worst", "add --worst")
    lines = shown.splitlines()
    assert lines[0].startswith("baseline   ") and lines[0].endswith("  a")
    assert lines[3].startswith("verdict    exact_match: no difference, 0.5000 → 0.7083")
    assert lines[4] == "changed    1 worse, 6 better"
    assert "all 7 changed samples, the largest loss by exact_match first:" in shown
    found = [line.split("  ") for line in headings(shown)]
    assert [line[1] for line in found] == ["q3", *(f"q{n}" for n in range(12, 18))]
    assert [line[2] for line in found] == ["exact_match 1 → 0", *["exact_match 0 → 1"] * 6]
    assert "  baseline\n    answer  black\n  candidate\n    answer  grey\n" in shown


def test_two_runs_stand_side_by_side_if_there_is_room(board: str) -> None:
    words = ["inspect", "a", "b", "-t", "answers", "--out", board, "--id", "q3"]
    wide = run_on_terminal(80, words)[1].splitlines()
    at = next(n for n, line in enumerate(wide) if line.split() == ["baseline", "candidate"])
    assert wide[at + 1].split() == ["answer", "black", "grey"]
    assert wide[at + 1].index("grey") == wide[at].index("candidate")
    narrow = run_on_terminal(60, words)[1]
    assert "  baseline\n    answer  black\n" in narrow


def test_either_run_makes_a_sample_wrong(board: str, capsys: Shown) -> None:
    found = objects(board, capsys, "a", "b", "--wrong")
    assert [one["id"] for one in found] == [
        "q3",
        *(f"q{n}" for n in (*range(18, 24), *range(12, 18))),
    ]
    assert found[0]["baseline"]["answer"] == "black"
    assert found[0]["candidate"]["scores"]["exact_match"] == 0
    assert "texts" not in found[0]["baseline"] and found[0]["texts"] == {"question": "colour 3?"}
    worst = objects(board, capsys, "a", "b", "--worst", "1")
    assert [one["id"] for one in worst] == ["q3"]
    shown = inspect(board, capsys, "a", "b", "--worst", "1", "--where", "size=large")
    assert " with size=large, the worst of the candidate by exact_match first:" in shown


def test_a_score_without_values_of_single_samples_is_refused(tmp_path: Path, capsys: Shown) -> None:
    labels = write_lines(
        tmp_path / "d.jsonl", *({"id": n, "labels": ["ab"[n % 2]]} for n in (1, 2))
    )
    outputs = write_lines(
        tmp_path / "o.jsonl", *({"id": n, "value": {"a": 0.3, "b": 0.1 * n}} for n in (1, 2))
    )
    files = ("--data", str(labels), "--predictions", str(outputs), "--out", str(tmp_path))
    run_record(capsys, "score", "-t", "tags", *files)
    error = refusal(capsys, "inspect", "latest", "--metric", "mean_ap", "--out", str(tmp_path))
    assert "--metric mean_ap has no values of single samples; leave it out" in error


def test_tags_of_a_list_are_joined_by_and(board: str, capsys: Shown) -> None:
    where = ["--where", "size=large", "--where", "size=large"]
    assert "samples with size=large and size=large, " in inspect(board, capsys, "a", *where)


def test_a_csv_separates_options_and_references(tmp_path: Path, board: str, capsys: Shown) -> None:
    file = tmp_path / "samples.csv"
    inspect(board, capsys, "latest", "--csv", str(file), task="choices")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert {row["text:options"] for row in rows} == {"A. a cat | B. a dog"}
    data = write_lines(tmp_path / "d.jsonl", {"id": "q", "question": "?", "answer": ["a b", "c"]})
    outputs = write_lines(tmp_path / "o.jsonl", {"id": "q", "value": "c"})
    files = ("--data", str(data), "--predictions", str(outputs), "--out", str(tmp_path))
    run_record(capsys, "score", "-t", "answers", *files)
    inspect(str(tmp_path), capsys, "latest", "--csv", str(file))
    (row,) = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    assert row["reference"] == "a b | c"


def test_a_csv_has_the_selected_samples(board: str, tmp_path: Path, capsys: Shown) -> None:
    file = tmp_path / "samples.csv"
    assert inspect(board, capsys, "a", "--wrong", "--csv", str(file)) == ""
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 12
    assert rows[0]["id"] == "q12" and rows[0]["tag:size"] == "small"
    assert rows[0]["text:question"] == "colour 12?" and rows[0]["reference"] == "red"
    assert rows[0]["answer"] == "a is wrong" and float(rows[0]["score:exact_match"]) == 0
    inspect(board, capsys, "a", "b", "--csv", str(file))
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["candidate answer"] for row in rows][:2] == ["grey", "red"]
    assert [row["baseline answer"] for row in rows][:2] == ["black", "a is wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("words", [["hostile"], ["hostile", "--wrong"], ["hostile", "other"],
                                   ["hostile", "--id", *(f"h{n}" for n in range(len(HOSTILE)))],
                                   ["hostile", "other", "--worst", "50"]])  # fmt: skip
def test_hostile_texts_stay_texts(
    words: list[str], board: str, tmp_path: Path, capsys: Shown
) -> None:
    command = ["inspect", *words, "-t", "answers", "--out", board]
    for width in (40, 80, 132):
        code, shown = run_on_terminal(width, command)
        assert code == 0 and not hidden(shown)
        assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]
        wide = [line for line in shown.splitlines() if display_width(line) > width]
        assert not [line for line in wide if " " in line.strip()]  # a single word is not broken
        assert max(map(len, shown.splitlines())) <= 20_000 + 40
    assert not hidden(inspect(board, capsys, *words))
    encoded = inspect(board, capsys, *words, "--json")
    assert not hidden(encoded)
    texts = {one.get("baseline", one)["answer"] for one in json.loads(encoded)}
    assert texts <= {*HOSTILE, f"{HOSTILE[0]}hostile"}  # JSON keeps every character
    file = tmp_path / "samples.csv"
    inspect(board, capsys, *words, "--csv", str(file))
    text = file.read_text(encoding="utf-8")
    assert not hidden(text)
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_alignments_of_hostile_texts_have_the_counts_of_the_metric(
    board: str, capsys: Shown
) -> None:
    command = [
        "inspect",
        "hostile",
        "-t",
        "transcripts",
        "--out",
        board,
        "--align",
        "--worst",
        "50",
    ]
    code, shown = run_on_terminal(80, command)
    assert code == 0 and not hidden(shown) and "… and 18,000 more words" in shown
    found = objects(board, capsys, "hostile", "--align", task="transcripts")
    assert len(found) == len(HOSTILE)
    kinds = {"substitute": "substitutions", "delete": "deletions", "insert": "insertions"}
    for one in found:
        counts = Counter(step["operation"] for step in one["alignment"])
        assert one["details"]["wer[none]"] == {kinds[kind]: counts[kind] for kind in kinds}


def hidden(text: str) -> set[str]:
    """Return the characters of a text that may act on a terminal."""
    return {c for c in set(text) - {"\n"} if category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}}


def test_runs_of_earlier_versions_are_shown_without_inputs(
    board: str, tmp_path: Path, capsys: Shown
) -> None:
    """Rows without the values by sample, in a board without sample tables."""
    folder = Path(board) / "runs/transcripts"
    for path in folder.glob("*-b-*"):
        copy = tmp_path / "runs/transcripts" / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            table = table.select([name for name in table.column_names if ":" not in name])
            same = json.loads((table.schema.metadata or {}).get(SAME, b"{}"))
            same = {name: twin for name, twin in same.items() if ":" not in name}
            pq.write_table(table.replace_schema_metadata({SAME: json.dumps(same)}), copy)
    shown = inspect(str(tmp_path), capsys, "b", "--align", task="transcripts")
    line = "inputs are not stored with this run; to store them, score its outputs again: mmbench"
    assert shown.count(f"{line} score -t transcripts --predictions FILE\n") == 1
    assert "  reference  the cat sat\n  answer     a cat sat\n" in shown
    assert "2 errors in 3 words: 1 deletion, 1 insertion\n" in shown
    assert inspect(board, capsys, "b", "--align", task="transcripts").splitlines()[7:] == [
        one for one in shown.splitlines()[7:] if not one.startswith("inputs are")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "--id", "q99"], "unknown sample 'q99': did you mean q9"),
        (["a", "--metric", "exact_mach"], "unknown metric 'exact_mach': did you mean exact_match"),
        (["a", "--metric", "bleu@4"], "; `mmbench rescore RUN --metric NAME` computes others"),
        (["a", "--id", "nowhere"], "`mmbench inspect RUN --json` has all ids"),
        (["a", "--where", "siz=large"], "unknown tag 'siz': did you mean size?"),
        (["a", "--where", "size=lagre"], "unknown value of tag size 'lagre': did you mean large?"),
        (["a", "--where", "size"], "--where size: no equals sign; write TAG=VALUE"),
        (["a", "--changed"], "--changed needs two runs; type mmbench inspect BASELINE CANDIDATE"),
        (["a", "b", "a"], "inspect takes one run or two, not 3"),
        (["a", "--align"], "has no error rate such as wer[basic]; leave it out"),
        (["a", "hostile"], "cannot be compared: data"),
        (["a", "--csv", "no/such/folder/x.csv"], "--csv no/such/folder/x.csv: the file cannot be"),
    ],
)
def test_errors_say_what_to_type(words: list[str], says: str, board: str, capsys: Shown) -> None:
    error = refusal(capsys, "inspect", *words, "-t", "answers", "--out", board)
    assert says in error and error.count("\n") == 1


def test_runs_of_two_tasks_are_refused(board: str, capsys: Shown) -> None:
    ids = [next(Path(board).glob(f"runs/{t}/*-a-*.json")).stem for t in ("answers", "labels")]
    assert "cannot be compared: task answers against labels" in refusal(
        capsys, "inspect", *ids, "--out", board
    )


def test_a_metric_in_two_directions_has_to_be_chosen(retrieval: str, capsys: Shown) -> None:
    error = refusal(capsys, "inspect", "latest", "--metric", "recall@1", "--out", retrieval)
    assert "choose recall@1[text-to-image], recall@1[image-to-text]" in error


def test_ids_near_an_unknown_one_among_many(tmp_path: Path, capsys: Shown) -> None:
    write_run(tmp_path, "run", {"em": [1.0] * 30_000}, ids=[f"id-{n:06}" for n in range(30_000)])
    error = refusal(capsys, "inspect", "run", "--id", "id-02000x", "--out", str(tmp_path))
    assert "id-020009" in error or "id-020000" in error


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("words", ["a", "a b", "a b --wrong", "a --id q1", "latest --worst 3"])
def test_no_line_is_wider_than_the_terminal(words: str, width: int, board: str) -> None:
    command = ["inspect", *words.split(), "-t", "answers", "--out", board]
    lines = run_on_terminal(width, command)[1].splitlines()
    assert len(lines) > 5
    for line in lines:
        assert display_width(line) <= width or len(line.split()) <= 2, line


def test_a_sample_in_a_cluster_of_another_class_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path)]
    assert (
        main(["run", "-m", "random", "-t", "shapes-clusters", "--limit", "150", "--quiet", *out])
        == 0
    )
    capsys.readouterr()
    assert main(["inspect", "latest", "-t", "shapes-clusters", "--worst", "200", *out]) == 0
    lines = capsys.readouterr().out.splitlines()
    fields = [line.split(maxsplit=1) for line in lines]
    own = [value for name, value in (one for one in fields if len(one) == 2) if name == "reference"]
    majority = [value for name, value in (f for f in fields if len(f) == 2) if name == "majority"]
    assert len(own) == len(majority) == 150
    right = [a == b for a, b in zip(own, majority, strict=True)]
    assert right == sorted(right)
    assert 0 < sum(right) < 150
    headings = [line.endswith("  in the majority") for line in lines if " the majority" in line]
    assert headings == right
