"""The gate: beyond noise and margin, within it, or not to be told; exit codes and reports."""

import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from mmbench.cli import main
from mmbench.comparison.gate import GateRule, GateVerdict, gate, parse_rule
from mmbench.comparison.junit import annotation, junit, sentence
from mmbench.errors import UnknownName, UserError
from mmbench.storage import records as store
from tests.support.boards import coins, score_info, write_run
from tests.support.command_line import refusal
from tests.support.paths import ROOT
from tests.support.processes import run_mmbench


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("recall@1: -0.5%", GateRule("recall@1", 0.005, True)),
        ("recall@1[text-to-image]:0.5 %", GateRule("recall@1[text-to-image]", 0.005, True)),
        ("wer[basic]: +0.005", GateRule("wer[basic]", 0.005, False)),
        ("em{macro:subject}: -.02", GateRule("em{macro:subject}", 0.02, False)),
        ("em: 0", GateRule("em", 0.0, False)),
        ("mean_rank: 2.", GateRule("mean_rank", 2.0, False)),
    ],
)
def test_rules(text: str, rule: GateRule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text", ["", "em", "em 0.5%", "em: x", "em: nan", ": 1", "em: 5%%", "em: "]
)
def test_a_rule_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(UserError, match="write METRIC: LOSS"):
        parse_rule(text)


def two(out: Path, a: float, b: float, n: int = 1000, **changes: str) -> None:
    for run, rate in (("a", a), ("b", b)):
        write_run(out, run, {"em": coins(n, rate)}, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "rule", "outcome"),
    [
        (0.60, 0.50, "em: -0.02", "fail"),
        (0.60, 0.50, "em: 5%", "fail"),
        (0.60, 0.595, "em: 0.02", "pass"),
        (0.60, 0.60, "em: 0", "pass"),  # the very same answers
        (0.60, 0.65, "em: 0", "pass"),
        (0.60, 0.50, "em: 0.2", "pass"),  # worse for certain, and allowed
        (0.60, 0.598, "em: 0.001", "unclear"),
    ],
)
def test_outcomes(tmp_path: Path, a: float, b: float, rule: str, outcome: str) -> None:
    two(tmp_path, a, b)
    assert gate("a", "b", [rule], out=tmp_path)[0].outcome == outcome


def test_for_what_should_be_low_a_rise_is_a_loss(tmp_path: Path) -> None:
    two(tmp_path, 0.1, 0.2, better="lower")
    found = gate("a", "b", ["em: -1%"], out=tmp_path)[0]
    assert found.outcome == "fail"
    assert found.loss is not None and found.low is not None and found.high is not None
    assert 0 < found.low < found.loss < found.high
    assert gate("b", "a", ["em: -1%"], out=tmp_path)[0].outcome == "pass"


def test_a_percentage_is_of_the_baseline(tmp_path: Path) -> None:
    two(tmp_path, 0.2, 0.19)
    found = gate("a", "b", ["em: 10%"], out=tmp_path)[0]
    assert found.baseline is not None
    assert found.margin == pytest.approx(0.1 * found.baseline)
    assert found.allowed == "10%"


