"""`mmbench check` tries the metrics: it refuses, or ends with 3 or 4, exactly where a run does.

The expected value of each test is what `mmbench run` does with the same files; only where a run is
impossible here (SPICE without its jars) do both have to name the same cause.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.errors import UserError
from mmbench.metric_names import check_metric
from tests.support import toy_models  # noqa: F401 - registers the models
from tests.support.media.images import save_image

ANSWERS = [
    {"id": 1, "question": "?", "answer": "yes", "image": "a.png"},
    {"id": 2, "question": "?", "answer": "no", "image": "a.png"},
]
CHOICES = [{**row, "answer": "A", "options": ["x", "y"]} for row in ANSWERS]
CAPTIONS = [{"id": row["id"], "image": "a.png", "references": ["red", "blue"]} for row in ANSWERS]
RATED = "id,rater,rating,system\n1,x,3,SYSTEM\n2,x,2,s\n1,y,4,SYSTEM\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_image(tmp_path / "a.png", 90, (64, 64))
    return tmp_path


def codes(
    capsys: pytest.CaptureFixture[str], model: str, task: str, rows: Any, *flags: str
) -> tuple[int, int, str, str]:
    """Exit codes and words of a check and of a run."""
    text = rows if isinstance(rows, str) else "\n".join(map(json.dumps, rows))
    data = Path("x.csv" if isinstance(rows, str) else "x.jsonl")
    data.write_text(text)
    both = []
    for command in ("check", "run"):
        given = [command, "-m", model, "-t", task, "--data", str(data), *flags]
        code = main([*given, "--out", "board", "--quiet"] if command == "run" else given)
        out, err = capsys.readouterr()
        both.append((code, err if code == 2 else out))
    (checked, said), (ran, told) = both
    return checked, ran, said, told


def task(include: str, metric: str, more: str = "") -> str:
    text = f"include: {include}\nname: mine\nmetrics: ['{metric}']\nheadline: '{metric}'\n{more}"
    Path("mine.yaml").write_text(text)
    return "mine.yaml"


REFUSED: dict[str, tuple[str, str, Any, str, str]] = {
    # name: (task, metric, rows, model, what both messages name)
    "metric of rankings": ("answers", "recall@1", ANSWERS, "toy-echo", "recall@1"),
    "metric of choices": ("answers", "choice_accuracy", ANSWERS, "toy-echo", "kind choice"),
    "choices without options": ("choices", "choice_accuracy", ANSWERS, "toy-echo", "sample 1"),
    "the same by a baseline": ("choices", "choice_accuracy", ANSWERS, "oracle", "sample 1"),
    "error rate of two references": ("captions", "wer[none]", CAPTIONS, "toy-echo", "sample 1"),
    "model of a metric unknown": ("captions", "clipscore@nobody", CAPTIONS, "toy-echo", "nobody"),
    "model of a metric missing": ("captions", "clipscore@clip@/no", CAPTIONS, "toy-echo", "/no"),
    "model of a metric unfit": ("captions", "clipscore@asr-nano", CAPTIONS, "toy-echo", "asr-nano"),
    "jars missing": ("captions", "spice", CAPTIONS, "toy-echo", "spice needs"),
}


@pytest.mark.parametrize(
    ("include", "metric", "rows", "model", "name"), REFUSED.values(), ids=REFUSED
)
def test_what_a_run_refuses(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    include: str,
    metric: str,
    rows: Any,
    model: str,
    name: str,
) -> None:
    """Several were crashes of `run`, or numbers: recall@1 of the letters of a text."""
    checked, ran, said, told = codes(capsys, model, task(include, metric), rows)
    assert (checked, ran) == (2, 2)
    assert name in said
    assert name in told


def test_a_headline_without_a_value(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4 of both: no rate of empty references, no correlation over one system."""
    rows = [{"id": 1, "answer": "...", "image": "a.png"}]
    checked, ran, said, _ = codes(capsys, "toy-echo", task("answers", "wer[basic]"), rows)
    assert (checked, ran) == (4, 4)
    assert "the headline would have no value: no rate: 1 reference without a word" in said
    one = RATED.replace("SYSTEM", "s")
    assert codes(capsys, "oracle", "ratings", one)[:2] == (4, 4)
    assert codes(capsys, "oracle", task("answers", "rtfx"), ANSWERS)[:2] == (4, 4)
    assert codes(capsys, "toy-echo", task("answers", "rtfx"), ANSWERS)[:2] == (4, 4)


