"""The kind `preference` of examples/: its option, a run, verdicts of others, baselines, checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.files import write_lines
from tests.support.paths import ROOT

PACKAGE = ROOT / "examples/mmbench-preference"
PLUGIN = """
import mmbench
import mmbench_preference as package
from mmbench.types import GeneratedText

mmbench.register("kind", "preference")(package.Preference)
mmbench.register("data", "preferences")(package.preferences)
mmbench.register("task", "preference-pairs")(package.TASK)
for metric in (package.preference_accuracy, package.preference_consistency):
    mmbench.register("metric", metric.__name__)(metric)

class Judge:
    modalities = frozenset({"text", "image"})

    def __init__(self, folder, *, device, dtype):
        pass

    def write(self, conversations, options):
        return [GeneratedText(self.reply(turns[-1].parts[-1])) for turns in conversations]

@mmbench.register("model", "longer")
class Longer(Judge):
    def reply(self, text):
        _, a, b = text.replace("Answer B: ", "Answer A: ").split("Answer A: ")
        return "Answer: A." if len(a) > len(b.partition("Which is better?")[0]) else "(b)"

@mmbench.register("model", "first")
class First(Judge):
    def reply(self, text):
        return "A"

@mmbench.register("model", "chatty")
class Chatty(Judge):
    def reply(self, text):
        return "A good answer would be longer."

@mmbench.register("model", "undecided")
class Undecided(Judge):
    def reply(self, text):
        return "Tie"
