"""Progress of functions in Python: a bar in a notebook, text elsewhere, and nothing by default."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import mmbench
from mmbench.api.notebook import NotebookBar, notebook_display, progress_display
from mmbench.cli.output.progress import Lines
from mmbench.engine.progress import Silent


class Shown:
    """The places of displayed objects: what was shown in each, one after the other."""

    def __init__(self) -> None:
        self.places: list[list[Any]] = []

    def __call__(self, value: object) -> Any:
        place = [value]
        self.places.append(place)

        class Handle:
            def update(self, value: object, /) -> None:
                place.append(value)

        return Handle()


def test_stages_share_a_bar_that_disappears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmbench.api.notebook._EVERY", 0)
    shown = Shown()
    bar = NotebookBar(shown)
    bar.start("embed <b>", 200, 40)
    bar.advance(60)
    bar.finish()
    bar.start("embed image", 10, 0)
    bar.report_cost(1.5)
    bar.advance(10)
    bar.finish()
    (place,) = shown.places
    texts = [repr(value) for value in place]
    assert texts[0] == "embed <b>: 40 of 200" and texts[1].startswith("embed <b>: 100 of 200, ")
    assert texts[2] == "" and texts[-1] == "" and "cost" in texts[4]
    html = place[1]._repr_html_()
    assert '<progress value="100" max="200">' in html and "<b>" not in html


def test_few_updates_of_a_fast_stage() -> None:
    shown = Shown()
    bar = NotebookBar(shown)
    bar.start("embed", 1000, 0)
    for _ in range(1000):
        bar.advance(1)
    bar.finish()
    assert len(shown.places[0]) < 20


def test_outside_notebooks_progress_is_silent_or_text() -> None:
    assert notebook_display() is None
    assert isinstance(progress_display(None), Silent)
    assert isinstance(progress_display(False), Silent)
    assert isinstance(progress_display(True), Lines)


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    mmbench.evaluate("clip-nano", "shapes-retrieval", limit=5, progress=True)
    assert "embed image: 5" in capsys.readouterr().err
    mmbench.evaluate("clip-nano", "shapes-retrieval", limit=5)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


@pytest.mark.slow
def test_a_kernel_shows_bars_tables_and_plots() -> None:
    nbclient = pytest.importorskip("nbclient", reason="the extra `dev` is not installed")
    nbformat = pytest.importorskip("nbformat", reason="the extra `dev` is not installed")
    source = f"import sys; sys.path[:0] = {sys.path!r}\nimport mmbench\n"
    source += "result = mmbench.evaluate('clip-nano', 'shapes-retrieval', limit=5)"
    cells = [source, "result", "mmbench.list_models()", "result.plot()"]
    new = nbformat.v4
    notebook = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])
    updates: list[str] = []

    class Client(nbclient.NotebookClient):  # type: ignore[name-defined]
        def process_message(self, message: Any, cell: Any, at: int) -> Any:
            if message["msg_type"] in ("display_data", "update_display_data"):
                updates.append(message["content"]["data"]["text/plain"])
            return super().process_message(message, cell, at)

    Client(notebook, timeout=120).execute()
    assert updates[0].startswith("embed ") and updates[-1] != updates[0]
    outputs = [cell.outputs[0]["data"] for cell in notebook.cells]
    assert outputs[0]["text/plain"] == ""  # the bar has disappeared
    assert "recall@1[text-to-image]" in outputs[1]["text/html"]
    assert "clip-nano" in outputs[2]["text/html"]
    assert "image/png" in outputs[3]
