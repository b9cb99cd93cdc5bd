"""The data of the sample browser: scores, tags, excerpts, changed samples, modes of media."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.errors import UserError
from mmbench.reports.pages.samples import file_media, run_browser, site_media
from mmbench.reports.pages.samples.browser import changed_rows
from mmbench.reports.pages.samples.details import Details, cut
from mmbench.reports.pages.samples.rows import SampleRows
from mmbench.reports.pages.samples.summary import Json, Pictures, Summary, excerpt
from mmbench.reports.pages.site import Site
from mmbench.types import MediaPlace, StoredSample
from tests.support.media.images import save_image
from tests.support.sample_runs import answered, ranked, run_of


def rows_of(run: RunSamples) -> SampleRows:
    return SampleRows((run,), np.arange(len(run))[:, np.newaxis])


def data_of(run: RunSamples, folder: Path) -> tuple[Json, list[Json]]:
    """Return the summary and the details of a run, as a page that is a single file has them."""
    section = run_browser(run, file_media(folder / "a.html"))
    parts = section.split('<script type="application/json" id="')[1:]
    data = {part.partition('">')[0]: part.partition('">')[2].partition("<")[0] for part in parts}
    return json.loads(data["sample-summary"]), json.loads(data["sample-details"])


def test_scores_of_both_directions_form_one_column(tmp_path: Path) -> None:
    queries = [StoredSample("query", f"q{k}", relevant={"d": 1.0}) for k in range(2)]
    images = [StoredSample("corpus", "d")]
    run = ranked(
        [*queries, *images], images, [["d"], ["x", "d"], ["q0"]], ["t-to-i", "t-to-i", "i-to-t"]
    )
    summary, _ = data_of(run, tmp_path)
    (column,) = summary["metrics"]
    assert column["name"] == "recall@1"
    assert column["values"] == [[1, 0, 0]]
    assert column["wrong"] == ["011"]
    assert summary["directions"] == {"values": ["t-to-i", "i-to-t"], "rows": [0, 0, 1]}


def test_values_that_were_not_measured_are_null(tmp_path: Path) -> None:
    samples = [StoredSample("sample", f"s{k}", target="a") for k in range(3)]
    summary, details = data_of(answered(samples, ["a", None, "b"]), tmp_path)
    assert summary["metrics"][0]["values"] == [[1, None, 0]]
    assert (summary["metrics"][0]["wrong"], summary["failed"]) == (["001"], ["010"])
    assert [one["outputs"][0]["error"] for one in details] == [None, "it broke", None]


def test_tags_are_columns_of_numbers(tmp_path: Path) -> None:
    tags = [{"b": "x"}, {"b": "a", "c": "1"}, {}]
    samples = [StoredSample("sample", f"s{k}", tags=t) for k, t in enumerate(tags)]
    summary, details = data_of(answered(samples, ["a"] * 3), tmp_path)
    assert summary["tags"] == [
        {"name": "b", "values": ["a", "x"], "rows": [1, 0, -1]},
        {"name": "c", "values": ["1"], "rows": [-1, 0, -1]},
    ]
    assert details[1]["tags"] == [["b", "a"], ["c", "1"]]


def test_rare_values_of_a_tag_cannot_be_selected() -> None:
    samples = [StoredSample("sample", f"s{k}", tags={"t": str(max(k, 100))}) for k in range(700)]
    rows = rows_of(answered(samples, ["a"] * 700))
    summary = Summary(rows)
    for outputs in rows.samples(0, 700):
        summary.add(outputs, [])
    (tag,) = summary.json()["tags"]
    assert len(tag["values"]) == 500 and "100" in tag["values"]
    assert tag["rows"].count(-1) == 100


@pytest.mark.parametrize(
    ("text", "short"),
    [
        *(("a\n b\t", "a b"), ("x" * 200, "x" * 200), ("x" * 201, "x" * 200 + "…")),
        *((" " * 500 + "x", "…"), ("", "")),
    ],
)
def test_an_excerpt_is_one_short_line(text: str, short: str) -> None:
    assert excerpt(text) == short


def test_a_long_text_says_how_much_is_missing() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd" * 1000, 3) == "abc… (3,997 more characters)"


def test_an_image_that_many_samples_show_is_stored_once(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.png", 9, (30, 30))
    place = MediaPlace("image", "a.png", path=str(path))
    samples = [StoredSample("sample", f"s{k}", media={"image": place}) for k in range(9)]
    summary, details = data_of(answered(samples, ["a"] * 9), tmp_path)
    assert len(summary["pictures"]) == 1 and summary["thumbnails"] == [0] * 9
    assert {one["media"][0][1][2] for one in details} == {0}
    pictures = Pictures()
    assert [pictures.number(url) for url in ("", "a", "b", "a")] == [-1, 0, 1, 0]


def test_the_highest_class_scores_are_named(tmp_path: Path) -> None:
    samples = [StoredSample("sample", "s", target=1)]
    columns = {"error": [None], "value": [[0.1, 0.7, 0.2]]}
    run = run_of(samples, columns, ["nothing"], labels=["cat", "dog"])
    _, (detail,) = data_of(run, tmp_path)
    output = detail["outputs"][0]
    assert output["classes"] == [["dog", 0.7], ["class 2", 0.2], ["cat", 0.1]]
    assert (output["answer"], detail["references"]) == ("dog", ["dog"])


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (
            "wer[none]",
            [
                ["equal", "a", "a"],
                ["substitute", "b c", "x y"],
                ["delete", "d", ""],
                ["equal", "e", "e"],
            ],
        ),
        ("cer[none]", [["equal", "a ", "a "], ["substitute", "b", "x"], ["equal", " ", " "]]),
        ("exact_match", []),
    ],
)
def test_transcripts_are_aligned_as_the_error_rate_does(
    score: str, expected: list[list[str]], tmp_path: Path
) -> None:
    samples = [StoredSample("sample", f"s{k}", target="a b c d e") for k in range(3)]
    long = " ".join("x" * 20_000)
    values = [json.dumps("a x y e"), None, json.dumps(long)]
    run = run_of(samples, {"error": [None, "it broke", None], "value": values}, [score])
    _, details = data_of(run, tmp_path)
    first, *others = (one["outputs"][0]["alignment"] for one in details)
    assert first[: len(expected)] == expected
    assert others == [[], []]


def test_generated_images_are_shown_if_they_are_files(tmp_path: Path) -> None:
    path = save_image(tmp_path / "out/a.png")
    samples = [StoredSample("sample", f"s{k}", target={"media": "real"}) for k in range(3)]
    secret = tmp_path / "key"
    secret.write_bytes(path.read_bytes())
    values = [json.dumps({"media": str(name)}) for name in (path, "drawn", secret)]
    run = run_of(samples, {"error": [None] * 3, "value": values}, ["nothing"])
    summary, details = data_of(run, tmp_path)
    shown = [one["outputs"][0]["media"][0] for one in details]
    assert shown[0][2] == 0 and summary["pictures"][0].startswith("data:image/png;")
    assert shown[1][1:] == ["drawn", "", "", "not stored"]
    assert shown[2][2:] == ["", "", "not stored"]
    assert summary["answers"] == [[""] * 3] and summary["references"] == [""] * 3


def test_media_of_a_block_are_prepared_together(tmp_path: Path) -> None:
    places = [
        MediaPlace("image", f"{k}", path=str(save_image(tmp_path / f"{k}.png", k)))
        for k in range(4)
    ]
    documents = [StoredSample("corpus", f"d{k}", media={"i": places[k]}) for k in range(3)]
    query = StoredSample("query", "q", media={"i": places[3]}, relevant={"d2": 1.0})
    rows = rows_of(ranked([query], documents, [["d0", "d1"]]))
    media = file_media(tmp_path / "a.html")
    details = Details(rows, media, pictures=None)
    batch = list(rows.samples(0, 1))
    details.prepare(batch)
    for place in places:
        Path(place.path).unlink()
    made, own = details.make(batch[0])
    assert own[0].source.startswith("data:")
    hits = [*made["outputs"][0]["hits"], *made["outputs"][0]["relevant"]]
    sources, previews = zip(*(hit["media"][0][2:4] for hit in hits), strict=True)
    assert [url[:5] for url in previews] == ["data:"] * 3
    assert set(sources) == {""}  # documents are shown small


def test_changed_samples_are_matched_by_id_and_compared_by_all_scores() -> None:
    samples = [StoredSample("sample", f"s{k}", target="a") for k in range(5)]
    first = answered(samples, ["a", "b", "a", None, "a"])
    second = answered([*samples[:0:-1], StoredSample("sample", "new")], ["a", None, "b", "c", "a"])
    rows = changed_rows(first, second).rows
    assert rows.tolist() == [[2, 2]]
    assert changed_rows(first, first).rows.shape == (0, 2)


def test_inputs_come_from_the_run_that_has_them() -> None:
    sample = StoredSample("sample", "s", texts={"question": "why"}, target="a")
    known = answered([sample], ["a"])
    old = RunSamples(known.record, known.rows, None)
    new = answered([sample], ["b"])
    rows = changed_rows(old, new)
    summary = Summary(rows)
    summary.add(next(rows.samples(0, 1)), [])
    assert summary.json()["texts"] == ["why"]


def test_a_page_says_that_inputs_are_not_stored(tmp_path: Path) -> None:
    known = answered([StoredSample("sample", "s", target="a")], ["a"])
    note = "inputs of the samples are not stored"
    media = file_media(tmp_path / "a.html")
    assert note not in run_browser(known, media)
    assert note in run_browser(RunSamples(known.record, known.rows, None), media)


def test_media_modes_have_defaults_and_refusals(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    remote = Site("memory://mmbench-pages")
    assert (site_media(site).mode, site_media(remote).mode) == ("link", "copy")
    assert (file_media(tmp_path / "a").mode, site_media(site, "embed").mode) == ("embed", "embed")
    with pytest.raises(UserError, match=r"memory://mmbench-pages .*; give --media copy"):
        site_media(remote, "link")
    with pytest.raises(UserError, match=r"needs a folder; give --site DIR, or --media embed"):
        file_media(tmp_path / "a.html", "copy")


def test_a_site_at_a_url_gets_copies(tmp_path: Path) -> None:
    site = Site("memory://mmbench-samples")
    path = save_image(tmp_path / "a.png", 3, (20, 20))
    (shown,) = site_media(site).show([MediaPlace("image", "a.png", path=str(path))])
    assert site.folder.read(shown.source) == path.read_bytes()
    assert site.has(shown.preview) and not site.has("media/nothing")
