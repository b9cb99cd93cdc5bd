"""Every page of a board whose every string is hostile: nothing runs, and all pages work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page

from mmbench.cli import main
from mmbench.storage import records as store
from mmbench.storage.file_names import component_fault, escaped
from mmbench.storage.sample_tables import LABELS, table_name
from mmbench.types import MediaPlace, RunRecord
from tests.project.test_untrusted import FULL
from tests.support.browser import OpenPage, overflowing
from tests.support.files import write_file
from tests.support.sample_runs import encoded

TEXTS = {
    "markup": '"\'><img src=x onerror="owned=1"></script><script>owned=1</script><!--',
    "handler": "x' onmouseover='owned=1' style='position:fixed;inset:0' id='sample-list",
    "link": "javascript:owned=1",
    "prototype": "__proto__",
    "method": "constructor",
    "address": "#sample=../..?x=%00&tag=%zz",
    "characters": "a\u202eb\x00\x1b[31mc\u2028d\nDE\u0301\U000e0041",
    "long": "W" * 3000,
    "words": "[object Object] NaN null undefined ${owned=1} {{owned=1}}",
}
_CLICK = "(what) => document.querySelectorAll(what).forEach((one) => one.click())"
KEPT = {"better", "fold", "kind", "created"}


def name_of(text: str, end: str) -> str:
    """Return a name of a file that holds as much of a text as a record may have."""
    name = "".join(c for c in text if c not in "/\\:" and c.isprintable())[:80].lstrip(".") + end
    return escaped(name) if component_fault(name) else name


def hostile_record(text: str, number: int) -> RunRecord:
    """Return a record with the text in each of its strings, and as each key."""
    plain = msgspec.to_builtins(FULL)
    fields = {*plain, *plain["model"], *plain["task"], *plain["scores"]["metric"], *FULL.counts}
    fields |= {*plain["published"][0], "corpus"}

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return value if key in KEPT else text
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {k if k in fields else text: walk(v, k) for k, v in value.items()}
        return value

    made = msgspec.convert(walk(plain), RunRecord)
    replace = msgspec.structs.replace
    task = replace(made.task, name=name_of(text, "t"), data_hash=name_of(text, "d"))
    model = replace(made.model, hash=f"{text}{number}", name=f"{text}{number}")
    return replace(made, run=name_of(text, str(number)), task=task, model=model, baseline=None)


def rows(text: str, number: int) -> dict[str, list[Any]]:
    """Return the rows of three samples; the last has failed."""
    answer = encoded(text)
    values = [float(number), 0.5]
    return {
        "direction": [""] * 3,
        "split": [0] * 3,
        "id": [text, f"{text}1", f"{text}2"],
        "group": [text] * 3,
        "error": [None, None, text],
        "value": [answer, answer, None],
        "scores": [text] * 3,
        "target": [answer, encoded([text, text]), encoded({"answer": text, "options": [text]})],
        "tags": [encoded({text: text, f"{text}2": text})] * 3,
        "reasoning": [text, None, None],
        text: [*([value] for value in values), None],
        f"{text}:score": [*values, None],
        f"{text}:answer": [text, None, None],
        f"{text}:{text}x": [text, None, None],
    }


def write_samples(board: Path, record: RunRecord, text: str) -> None:
    """Write the sample table of a run, with the text in each column, name and place."""
    places = [
        MediaPlace(modality, text, path=path, url=url, key=text)  # type: ignore[arg-type]
        for modality, path, url in (("image", text, ""), ("audio", "", text), ("video", "", ""))
    ]
    columns: dict[str, list[Any]] = {
        "role": ["sample"] * 3,
        "id": [text, f"{text}1", f"{text}2"],
        "group": [text] * 3,
        "tags": [encoded({text: text})] * 3,
        "target": [encoded(text)] * 3,
        "relevant": [None] * 3,
        f"text:{text}": [text] * 3,
        f"media:{text}": [msgspec.json.encode(place).decode() for place in places],
    }
    table = pa.table(columns).replace_schema_metadata({LABELS: encoded([text])})
    name = table_name(record.task.name, record.task.data_hash)
    pq.write_table(table, write_file(board / name))


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if name == "markup" else pytest.mark.slow) for name in TEXTS
    ]
)
def board(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Work next to a board with two runs; return the paths of their records."""
    monkeypatch.chdir(tmp_path)
    text = TEXTS[request.param]
    made = [hostile_record(text, number) for number in (0, 1)]
    for number, record in enumerate(made):
        store.write_record("board", record, rows(text, number))
        write_samples(tmp_path / "board", record, text)
    return [f"board/runs/{one.task.name}/{one.run}.json" for one in made]


def check(view: Page) -> None:
    """Check that a page has run no script but its own, and lets no element of a text through."""
    view.wait_for_load_state("load")
    assert view.evaluate("typeof window.owned") == "undefined"
    assert view.evaluate("Object.keys(Object.prototype).length") == 0
    assert view.locator("[onerror], [onmouseover], [onload], iframe, object, base").count() == 0
    assert set(view.evaluate("[...document.links].map((a) => a.protocol)")) <= {"file:"}
    twice = view.evaluate(
        "[...document.querySelectorAll('[id]')].map((e) => e.id)"
        ".filter((id, at, all) => all.indexOf(id) !== at)"
    )
    assert twice == []


def browse_samples(view: Page) -> None:
    """Open each sample, and choose each filter and each order of the list."""
    view.wait_for_selector("#samples[data-ready]")
    count = view.locator("#sample-list a").count()
    assert count == 3
    for number in range(count):
        view.evaluate("(n) => document.querySelectorAll('#sample-list a')[n].click()", number)
        view.wait_for_selector("#sample-heading")
        view.evaluate(_CLICK, "#sample-detail summary")
        check(view)
    script = """(id) => {
      const select = document.getElementById(id);
      for (let at = 0; at < select.options.length; at++) {
        select.selectedIndex = at;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }
      select.selectedIndex = 0;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }"""
    for name in ("tag", "order", "show", "score"):
        view.evaluate(script, f"sample-{name}")
        check(view)


def walk(site: Path, open_page: OpenPage) -> int:
    """Check all pages of a site in the browser; return their number."""
    pages = sorted(site.rglob("*.html"))
    for number, path in enumerate(pages):
        view = open_page(path, width=(320, 1024)[number % 2], inside=(site,))
        check(view)
        assert overflowing(view) == []
        view.evaluate(_CLICK, "th button")
        check(view)
        targets = view.evaluate("[...document.links].map((a) => a.href)")
        assert all(target.startswith(site.as_uri()) for target in targets), targets
        if view.locator("#samples[data-shards] #sample-list").count() and "compare" not in str(
            path
        ):
            browse_samples(view)
    return len(pages)


def test_each_page_of_a_site(board: list[str], open_page: OpenPage, tmp_path: Path) -> None:
    assert main(["report", "--out", "board", "--site", "a", "--media", "copy", "--quiet"]) == 0
    assert main(["report", *board, "--out", "board", "--site", "b", "--quiet"]) == 0
    assert walk(tmp_path / "a", open_page) >= 3
    assert walk(tmp_path / "b", open_page) >= 4
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "board"}


def test_a_single_page(board: list[str], open_page: OpenPage, tmp_path: Path) -> None:
    file = tmp_path / "one/page.html"
    assert main(["report", board[0], "--out", "board", "--file", str(file), "--quiet"]) == 0
    view = open_page(file)
    check(view)
    browse_samples(view)
