"""The page of a run: what it states, and how it looks with failures, without rows, and hostile."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.reports.pages.html import element, join
from mmbench.reports.pages.run import STYLES, RunContext, run_body, run_title
from mmbench.reports.pages.samples import file_media, run_browser
from mmbench.reports.pages.shell import page
from mmbench.storage.records import stored_run
from mmbench.types import PublishedInfo, RunRecord, StoredSample
from tests.support.boards import coins, model_info, plain_score, record, task_info, write_run
from tests.support.browser import OpenPage, overflowing
from tests.support.charts import text_faults
from tests.support.sample_runs import answered, ranked, run_of

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202eabc\x00" + "w" * 500

LINK = f"javascript:{HOSTILE}"


def document(made: RunRecord, out: Path | None = None, **context: Any) -> str:
    samples = None if out is None else run_samples(stored_run(made, out))
    body = run_body(made, samples, RunContext(**context), missing="" if out else "no rows")
    return page(run_title(made), body, styles=STYLES)


def full_record(**changes: Any) -> RunRecord:
    """Return a record with every optional field."""
    score = plain_score(0.5, low=0.4, high=0.6, failed=3, bounds=(0.3, 0.7), groups=5)
    other = plain_score(None, signature="x", reason="needs Java")
    published = [
        PublishedInfo(
            "recall@1", 0.52, 0.5, 0.002, "not reproduced: 0.02 lower", "clip", "https://arxiv.org"
        ),
        PublishedInfo("recall@5", 0.9, None, 0, "not comparable: another model", "other", "a book"),
    ]
    base: dict[str, Any] = {
        "model": model_info("clip", checkpoint="a/b", revision="c" * 40, options={"width": 8}),
        "task": task_info(protocol={"corpus": 1000}, data={"corpus": 10}, max_tokens=16),
        "scores": {"recall@1": score, "spice": other},
        "published": published,
        "counts": {"samples": 10, "failed": 3, "requests": 10, "computed": 8, "cached": 2},
        "failures": [("sample-1", "the file is truncated"), ("sample-2", "not an image")],
        "seconds": {"prepare": 1.0, "embed image": 3.0},
        "throughput": {"image/s": 34.5},
        "tokens": {"computed": {"prompt": 10, "completion": 20, "reasoning": 5, "uncounted": 0}},
        "cost": {"price": [0.15, 0.6], "computed": 0.02, "all": None},
        "environment": {"versions": {"torch": "2.13"}, "device": "cpu", "server": {"model": "m"}},
        "index": {"text-to-image": {"factory": "HNSW32", "recall@10": 0.99}},
        "notes": ["3 answers were cut off"],
        "breakdowns": {"size": {"small": {"recall@1": score}, "large": {"recall@1": score}}},
    }
    return record(**(base | changes))


def words_of(html: str) -> str:
    """Return the text of a page."""
    body = re.sub(r"(?s)<(style|script).*?</\1>", "", html)
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


def test_a_page_states_what_its_record_has() -> None:
    words = words_of(document(full_record()))
    for part in (
        "clip@a/b#cccccccccccc (width=8) on t",
        "Headline 0.5000 [0.4000 to 0.6000] recall@1 (fraction, higher is better)",
        "Published 0.5200 not reproduced 0.02 lower",
        "not the official set 10 of 1000 corpus samples",
        "3 samples ; recall@1 between 0.3000 and 0.7000",
        "needs Java",
        "recall@1 by size",
        "sample-1 the file is truncated",
        "the first 2 of 3",
        "3 answers were cut off",
        "factory = HNSW32",
        "mmbench run -m 'clip@a/b#" + "c" * 40 + "' -t t --model-arg width=8",
        "Total time 4.0 s",
        "34.5 image/s",
        "10 prompt, 20 completion, 5 of these reasoning",
        "Cost of this run 0.0200",
        "Cost without the cache unknown",
        "torch 2.13",
        "16 tokens (--max-tokens)",
    ):
        assert part in words, part


def test_a_page_without_rows_says_so_and_still_has_the_scores() -> None:
    words = words_of(document(full_record()))
    assert "No charts of single samples: no rows." in words
    assert "0.4000 to 0.6000" in words


def test_a_run_is_shown_next_to_the_baselines_of_its_table(tmp_path: Path) -> None:
    def run(ident: str, share: float, name: str, baseline: str | None = None) -> RunRecord:
        values = {"recall@1": coins(50, share)}
        return write_run(tmp_path, ident, values, name=name, baseline=baseline)

    made = run("r1", 0.6, "m")
    table = [run("r0", 0.9, "better"), made, run("r2", 0.1, "constant", "constant")]
    links = {"href_of": lambda one: f"{one.run}.html", "task_href": "t.html"}
    html = document(made, tmp_path, table=table, **links)
    assert 'Place</dt><dd>2 of 2 models; the best is <a href="r0.html">better</a>' in html
    assert '<a href="t.html">t</a>' in html
    assert ">constant (baseline)</text>" in html and ">better</text>" not in html


def test_links_lead_to_sections_that_exist(open_page: OpenPage, tmp_path: Path) -> None:
    browser = element("section", element("h2", "Samples"), id="samples")
    file = tmp_path / "run.html"
    file.write_text(document(full_record(), browser=browser), encoding="utf-8")
    view = open_page(file)
    targets = view.locator("nav.contents a").evaluate_all(
        "links => links.map((link) => [link.hash, !!document.querySelector(link.hash)])"
    )
    assert len(targets) >= 9 and all(there for _, there in targets)
    assert ["#samples", True] in targets
    view.get_by_role("link", name="Failures").first.click()
    assert view.url.endswith("#failures")


def samples_links(run: RunSamples, tmp_path: Path) -> list[str]:
    """Return the links of a run's page to its samples, with their texts."""
    context = RunContext(browser=run_browser(run, file_media(tmp_path / "a.html")))
    markup = join(run_body(run.record, run, context))
    return [unescape(link) for link in re.findall(r'<a href="(#order.*?)</a>', markup)]


