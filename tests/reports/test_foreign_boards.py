"""Pages of a board from elsewhere show no file of this machine that its tables name."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench.cli import main
from mmbench.types import MediaPlace
from mmbench.validation.safe_parse import encode_json
from tests.support.files import write_lines
from tests.support.media.images import save_image


def with_image(board: Path, path: Path) -> None:
    """Replace the image of the only sample of a board."""
    (file,) = board.rglob("data-*.parquet")
    table = pq.read_table(file)
    cell = encode_json(MediaPlace("image", path.name, path=str(path))).decode()
    at = table.column_names.index("media:image")
    pq.write_table(table.set_column(at, "media:image", pa.array([cell])), file)


@pytest.mark.parametrize("place", [["--file", "page.html"], ["--site", "pages"]])
def test_a_table_that_names_a_private_image(
    place: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    own, private = save_image(tmp_path / "data/a.png", 1), save_image(tmp_path / "me/b.png", 2)
    row = {"id": "x", "image": "a.png", "question": "?", "answer": "a"}
    data = write_lines(tmp_path / "data/rows.jsonl", row)
    given = write_lines(tmp_path / "given.jsonl", {"id": "x", "prediction": "a"})
    files = ["--data", str(data), "--predictions", str(given)]
    assert main(["score", "-t", "answers", *files, "--out", "board", "--quiet"]) == 0
    report = ["report", "latest", "--out", "board", *place, "--quiet"]
    assert main(report) == 0
    assert "outside" not in capsys.readouterr().err and has_image()
    with_image(tmp_path / "board", private)
    assert main(report) == 0
    error = capsys.readouterr().err
    assert "1 media file outside the folders" in error and str(private) in error
    assert "--allow-outside" in error and not has_image()
    assert main([*report, "--allow-outside"]) == 0
    assert capsys.readouterr().err == "" and has_image()
    with_image(tmp_path / "board", own)
    assert main(report) == 0 and has_image()


def has_image() -> bool:
    """Return whether the pages have the image; remove them."""
    pages = [path for path in (Path("page.html"), *Path("pages").rglob("*.js")) if path.is_file()]
    found = any('"thumbnails":[0]' in path.read_text() for path in pages)
    for page in pages:
        page.unlink()
    return found
