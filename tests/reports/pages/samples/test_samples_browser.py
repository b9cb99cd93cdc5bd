"""The sample browser in headless Chromium: list, filters, order, keyboard, links, media."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.reports.pages.html import Html, element
from mmbench.reports.pages.samples import (
    SCRIPTS,
    STYLES,
    SitePage,
    browser,
    changes_browser,
    file_media,
    run_browser,
    site_media,
)
from mmbench.reports.pages.shell import page
from mmbench.reports.pages.site import Site, write_page_file
from mmbench.types import MediaPlace, StoredSample
from tests.support.browser import OpenPage, overflowing
from tests.support.media.images import save_image
from tests.support.media.sounds import sound_bytes, tone
from tests.support.media.videos import numbered_video
from tests.support.sample_runs import answered, ranked, run_of

N = 130
ANSWERS = ["yes", "no", "two"]


def question(number: int, **more: Any) -> StoredSample:
    base = {
        "tags": {"kind": "odd" if number % 2 else "even"},
        "texts": {"question": f"Is {number} a number?"},
        "target": ANSWERS[number % 3],
    }
    return StoredSample("sample", f"s{number}", **(base | more))


def questions(n: int = N) -> RunSamples:
    """Return a run in which every fifth sample is wrong and the last one failed."""
    samples = [question(number) for number in range(n)]
    answers = ["wrong" if k % 5 == 0 else ANSWERS[k % 3] for k in range(n - 1)]
    return answered(samples, [*answers, None], reasoning=[f"Because {k}." for k in range(n)])


def single(folder: Path, section: Callable[..., Html], *runs: RunSamples, mode: Any = None) -> Path:
    """Write a page that is a single file."""
    path = folder / "page/run.html"
    path.parent.mkdir()
    body = section(*runs, file_media(path, mode))
    write_page_file(path, page("A run", body, scripts=SCRIPTS, styles=STYLES))
    return path


def site(folder: Path, section: Callable[..., Html], *runs: RunSamples, mode: Any = None) -> Path:
    """Write a page of a site."""
    made = Site(folder / "site")
    name = "runs/a b/run.html"
    body = section(*runs, site_media(made, mode), SitePage(made, name))
    made.write_page(name, "A run", body, scripts=SCRIPTS, styles=STYLES)
    return folder / "site" / name


def count_of(shown: Page) -> str:
    return shown.inner_text("#sample-count")


def listed(shown: Page) -> list[str]:
    return shown.locator("#sample-list .sample-id").all_inner_texts()


def heading(shown: Page) -> str:
    return shown.inner_text("#sample-heading")


def detail(shown: Page) -> str:
    return shown.inner_text("#sample-detail")


def wait_for(shown: Page, ident: str) -> None:
    shown.wait_for_function(
        "i => document.querySelector('#sample-heading')?.innerText === i", arg=ident
    )


@pytest.fixture(params=[single, site], ids=["file", "site"])
def write(request: pytest.FixtureRequest) -> Callable[..., Path]:
    return request.param  # type: ignore[no-any-return]


def test_a_page_lists_all_samples_and_shows_the_first(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    path = write(tmp_path, run_browser, questions())
    shown = open_page(path, inside=(tmp_path,))
    wait_for(shown, "s0")
    assert count_of(shown) == "130 of 130 samples"
    assert len(listed(shown)) == 50
    text = detail(shown)
    for part in ("Is 0 a number?", "wrong", "Reference", "yes", "exact_match", "kind", "even"):
        assert part in text
    assert "Because 0." not in text


@pytest.mark.slow
def test_pages_of_the_list_are_turned_by_buttons(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    shown = open_page(write(tmp_path, run_browser, questions()), inside=(tmp_path,))
    wait_for(shown, "s0")
    assert shown.is_disabled("#sample-previous-page")
    shown.click("#sample-next-page")
    shown.click("#sample-next-page")
    assert listed(shown) == [f"s{k}" for k in range(100, 130)]
    assert shown.is_disabled("#sample-next-page")
    assert shown.inner_text("#sample-page") == "Page 3 of 3"
    assert shown.evaluate("document.activeElement.dataset.index") == "100"


def test_samples_are_filtered(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    shown = open_page(write(tmp_path, run_browser, questions()), inside=(tmp_path,))
    wait_for(shown, "s0")
    assert shown.locator("#sample-show option").all_inner_texts() == [
        "All (130)",
        "Wrong (26)",
        "Failed (1)",
    ]
    shown.select_option("#sample-show", "wrong")
    assert count_of(shown) == "26 of 130 samples"
    assert listed(shown) == [f"s{k}" for k in range(0, 130, 5)]
    shown.select_option("#sample-tag", "kind=odd")
    assert listed(shown) == [f"s{k}" for k in range(5, 130, 10)]
    shown.fill("#sample-search", "IS 15  kind=odd")
    shown.wait_for_function("() => document.querySelectorAll('#sample-list li').length === 2")
    assert listed(shown) == ["s15", "s115"]
    shown.fill("#sample-search", "nothing like this")
    shown.wait_for_function("() => document.querySelectorAll('#sample-list li').length === 0")
    assert count_of(shown) == "0 of 130 samples"
    shown.fill("#sample-search", "")
    shown.select_option("#sample-tag", "")
    shown.select_option("#sample-show", "failed")
    assert listed(shown) == ["s129"]
    shown.click("#sample-list a")
    wait_for(shown, "s129")
    assert "Failed: it broke" in detail(shown)


def test_a_search_that_waits_does_not_replace_the_list_after_another_filter(
    tmp_path: Path, open_page: OpenPage
) -> None:
    shown = open_page(single(tmp_path, run_browser, questions()))
    wait_for(shown, "s0")
    is_kept = shown.evaluate(
        """async () => {
            const search = document.querySelector("#sample-search");
            search.value = "is 1";
            search.dispatchEvent(new Event("input"));
            const show = document.querySelector("#sample-show");
            show.value = "wrong";
            show.dispatchEvent(new Event("change"));
            const first = document.querySelector("#sample-list li");
            await new Promise((resolve) => setTimeout(resolve, 400));
            return first.isConnected;
        }"""
    )
    assert is_kept
    assert listed(shown)[:3] == ["s10", "s15", "s100"]


@pytest.mark.slow
def test_a_single_file_finds_words_in_reasoning(tmp_path: Path, open_page: OpenPage) -> None:
    shown = open_page(single(tmp_path, run_browser, questions()))
    shown.fill("#sample-search", "because 77.")
    shown.wait_for_function("() => document.querySelectorAll('#sample-list li').length === 1")
    assert listed(shown) == ["s77"]


def test_samples_are_sorted_by_each_score(tmp_path: Path, open_page: OpenPage) -> None:
    values = [0.5, 0.0, None, 2.0, 1.0]
    columns = {
        "error": [None if v is not None else "it broke" for v in values],
        "value": ['"x"'] * 5,
        "recall@1": [[1.0], [0.0], None, [0.0], [0.0]],
        "recall@1:score": [1.0, 0.0, None, 0.0, 0.0],
        "wer[none]": [None if v is None else [v, 1.0] for v in values],
        "wer[none]:score": values,
    }
    run = run_of([question(k) for k in range(5)], columns, ["recall@1", "wer[none]"])
    shown = open_page(single(tmp_path, run_browser, run))
    shown.select_option("#sample-order", "worst")
    assert listed(shown) == ["s1", "s3", "s4", "s0", "s2"]
    shown.select_option("#sample-score", "wer[none]")
    shown.select_option("#sample-order", "best")
    assert listed(shown) in (["s1", "s0", "s4", "s3", "s2"], ["s3", "s4", "s0", "s1", "s2"])
    assert shown.locator(".sample-score").all_inner_texts()[-1] == "n/a"


@pytest.mark.slow
def test_the_focus_stays_in_the_list_after_a_search(tmp_path: Path, open_page: OpenPage) -> None:
    """The search waits for further characters, and must not replace a list that has the focus."""
    shown = open_page(single(tmp_path, run_browser, questions()))
    shown.focus("#sample-search")
    shown.keyboard.type("s77")
    shown.keyboard.press("Escape")
    assert listed(shown) == ["s77"]
    shown.wait_for_timeout(300)
    assert shown.evaluate("document.activeElement.className") == "sample-item"


@pytest.mark.slow
def test_a_graded_score_makes_no_sample_wrong(tmp_path: Path, open_page: OpenPage) -> None:
    values = [0.00026447, 1.25, 3.5, 10.0]
    columns = {
        "error": [None] * 4,
        "value": ['"x"'] * 4,
        "cider": [[v] for v in values],
        "cider:score": values,
        "exact_match": [[0.0], [0.0], [0.0], [1.0]],
        "exact_match:score": [0.0, 0.0, 0.0, 1.0],
    }
    run = run_of([question(k) for k in range(4)], columns, ["cider", "exact_match"])
    shown = open_page(single(tmp_path, run_browser, run), anchor="#show=wrong&order=worst")
    options = "#sample-show option[value=wrong]"
    assert shown.locator(options).text_content() == "Not perfect (3)"
    assert listed(shown) == ["s0", "s1", "s2"]
    assert shown.locator(".sample-score").first.inner_text() == "0.0003"
    assert shown.locator("#samples .badge").count() == 0
    shown.select_option("#sample-score", "exact_match")
    assert shown.locator(options).text_content() == "Wrong (3)"
    assert shown.locator("#sample-list .badge").all_inner_texts() == ["wrong"] * 3


@pytest.mark.slow
def test_an_empty_answer_is_shown_in_the_list(tmp_path: Path, open_page: OpenPage) -> None:
    run = answered([question(k) for k in range(3)], ["yes", "", None])
    shown = open_page(single(tmp_path, run_browser, run))
    texts = shown.locator("#sample-list li").all_inner_texts()
    assert ["answer: (empty)" in text for text in texts] == [False, True, False]


@pytest.mark.slow
def test_a_link_to_filtered_samples_scrolls_to_them(tmp_path: Path, open_page: OpenPage) -> None:
    path = single(
        tmp_path,
        lambda *args: [element("p", style="height: 3000px"), run_browser(*args)],
        questions(),
    )
    for anchor, is_reached in (("", False), ("#show=wrong", True), ("#sample=s7", True)):
        shown = open_page(path, anchor=anchor)
        shown.wait_for_selector("#samples[data-ready]")
        assert (shown.evaluate("() => scrollY") > 1000) is is_reached
    shown = open_page(path)
    shown.evaluate("() => { location.hash = '#show=wrong'; }")
    shown.wait_for_function("() => scrollY > 1000")
    assert count_of(shown).startswith("26 of")


@pytest.mark.slow
def test_the_keyboard_moves_through_the_list(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    shown = open_page(write(tmp_path, run_browser, questions()), inside=(tmp_path,))
    wait_for(shown, "s0")
    for key in ("j", "j", "j", "k"):
        shown.keyboard.press(key)
    wait_for(shown, "s2")
    assert shown.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    shown.keyboard.press("ArrowDown")
    wait_for(shown, "s3")
    shown.keyboard.press("ArrowUp")
    wait_for(shown, "s2")
    shown.keyboard.press("/")
    shown.keyboard.type("s4j")
    assert shown.input_value("#sample-search") == "s4j"
    shown.fill("#sample-search", "")
    shown.keyboard.press("Escape")
    assert shown.evaluate("document.activeElement.className") == "sample-item"
    for _ in range(50):
        shown.keyboard.press("j")
    wait_for(shown, "s52")
    assert listed(shown)[0] == "s50"
    shown.keyboard.press("Enter")
    shown.wait_for_function("() => document.activeElement.id === 'sample-heading'")
    shown.keyboard.press("Escape")
    assert shown.evaluate("document.activeElement.dataset.index") == "52"


@pytest.mark.slow
def test_each_sample_has_a_link(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    path = write(tmp_path, run_browser, questions())
    shown = open_page(path, inside=(tmp_path,), anchor="#sample=s107")
    wait_for(shown, "s107")
    assert listed(shown)[0] == "s100"
    shown.click("#sample-list a >> nth=1")
    wait_for(shown, "s101")
    assert shown.url.endswith("#sample=s101")
    shown.click("#sample-list a >> nth=2")
    wait_for(shown, "s102")
    shown.go_back()
    wait_for(shown, "s101")
    shown.go_back()
    wait_for(shown, "s107")
    shown.go_forward()
    wait_for(shown, "s101")
    shown.select_option("#sample-show", "wrong")
    assert "show=wrong" in shown.url
    again = open_page(path, inside=(tmp_path,), anchor=f"#{shown.url.partition('#')[2]}")
    wait_for(again, "s101")
    assert count_of(again) == "26 of 130 samples"


@pytest.mark.slow
def test_an_unknown_sample_is_reported(tmp_path: Path, open_page: OpenPage) -> None:
    path = single(tmp_path, run_browser, questions(3))
    shown = open_page(path, anchor="#sample=%E0%A4%A&show=x&order=x&score=x&tag=x")
    shown.wait_for_selector("#sample-detail .note")
    assert "No sample of this page has the id %E0%A4%A." in detail(shown)
    assert count_of(shown) == "3 of 3 samples"
    narrow = open_page(path, width=320, anchor="#sample=zzz")
    assert narrow.is_visible("#sample-detail .note") and narrow.is_visible("#sample-list")


@pytest.mark.parametrize(
    "ident", ["a/b#c?d&e=f", "'\"<b>", "100% x+y", "ü\u202ex", "__proto__", "a\nb", " ", "&amp;"]
)
@pytest.mark.slow
def test_links_reach_samples_with_any_id(ident: str, tmp_path: Path, open_page: OpenPage) -> None:
    samples = [question(0), question(1)]
    odd = StoredSample("sample", ident, texts={"question": "odd"}, target="yes")
    shown = open_page(single(tmp_path, run_browser, answered([*samples, odd], ["yes"] * 3)))
    shown.click("#sample-list a >> nth=2")
    shown.wait_for_function("() => document.querySelector('.sample-text')?.innerText === 'odd'")
    address = shown.url.partition("#")[2]
    again = open_page(tmp_path / "page/run.html", anchor=f"#{address}")
    again.wait_for_function("() => document.querySelector('.sample-text')?.innerText === 'odd'")


@pytest.mark.slow
def test_reasoning_is_folded(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    shown = open_page(write(tmp_path, run_browser, questions(3)), inside=(tmp_path,))
    wait_for(shown, "s0")
    assert not shown.is_visible("text=Because 0.")
    shown.focus(".sample-reasoning summary")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("text=Because 0.")


def test_errors_of_a_transcript_are_marked(tmp_path: Path, open_page: OpenPage) -> None:
    samples = [question(k, target="one two three") for k in range(2)]
    columns = {"error": [None] * 2, "value": ['"one too three four"', '"one two three"']}
    shown = open_page(single(tmp_path, run_browser, run_of(samples, columns, ["wer[none]"])))
    wait_for(shown, "s0")
    aligned = shown.locator(".sample-aligned")
    assert " ".join(aligned.inner_text().split()) == "one two too three four"
    assert aligned.locator("del").all_inner_texts() == ["two"]
    assert aligned.locator("ins").all_inner_texts() == ["too", "four"]
    shown.keyboard.press("j")
    wait_for(shown, "s1")
    assert aligned.count() == 0


@pytest.mark.slow
def test_retrieval_shows_the_first_documents_and_marks_the_relevant(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    documents = [
        StoredSample("corpus", f"d{k}", media={"image": image(tmp_path, k)}) for k in range(4)
    ]
    queries = [
        StoredSample("query", "q0", texts={"text": "a cat"}, relevant={"d0": 1.0}),
        StoredSample("query", "q1", texts={"text": "a dog"}, relevant={"d1": 1.0, "d3": 1.0}),
    ]
    run = ranked(queries, documents, [["d0", "d1", "d2"], ["d2", "d1", "d0"]])
    shown = open_page(write(tmp_path, run_browser, run), inside=(tmp_path,))
    shown.select_option("#sample-order", "rank")
    assert listed(shown) == ["q1", "q0"]
    shown.click("#sample-list a >> nth=0")
    wait_for(shown, "q1")
    ranks = shown.locator(".sample-hit .sample-rank").all_inner_texts()
    assert ranks == ["1.", "2.", "3.", "not retrieved"]
    marked = shown.locator(".sample-hit", has_text="relevant").all_inner_texts()
    assert ["d1" in marked[0], "d3" in marked[1], len(marked)] == [True, True, 2]
    sizes = shown.evaluate(
        "Promise.all([...document.querySelectorAll('.sample-hit img')]"
        ".map((i) => i.decode().then(() => i.naturalWidth)))"
    )
    assert sizes == [300] * 4 if write is single else [256] * 4


def image(folder: Path, number: int) -> MediaPlace:
    path = save_image(folder / f"data/{number}.png", 20 * number, (300, 200))
    return MediaPlace("image", path.name, path=str(path))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["link", "copy", "embed"])
def test_media_play(
    mode: str, write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    if (write, mode) == (single, "copy"):
        mode = "embed"
    data = tmp_path / "data"
    save_image(data / "a.png", 90, (300, 200))
    (data / "a.wav").write_bytes(sound_bytes(tone(16000, 3), 16000))
    (data / "a.mp4").write_bytes(numbered_video(20))
    (data / "a.avi").write_bytes(numbered_video(20, "avi", "mpeg4"))
    names = {"image": "a.png", "audio": "a.wav", "video": "a.mp4", "old": "a.avi"}
    media = {
        name: MediaPlace("video" if name == "old" else name, file, path=str(data / file))  # type: ignore[arg-type]
        for name, file in names.items()
    }
    run = answered([question(0, media=media)], ["yes"])
    path = write(tmp_path, run_browser, run, mode=mode)
    shown = open_page(path, inside=(tmp_path,))
    wait_for(shown, "s0")
    assert shown.locator(".sample-media").count() == 4
    played = shown.evaluate(
        """Promise.all([...document.querySelectorAll("audio, video")].map(async (one) => {
            one.muted = true;
            await one.play();
            for (let n = 0; n < 200 && !one.currentTime; n++)
                await new Promise((resolve) => setTimeout(resolve, 50));
            return [one.tagName, one.currentTime > 0, Math.round(one.duration)];
        }))"""
    )
    assert played == [["AUDIO", True, 3], ["VIDEO", True, 2], ["VIDEO", True, 2]]
    shown.wait_for_function(
        "() => document.querySelector('.sample-media img').naturalWidth === 300"
    )
    labels = shown.evaluate(
        "[...document.querySelectorAll('.sample-media :is(img, audio, video)')]"
        ".map((e) => e.alt || e.getAttribute('aria-label'))"
    )
    assert labels == [f"{name}: {file}" for name, file in names.items()]


@pytest.mark.slow
def test_a_moved_site_shows_previews_of_linked_media(
    tmp_path: Path, open_page: OpenPage, page_faults: list[str]
) -> None:
    run = answered([question(0, media={"image": image(tmp_path, 1)})], ["yes"])
    path = site(tmp_path, run_browser, run)
    (tmp_path / "data").rename(tmp_path / "gone")
    shown = open_page(path, inside=(tmp_path,))
    shown.wait_for_selector(".sample-media-note")
    assert "a preview is shown instead" in detail(shown)
    shown.wait_for_function(
        "() => document.querySelector('.sample-media img').naturalWidth === 256"
    )
    page_faults[:] = [fault for fault in page_faults if "ERR_FILE_NOT_FOUND" not in fault]


@pytest.mark.slow
def test_a_missing_shard_is_reported(
    tmp_path: Path, open_page: OpenPage, page_faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "SHARD", 5)
    path = site(tmp_path, run_browser, questions(12))
    (folder,) = path.parent.glob("*-samples")
    assert sorted(file.name for file in folder.iterdir()) == [
        "000.js",
        "001.js",
        "002.js",
        "summary.js",
    ]
    (folder / "001.js").unlink()
    shown = open_page(path, inside=(tmp_path,), anchor="#sample=s11")
    wait_for(shown, "s11")
    shown.click("#sample-list a >> nth=6")
    shown.wait_for_selector("#sample-detail .note")
    assert f"{folder.name}/001.js cannot be loaded" in detail(shown)
    shown.click("#sample-list a >> nth=1")
    wait_for(shown, "s1")
    assert "Is 1 a number?" in detail(shown)
    page_faults[:] = [fault for fault in page_faults if "ERR_FILE_NOT_FOUND" not in fault]


def test_two_runs_stand_side_by_side(
    write: Callable[..., Path], tmp_path: Path, open_page: OpenPage
) -> None:
    samples = [question(k, texts={"question": f"Question {k}"}) for k in range(6)]
    right = [ANSWERS[k % 3] for k in range(6)]
    first = answered(samples, ["x", *right[1:4], "x", right[5]], model="first")
    second = answered(
        samples[::-1], [right[5], None, *right[3:1:-1], "x", right[0]], model="second"
    )
    shown = open_page(write(tmp_path, changes_browser, first, second), inside=(tmp_path,))
    wait_for(shown, "s1")
    assert listed(shown) == ["s1", "s0", "s4"]
    assert count_of(shown) == "3 of 3 samples"
    assert shown.locator(".sample-output").all_inner_texts() == ["first\nno", "second\nx"]
    shown.select_option("#sample-show", "better")
    assert listed(shown) == ["s0"]
    shown.select_option("#sample-show", "failed")
    assert listed(shown) == ["s4"]


@pytest.mark.slow
def test_directions_are_filtered_and_ids_of_both_are_linked(
    tmp_path: Path, open_page: OpenPage
) -> None:
    texts = [StoredSample("query", "x", texts={"text": "text"}, relevant={"x": 1.0})]
    images = [StoredSample("corpus", "x", texts={"text": "other"})]
    run = ranked([*texts, *images], images, [["x"], ["x"]], ["text-to-image", "image-to-text"])
    path = single(tmp_path, run_browser, run)
    shown = open_page(path, anchor="#sample=x&direction=image-to-text")
    wait_for(shown, "x")
    assert shown.inner_text(".sample-text") == "other"
    shown.select_option("#sample-direction", "text-to-image")
    assert count_of(shown) == "1 of 2 samples"
    shown.click("#sample-list a")
    shown.wait_for_function("() => document.querySelector('.sample-text').innerText === 'text'")
    assert "of=text-to-image" in shown.url and "direction=text-to-image" in shown.url


@pytest.mark.slow
def test_a_run_without_samples_or_scores_is_shown(tmp_path: Path, open_page: OpenPage) -> None:
    run = run_of([], {"error": [], "value": []}, ["nothing"])
    shown = open_page(single(tmp_path, run_browser, run))
    assert count_of(shown) == "0 of 0 samples"
    assert not shown.is_visible("#sample-score")


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [320, 700, 1920])
def test_no_element_reaches_beyond_the_page(
    width: int, dark: bool, tmp_path: Path, open_page: OpenPage
) -> None:
    long = "w" * 400
    media = {"image": image(tmp_path, 1), long: MediaPlace("audio", long)}
    samples = [question(0, texts={long: long}, tags={long: long}, media=media), question(1)]
    run = answered(samples, [long, "x"], model=long, reasoning=[long, None])
    other = answered(samples, ["yes", "x"], model="m")
    (tmp_path / "two").mkdir()
    for path in (
        single(tmp_path, run_browser, run),
        single(tmp_path / "two", changes_browser, run, other),
    ):
        shown = open_page(path, width=width, dark=dark, anchor="#sample=s0")
        wait_for(shown, "s0")
        shown.click(".sample-reasoning summary")
        assert overflowing(shown) == []


@pytest.mark.slow
def test_a_narrow_page_shows_list_or_details(tmp_path: Path, open_page: OpenPage) -> None:
    shown = open_page(single(tmp_path, run_browser, questions(4)), width=320)
    assert shown.is_visible("#sample-list") and not shown.is_visible("#sample-detail")
    shown.click("#sample-list a >> nth=2")
    wait_for(shown, "s2")
    assert shown.is_visible("#sample-detail") and not shown.is_visible("#sample-list")
    assert shown.evaluate("document.activeElement.id") == "sample-heading"
    shown.click("text=Next >> visible=true")
    wait_for(shown, "s3")
    shown.click("text=Back to the list >> visible=true")
    assert shown.is_visible("#sample-list")
    assert shown.evaluate("document.activeElement.dataset.index") == "3"
    shown.go_back()
    wait_for(shown, "s3")
