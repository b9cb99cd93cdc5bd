"""A record from elsewhere may hold any string: no output lets one act on a terminal or a reader."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from unicodedata import category
from xml.etree import ElementTree

import msgspec
import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.cli import main
from mmbench.cli.commands.results.history import table
from mmbench.cli.errors import report
from mmbench.cli.output.board_table import board_table
from mmbench.cli.output.run_summary import run_result, run_summary
from mmbench.comparison.gate import GateVerdict
from mmbench.comparison.history import Point
from mmbench.comparison.junit import annotation, junit, sentence
from mmbench.errors import DataError
from mmbench.reports import tables as board_tables
from mmbench.reports.exports.formats import export_runs
from mmbench.reports.exports.options import ExportOptions
from mmbench.reports.tables import to_csv
from mmbench.storage.folders import Folder
from mmbench.storage.records import StoredRun
from mmbench.text import json_escaped, markdown_name, printable
from mmbench.types import PublishedInfo, RunRecord, ScoreInfo
from tests.support.boards import record

HOSTILE = [
    *[
        "\x1b[31mred",
        "\x9b2J",
        "a\u202eb",
        "\u2066x\u2069",
        "\x07",
        "\x00",
        "line\nline",
        "\r",
        "\t=",
    ],
    *["<script>alert(1)</script>", "[x](javascript:y)", "![](http://x)", "https://evil.example"],
    *["www.evil.example", "a|b", "`code`", "](x)", "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"],
    *["::error::gone", "a::b", "x\n::error file=a::b", "##[error]x", "%0A::error::x", "a:b,c=d"],
    *["$\\frac{a}$", "_hidden", "[red]x[/red]", "\ufffe", "\u2028", "&lt;", "]]>", "'", '"', "ok"],
]
hostile = st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join)
hostile = hostile | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

_COUNTS = {"samples": 3, "failed": 1, "requests": 2, "computed": 1, "cached": 1}


def _full() -> RunRecord:
    """A record with a value in every field."""
    score = ScoreInfo(
        0.5, 0.4, 0.6, 3, 3, "s", "higher", "mean", failed=1, bounds=(0.1, 0.9), reason="why"
    )
    made = record(
        "run", scores={"metric": score, "other": score}, headline="metric", counts=_COUNTS
    )
    return msgspec.structs.replace(
        made,
        model=msgspec.structs.replace(
            made.model, checkpoint="c", revision="r", options={"key": "value"}
        ),
        task=msgspec.structs.replace(made.task, protocol={"corpus": 5}, source={"doubt": "d"}),
        published=[PublishedInfo("metric", 0.5, 0.5, 0.1, "reproduced", "m")],
        failures=[("id", "reason")],
        throughput={"unit": 1.0},
        index={"name": {"key": "value"}},
        notes=["note"],
        breakdowns={"tag": {"value": {"metric": score}}},
    )


FULL = _full()
_KEPT = {"better", "fold", "kind", "outcome"}  # closed sets of words


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    """The full record with any of its strings, keys too, replaced by hostile ones."""
    new: dict[str, str] = {}

    def replaced(text: str) -> str:
        if text not in new:
            new[text] = draw(hostile)
        return new[text]

    structs = (RunRecord, ScoreInfo, type(FULL.task), type(FULL.model), PublishedInfo)
    fields = {name for struct in structs for name in struct.__struct_fields__}
    fixed = fields | {"doubt", *FULL.counts}

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return value if key in _KEPT else replaced(value)
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {k if k in fixed else replaced(k): walk(v, k) for k, v in value.items()}
        return value

    return msgspec.convert(walk(msgspec.to_builtins(FULL)), RunRecord)


def _assert_printable(text: str) -> None:
    """No control or formatting character, but line breaks."""
    shown = (char == "\n" or char.isprintable() or category(char) == "Zs" for char in text)
    assert all(shown), ascii(text)


def _without_code(page: str) -> str:
    """Markdown without its code spans and escaped characters."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"\\.", "", page))


@settings(max_examples=60)
@given(records())
def test_a_record_is_harmless_wherever_it_is_shown(shown: RunRecord) -> None:
    lines = [*run_result(shown, "where", 100), *run_summary(shown, 80), *board_table([shown], 80)]
    assert not any("\n" in line for line in lines)
    text = "\n".join(map(printable, lines))
    _assert_printable(text)
    assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)
    page = board_tables.page(shown.task.name, [[shown]])
    _assert_printable(page)
    bare = _without_code(page)
    assert "<" not in bare
    assert "](" not in bare
    assert "://" not in bare
    assert not re.search(r"(?i)\bwww\.", bare)
    assert (
        len({line.replace(r"\|", "").count("|") for line in page.splitlines() if line[:1] == "|"})
        == 1
    )
    for row in csv.reader(io.StringIO(to_csv([[shown]]))):
        for cell in row:
            assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"} or _is_number(cell), cell
            _assert_printable(cell)
            assert "\n" not in cell


@pytest.mark.parametrize("name", ["www.evil.example", "WWW.x", "https://x", "[a](b)", "<b>"])
def test_a_name_makes_no_link_in_markdown(name: str) -> None:
    assert markdown_name(name) != name
    assert markdown_name("recall@1[text-to-image]") == "recall@1[text-to-image]"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records())