def test_the_wrong_samples_are_counted_and_linked(tmp_path: Path) -> None:
    samples = [StoredSample("sample", f"s{k}", target="a") for k in range(4)]
    answers = answered(samples, ["a", "b", None, "c"])
    assert samples_links(answers, tmp_path) == [
        '#order=worst&show=wrong">2 of 3 wrong, the worst first'
    ]
    queries = [StoredSample("query", f"q{k}", relevant={"d": 1.0}) for k in range(2)]
    image = StoredSample("corpus", "d")
    directions = ["t-to-i", "t-to-i", "i-to-t"]
    rankings = ranked([*queries, image], [image], [["d"], ["x"], ["q0"]], directions)
    assert samples_links(rankings, tmp_path) == [
        '#order=worst&show=wrong&of=t-to-i">1 of 2 wrong, the worst first'
    ]
    values = {"error": [None] * 4, "value": ['"x"'] * 4, "own": [[1.0]] * 4, "own:score": [1.0] * 4}
    unknown = run_of(samples, values, ["own"])
    assert samples_links(unknown, tmp_path) == ['#order=worst">4, the worst first']


def test_a_damaged_row_is_reported_in_place_of_the_charts(tmp_path: Path) -> None:
    made = write_run(tmp_path, "r1", {"recall@1": [1.0, 0.0]}, said=['"fine"', "{broken"])
    assert "row 1 of value cannot be read" in document(made, tmp_path)


@pytest.mark.slow
def test_hostile_names_stay_text_and_fit_at_every_width(
    open_page: OpenPage, tmp_path: Path
) -> None:
    score = plain_score(0.5, low=0.4, high=0.6, failed=1, bounds=(0.3, 0.7))
    hostile = full_record(
        model=model_info(HOSTILE, checkpoint=HOSTILE, options={HOSTILE: HOSTILE}),
        scores={HOSTILE: score, "b": score},
        headline=HOSTILE,
        notes=[HOSTILE],
        failures=[(HOSTILE, HOSTILE)],
        breakdowns={HOSTILE: {HOSTILE: {HOSTILE: score}}},
        environment={"device": HOSTILE, "versions": {HOSTILE: HOSTILE}},
        seconds={HOSTILE: 1.0},
        published=[
            PublishedInfo(HOSTILE, 0.5, 0.5, 0.1, HOSTILE, HOSTILE, f"javascript:{HOSTILE}")
        ],
    )
    table = [hostile, full_record(run="r0", baseline="constant", scores={HOSTILE: score})]
    file = tmp_path / "run.html"
    file.write_text(document(hostile, table=table), encoding="utf-8")
    for width, dark in ((320, False), (1024, True), (1920, False)):
        view = open_page(file, width=width, dark=dark)
        assert overflowing(view) == []
        assert text_faults(view) == []
        assert view.locator("img, iframe, [onerror]").count() == 0
        assert view.locator("a[href^='javascript']").count() == 0
    assert "\u202e" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("headline", ["recall@1", "missing"])
def test_a_record_without_a_headline_or_scores_gets_a_page(headline: str) -> None:
    bare = record(scores={}, headline=headline)
    assert "n/a" in words_of(document(bare))
