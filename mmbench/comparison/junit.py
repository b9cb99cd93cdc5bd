"""Tests as JUnit XML, which CI systems show, and gate verdicts as such tests and on GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as Xml

from mmbench.comparison.gate import GateVerdict
from mmbench.text import plain
from mmbench.text.number_format import format_number

# How an unclear verdict is reported: `--on-unclear` → (JUnit's element, GitHub's level).
UNCLEAR = {"pass": ("skipped", "notice"), "fail": ("failure", "error"), "4": ("error", "warning")}
_LONGEST = 1000  # characters of a message or a property


class JunitCase(NamedTuple):
    """A test: its group, its name, its outcome and a line about it.

    The outcome is "" for a test that passed, else `failure`, `error` or `skipped`.
    """

    group: str
    name: str
    outcome: str
    message: str
    type: str = ""


class JunitSuite(NamedTuple):
    """The tests of a suite, with its time (UTC, without zone), its seconds and properties."""

    name: str
    cases: Sequence[JunitCase]
    timestamp: str = ""
    seconds: float = 0
    properties: Mapping[str, str] = {}


def junit(verdicts: Sequence[GateVerdict], suite: str, on_unclear: str) -> bytes:
    """Return a JUnit XML report of the test suite `suite`, with a test for each metric.

    `on_unclear` states how an unclear verdict is reported.
    """
    outcomes = {"pass": "", "fail": "failure", "unclear": UNCLEAR[on_unclear][0]}
    cases = [
        JunitCase(suite, v.metric, outcomes[v.outcome], sentence(v), v.outcome) for v in verdicts
    ]
    return to_xml([JunitSuite(suite, cases)])


def to_xml(suites: Sequence[JunitSuite], name: str = "") -> bytes:
    """Return test suites as JUnit XML in UTF-8, with the elements that Jenkins and GitLab read.

    Texts are safe to print: control characters, which XML forbids, are replaced. The elements are
    those of Jenkins' junit-10.xsd (jenkinsci/xunit-plugin).
    """
    root = Xml.Element("testsuites", {"name": plain(name)} if name else {})
    for suite in suites:
        _add_suite(root, suite)
    Xml.indent(root)
    text: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_suite(root: Xml.Element, suite: JunitSuite) -> None:
    outcomes = [case.outcome for case in suite.cases]
    counts = {f"{kind}s": outcomes.count(kind) for kind in ("failure", "error")}
    numbers = {"tests": len(outcomes), **counts, "skipped": outcomes.count("skipped")}
    attributes = {"name": plain(suite.name), "time": f"{suite.seconds:g}"}
    attributes |= {"timestamp": plain(suite.timestamp)} if suite.timestamp else {}
    attributes |= {key: str(number) for key, number in numbers.items()}
    tests = Xml.SubElement(root, "testsuite", attributes)
    if suite.properties:
        properties = Xml.SubElement(tests, "properties")
        for key, value in suite.properties.items():
            text = {"name": plain(key), "value": plain(value, _LONGEST)}
            Xml.SubElement(properties, "property", text)
    for case in suite.cases:
        _add_case(tests, case)


def _add_case(tests: Xml.Element, case: JunitCase) -> None:
    name = {"classname": plain(case.group), "name": plain(case.name), "time": "0"}
    test = Xml.SubElement(tests, "testcase", name)
    message = plain(case.message, _LONGEST)
    if case.outcome:
        attributes = {"message": message} | ({"type": case.type} if case.type else {})
        Xml.SubElement(test, case.outcome, attributes)
    else:
        Xml.SubElement(test, "system-out").text = message


def annotation(verdict: GateVerdict, on_unclear: str) -> str:
    """Return a verdict as a GitHub Actions command, which GitHub shows next to the commit."""
    levels = {"pass": "notice", "fail": "error", "unclear": UNCLEAR[on_unclear][1]}
    title = _escaped(f"mmbench {verdict.outcome}: {plain(verdict.metric)}")
    title = title.replace(":", "%3A").replace(",", "%2C")
    return f"::{levels[verdict.outcome]} title={title}::{_escaped(sentence(verdict))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def sentence(verdict: GateVerdict) -> str:
    """Return a verdict as one line: measured values, allowed loss, and conclusion."""
    parts = [
        f"{plain(verdict.metric)}: {verdict.outcome}",
        f"{format_number(verdict.baseline)} → {format_number(verdict.candidate)}",
    ]
    if verdict.loss is not None:
        word = "better" if verdict.loss < 0 else "worse"
        ends = f" (loss {_loss(verdict.low)} to {_loss(verdict.high)})"
        change = f"{word} by {_loss(abs(verdict.loss))}" if verdict.loss else "no difference"
        parts.append(f"{change}{ends if verdict.low is not None else ''}")
    relative = verdict.margin is not None and verdict.allowed.endswith("%")
    parts.append(f"allowed {verdict.allowed}{f' = {_loss(verdict.margin)}' if relative else ''}")
    if verdict.p_value is not None:
        parts.append(f"p = {verdict.p_value:.2g}")
    return f"{', '.join(parts)}: {plain(verdict.message, 400)}"


def _loss(value: float | None) -> str:
    """Return a loss or a margin as text with four significant digits, because it can be small."""
    return "n/a" if value is None else f"{value:.4g}"
