"""Boards: one question per column, hostile names harmless, nothing lost between writers."""

import csv
import io
import shutil
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest

from mmbench.cli import main
from mmbench.cli.output.board_table import board_table
from mmbench.comparison.comparability import distinctions
from mmbench.reports import board
from mmbench.reports import cells as board_cells
from mmbench.reports import sections as board_sections
from mmbench.reports import tables as board_tables
from mmbench.reports.cells import BRIEF, brief, failed
from mmbench.reports.sections import caption, other_data, sections
from mmbench.reports.tables import to_csv
from mmbench.storage import records as store
from mmbench.text import markdown_code
from mmbench.types import ScoreInfo
from tests.support.boards import (
    ROWS,
    bad_files,
    board_rows,
    model_info,
    plain_score,
    record,
    task_info,
)
from tests.support.command_line import refusal
from tests.support.paths import ROOT
from tests.support.processes import run_python


def test_other_questions_and_other_data_stand_in_other_tables() -> None:
    signed = plain_score(0.5, "index=Flat")
    records = [
        record("a"),
        record("b", task=task_info(fingerprint="other")),
        record("c", task=task_info(data_hash="other")),
        record("d", scores={"recall@1": signed}),
    ]
    assert len(sections(records)) == 4


def test_of_each_model_the_latest_run_best_first() -> None:
    records = [
        record("a", 0.9, model=model_info("x")),
        record("b", 0.1, model=model_info("x")),
        record("c", 0.5, model=model_info("y")),
        record("d", None, model=model_info("z")),
    ]
    (table,) = sections(records)
    assert [r.run for r in table] == ["c", "b", "d"]


def test_the_latest_way_to_measure_the_same_data_comes_first() -> None:
    """A board begins with what is measured today, in whatever order the records are read."""
    old, new = _signed(wer="empty=skipped"), _signed(wer="empty=inserted")
    days = {"2026-01-01": old, "2026-01-02": new}
    records = [record(day, created=day, scores=scores) for day, scores in days.items()]
    for given in (records, records[::-1]):
        assert [table[0].run for table in sections(given)] == ["2026-01-02", "2026-01-01"]
    more = record("more", created="2025-01-01", task=task_info(data={"corpus": 99}))
    assert sections([*records, more])[0][0].run == "more"


def test_a_table_without_failures_comes_before_a_newer_one_with_failures() -> None:
    counts = {"samples": 10, "failed": 3, "requests": 10, "computed": 7, "cached": 0}
    whole = record("whole", created="2026-01-01", task=task_info(data_hash="w"))
    task = task_info(data_hash="b")
    broken = record("broken", created="2026-01-02", task=task, counts=counts)
    assert [table[0].run for table in sections([broken, whole])] == ["whole", "broken"]


def test_data_other_than_the_protocols_is_marked_in_words() -> None:
    small = record(task=task_info(protocol={"corpus": 5000}, data={"corpus": 159}))
    words = "not comparable with the protocol: 159 of 5000 corpus samples"
    assert other_data(small) == words
    assert other_data(record()) == ""
    source = {"doubt": "nothing says that x.json is of the split test"}
    said = {"protocol": {"corpus": 10}, "source": source}
    words = f"not comparable with the protocol: {source['doubt']}"
    assert other_data(record(task=task_info(**said))) == words
    more = record(task=task_info(**said | {"data": {"corpus": 9}}))
    assert other_data(more).endswith(f": 9 of 10 corpus samples, {source['doubt']}")
    assert other_data(record(task=task_info(source=source))) == ""  # there is no protocol


