"""Gate verdicts as JUnit XML, which CI systems show as tests, and as GitHub annotations."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from mmbench.comparison.gate import GateVerdict
from mmbench.text import plain
from mmbench.text.number_format import format_number

# How an unclear verdict is reported: `--on-unclear` → (JUnit's element, GitHub's level).
UNCLEAR = {"pass": ("skipped", "notice"), "fail": ("failure", "error"), "4": ("error", "warning")}


def junit(verdicts: Sequence[GateVerdict], suite: str, on_unclear: str) -> bytes:
    """Return a JUnit XML report of the test suite `suite`, with a test for each metric.

    `on_unclear` states how an unclear verdict is reported.
    """
    elements = {"pass": "", "fail": "failure", "unclear": UNCLEAR[on_unclear][0]}
    outcomes = [elements[verdict.outcome] for verdict in verdicts]
    counts = {f"{kind}s": outcomes.count(kind) for kind in ("failure", "error")}
    root = Xml.Element("testsuites")
    attributes = {"tests": len(verdicts), **counts, "skipped": outcomes.count("skipped")}
    xml_attributes = {
        "name": plain(suite),
        "time": "0",
        **{k: str(n) for k, n in attributes.items()},
    }
    tests = Xml.SubElement(root, "testsuite", xml_attributes)
    for verdict, outcome in zip(verdicts, outcomes, strict=True):
        name = {"classname": plain(suite), "name": plain(verdict.metric), "time": "0"}
        test = Xml.SubElement(tests, "testcase", name)
        if outcome:
            xml_attributes = {"message": sentence(verdict), "type": verdict.outcome}
            Xml.SubElement(test, outcome, xml_attributes)
        else:
            Xml.SubElement(test, "system-out").text = sentence(verdict)
    Xml.indent(root)
    text: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


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