def test_a_record_is_harmless_in_each_export(tmp_path: Path, shown: RunRecord) -> None:
    run = StoredRun(shown, Folder(tmp_path), "run.json")
    options = ExportOptions(
        data_sets=("o/d:t",), model_id="o/m", source="https://x.org", anyway=True
    )
    files = {"hub": "x.yaml", "card": "x.md", "csv": "x.csv", "junit": "x.xml", "eee": "eee"}
    for name, file in files.items():
        if shown.headline in shown.scores:  # another record has no headline to export
            places = export_runs([run], name, tmp_path / file, options).places
            for place in places:
                assert Path(place).resolve().is_relative_to(tmp_path)
                text = Path(place).read_text(encoding="utf-8")
                _assert_printable(text)
                _read_back(name, text, shown)


def _read_back(name: str, text: str, shown: RunRecord) -> None:
    """Read an export by the parser of its format, as a program of a user does."""
    score = shown.scores[shown.headline]
    if name == "hub":
        (entry,) = parse_eval_result_entries(yaml.safe_load(text))
        assert entry.value == score.value
    elif name == "card":
        assert score.value in [one.metric_value for one in ModelCard(text).data.eval_results]
    elif name == "csv":
        lines = list(csv.DictReader(io.StringIO(text)))
        assert all(len(line) == len(lines[0]) and None not in line for line in lines)
        for cell in (cell for line in lines for cell in line.values()):
            assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"} or _is_number(cell), cell
    elif name == "junit":
        assert ElementTree.fromstring(text).tag == "testsuites"
    else:
        assert json.loads(text)["model_info"]["id"] == "o/m"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@settings(max_examples=40)
@given(hostile, hostile, hostile, st.sampled_from(["pass", "fail", "unclear"]))
def test_a_verdict_is_harmless_wherever_it_is_shown(
    metric: str, message: str, suite: str, outcome: str
) -> None:
    fields = dict.fromkeys(GateVerdict.__struct_fields__, None)
    given = {"metric": metric, "outcome": outcome, "message": message, "allowed": "0.01"}
    verdict = GateVerdict(**fields | given)
    ElementTree.fromstring(junit([verdict], suite, "fail"))
    (line,) = annotation(verdict, "fail").splitlines()
    command = re.fullmatch(r"::(notice|error|warning) title=([^:,\r\n]*)::(.*)", line)
    assert command
    _assert_printable(line)
    shown = printable(sentence(verdict))
    _assert_printable(shown)
    assert len(shown.splitlines()) == 1
    assert not re.match(r"\s*::", shown)
    assert "##[" not in shown


@given(st.text(st.characters(exclude_categories=["Cs"])) | hostile)
def test_json_on_a_terminal_has_the_same_values(text: str) -> None:
    shown = json_escaped(msgspec.json.encode({text: [text]}).decode())
    assert json.loads(shown) == {text: [text]}
    _assert_printable(shown)


@settings(max_examples=40)
@given(st.text() | hostile)
def test_printable_keeps_lines_and_hides_the_rest(text: str) -> None:
    shown = printable(text)
    _assert_printable(shown)
    assert shown.count("\n") == text.count("\n")
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_shows_no_control_character(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(DataError(f"data.csv: has no column image, only {text}")) == 2
    _assert_printable(capsys.readouterr().err)


def test_a_header_with_an_escape_sequence_is_named_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, data = tmp_path / "mine.yaml", tmp_path / "data.csv"
    task.write_text("include: coco-retrieval\nname: mine\ndata: {source: table}\nprotocol: {}\n")
    data.write_text("image\x1b[31m,text\na.jpg,red\n")
    assert main(["check", "-t", str(task), "--data", str(data)]) == 2
    shown = capsys.readouterr()
    _assert_printable(shown.err + shown.out)


def test_a_task_holds_no_command_of_a_workflow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = tmp_path / "own.yaml"
    task.write_text("include: answers\nname: own\nsummary: '##[error]x \u202e'\n", encoding="utf-8")
    assert main(["show", "task", str(task)]) == 0
    shown = capsys.readouterr().out
    assert "##[" not in shown
    _assert_printable(shown)


@pytest.mark.slow
def test_a_history_and_a_picture_take_any_name(tmp_path: Path) -> None:
    from mmbench.comparison.plot import plot

    fields = dict.fromkeys(Point.__struct_fields__)
    texts = dict.fromkeys(("created", "run", "checkpoint", "dtype", "change", "by"), "")
    kept: dict[str, Any] = {"line": 0, "value": 0.5, "failed": 0, "order": "created"}
    points = [
        Point(**fields | texts | kept | {"model": name, "training": name, "options": {name: name}})
        for name in HOSTILE
    ]
    lines = table("\x1b", "\x1b", points, str)
    assert not any("\n" in line for line in lines)
    _assert_printable("\n".join(map(printable, lines)))
    plot({"$\\frac$": points}, str(tmp_path / "a.svg"))
    ElementTree.fromstring((tmp_path / "a.svg").read_bytes())