def test_a_mean_over_the_values_of_a_tag(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Printing such a headline by tag was a crash; over one value it is that of the value."""
    metric, more = "accuracy@1", "breakdowns: [place]\n"
    text = Path(task("labels", metric, more)).read_text()
    Path("mine.yaml").write_text(
        text.replace("headline: 'accuracy@1'", "headline: 'accuracy@1{macro:place}'")
    )
    rows = "id,label,image,place\n1,a,a.png,x\n2,b,a.png,PLACE\n"
    assert codes(capsys, "random", "mine.yaml", rows.replace("PLACE", "y"))[:2] == (0, 0)
    assert codes(capsys, "random", "mine.yaml", rows.replace("PLACE", "x"))[:2] == (0, 0)


def test_failed_samples_go_before_a_headline(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of codes 3 and 4 the first counts, as in docs/cli.md."""
    rows = [{"id": 1, "answer": "...", "image": "a.png"}, {"id": 2, "answer": "", "image": "b.png"}]
    rows[1]["answer"] = "..."
    assert codes(capsys, "toy-echo", task("answers", "wer[basic]"), rows)[:2] == (3, 3)


READY: dict[str, tuple[str, str, Any]] = {
    "an infinite d' of perfect scores": (
        "tags",
        "d_prime",
        "id,label,image\n1,a,a.png\n2,b,a.png\n",
    ),
    "an error rate of answers": ("answers", "wer[basic]", ANSWERS),
    "captions": ("captions", "cider", CAPTIONS),
    "model of a metric": ("captions", "clipscore@clip-nano", CAPTIONS),
    "choices": ("choices", "choice_accuracy", CHOICES),
}


@pytest.mark.parametrize(("include", "metric", "rows"), READY.values(), ids=READY)
def test_good_tasks_are_ready(
    here: Path, capsys: pytest.CaptureFixture[str], include: str, metric: str, rows: Any
) -> None:
    text = rows if isinstance(rows, str) else "\n".join(map(json.dumps, rows))
    data = Path("x.csv" if isinstance(rows, str) else "x.jsonl")
    data.write_text(text)
    assert main(["check", "-t", task(include, metric), "--data", str(data)]) == 0


def test_an_index_that_the_corpus_cannot_train(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Known from the number of documents: k-means needs a point for each of its clusters."""
    more = "data: {source: table}\nprotocol: {}\npublished: []\n"
    Path("mine.yaml").write_text(f"include: coco-retrieval\nname: mine\n{more}")
    flags = ["--index", "IVF64,Flat"]
    rows = "image,text\na.png,red\n"
    checked, ran, said, told = codes(capsys, "clip-nano", "mine.yaml", rows, *flags)
    assert (checked, ran) == (2, 2)
    assert "cannot train 64 clusters on 1 document" in said
    assert said == told


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("recall@1", "writing"),
        ("prdc_recall@clip-nano", "writing"),
        ("clipscore@clip-nano", "classification"),
        ("dnsmos[ovrl]", "writing"),
        ("cider", "choice"),
        ("mos", "speaking"),
    ],
)
def test_metrics_of_other_kinds(metric: str, kind: str) -> None:
    with pytest.raises(UserError, match="measures tasks of kind"):
        check_metric(metric, kind)


@pytest.mark.parametrize(
    ("metric", "kind"),
    [("recall@1", "retrieval"), ("dnsmos[ovrl]", "speaking"), ("cider", "a-plugin-s-kind")],
)
def test_metrics_of_their_kinds(metric: str, kind: str) -> None:
    check_metric(metric, kind)
