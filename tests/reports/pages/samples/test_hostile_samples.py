"""Hostile outputs and data in the sample browser stay text, and the page stays responsive."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mmbench.reports.pages.samples import run_browser
from mmbench.types import MediaPlace, StoredSample
from tests.reports.pages.samples.test_samples_browser import detail, single, site, wait_for
from tests.support.browser import OpenPage
from tests.support.sample_runs import answered

pytestmark = pytest.mark.slow  # a minute of Chromium

TEXTS = [
    "<script>document.title = 'owned'</script>",
    "</script><script>document.title = 'owned'</script>",
    "<!--<script>document.title = 'owned'",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "<svg onload=\"document.title = 'owned'\"><circle r=1></svg>",
    "<iframe srcdoc=\"<script>parent.document.title = 'owned'</script>\"></iframe>",
    "javascript:document.title='owned'",
    "]]>&lt;b&gt; &amp; \u2028 \u2029 ${1+1} `x` \\u003c \\",
    "<a href=\"javascript:document.title='owned'\" id=sample-list>x</a>",
    '{"__proto__": {"polluted": 1}, "constructor": 1}',
]


def hostile(text: str) -> StoredSample:
    """Return a sample with the text in all of its fields."""
    media = {text: MediaPlace("image", text, url=text)}
    return StoredSample(
        "sample", text, group=text, tags={text: text}, texts={text: text}, media=media, target=text
    )


@pytest.mark.parametrize("write", [single, site])
@pytest.mark.parametrize("text", TEXTS)
def test_markup_is_shown_as_text(
    text: str, write: object, tmp_path: Path, open_page: OpenPage
) -> None:
    run = answered([hostile(text)], [text], model=text, reasoning=[text])
    path = write(tmp_path, run_browser, run)  # type: ignore[operator]
    shown = open_page(path, inside=(tmp_path,))
    shown.wait_for_selector("#sample-heading")
    shown.click(".sample-reasoning summary")
    shown.wait_for_selector(".sample-reasoning .sample-text")
    assert shown.title() == "A run · mmbench"
    plain = " ".join(text.replace("\u2028", "U+2028").replace("\u2029", "U+2029").split())
    texts = [" ".join(one.split()) for one in shown.locator(".sample-text").all_inner_texts()]
    assert texts == [plain] * 4  # question, reference, answer, reasoning
    foreign = "#samples :is(script:not([type]), svg, iframe, object, [onerror], [onload])"
    assert shown.locator(foreign).count() == 0
    assert shown.evaluate("({}).polluted === undefined")
    links = shown.evaluate("[...document.querySelectorAll('#samples a')].map((a) => a.protocol)")
    assert set(links) == {"file:"}


def hidden_marks(shown: Page) -> list[str]:
    return shown.locator("#sample-detail .sample-output .sample-hidden").all_inner_texts()


def test_characters_that_hide_or_reorder_text_are_visible(
    tmp_path: Path, open_page: OpenPage
) -> None:
    text = "a\u202eb\u2066c\x00d\x1b[31me\u200bf\ue000g\x07\x07\x07h\u00ad"
    run = answered([StoredSample("sample", "s\u202e1", target="x")], [text])
    shown = open_page(single(tmp_path, run_browser, run))
    wait_for(shown, "sU+202E1")
    assert hidden_marks(shown) == [
        *("U+202E", "U+2066", "U+0000", "U+001B", "U+200B", "U+E000", "U+0007 × 3", "U+00AD")
    ]
    assert shown.locator("[title='right-to-left override']").count() >= 2
    assert "\u202e" not in shown.inner_text("body") and "\x00" not in shown.inner_text("body")


def test_a_right_to_left_text_does_not_move_its_surroundings(
    tmp_path: Path, open_page: OpenPage
) -> None:
    run = answered([StoredSample("sample", "שלום 123", target="x")], ["مرحبا 456 (abc)"])
    shown = open_page(single(tmp_path, run_browser, run))
    wait_for(shown, "שלום 123")
    styles = shown.evaluate(
        "['.sample-text', '#sample-heading bdi'].map((s) => getComputedStyle("
        "document.querySelector(s)).unicodeBidi)"
    )
    assert styles == ["isolate", "isolate"]
    assert (
        shown.evaluate(
            "getComputedStyle(document.querySelector('.sample-output .sample-text')).direction"
        )
        == "rtl"
    )


def test_joiners_of_emoji_and_scripts_are_kept(tmp_path: Path, open_page: OpenPage) -> None:
    text = "👩\u200d👧 می\u200cخواهم\ttab\r\nline"
    run = answered([StoredSample("sample", "s", target="x")], [text])
    shown = open_page(single(tmp_path, run_browser, run))
    wait_for(shown, "s")
    assert hidden_marks(shown) == []
    assert "👩\u200d👧" in detail(shown)


def test_lone_surrogates_are_escaped(tmp_path: Path, open_page: OpenPage) -> None:
    samples = [
        StoredSample("sample", "s", texts={"question": "x\ud800y"}, media={
            "image": MediaPlace("image", "a\udce9.png", path=str(tmp_path / "a\udce9.png"))
        })
    ]  # fmt: skip
    shown = open_page(single(tmp_path, run_browser, answered(samples, ["yes"])))
    wait_for(shown, "s")
    assert r"x\ud800y" in detail(shown) and "cannot be read" in detail(shown)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 210_000,
        "x" * (1 << 20),
        "\x00\u202e" * (1 << 19),
        "line\n" * 200_000,
        "😀" * 500_000,
    ],
    ids=["words", "one word", "control characters", "lines", "emoji"],
)
def test_an_answer_of_a_megabyte_is_folded(text: str, tmp_path: Path, open_page: OpenPage) -> None:
    run = answered([StoredSample("sample", f"s{k}", target="x") for k in range(2)], ["no", text])
    shown = open_page(single(tmp_path, run_browser, run))
    start = time.monotonic()
    shown.click("#sample-list a >> nth=1")
    wait_for(shown, "s1")
    assert len(detail(shown)) < 60_000
    shown.click(".sample-unfold")
    shown.wait_for_selector(".sample-unfold[aria-expanded=true]")
    shown.keyboard.press("k")
    wait_for(shown, "s0")
    assert (
        time.monotonic() - start < 20
    )  # seconds, on a loaded machine; a frozen page takes minutes


def test_an_unfolded_text_is_complete(tmp_path: Path, open_page: OpenPage) -> None:
    text = "".join(f"{number} " for number in range(20_000))
    run = answered([StoredSample("sample", "s", target="x")], [text])
    shown = open_page(single(tmp_path, run_browser, run))
    shown.click(".sample-unfold")
    assert (
        shown.evaluate("document.querySelector('.sample-output .sample-text').textContent") == text
    )
    shown.click(".sample-unfold")
    assert len(shown.inner_text(".sample-output")) < 4000


def test_a_text_beyond_a_million_characters_is_cut(tmp_path: Path) -> None:
    run = answered([StoredSample("sample", "s", target="x")], ["y" * 3_000_000])
    page = single(tmp_path, run_browser, run).read_text()
    assert len(page) < 1_400_000
    assert "(1,951,424 more characters)" in page
