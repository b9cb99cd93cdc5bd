"""The table of metrics and references: every row holds, and one that does not is told."""

import json
import math
import os
import re
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from mmbench.builtin import TABLES
from mmbench.cli import main
from mmbench.conformance import Case, ConformanceRow, LargestDifference, cases, families, run_case
from mmbench.conformance.case import Skipped, max_difference
from mmbench.conformance.packages import environment, installed, library
from mmbench.conformance.speech import mos as mos_family
from mmbench.errors import MissingExtra
from mmbench.text import markdown
from tests.support.command_line import refusal
from tests.support.paths import ROOT, real_data

DOCUMENT = ROOT / "docs/conformance.md"
ALL = [(family, case) for family in families() for case in cases(family)]
# pycocoevalcap on a thousand captions, METEOR's second Java process and DNSMOS take half a minute.
QUICK = [
    (family, case)
    for family, case in ALL
    if case.metric not in ("meteor", "dnsmos")
    and not (case.data and case.package == "pycocoevalcap")
]


def of(number: float, tolerance: float = 1e-9, **given: object) -> Case:
    return Case("m", "r", lambda _: LargestDifference(number, "some"), tolerance, **given)


def failing_case(error: Exception) -> Case:
    def compare(_: Path) -> LargestDifference:
        raise error

    return Case("m", "r", compare)


def failing(error: Exception) -> ConformanceRow:
    return run_case("f", failing_case(error), None)


def assert_good(rows: list[ConformanceRow]) -> None:
    assert not [row for row in rows if not row.good]
    assert any(row.verdict == "within" for row in rows)


@pytest.mark.parametrize("family", families())
def test_every_row_on_generated_inputs_is_within_its_tolerance(family: str) -> None:
    assert_good([run_case(of, case, None) for of, case in QUICK if of == family and not case.data])


def test_every_golden_row_on_real_data_is_within_its_tolerance() -> None:
    data = real_data()
    assert_good([run_case(family, case, data) for family, case in QUICK if case.data])


@pytest.mark.slow
def test_the_whole_command_on_real_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "--data", str(real_data())]) == 0
    assert "BEYOND" not in capsys.readouterr().out


def test_every_metric_has_a_row() -> None:
    there = {re.split(r"[@\[]", case.metric)[0] for _, case in ALL}
    wanted = {re.split(r"[@\[]", name)[0] for name in TABLES["metric"]}
    own = {"torchmetrics"}  # it is its own reference
    assert not {name for name in wanted - there - own if not name.startswith("pope_")}
    assert "pope_*" in there


# ---- verdicts ----


@pytest.mark.parametrize(
    ("number", "verdict"),
    [(0.0, "within"), (1e-9, "within"), (1.1e-9, "BEYOND"), (math.inf, "BEYOND")],
)
def test_a_difference_beyond_the_tolerance_is_told(number: float, verdict: str) -> None:
    row = run_case("f", of(number), None)
    assert (row.verdict, row.difference, row.inputs) == (verdict, number, "some")


def test_a_difference_that_is_no_number_is_beyond() -> None:
    assert run_case("f", of(math.nan), None).verdict == "BEYOND"


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Skipped("no such thing"), "skipped"),
        (MissingExtra("m", "lib", "mmbench[x]"), "skipped"),
        (ModuleNotFoundError("No module named 'lib'", name="lib"), "skipped"),
        (ModuleNotFoundError("No module named 'mmbench.x'", name="mmbench.x"), "FAILED"),
        (ZeroDivisionError("division by zero"), "FAILED"),
    ],
)
def test_what_is_missing_skips_and_what_breaks_fails(error: Exception, verdict: str) -> None:
    row = failing(error)
    assert (row.verdict, row.difference) == (verdict, None)
    assert str(error) in row.reason


def test_a_package_that_is_not_installed_skips_its_row() -> None:
    row = run_case("f", of(0, package="no-such-package"), None)
    assert (row.verdict, row.reason) == ("skipped", "no-such-package is not installed")


def test_the_version_of_a_package_is_shown() -> None:
    row = run_case("f", of(0, package="numpy"), None)
    assert row.reference == f"numpy {np.__version__} r"