def test_files_that_are_no_records_stop_no_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Among the records of a task, and alone in the folders of others; names are no patterns."""
    bad = bad_files(tmp_path, "t")
    bad_files(tmp_path, "nothing else")
    bad_files(tmp_path, "my[v1] (a)")
    for name in ("t", "my[v1] (a)"):
        named = msgspec.structs.replace(task_info(), name=name)
        store.write_record(tmp_path, record(task=named), ROWS)
    assert board.build(str(tmp_path), ["../../x", "nothing else"]).pages == []
    pages, unreadable, _ = board.build(str(tmp_path))
    assert [Path(page).name for page in pages] == ["my[v1] (a).md", "t.md"]
    assert len(unreadable) == 3 * len(bad)
    index = (tmp_path / "README.md").read_text()
    assert "(t.md)" in index
    assert "(my%5Bv1%5D%20%28a%29.md)" in index
    assert "nothing" not in index
    for args, code in {("leaderboard", "show"): 0, ("list", "runs"): 0, ("history", "t"): 0,
                       ("history", "nothing else"): 2}.items():  # fmt: skip
        assert main([*args, "--out", str(tmp_path)]) == code
        told = capsys.readouterr().err
        assert "deep.json: not a run record: values are nested more than 100 deep" in told
        assert " more" in told


def test_names_and_outputs_are_harmless(tmp_path: Path) -> None:
    evil = "x|y\n<script>alert(1)</script>\x1b[2J=1+1"
    store.write_record(tmp_path, record(model=model_info(evil)), ROWS)
    board.build(str(tmp_path))
    page = (tmp_path / "t.md").read_text()
    assert "<script>" not in page
    assert "\x1b" not in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in table}) == 1
    assert "\x1b" not in "".join(board_table([record(model=model_info(evil))], 200))


@pytest.mark.parametrize("width", [40, 80, 120, 400])
def test_a_narrow_terminal_splits_a_table_and_hides_nothing(width: int) -> None:
    names = [f"recall@{k}[text-to-image]" for k in (1, 5, 10, 20, 50, 100)] + ["wer[whisper_en]"]
    scores = {
        name: ScoreInfo(0.1234, 0.1, 0.2, 10, 10, "fold=mean", "higher", "mean") for name in names
    }
    runs = [record(name, scores=scores, model=model_info(name)) for name in ("x" * 35, "clip")]
    lines = board_table(runs, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for name in names:  # the direction is the heading of its part
        assert name.removesuffix("[text-to-image]") in text.split()
    # Each piece names both models, the long one perhaps over two lines of its cell.
    pieces = [piece for piece in text.split("\n\n") if "model" in piece]
    assert all(piece.count("x") >= 35 and "clip" in piece for piece in pieces)
    # By hand: half of 40 or all 35 of the models, 6 to 15 and 2 blanks of a column; two directions.
    assert len(pieces) == {40: 7, 80: 3, 120: 2, 400: 2}[width]


def test_no_csv_cell_is_a_formula(tmp_path: Path) -> None:
    store.write_record(tmp_path, record(model=model_info("=1+1")), ROWS)
    board.build(str(tmp_path))
    assert board_rows(tmp_path / "t.csv")[0]["model"] == "'=1+1"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recall@1[text-to-image]", "(fraction, lower is better)"),  # direction: of the record
        ("wer[basic]{macro:speaker}", "(fraction, lower is better)"),
        ("wer[basic][audio-to-text]{macro:a}", "(fraction, lower is better)"),
        ("fid@clip", "(distance, lower is better)"),
        ("a_plugin_s[x]", "(lower is better)"),
        ("recall@" + "9" * 9999, "(lower is better)"),
    ],
)
def test_a_page_says_unit_and_direction_of_the_headline(name: str, words: str) -> None:
    score = plain_score(0.5, "s", better="lower")
    run = record("a", scores={name: score}, headline=name)
    code = markdown_code(name)
    assert f"Headline: {code} {words}, with its 95 % interval." in board_tables.page("t", [[run]])
    run = record("a", scores={"other": score}, headline=name)
    assert f"Headline: {code}, with its 95 % interval." in board_tables.page("t", [[run]])


def test_failures_are_shown_with_the_bounds_they_leave() -> None:
    score = plain_score(0.5, "s", 8, failed=2, bounds=(0.4, 0.6))
    counts = {"samples": 10, "failed": 2}
    shown = failed(record(scores={"recall@1": score}, counts=counts))
    assert shown == "2 (recall@1 between 0.4000 and 0.6000)"


def _write(out: str, number: int) -> None:
    store.write_record(
        out, record(f"run{number:03}", number / 100, model=model_info(str(number))), ROWS
    )
    board.build(out, ["t"])


@pytest.mark.slow
def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        pool.starmap(_write, [(str(tmp_path), n) for n in range(12)])
    assert len(board_rows(tmp_path / "t.csv")) == 12
    assert not list(tmp_path.rglob(".*"))


def test_a_board_needs_neither_torch_nor_pandas(tmp_path: Path) -> None:
    store.write_record(tmp_path, record(), ROWS)
    code = (
        "import sys; from mmbench.cli import main;"
        "assert main(['leaderboard', 'build', '--out', sys.argv[1]]) == 0;"
        "assert not {'torch', 'transformers', 'PIL', 'pandas'} & set(sys.modules)"
    )
    run_python(code, tmp_path)
    assert "recall@1" in (tmp_path / "t.md").read_text()


@pytest.mark.parametrize("folder", ["leaderboards", "leaderboards/seeds"])
def test_the_boards_of_this_repository_are_what_their_records_give(
    folder: str, tmp_path: Path
) -> None:
    stored = ROOT / folder
    shutil.copytree(stored / "runs", tmp_path / "runs")
    board.build(str(tmp_path))
    tables = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert tables == sorted(path.name for path in stored.glob("*.csv"))
    assert [
        name for name in tables if (tmp_path / name).read_bytes() != (stored / name).read_bytes()
    ] == []


def test_values_in_a_csv_file_keep_all_their_digits(tmp_path: Path) -> None:
    """A metric that only another table has, and one that is n/a, leave empty cells."""
    scores = {
        name: plain_score(value, "s", 1)
        for name, value in (("a, b", 0.1 + 0.2), ("tiny", 1e-07), ("none", None))
    }
    tables = [[record("one", 1.0)], [record("two", scores=scores)]]
    header, first, second = csv.reader(io.StringIO(to_csv(tables)))
    place = {name: i for i, name in enumerate(header)}
    assert [first[place[name]] for name in ("recall@1", "a, b", "none")] == ["1.0", "", ""]
    assert [second[place[name]] for name in ("recall@1", "a, b", "tiny", "none")] == [
        *("", "0.30000000000000004", "1e-07", "")
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.30444, "0.3044"),
        (1.0, "1.0000"),
        (1.004, "1.0040"),
        (12.345, "12.345"),
        (498.432, "498.43"),
        (None, "n/a"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert board_cells.number(record(value=value).scores["recall@1"]) == shown


def test_a_line_for_each_model_beside_the_best_of_blind_answers() -> None:
    records = [
        record("a", 0.9, model=model_info("x")),
        record("b", 0.5, model=model_info("y")),
        record("c", 1.0, model=model_info("oracle"), baseline="oracle"),
        record("d", 0.1, model=model_info("constant"), baseline="constant"),
        record("e", 0.2, model=model_info("random"), baseline="random"),
    ]
    (table,) = sections(records)
    rows = [dict(zip(BRIEF, row, strict=True)) for row in brief(table)]
    assert [row["model"] for row in rows] == ["x", "y"]
    assert [row["value"] for row in rows] == ["0.9000", "0.5000"]
    assert {row["baseline"] for row in rows} == {"0.2000"}
    assert {(row["task"], row["headline"]) for row in rows} == {("t", "recall@1")}
    (alone,) = brief([records[0]])
    assert alone[-1] == ""
    baselines = [it for it in table if it.baseline]
    assert [row[1] for row in brief(baselines)] == [
        f"{name} (baseline)" for name in ("oracle", "random", "constant")
    ]


def test_brief_tables_are_shown_by_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.write_record(tmp_path, record(model=model_info("x\x1b[2J")), ROWS)
    assert main(["leaderboard", "show", "--brief", "--out", str(tmp_path)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "task"
    assert line.split()[0] == "t"
    assert "\x1b" not in line


def test_runs_that_differ_are_listed_apart_and_say_in_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs on 65 and on 7 clips are not comparable, so no line of one stands under the other."""
    clips = {n: task_info(data={"sample": n}, data_hash=f"hash-of-{n}") for n in (65, 7)}
    for name, n, value in (("a", 65, 0.3), ("b", 7, 0.1), ("c", 65, 0.2)):
        store.write_record(
            tmp_path, record(name, value, model=model_info(name), task=clips[n]), ROWS
        )
    assert main(["leaderboard", "show", "--brief", "--out", str(tmp_path)]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "t, 65 samples:" and lines[3] == "t, 7 samples:"
    assert [line.split()[1] for line in (*lines[1:3], lines[4])] == ["a", "c", "b"]


def _signed(**signatures: str) -> dict[str, ScoreInfo]:
    return {name: plain_score(0.5, signature) for name, signature in signatures.items()}


@pytest.mark.parametrize(
    ("first", "second", "parts"),
    [
        ({}, {}, ([], [])),
        ({"task": task_info(data_hash="a" * 8)}, {}, (["data aaaaaaaa"], ["data dddddddd"])),
        (
            {"task": task_info(fingerprint="a" * 8)},
            {},
            (["task definition aaaaaaaa"], ["task definition ffffffff"]),
        ),
        (
            {"scores": _signed(wer="unit=word,empty=skipped")},
            {"scores": _signed(wer="unit=word,empty=inserted")},
            (["empty=skipped"], ["empty=inserted"]),
        ),
        (
            {"scores": _signed(wer="unit=word")},
            {"scores": _signed(wer="unit=word", cer="unit=character")},
            (["no cer"], []),  # what the other has is told by what this one lacks
        ),
        (  # a run measured again with another metric names it, not all that it left out
            {"scores": _signed(wer="unit=word", cer="unit=character")},
            {"scores": _signed(rtfx="over=corpus")},
            (["no rtfx"], ["only rtfx"]),
        ),
        (  # the size does not tell these two apart, the hash does
            {"task": task_info(data={"corpus": 10}, data_hash="a" * 8)},
            {"task": task_info(data={"corpus": 10}, data_hash="b" * 8)},
            (["data aaaaaaaa"], ["data bbbbbbbb"]),
        ),
    ],
)
def test_what_sets_two_runs_apart(
    first: dict[str, object], second: dict[str, object], parts: tuple[list[str], list[str]]
) -> None:
    found = distinctions([record("a", **first), record("b", **second)])  # type: ignore[arg-type]
    assert tuple(found) == parts


def test_tables_of_one_task_have_captions_that_differ() -> None:
    scores = [_signed(wer="empty=skipped"), _signed(wer="empty=inserted")]
    tables = sections([record("a", scores=scores[0]), record("b", scores=scores[1])])
    captions = board_sections.captions(tables)
    assert [words.rpartition("; ")[2] for words in captions] == ["empty=skipped", "empty=inserted"]
    assert all(words in board_tables.page("t", tables) for words in captions)
    (alone,) = board_sections.captions(tables[:1])
    assert alone == caption(tables[0])


def test_the_lines_of_every_table_stand_under_a_title_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run with a further metric has nothing that sets it apart, and no place under another's."""
    for name, metrics in (("a", {"wer": "u"}), ("b", {"wer": "u", "cer": "v"})):
        stored = record(name, scores=_signed(**metrics), model=model_info(name))
        store.write_record(tmp_path, stored, ROWS)
    assert main(["leaderboard", "show", "--brief", "--out", str(tmp_path)]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if not line.endswith(":")] == ["a", "b"]
    assert [line for line in lines if line.endswith(":")] == ["t, no cer:", "t:"]


def test_files_of_the_user_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--out .` in a project: its README.md, and the data `t.csv` of a task `t`, stay."""
    readme, data = tmp_path / "README.md", tmp_path / "t.csv"
    readme.write_text("# Our project\n")
    run = ["run", "-m", "oracle", "-t", "no-such-task", "--out", str(tmp_path)]
    assert f"cannot write {readme}: a file that `mmbench leaderboard` has not" in refusal(
        capsys, *run
    )
    readme.unlink()
    data.write_text("id,label\n")
    store.write_record(tmp_path, record("a"), ROWS)
    assert main(["leaderboard", "build", "--out", str(tmp_path)]) == 2
    assert "choose another folder with --out" in capsys.readouterr().err
    assert data.read_text() == "id,label\n"
    data.write_text("")
    for _ in range(2):
        assert main(["leaderboard", "build", "--out", str(tmp_path)]) == 0