"""
N = 32
Call = Callable[..., str]
Scores = Callable[..., dict[str, float | None]]


@pytest.fixture
def call(
    plugin_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Call:
    """Call a command with the package as a plugin and return what it printed."""
    monkeypatch.syspath_prepend(PACKAGE)
    Path("judge.py").write_text(PLUGIN)
    for key in ("both_orders: false", "both_order: false", "ties: true", "both_orders: 3"):
        name = key.replace(": ", "-")
        Path(f"{name}.yaml").write_text(f"include: preference-pairs\nname: {name}\n{key}\n")
    pairs = [
        {"prompt": f"{n}?", "chosen": f"long, long {n}", "rejected": "no", "subset": f"{n % 2}"}
        for n in range(N)
    ]
    write_lines(plugin_folder / "pairs.jsonl", *pairs)

    def call(command: str, *, code: int = 0) -> str:
        reads_records = command.startswith(("compare", "leaderboard"))  # and needs no kind
        plugin = [] if reads_records else ["--plugin", "judge.py"]
        found = main([*command.split(), *plugin])
        shown = capfd.readouterr()
        assert found == code, shown.err
        return shown.err if code else shown.out

    return call


@pytest.fixture
def scores(call: Call) -> Scores:
    """Run a model, a baseline or, given a file, the verdicts in it: the scores by metric."""

    def scores(who: str, task: str = "preference-pairs") -> dict[str, float | None]:
        device = "" if who in ("oracle", "constant", "random", "empty") else "--device cpu"
        asked = f"run -m {who} {device}"
        if who.endswith(".jsonl"):
            asked = f"score --predictions {who}"
        (record,) = json.loads(call(f"{asked} -t {task} --data pairs.jsonl --json --out board"))
        return {name: score["value"] for name, score in record["scores"].items()}

    return scores


@pytest.mark.parametrize(
    ("judge", "accuracy", "consistency"),
    [("longer", 1, 1), ("first", 0.5, 0), ("chatty", 0, 0), ("undecided", 0, 0)],
)
def test_judges_get_what_they_deserve(
    scores: Scores, judge: str, accuracy: float, consistency: float
) -> None:
    found = scores(judge)
    assert found == {"preference_accuracy": accuracy, "preference_consistency": consistency}


def test_one_order_gives_the_first_answer_chance_and_no_consistency(scores: Scores) -> None:
    found = scores("first", "both_orders-false.yaml")
    assert found["preference_accuracy"] == pytest.approx(0.5, abs=0.2)
    assert found["preference_consistency"] is None


def test_a_tie_counts_as_half_where_it_may_be_said(scores: Scores) -> None:
    assert scores("undecided", "ties-true.yaml")["preference_accuracy"] == 0.5


def test_the_option_is_part_of_what_was_asked(call: Call) -> None:
    tasks = ("preference-pairs", "both_orders-false.yaml", "ties-true.yaml")
    asked = [
        json.loads(call(f"run -m oracle -t {task} --data pairs.jsonl --json --out board"))[0]
        for task in tasks
    ]
    assert len({record["task"]["fingerprint"] for record in asked}) == 3
    signatures = [record["scores"]["preference_accuracy"]["signature"] for record in asked]
    assert ["orders=2" in one for one in signatures] == [True, False, True]


def test_a_misspelt_option_is_refused_with_the_near_one(call: Call) -> None:
    err = call("check -t both_order-false.yaml --data pairs.jsonl", code=2)
    assert "unknown key of both_order-false.yaml 'both_order': did you mean both_orders?" in err
    err = call("check -t both_orders-3.yaml --data pairs.jsonl", code=2)
    assert "both_orders must be true or false, not 3" in err


@pytest.mark.parametrize(
    ("baseline", "accuracy", "consistency"), [("oracle", 1, 1), ("constant", 0.5, 0)]
)
def test_baselines(scores: Scores, baseline: str, accuracy: float, consistency: float) -> None:
    found = scores(baseline)
    assert found == {"preference_accuracy": accuracy, "preference_consistency": consistency}
    assert scores("random")["preference_accuracy"] == pytest.approx(0.5, abs=0.2)
    assert scores("empty")["preference_accuracy"] == 0


def test_verdicts_of_another_program(scores: Scores, call: Call) -> None:
    right = {"prediction": "a,a"}, {"prediction": "[[B]], b is better"}
    rows = [right[0], right[1], {"prediction": "a,b"}, {"prediction": "I cannot say, sorry"}] * 8
    lines = [json.dumps({"id": f"{n}", **row}) for n, row in enumerate(rows, 1)]
    Path("verdicts.jsonl").write_text("\n".join(lines))
    assert scores("verdicts.jsonl")["preference_consistency"] == 0.5
    err = call(
        "score --predictions verdicts.jsonl -t both_orders-false.yaml --data pairs.jsonl", code=2
    )
    assert "the output for 1 is 'a,a'; give a verdict, 'a'" in err


def test_check_selftest_compare_and_leaderboard_know_the_kind(scores: Scores, call: Call) -> None:
    assert "32 samples" in call("check -m first -t preference-pairs --data pairs.jsonl")
    found = call("selftest preference-pairs --data pairs.jsonl")
    assert "FAIL" not in found
    assert "baseline constant scores no better than chance" in found
    scores("longer")
    scores("first")
    first, longer = sorted(Path("board/runs/preference-pairs").glob("*.json"), key=_model)
    assert "better" in call(f"compare {longer} {first} --out board")
    assert "longer" in call("leaderboard show preference-pairs --out board")


def _model(record: Path) -> str:
    return str(json.loads(record.read_text())["model"]["name"])


def test_the_kind_is_listed_and_the_task_shows_the_option(call: Call) -> None:
    assert "preference " in call("list kinds")
    assert "both_orders: true\n" in call("show task preference-pairs")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"chosen": "a"}', "line 1: Object missing required field `prompt`"),
        ('{"prompt": "?", "answer_a": "1", "answer_b": "2"}', "line 1 needs chosen and rejected"),
        ('{"prompt"}', "line 1: JSON is malformed"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(call: Call, row: str, words: str) -> None:
    Path("wrong.jsonl").write_text(row)
    assert f"wrong.jsonl: {words}" in call("check -t preference-pairs --data wrong.jsonl", code=2)
