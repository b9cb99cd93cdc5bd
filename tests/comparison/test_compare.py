"""Comparisons: who is better on the same samples, what is refused, what is left out and shown."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.cli import main
from mmbench.comparison.compact_letter_display import compact_letters
from mmbench.comparison.compare import Comparison, compare_runs
from mmbench.comparison.join import places_in
from mmbench.comparison.rows import RunRows
from mmbench.engine.recording.rows import rows_table
from mmbench.engine.scoring.measure import measure
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.stats.paired import MCNEMAR, PERMUTATION
from mmbench.storage import records as store
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.types import Prediction, Predictions, Ranking
from tests.support.boards import TASK, coins, plain_score, score_info, write_run
from tests.support.command_line import refusal
from tests.support.documents import fenced_blocks
from tests.support.files import write_lines
from tests.support.paths import ROOT
from tests.support.processes import run_python


def compare(a: RunReference, b: RunReference, **options: Any) -> Comparison:
    return mmbench.compare(a, b, **options).comparison


def test_a_known_table(tmp_path: Path) -> None:
    # R: binom.test(2, 12)$p.value = 0.03857422
    a = write_run(tmp_path, "a", {"em": [1] * 10 + [0] * 2 + [1] * 50})
    b = write_run(tmp_path, "b", {"em": [0] * 10 + [1] * 2 + [1] * 50})
    found = compare(a, b, out=tmp_path)
    score = found.scores[0]
    assert (score.test, score.verdict) == (MCNEMAR, "worse")
    assert (score.baseline, score.candidate) == pytest.approx((60 / 62, 52 / 62))
    assert (score.p_value, score.p_holm) == pytest.approx((0.03857422, 0.03857422))
    assert score.difference == pytest.approx(-8 / 62)
    assert score.low is not None and score.high is not None and score.detectable is not None
    assert score.low < -8 / 62 < score.high < 0
    assert (found.changes[0].worse, found.changes[0].better) == (10, 2)
    assert compare(b, a, out=tmp_path).scores[0].verdict == "better"


def test_better_is_turned_round_for_what_should_be_low(tmp_path: Path) -> None:
    for name, rate in (("a", 0.3), ("b", 0.5)):
        write_run(tmp_path, name, {"wer": coins(200, rate)}, better="lower")
    found = compare("a", "b", out=tmp_path)
    assert found.scores[0].verdict == "worse"
    assert found.changes[0].worse > 0 == found.changes[0].better


def test_a_run_is_a_record_a_path_an_id_or_its_beginning(tmp_path: Path) -> None:
    a = write_run(tmp_path, "abc", {"em": coins(30, 0.3)})
    write_run(tmp_path, "xyz", {"em": coins(30, 0.9)})
    by_record = compare(a, tmp_path / "runs/t/xyz.json", out=tmp_path)
    assert by_record == compare("ab", "xyz", out=tmp_path)


def test_order_of_samples_does_not_matter(tmp_path: Path) -> None:
    first, second = coins(40, 0.4), coins(40, 0.6, seed=1)
    order = np.random.default_rng(0).permutation(40)
    ids = [f"s{i:04}" for i in range(40)]
    for run, values in (("a", first), ("b", second)):
        write_run(tmp_path, run, {"em": values})
        shuffled = [values[i] for i in order]
        write_run(tmp_path, f"{run}2", {"em": shuffled}, ids=[ids[i] for i in order])
    plain = compare_ids(tmp_path, "a", "b")
    for pair in (("a2", "b"), ("a", "b2"), ("a2", "b2")):
        moved = compare_ids(tmp_path, *pair)
        assert moved.scores == plain.scores
        assert moved.changes == plain.changes


@given(st.data())
def test_samples_are_those_of_the_same_direction_split_and_id(data: st.DataObject) -> None:
    name = st.text("0,é", max_size=4)
    keys = st.lists(st.tuples(name, st.integers(0, 11), name), unique=True)
    a, b = data.draw(keys), data.draw(keys)
    b += [key for key in a if key not in b and data.draw(st.booleans())]
    assert places_in(keyed(a), keyed(b)).tolist() == [b.index(k) if k in b else -1 for k in a]


def keyed(keys: list[tuple[str, int, str]]) -> RunRows:
    rows = object.__new__(RunRows)
    kinds = {"direction": pa.string(), "split": pa.int64(), "id": pa.string()}
    values = zip(*keys, strict=True) if keys else ([], [], [])
    arrays = [pa.array(own, kind) for own, kind in zip(values, kinds.values(), strict=True)]
    rows.table = pa.table(arrays, list(kinds))
    return rows


def compare_ids(out: Path, a: str, b: str) -> Comparison:
    """By path, for one id is the beginning of another."""
    return compare(*(out / f"runs/t/{run}.json" for run in (a, b)), out=out)


def test_groups_are_swapped_together(tmp_path: Path) -> None:
    groups = [f"g{i // 5}" for i in range(100)]
    for name, rate in (("a", 0.4), ("b", 0.6)):
        write_run(tmp_path, name, {"em": coins(100, rate)}, groups=groups)
    score = compare("a", "b", out=tmp_path).scores[0]
    assert (score.test, score.n, score.groups) == (PERMUTATION, 100, 20)


def test_failed_samples_are_left_out_of_both_and_counted(tmp_path: Path) -> None:
    a: list[float | None] = [*coins(50, 0.5)]
    b: list[float | None] = [*coins(50, 0.9)]
    a[3] = a[4] = a[5] = b[5] = b[10] = None
    write_run(tmp_path, "a", {"em": a})
    write_run(tmp_path, "b", {"em": b})
    score = compare("a", "b", out=tmp_path).scores[0]
    assert score.failed == (2, 1, 1)
    assert score.n == 46
    kept = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    assert score.baseline == pytest.approx(np.mean([x for x, _ in kept]))
    assert score.difference == pytest.approx(np.mean([y - x for x, y in kept]))
    assert main(["compare", "a", "b", "--out", str(tmp_path)]) == 0


def test_what_was_left_out_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, "a", {"em": [1.0, 0.0, None, 1.0]})
    write_run(tmp_path, "b", {"em": [1.0, 1.0, 1.0, None]})
    main(["compare", "a", "b", "--out", str(tmp_path)])
    assert (
        "excluded: 1 sample failed in the baseline alone, 1 in the candidate alone, 0 in both"
        in capsys.readouterr().out
    )


CHANGED = {
    "fingerprint": (
        {"task": msgspec.structs.replace(TASK, fingerprint="other")},
        r"task definition \(fingerprint\) ffffffff against other",
    ),
    "version": ({"task": msgspec.structs.replace(TASK, version=2)}, "version 1 against 2"),
    "data": (
        {"task": msgspec.structs.replace(TASK, data_hash="e" * 8, data={"sample": 7})},
        r"data dddddddd \(10 samples\) against eeeeeeee \(7 samples\)",
    ),
    "signature": (
        {"scores": {"em": msgspec.structs.replace(score_info(coins(20, 0.5)), signature="s2")}},
        "em measured as 'fold=mean' against 's2'",
    ),
    "metrics": ({"scores": {"other": score_info(coins(20, 0.5))}}, "no metric is common to"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_cannot_be_compared_is_refused_with_what_differs(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, message = CHANGED[what]
    a = write_run(tmp_path, "a", {"em": coins(20, 0.5)})
    b = write_run(tmp_path, "b", {"em": coins(20, 0.5)}, **changes)
    store.write_record(tmp_path, b, store.read_table(store.stored_run(a, tmp_path)))
    with pytest.raises(UserError, match=message):
        compare("a", "b", out=tmp_path)
    assert main(["compare", "a", "b", "--out", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_rows_that_are_missing_or_of_another_run(tmp_path: Path) -> None:
    for run, rate in (("a", 0.2), ("b", 0.7)):
        write_run(tmp_path, run, {"em": coins(30, rate)})
    rows = tmp_path / "runs/t/b.parquet"
    rows.write_bytes((tmp_path / "runs/t/a.parquet").read_bytes())
    with pytest.raises(DataError, match="the rows belong to another run"):
        compare("a", "b", out=tmp_path)
    rows.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="not the rows of a run"):
        compare("a", "b", out=tmp_path)
    rows.unlink()
    with pytest.raises(DataError, match="no file of rows at"):
        compare("a", "b", out=tmp_path)


def test_an_unknown_metric_is_answered_with_the_near_ones(tmp_path: Path) -> None:
    for run in ("a", "b"):
        write_run(tmp_path, run, {"recall@1[x]": coins(9, 0.5), "recall@1[y]": coins(9, 0.5)})
    with pytest.raises(UnknownName, match="did you mean recall@1"):
        compare("a", "b", metrics=["recal@1"], out=tmp_path)
    both = compare("a", "b", metrics=["recall@1"], out=tmp_path)
    assert [score.metric for score in both.scores] == ["recall@1[x]", "recall@1[y]"]
    one = compare("a", "b", metrics=["recall@1[y]"], out=tmp_path)
    assert [score.metric for score in one.scores] == ["recall@1[y]"]


def test_holm_counts_every_metric_and_pair(tmp_path: Path) -> None:
    shared = coins(200, 0.5)
    for run, rate in (("a", 0.50), ("b", 0.54), ("c", 0.50)):
        write_run(tmp_path, run, {"m1": coins(200, rate), "m2": shared})
    alone = compare("a", "b", metrics=["m1"], out=tmp_path).scores[0]
    both = compare("a", "b", out=tmp_path).scores[0]
    three = compare_runs(["a", "b", "c"], out=tmp_path)
    assert alone.p_value is not None and both.p_holm is not None
    assert both.p_value == alone.p_value == alone.p_holm
    assert both.p_holm == pytest.approx(2 * alone.p_value)
    assert [(c.baseline, c.candidate) for c in three] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert three[0].scores[0].p_holm == pytest.approx(6 * alone.p_value)


def test_the_corrected_p_value_decides(tmp_path: Path) -> None:
    first, second = [1.0] * 10 + [0.0] * 2, [0.0] * 10 + [1.0] * 2  # p = .0386 alone, .0771 of two
    for run, values in (("a", first), ("b", second)):
        write_run(tmp_path, run, {"em": values + [1.0] * 50, "other": [0.0, 1.0] * 31})
    assert compare("a", "b", metrics=["em"], out=tmp_path).scores[0].verdict == "worse"
    assert compare("a", "b", out=tmp_path).scores[0].verdict == "no difference"


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    a = write_run(tmp_path, "a", {"em": coins(50, 0.5)})
    score = compare(a, a, out=tmp_path).scores[0]
    assert (score.verdict, score.difference, score.p_value) == ("no difference", 0.0, 1.0)
    assert (score.low, score.high, score.detectable) == (0.0, 0.0, None)


def test_a_metric_of_the_whole_set_has_no_test_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = score_info([3.1], "whole")
    for run in ("a", "b"):
        made = write_run(tmp_path, run, {"em": coins(20, 0.5)})
        made = msgspec.structs.replace(made, scores=made.scores | {"fid@tf": whole})
        (tmp_path / f"runs/t/{run}.json").write_bytes(store.encode(made))
    score = compare("a", "b", out=tmp_path).scores[1]
    assert (score.verdict, score.reason) == ("no test", "no rows per sample")
    assert (score.baseline, score.p_holm) == (3.1, None)
    assert main(["compare", "a", "b", "--out", str(tmp_path)]) == 0
    assert "no test: no rows per sample" in capsys.readouterr().out


def test_samples_that_changed_are_safe_to_print_and_worst_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = '"\\u001b[31m\\u202eevil\\nrow"'
    write_run(tmp_path, "a", {"anls": [1.0, 0.9, 0.2, 0.5]}, ids=["x", "\x1b[2Jy", "z", "w"])
    write_run(
        tmp_path,
        "b",
        {"anls": [0.8, 0.0, 0.6, 0.5]},
        ids=["x", "\x1b[2Jy", "z", "w"],
        said=[hostile] * 4,
    )
    found = compare("a", "b", out=tmp_path).changes[0]
    assert (found.worse, found.better) == (2, 1)
    assert [c.id for c in found.samples] == ["\x1b[2Jy", "x", "z"]
    assert found.samples[0].candidate_output == "�[31m�evil row"
    main(["compare", "a", "b", "--out", str(tmp_path), "--show", "1"])
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out
    assert "0.9 → 0" in out and "1 → 0.8" not in out
    assert "2 samples worse, 1 better, the worst first:" in out


def test_json_is_every_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run, rate in (("a", 0.2), ("b", 0.5), ("c", 0.9)):
        write_run(tmp_path, run, {"em": coins(60, rate)})
    assert main(["compare", "a", "b", "c", "--pairs", "all", "--json", "--out", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(c["baseline"], c["candidate"]) for c in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0]["scores"][0]["verdict"] == "better"


def test_several_runs_get_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run, rate in (("a", 0.30), ("b", 0.70), ("c", 0.71), ("d", 0.31)):
        write_run(tmp_path, run, {"em": coins(300, rate)}, name=f"model-{run}")
    main(["compare", "a", "b", "c", "d", "--pairs", "all", "--out", str(tmp_path)])
    table = capsys.readouterr().out.partition("Runs that share a letter do not differ:")[2]
    rows = [line.split() for line in table.splitlines() if "model-" in line]
    assert [(row[1], row[2]) for row in rows] == [("a", "c"), ("a", "b"), ("b", "d"), ("b", "a")]


def test_letters_of_a_known_case() -> None:
    # 0 differs from 2 and 3, 1 from 3: the textbook a, ab, bc, c.
    assert compact_letters(4, [(0, 2), (0, 3), (1, 3)]) == ["a", "ab", "bc", "c"]
    assert compact_letters(3, []) == ["a", "a", "a"]


@settings(max_examples=60)
@given(st.integers(2, 7).flatmap(lambda n: st.tuples(
    st.just(n), st.sets(st.sampled_from(list(combinations(range(n), 2))))
)))  # fmt: skip
def test_runs_differ_exactly_where_they_share_no_letter(
    case: tuple[int, set[tuple[int, int]]],
) -> None:
    n, differ = case
    found = compact_letters(n, sorted(differ))
    for pair in combinations(range(n), 2):
        assert (not set(found[pair[0]]) & set(found[pair[1]])) == (pair in differ)


def ranking_runs(out: Path, rng: np.random.Generator) -> list[str]:
    """Two runs of the measuring engine: two directions, two splits, tags, one failure."""
    runs = []
    for run in ("one", "two"):
        directions = {
            way: [
                [
                    Prediction(
                        f"{way[0]}{split}-{i}",
                        Ranking([int(rng.integers(1, 12))], [1.0], depth=None),
                        {"x": 1.0},
                        "broken"
                        if (way, split, i, run) == ("text-to-image", 1, 3, "two")
                        else None,
                        tags={"place": "in" if i % 3 else "out"},
                    )
                    for i in range(12)
                ]
                for split in range(2)
            ]
            for way in ("text-to-image", "image-to-text")
        }
        names = ["recall@1", "recall@5", "median_rank", "rsum"]
        measured = measure(names, directions, breakdowns=["place"])
        made = write_run(
            out,
            run,
            {"recall@1": [0.0]},
            scores=measured.scores,
            headline="recall@1[text-to-image]",
        )
        store.write_record(out, made, rows_table(Predictions(directions), measured.metrics))
        runs.append(run)
    return runs


def test_stored_rows_give_every_recorded_value(tmp_path: Path) -> None:
    for run in ranking_runs(tmp_path, np.random.default_rng(0)):
        stored = find_run(run, tmp_path)
        rows = RunRows(stored, stored.record.scores)
        names = list(rows.record.scores)
        assert "rsum" in names
        assert "recall@1[image-to-text]{macro:place}" in names
        for name in names:
            assert rows.score_rows(name) is not None, name  # raises where the values differ
    score = {s.metric: s for s in compare("one", "two", out=tmp_path).scores}
    assert score["recall@5[text-to-image]"].failed == (0, 1, 0)
    assert score["recall@5[image-to-text]"].failed == (0, 0, 0)
    assert score["rsum"].n == 47
    assert {s.test for s in score.values()} == {PERMUTATION}  # of splits or tags, not plain means


def test_real_runs_without_torch(tmp_path: Path) -> None:
    """What runs leave behind is compared by a process that can import no torch."""
    out = tmp_path / "board"
    for model in ("clip-nano", "random"):
        args = ["run", "-m", model, "-t", "shapes-retrieval", "--limit", "40", "--device", "cpu"]
        assert main([*args, "--out", str(out), "--quiet"]) == 0
    a, b = (record.run for record in store.read_records(out))
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mmbench.cli import main\n"
        f"code = main(['compare', {a!r}, {b!r}, '--out', {str(out)!r}])\n"
        "assert not {'torch', 'transformers', 'scipy.stats'} & "
        "{m for m in sys.modules if sys.modules[m]}\n"
        "sys.exit(code)"
    )
    printed = run_python(code, cwd=ROOT)
    assert "worse" in printed
    assert "rank 1 → rank" in printed


def test_the_parser_loads_no_numbers(tmp_path: Path) -> None:
    code = (
        "import sys; from mmbench.cli import main; main(['list', 'models'])\n"
        "heavy = {'numpy', 'pyarrow', 'mmbench.comparison'}\n"
        "assert not heavy & set(sys.modules), sys.modules.keys()"
    )
    run_python(code, PYTHONPATH=str(ROOT))


def test_one_run_is_not_a_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, "a", {"em": [1.0, 0.0]})
    assert "at least two runs" in refusal(capsys, "compare", "a", "--out", str(tmp_path))


def test_the_workflows_of_the_docs_are_yaml_with_a_gate() -> None:
    blocks = fenced_blocks(ROOT / "docs/pull-requests.md")
    texts = (block.text for block in blocks if block.language == "yaml")
    settings, job = (yaml.safe_load(text) for text in texts)
    assert "recall@1" in settings["env"]["GATES"]
    assert any("mmbench gate" in step.get("run", "") for step in job["steps"])


def test_several_tasks_are_corrected_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = msgspec.structs.replace(TASK, name="u", fingerprint="g" * 8, data_hash="e" * 8)
    low, high = [0.0] * 40, [1.0] * 12 + [0.0] * 28
    write_run(tmp_path, "t1", {"x": low})
    write_run(tmp_path, "t2", {"x": high})
    write_run(tmp_path, "u1", {"x": low}, task=other)
    write_run(tmp_path, "u2", {"x": high}, task=other)
    alone = compare("t1", "t2", out=tmp_path).scores[0]
    pairs = compare_runs(["t1", "u1", "t2", "u2"], out=tmp_path)
    assert [(pair.task, pair.baseline, pair.candidate) for pair in pairs] == [
        ("t", "t1", "t2"),
        ("u", "u1", "u2"),
    ]
    assert alone.p_holm is not None
    assert [pair.scores[0].p_holm for pair in pairs] == [2 * alone.p_holm] * 2
    assert main(["compare", "t1", "u1", "t2", "u2", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert told.count("p corrected (Holm) over 2 tests") == 2
    with pytest.raises(UserError, match="only one run belongs to task u"):
        compare_runs(["t1", "t2", "u1"], out=tmp_path)


def test_a_metric_that_could_not_run_in_one_of_them_is_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, "a", {"x": coins(20, 0.2), "y": coins(20, 0.2)})
    absent = plain_score(None, "", 0, reason="y needs Java")
    values = {"x": coins(20, 0.5), "y": coins(20, 0.5)}
    made = write_run(tmp_path, "b", values)
    without = msgspec.structs.replace(made, scores=made.scores | {"y": absent})
    rows = store.read_table(store.stored_run(made, tmp_path))
    store.write_record(tmp_path, without, {name: v for name, v in rows.items() if name != "y"})
    assert [score.metric for score in compare("a", "b", out=tmp_path).scores] == ["x"]


def test_words_on_silence_are_changes(tmp_path: Path) -> None:
    """Insertions against an empty reference are worse, as jiwer.wer("", "a b") is 2 and not 0."""
    data = [{"id": n, "text": t} for n, t in (("u1", ""), ("u2", ""), ("u3", "a b"))]
    write_lines(tmp_path / "ref.jsonl", *data)
    task = tmp_path / "mine.yaml"
    task.write_text(
        "include: transcripts\nname: mine\nheadline: 'wer[none]'\n"
        "metrics: ['wer[none]', 'mer[none]', 'wil[none]']\n"
    )
    runs = [
        mmbench.score(str(task), said, data=tmp_path / "ref.jsonl", out=tmp_path, name=name).record
        for name, said in (
            ("quiet", {"u1": "", "u2": "", "u3": "a b"}),
            ("loud", {"u1": "thank you", "u2": "", "u3": "a b"}),
        )
    ]
    found = compare(*runs, out=tmp_path)
    assert [(c.worse, c.better) for c in found.changes] == [(1, 0)]
    assert [(s.id, s.baseline, s.candidate) for s in found.changes[0].samples] == [("u1", 0, 2)]
    assert [(c.worse, c.better) for c in compare(*runs[::-1], out=tmp_path).changes] == [(0, 1)]
