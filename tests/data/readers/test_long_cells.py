"""Cells of CSV and TSV above 131,072 characters, the limit of Python's csv by default."""

import pytest

from mmbench import registry
from mmbench.engine.loading.data.outputs import read_outputs
from tests.support.files import write_file

LONG = "dog " * 50_000
SOURCES = {
    "answers": ("id,answer", {}),
    "captions": ("id,caption", {}),
    "labels": ("id,label", {}),
    "ratings": ("id,rater,rating,comment", {}),
    "transcripts": ("id,text", {}),
    "table": ("image,text", {}),
    "pairs": ("query,document,comment", {}),
    "listing": ("id,text", {"files": "x.csv", "columns": {"text": "text"}}),
    "labelled": (
        "image,label",
        {"files": "x.csv", "id": "image", "target": "label", "columns": {"image": "image"}},
    ),
    "captioned": ("image,text", {"files": "x.csv", "columns": {"image": "image", "text": "text"}}),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_source_reads_a_long_cell(tmp_path, source, suffix):
    header, options = SOURCES[source]
    cells = [*["a.jpg", "b", "1"][: header.count(",")], LONG]
    lines = f"{header}\n{','.join(cells)}\n"
    file = write_file(
        tmp_path / f"x.{suffix}", lines.replace(",", "," if suffix == "csv" else "\t")
    )
    assert registry.lookup("data", source)(file, **options)


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_outputs_and_scores_by_class_beside_a_long_cell(tmp_path, suffix):
    between = "," if suffix == "csv" else "\t"
    texts = write_file(tmp_path / f"o.{suffix}", f"id{between}value\na{between}{LONG}\n")
    assert read_outputs(texts).values == {"a": LONG}
    scores = write_file(tmp_path / f"s.{suffix}", f"id{between}cat\n{LONG}{between}0.5\n")
    assert read_outputs(scores).values == {LONG: {"cat": 0.5}}
