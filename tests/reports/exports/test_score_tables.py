"""CSV and JUnit: every score of a run, not rounded, with the outcome that CI shows."""

import csv
from pathlib import Path
from xml.etree import ElementTree

from mmbench.cli import main
from mmbench.types import PublishedInfo
from tests.support.boards import coins, plain_score, record, write_record_alone, write_run


def lines(out: Path, *flags: str) -> list[dict[str, str]]:
    """Export the run r1 as CSV and return the lines."""
    file = out / "x.csv"
    assert (
        main(["export", "r1", "--to", "csv", "--out", str(out), "--file", str(file), *flags]) == 0
    )
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_csv_has_a_line_for_each_score_and_tag_value(tmp_path: Path) -> None:
    part = plain_score(1 / 3, n=3)
    changes = {"breakdowns": {"=kind": {"1": {"exact_match": part}}}}
    made = write_run(tmp_path, "r1", {"exact_match": coins(7, 0.5), "b": coins(7, 0.5)}, **changes)
    whole, tagged, other = lines(tmp_path)
    score = made.scores["exact_match"]
    assert [float(whole[key]) for key in ("value", "low", "high")] == [
        score.value,
        score.low,
        score.high,
    ]
    assert (whole["headline"], tagged["headline"], other["headline"]) == ("yes", "no", "no")
    assert (tagged["tag"], tagged["tag_value"], float(tagged["value"])) == ("'=kind", "1", 1 / 3)
    assert other["score"] == "b"
    assert [line["score"] for line in lines(tmp_path, "--metric", "b")] == ["b"]


def test_csv_leaves_the_cell_of_a_missing_value_empty(tmp_path: Path) -> None:
    scores = {"spice": plain_score(None, reason="no Java")}
    write_record_alone(tmp_path, record("r1", scores=scores, headline="spice"))
    (line,) = lines(tmp_path)
    assert (line["value"], line["low"], line["reason"]) == ("", "", "no Java")


def test_junit_shows_what_went_wrong(tmp_path: Path) -> None:
    scores = {
        "a": plain_score(0.5, low=0.4, high=0.6),
        "b": plain_score(None, reason="no Java"),
        "c": plain_score(0.2),
        "d": plain_score(0.1),
    }
    published = [
        PublishedInfo("a", 0.5, 0.5, 0.002, "reproduced", "o/m"),
        PublishedInfo("c", 0.3, 0.2, 0.002, "not reproduced: off by -0.1000", "o/m"),
        PublishedInfo("d", 0.3, 0.1, 0.002, "not comparable: another model (m)", "o/m"),
    ]
    counts = {"samples": 10, "failed": 1, "requests": 0, "computed": 0, "cached": 0}
    made = record(
        "r1", scores=scores, headline="b", published=published, counts=counts,
        failures=[("id", "broken")], seconds={"load": 1.5, "rank": 2.0},
    )  # fmt: skip
    write_record_alone(tmp_path, made)
    file = tmp_path / "x.xml"
    command = ["export", "r1", "--to", "junit", "--out", str(tmp_path), "--file", str(file)]
    assert main([*command, "--anyway"]) == 0
    (suite,) = ElementTree.parse(file).getroot()
    found = {
        (case.get("classname"), case.get("name")): (
            case[0].tag,
            case[0].get("message") or case[0].text,
        )
        for case in suite.iter("testcase")
    }
    assert found["scores", "a"][0] == "system-out"
    assert "0.5000 (95 % 0.4000 to 0.6000, n = 10)" in str(found["scores", "a"][1])
    assert found["scores", "b"] == ("error", "no value: no Java")
    assert found["published", "a"][0] == "system-out"
    assert found["published", "c"][0] == "failure"
    assert "published 0.3 of o/m, measured 0.2000" in str(found["published", "c"][1])
    assert found["published", "d"][0] == "skipped"
    assert found["samples", "every sample was evaluated"] == (
        "failure",
        "1 of 10 samples failed (id: broken)",
    )
    names = ("tests", "failures", "errors", "skipped", "time", "timestamp")
    assert [suite.get(name) for name in names] == ["8", "2", "1", "1", "3.5", made.created[:19]]
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["run"] == "r1"
    assert properties["caveat 1"] == "1 of 10 samples failed (id: broken)"