def test_unclear_says_how_many_samples_would_tell(tmp_path: Path) -> None:
    # The same shares of lost and won samples, in as many samples as were said to be needed, pass.
    def runs(n: int) -> GateVerdict:
        lost, won = round(0.05 * n), round(0.05 * n)
        a = [1.0] * lost + [0.0] * won + [1.0] * (n - lost - won)
        b = [0.0] * lost + [1.0] * won + [1.0] * (n - lost - won)
        write_run(tmp_path, f"a{n}", {"em": a})
        write_run(tmp_path, f"b{n}", {"em": b})
        return gate(f"a{n}", f"b{n}", ["em: 0.02"], out=tmp_path)[0]

    found = runs(400)
    assert found.outcome == "unclear"
    assert found.needed is not None and 400 < found.needed < 2000
    assert f"about {found.needed:,} samples would be enough" in found.message
    assert runs(int(found.needed * 1.15) // 20 * 20).outcome == "pass"
    assert runs(int(found.needed * 0.8) // 20 * 20).outcome == "unclear"


def test_samples_that_failed_in_the_candidate_do_not_pass_unseen(tmp_path: Path) -> None:
    a = coins(200, 0.6)
    b: list[float | None] = [*a]
    b[:20] = [None] * 20
    write_run(tmp_path, "a", {"em": a})
    write_run(tmp_path, "b", {"em": b}, bounds=(0.5, 0.6))
    found = gate("a", "b", ["em: 0.02"], out=tmp_path)[0]
    assert found.outcome == "unclear"
    assert "20 samples failed in the candidate alone" in found.message
    assert gate("a", "b", ["em: 0.2"], out=tmp_path)[0].outcome == "pass"
    assert gate("b", "a", ["em: 0.02"], out=tmp_path)[0].outcome == "pass"


def test_holm_over_the_metrics_of_the_gate(tmp_path: Path) -> None:
    # 10 lost against 2 won: p = .0386 alone, .0771 of two.
    a = [1.0] * 10 + [0.0] * 2 + [1.0] * 50
    b = [0.0] * 10 + [1.0] * 2 + [1.0] * 50
    for run, values in (("a", a), ("b", b)):
        write_run(tmp_path, run, {"em": values, "other": [0.0, 1.0] * 31})
    assert gate("a", "b", ["em: 0.01"], out=tmp_path)[0].outcome == "fail"
    both = gate("a", "b", ["em: 0.01", "other: 0.01"], out=tmp_path)
    assert [found.outcome for found in both] == ["unclear", "pass"]
    assert gate("a", "b", ["em: 0.01"], alpha=0.01, out=tmp_path)[0].outcome == "unclear"


def test_a_metric_without_rows_cannot_be_tested(tmp_path: Path) -> None:
    for run in ("a", "b"):
        made = write_run(tmp_path, run, {"em": coins(20, 0.5)})
        made = msgspec.structs.replace(made, scores={"fid@tf": score_info([3.1], "whole")})
        (tmp_path / f"runs/t/{run}.json").write_bytes(store.encode(made))
    found = gate("a", "b", ["fid@tf: 1%"], out=tmp_path)[0]
    assert (found.outcome, found.message) == ("unclear", "there is no test: no rows per sample")


def test_unknown_metrics_and_two_rules_for_one(tmp_path: Path) -> None:
    two(tmp_path, 0.5, 0.5, n=20)
    with pytest.raises(UnknownName, match="did you mean em"):
        gate("a", "b", ["emm: 1%"], out=tmp_path)
    with pytest.raises(UserError, match="two rules for em"):
        gate("a", "b", ["em: 1%", "em: 2%"], out=tmp_path)


@pytest.fixture(scope="module")
def worse_and_unclear(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Runs a and b: `em` is worse in b, `other` is a coin of its own in each."""
    out = tmp_path_factory.mktemp("runs")
    unlike = np.random.default_rng(0)
    for run, rate in (("a", 0.6), ("b", 0.4)):
        other = [float(v) for v in unlike.random(300) < 0.5]
        write_run(out, run, {"em": coins(300, rate), "other": other})
    return str(out)


@pytest.mark.parametrize(
    ("rule", "on_unclear", "code"),
    [
        ("em: 0.3", "4", 0),
        ("em: 0.01", "4", 1),
        ("other: 0.001", "4", 4),
        ("other: 0.001", "pass", 0),
        ("other: 0.001", "fail", 1),
        ("nothing: 1%", "4", 2),
        ("em", "4", 2),
    ],
)
def test_exit_codes(
    worse_and_unclear: str,
    capsys: pytest.CaptureFixture[str],
    rule: str,
    on_unclear: str,
    code: int,
) -> None:
    args = ["gate", "--baseline", "a", "--candidate", "b", "--out", worse_and_unclear]
    assert main([*args, "--fail-if", rule, "--on-unclear", on_unclear]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_failure_outweighs_an_unclear_verdict(worse_and_unclear: str) -> None:
    args = ["gate", "--baseline", "a", "--candidate", "b", "--out", worse_and_unclear]
    assert main([*args, "--fail-if", "other: 0.001", "--fail-if", "em: 0.01"]) == 1


VERDICT = GateVerdict(
    "em\x1b[1m<&>", "unclear", "5 % of\x00 it", 0.02, "2%", 0.6, 0.5, 0.1, -0.1, 0.3, 0.2, 900
)


@pytest.mark.parametrize(
    ("on_unclear", "element"), [("4", "error"), ("fail", "failure"), ("pass", "skipped")]
)
def test_junit_is_xml_that_any_reader_takes(on_unclear: str, element: str) -> None:
    passed = msgspec.structs.replace(VERDICT, outcome="pass")
    failed = msgspec.structs.replace(VERDICT, outcome="fail")
    root = ElementTree.fromstring(junit([VERDICT, passed, failed], "x\x07 & y", on_unclear))
    suite = root.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert [[child.tag for child in case] for case in cases] == [
        [element], ["system-out"], ["failure"]
    ]  # fmt: skip
    counted = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error")}
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["failures"] == str(counted["failure"])
    assert suite.attrib["errors"] == str(counted["error"])
    assert suite.attrib["skipped"] == str(len(suite.findall("testcase/skipped")))


@pytest.mark.parametrize(
    ("on_unclear", "level"), [("4", "warning"), ("fail", "error"), ("pass", "notice")]
)
def test_annotations_cannot_be_broken_out_of(on_unclear: str, level: str) -> None:
    hostile = msgspec.structs.replace(VERDICT, metric="a,b: c\n::error::d%")
    line = annotation(hostile, on_unclear)
    assert line.startswith(f"::{level} title=mmbench unclear%3A a%2Cb%3A c %3A%3Aerror%3A%3Ad%25::")
    assert "\n" not in line
    assert "5 %25 of" in line


def test_a_sentence_has_values_loss_and_margin() -> None:
    verdict = msgspec.structs.replace(VERDICT, metric="em", message="why")
    assert sentence(verdict) == (
        "em: unclear, 0.6000 → 0.5000, worse by 0.1 (loss -0.1 to 0.3),"
        " allowed 2% = 0.02, p = 0.2: why"
    )


def test_reports_of_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two(tmp_path, 0.6, 0.4)
    args = ["gate", "--baseline", "a", "--candidate", "b", "--fail-if", "em: 1%"]
    args += ["--out", str(tmp_path), "--github", "--junit", str(tmp_path / "j.xml")]
    assert main(args) == 1
    out = capsys.readouterr().out
    assert "\n::error title=mmbench fail%3A em::em: fail, " in out
    suite = ElementTree.parse(tmp_path / "j.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.attrib["name"], suite.attrib["failures"]) == ("mmbench gate: b against a", "1")
    assert main([*args, "--json"]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)[0]["outcome"] == "fail"
    assert "::error" in shown.err
    assert "--junit" in refusal(capsys, *args[:-1], str(tmp_path / "none" / "j.xml"))


@pytest.mark.slow
def test_equal_models_fail_in_at_most_5_of_100(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    outcomes = []
    for _ in range(60):
        for run in ("a", "b"):
            write_run(tmp_path, run, {"em": [float(v) for v in rng.random(300) < 0.5]})
        outcomes.append(gate("a", "b", ["em: 0"], out=tmp_path)[0].outcome)
    assert outcomes.count("fail") <= 5  # one-sided: 2.5 % of 60 is 1.5; 5 or fewer in 99.6 %


def test_real_runs_by_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """clip-nano against itself passes; a random model fails against it."""
    out = str(tmp_path / "board")
    for model in ("clip-nano", "random"):
        args = ["run", "-m", model, "-t", "shapes-retrieval", "--limit", "40", "--device", "cpu"]
        assert main([*args, "--out", out, "--quiet"]) == 0
    nano, random = (record.run for record in store.read_records(out))
    rules = ["--fail-if", "recall@1: -0.5%", "--fail-if", "mean_rank: 5%", "--out", out]
    assert main(["gate", "--baseline", nano, "--candidate", nano, *rules]) == 0
    command = ["gate", "--baseline", nano, "--candidate", random]
    for told in (capsys.readouterr().out, run_mmbench(*command, *rules, cwd=ROOT, code=1)):
        assert len([line for line in told.splitlines() if line.startswith(("recall", "mean"))]) == 4