def test_data_that_are_not_given_or_not_there_skip_their_rows(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert (
        run_case("f", of(0, data="there"), None).reason
        == "no data; pass --data DIR with the folder there"
    )
    reason = run_case("f", of(0, data="other"), tmp_path).reason
    assert reason == f"no folder other in {tmp_path}; download it, or pass another --data"
    assert run_case("f", of(0, data="there"), tmp_path).verdict == "within"


def test_a_reference_that_prints_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    def compare(_: Path) -> LargestDifference:
        print("one")
        os.write(2, b"two")
        return LargestDifference(0, "some")

    assert run_case("f", Case("m", "r", compare), None).verdict == "within"
    assert capfd.readouterr() == ("", "")


def test_differences_are_relative_where_numbers_are_large() -> None:
    assert max_difference(1.5, 1.0) == 0.5
    assert max_difference(1010.0, 1000.0) == 0.01
    assert max_difference([0.0, 3.0], [0.25, 3.0]) == 0.25
    assert max_difference([], []) == 0
    assert max_difference([math.nan, math.inf], [math.nan, math.inf]) == 0
    assert max_difference([0.0, math.nan], [0.0, 1.0]) == math.inf
    assert max_difference(1.0, math.inf) == math.inf
    with pytest.raises(ValueError, match="differ"):
        max_difference([1.0], [1.0, 2.0])


def test_a_package_that_lacks_something_says_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking/__init__.py").write_text("import no_such_module.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="lacking needs no_such_module, which is not installed"):
        library("lacking.metric")
    with pytest.raises(ImportError, match="No module named 'no_such_package'"):
        library("no_such_package.module")
    assert installed("no-such-package") is None


VISION = ("torch_fidelity", "pytorch-fid", "clean-fid")


@pytest.mark.parametrize("package", VISION)
def test_packages_that_need_torchvision_are_compared_with_it(package: str) -> None:
    """`make test-torchvision` has torchvision and the packages."""
    rows = [run_case(family, case, None) for family, case in ALL if case.package == package]
    assert rows
    if installed("torchvision") and installed(package):
        assert [(row.verdict, row.reason) for row in rows] == [("within", "")] * len(rows)
    else:
        assert {row.verdict for row in rows} == {"skipped"}
        assert all("not installed" in row.reason for row in rows)


# ---- the command ----


def with_tolerance(monkeypatch: pytest.MonkeyPatch, tolerance: float) -> None:
    kept = [case._replace(tolerance=tolerance) for case in mos_family.CASES[:2]]
    monkeypatch.setattr(mos_family, "CASES", kept)


def test_a_row_beyond_its_tolerance_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_tolerance(monkeypatch, 1e-9)
    assert main(["conformance", "--family", "mos"]) == 0
    assert capsys.readouterr().out.endswith("2 within\n")
    with_tolerance(monkeypatch, -1.0)
    assert main(["conformance", "--family", "mos"]) == 1
    assert capsys.readouterr().out.endswith("2 BEYOND\n")


def test_rows_as_json_and_markdown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_tolerance(monkeypatch, 1e-9)
    assert main(["conformance", "--family", "mos", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["within", "within"]
    assert [row["family"] for row in rows] == ["mos", "mos"]
    assert main(["conformance", "--family", "mos", "--markdown"]) == 0
    text = capsys.readouterr().out
    assert "Generated by `mmbench conformance" in text
    assert "| mos | definition in float64 | generated" in text
    assert "| mos | definition in float64 | mos | 0 |" in text


def test_rows_of_another_environment_stand_where_none_is_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    here = of(0.0), of(0.0, package="no-such-package"), failing_case(Skipped("needs data"))
    monkeypatch.setattr(mos_family, "CASES", list(here))
    skipped = [run_case("mos", case, None) for case in here]
    there = [replace(row, environment="torch 99") for row in skipped]
    there[1] = replace(there[1], verdict="within", difference=0.0, reason="")
    there[2] = replace(there[2], reason="needs more")
    (tmp_path / "rows.json").write_bytes(msgspec.json.encode(there))
    command = ["conformance", "--family", "mos", "--rows", str(tmp_path / "rows.json")]
    assert main([*command, "--markdown"]) == 0
    text = capsys.readouterr().out
    assert f"- (1) {markdown(environment())}\n- (2) torch 99\n" in text
    verdicts = [line.split(" | ")[-1] for line in text.splitlines() if line.startswith("| m |")]
    assert verdicts == ["within (1) |", "within (2) |", "skipped: needs data |"]
    (tmp_path / "rows.json").write_text("no rows")
    assert "rows.json: not a file written by --json" in refusal(capsys, *command)


def test_what_cannot_be_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "retrieval" in refusal(capsys, "conformance", "--family", "retreival")
    assert "no such folder" in refusal(capsys, "conformance", "--data", str(tmp_path / "none"))


def test_the_document_has_every_row_and_all_hold() -> None:
    """Made again with the command that the document names."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = Counter()
    for part in text.split("\n## ")[1:]:
        family, *lines = part.splitlines()
        for line in lines:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if len(cells) == 6 and cells[0] not in ("metric", "---"):
                found[family, cells[0]] += 1
                assert cells[5].startswith(("within", "skipped")), line
    assert found == Counter((family, markdown(case.metric)) for family, case in ALL)
