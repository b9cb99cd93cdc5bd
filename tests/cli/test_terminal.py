"""What people read: every command at the width of a terminal, and one line a row in a pipe."""

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.cli import main
from mmbench.cli.commands.results.show import task_yaml
from mmbench.cli.output import progress as progress_module
from mmbench.cli.output.progress import Lines
from mmbench.cli.output.run_summary import run_result
from mmbench.cli.output.terminal import display_width, fold, listing, table, wrapped
from mmbench.cli.parser import make_parser
from mmbench.cli.parser.completed_names import _actions, _names_for
from mmbench.spec import load_task, packaged_tasks
from mmbench.storage import records as store
from mmbench.storage.journal.folders import journal_root
from mmbench.text.number_format import format_interval, format_number, format_rate, format_seconds
from mmbench.types import PublishedInfo
from tests.support.boards import ROWS, model_info, plain_score, record, write_run
from tests.support.command_line import refusal
from tests.support.processes import run_python
from tests.support.terminal import run_on_terminal

LONG = "clip@runs/of-a-very-long-experiment/with-many-parts/step-20000"
Terminal = Callable[..., str]


@pytest.fixture
def terminal() -> Terminal:
    """Run a command in this process with its output on a terminal of `width` columns."""

    def run(width: int, *args: str) -> str:
        return run_on_terminal(width, args)[1]

    return run


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A board of four comparable runs, and one of two directions with long names."""
    tmp_path = tmp_path_factory.mktemp("board")
    for name, value in (("a", 0.0), ("b", 0.5), ("c", 1.0), ("d", 0.25)):
        values = [float(n < 40 * value) for n in range(40)]
        said = [f'"{"the same beginning of a long answer " * 4}{name}{n}"' for n in range(40)]
        write_run(tmp_path, name, {"exact_match": values}, said=said, name=f"{LONG}-{name}")
    journal = tmp_path / "cache" / "journal" / ("0" * 32)
    journal.mkdir(parents=True)
    (journal / "model.txt").write_text("llava-nano@packaged on cuda:0, as bfloat16\n")
    score = plain_score(0.5, low=0.4, high=0.6)
    ways = ("text-to-image", "image-to-text")
    names = [f"recall@{k}[{way}]" for k in (1, 5, 10, 50, 100) for way in ways]
    for name in ("x", LONG):
        model = model_info(name, options={"width": 64, "depth": 12})
        task = record().task.__class__("wide", 1, "retrieval", "f", "d", {}, {"corpus": 10})
        scores = dict.fromkeys(names, score)
        run = record(f"wide-{len(name)}", model=model, task=task, scores=scores, headline=names[0])
        store.write_record(tmp_path, run, ROWS)
    return str(tmp_path)


COMMANDS = [
    "list models", "list tasks", "list metrics", "list kinds", "list data", "list runs --out OUT",
    "show model clip", "show model unified", "show metric cider", "show metric wer",
    "show metric fid", "show metric clipscore@clip-nano",
    "show task coco-retrieval", "show run a --out OUT", "show run wide-1 --out OUT",
    "leaderboard show --out OUT", "leaderboard show --brief --out OUT",
    "history t --out OUT", "inspect a --out OUT", "inspect a b --out OUT",
    "compare OUT/runs/t/a.json OUT/runs/t/b.json --out OUT --show 2",
    "compare a b c d --out OUT", "compare a b c d --pairs all --out OUT --show 1", "verify",
    "gate --baseline a --candidate b --fail-if exact_match:-0.5% --out OUT",
    "show model nobody-has-a-model-of-this-name", "run -m nobody -t shapes-vqa",
    "run -m ./tests -t shapes-vqa", "--help", "run --help", "score --help", "rescore --help",
    "history t --out OUT", "cache show", "run -m a -t b --dtype c", "score", "inspect --help",
]  # fmt: skip


def test_no_line_of_the_cache_is_wider_than_the_terminal(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMBENCH_CACHE", "cache")
    folder = journal_root() / ("ab" * 16)
    folder.mkdir(parents=True)
    (folder / "model.txt").write_text(f"{LONG} on cuda\n")
    *table, _ = terminal(80, "cache", "show").splitlines()
    assert table[1].startswith("abababababab ") and table[-1].endswith("on cuda")
    assert max(map(len, table)) <= 80


@pytest.mark.parametrize("line", COMMANDS)
def test_no_line_is_wider_than_the_terminal(
    line: str, board: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    width = 80  # which argparse takes where it knows of none
    monkeypatch.setenv("MMBENCH_CACHE", f"{board}/cache")
    shown = terminal(width, *line.replace("OUT", board).split())
    assert shown.strip()
    wide = [one for one in shown.splitlines() if display_width(one) > width and " " in one.strip()]
    # A row of a list whose name, or whose one further word, is too long for the line.
    assert all(len(one.split()) <= 2 for one in wide), wide


@pytest.mark.parametrize("line", ["leaderboard show wide --out OUT", "compare a b --out OUT"])
def test_a_pipe_gets_one_line_for_a_row_and_no_escapes(
    line: str, board: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(line.replace("OUT", board).split())
    out = capsys.readouterr().out
    assert "\x1b" not in out and not any(one.endswith(" ") for one in out.splitlines())
    assert LONG in out
    rows = [one for one in out.splitlines() if one.startswith(("x (", "exact_match "))]
    assert all(len(one.split()) >= 8 for one in rows) and rows


@pytest.mark.parametrize("width", [60, 80, 90, 100, 120, 200])
def test_the_models_of_a_board_can_be_read_at_any_width(
    width: int, board: str, terminal: Terminal
) -> None:
    """Their column had no width at all at 80 and 90 columns."""
    shown = terminal(width, "leaderboard", "show", "wide", "--out", board)
    parts = shown.split("\n\n")
    tables = [part for part in parts if "model" in part]
    assert len(tables) >= 2
    for part in tables:
        joined = "".join(row.split("  0.5")[0].strip() for row in part.splitlines()[1:])
        assert LONG[:40] in joined.replace(" ", "") and "x(depth=12" in part.replace(" ", "")
    for way in ("text-to-image", "image-to-text"):
        assert way in shown.splitlines()
    assert "recall@1[" not in shown  # the direction is the heading
    assert "No sample failed." in shown


@pytest.mark.parametrize("name", packaged_tasks())
def test_a_task_that_is_shown_can_be_loaded_again(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    for width in (None, 80):
        copy.write_text(task_yaml(name, (), width))
        assert load_task(str(copy)) == load_task(name)


def test_a_task_with_hidden_characters_is_shown_escaped(tmp_path: Path) -> None:
    file = tmp_path / "evil.yaml"
    file.write_text('include: shapes-vqa\nsummary: "a\\e[2Jb\\u202Ec é"\nprompt: ""\n')
    text = task_yaml(str(file), ())
    assert "\x1b" not in text and "\u202e" not in text
    copy = tmp_path / "copy.yaml"
    copy.write_text(text)
    assert load_task(str(copy)) == load_task(str(file))


def test_a_run_is_shown_in_short_and_as_json(
    board: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "run", "b", "--out", board]) == 0
    short = capsys.readouterr().out
    assert "exact_match  0.5000  [0.3" in short
    assert len(short.splitlines()) < 25
    assert main(["show", "run", "b", "--out", board, "--json"]) == 0
    assert '"signature"' in capsys.readouterr().out


def test_why_published_scores_are_not_comparable_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, few = "not comparable: another model (m)", "not comparable: 6 of 5000 images"
    for run, verdict, shown in (("o", other, 0), ("f", few, 6), ("r", "reproduced", 6)):
        scores = {f"recall@{k}": record().scores["recall@1"] for k in range(1, 7)}
        published = [PublishedInfo(n, 0.3, 0.5, 0.01, verdict, "hub/id", "s") for n in scores]
        store.write_record(tmp_path, record(run, scores=scores, published=published), ROWS)
        main(["show", "run", run, "--out", str(tmp_path)])
        out = capsys.readouterr().out
        assert out.count("published 0.3000 for hub/id") == shown
        assert out.count("not comparable") == (verdict != "reproduced")


def test_a_reason_that_scores_share_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "no interval: every resample gives the same value"
    info = [plain_score(0.5, reason=r) for r in (why, "one")]
    scores = {"a": info[0], "b": info[0], "c": info[1]}
    store.write_record(tmp_path, record("run", scores=scores, headline="a"), ROWS)
    main(["show", "run", "run", "--out", str(tmp_path)])
    out = capsys.readouterr().out
    assert f"  {why}: a, b\n" in out and "c  0.5000  (one)" in out


def test_long_answers_are_compared_around_their_first_difference(
    board: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", "c", "a", "--out", board, "--show", "1"])
    out = capsys.readouterr().out
    assert "…of a long answer the same" in out or "answer c0 → " in out
    assert "answer c0" in out and "answer a0" in out  # what differs, behind 144 equal characters


def test_mmbench_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "completion" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.60684, "0.6068"), (1.004, "1.0040"), (27.3451, "27.345"), (498.432, "498.43"),
     (-0.00001, "0.0000"), (123456.7, "123457"), (None, "n/a")],
)  # fmt: skip
def test_numbers_have_five_digits_and_at_most_four_decimals(
    value: float | None, shown: str
) -> None:
    assert format_number(value) == shown


def test_intervals_rates_and_durations() -> None:
    assert format_interval(0.98, 1.02) == "0.9800 to 1.0200"
    assert format_interval(86.0, 114.5, "+") == "+86.00 to +114.50"
    assert format_interval(None, 1) == "n/a"
    assert [format_rate(x) for x in (0.123456, 43.123, 1638.78)] == ["0.123", "43.1", "1,639"]
    assert [format_seconds(x) for x in (4.83, 720, 12600)] == ["4.8 s", "12 min", "3.5 h"]


@given(st.text(st.sampled_from("ab é中文 "), max_size=200), st.integers(40, 90))
@settings(max_examples=40)
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(display_width(one) <= width or len(one.split()) == 1 for one in lines)


def test_a_long_word_is_indented_less() -> None:
    assert wrapped(f"  a: {'x' * 38}", 40) == ["  a:", "  " + "x" * 38]
    rows = [["a", "b"], ["y" * 14, "z " + "x" * 36]]
    assert max(map(display_width, table(rows, {0, 1}, 40))) == 40


def test_columns_fit_names_of_two_cells_and_long_ones() -> None:
    rows = [["model", "a" * 9, "b" * 9], ["模型" * 4, "1", "2"], ["runs/" * 9, "3", "4"]]
    lines = table(rows, {0}, 44)
    assert max(map(display_width, lines)) <= 44
    assert [line.split()[-1] for line in lines if "模型" in line] == ["2"]
    assert fold("clip@runs/a/step-1", 12) == ["clip@runs/a/", "  step-1"]
    assert fold("x" * 25, 10) == ["x" * 10, "  " + "x" * 8, "  " + "x" * 7]
    assert fold("e\u0301" * 12, 7) == ["e\u0301" * 7, "  " + "e\u0301" * 5]  # marks take no cell
    texts = ("中文", "🚀", "ก\u0e34\u0e48", "\u1112\u1161\u11ab", "\u2665\ufe0f", "ú")
    assert [display_width(text) for text in texts] == [4, 2, 1, 2, 1, 1]
    wide = listing([["name", "word " * 12], ["a-name-that-is-long-indeed", "text"]], 40)
    assert wide[1].startswith("      word") and wide[-2:] == [
        "a-name-that-is-long-indeed",
        "      text",
    ]


def test_a_log_of_an_hour_has_few_lines_of_progress(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress_module, "monotonic", lambda: clock[0])
    lines = Lines()
    lines.start("write image", 3600, 0)
    for second in range(1, 3600):
        clock[0] = second
        lines.advance(1)
    shown = capsys.readouterr().err.splitlines()
    assert 20 < len(shown) < 60
    assert shown[1] == "write image: 10 of 3,600, 1/s, 60 min left"


def test_the_time_left_does_not_count_the_loading_of_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [5.0]
    monkeypatch.setattr(progress_module, "monotonic", lambda: clock[0])
    lines = Lines()
    lines.start("embed text", 1000, 100)
    for clock[0] in (65, 70, 75):  # the model is loaded for a minute
        lines.advance(10)
    assert capsys.readouterr().err.splitlines() == [
        "embed text: 1,000, 100 of them already done",
        "embed text: 110 of 1,000",
        "embed text: 130 of 1,000, 2/s, 7 min left",
    ]


def test_bash_completes_names_and_flags(tmp_path: Path) -> None:
    """The real shell, as a person sets it up; names of what costs nothing to list."""
    program = tmp_path / "mmbench"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom mmbench.cli import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    script = """eval "$(mmbench completion bash)"
    complete_line() {
        COMP_LINE="$1"; COMP_POINT=${#1}; read -ra COMP_WORDS <<< "$1"; COMP_TYPE=9
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
        _python_argcomplete mmbench "${COMP_WORDS[COMP_CWORD]}"; echo "${COMPREPLY[@]}"
    }
    complete_line 'mmbench run -m clip-n'; complete_line 'mmbench run -t coco-r'
    complete_line 'mmbench show metric we'; complete_line 'mmbench run --publ'
    """
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True)
    models, tasks, metrics, flags = done.stdout.splitlines()
    assert models.split() == ["clip-nano"] and tasks.split() == ["coco-retrieval"]
    assert r"wer\[basic\]" in metrics and flags.split() == ["--published-as"]


@pytest.mark.parametrize(
    ("flag", "names"),
    [("--family", "mos"), ("--device", "cpu"), ("--batch-size", "auto"), ("--limit", ""),
     ("--seed", ""), ("--baseline", "latest best")],
)  # fmt: skip
def test_a_flag_completes_what_it_takes(flag: str, names: str) -> None:
    """Numbers complete to nothing, where a shell would name files; a bad --out stops nothing."""
    action = next(a for a in _actions(make_parser()) if flag in a.option_strings)
    completer = _names_for(action)
    assert completer is not None
    shown = set(completer(prefix="", parsed_args=Namespace(out="nowhere://x")))
    assert shown >= set(names.split()) and bool(shown) == bool(names)


def test_completing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mmbench.cli.parser.completed_names import _metrics, _models;"
        "assert 'clip' in _models('cl') and 'recall@10' in _metrics();"
        "assert not {'torch', 'transformers', 'pandas', 'pyarrow', 'datasets'} & set(sys.modules)"
    )
    run_python(code)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["comapre", "a", "b"], "unknown command 'comapre': did you mean compare"),
        (["run", "-m", "a", "-t", "b", "--dtype", "flaot32"], "did you mean float32"),
        (["run", "-m", "a", "-t", "b", "--limit", "x"], "'x' is not an integer of at least 1"),
        (["run", "-m", "a", "-t", "b", "--seed", "-1"], "'-1' is not an integer of at least 0"),
        (["train", "clip-nano", "--out", "a", "--seed", str(2**63)], "is above the largest seed"),
        (["gate", "--alpha", "x"], "'x' is not a number between 0 and 1"),
        (["cache", "prune", "--older-than", "-1"], "is not a number of days"),
        (["compare", "a", "b", "--show", "-1"], "'-1' is not an integer of at least 0"),
        (["score"], "`mmbench score --help` shows all flags"),
    ],
)
def test_what_is_typed_wrong_is_one_line(
    args: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(args)
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert says in shown
    assert shown.count("\n") == 1


def test_a_board_without_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "runs", "--out", str(tmp_path)]) == 0
    assert "makes one" in capsys.readouterr().err
    assert "no runs in" in refusal(capsys, "history", "t", "--out", str(tmp_path))


def test_a_unit_of_a_record_stays_in_its_line() -> None:
    counts = {"samples": 1, "failed": 0, "requests": 1, "computed": 1, "cached": 0}
    shown = run_result(record(throughput={"a\nb": 1.0}, counts=counts), "where", 100)
    assert not any("\n" in line for line in shown)
