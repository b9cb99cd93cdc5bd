"""Excel tables that declare another size than they have: only stored cells cost memory and time."""

import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from mmbench.errors import DataError
from mmbench.predictions.excel import _rows, excel_records

SHEET = "xl/worksheets/sheet1.xml"


def table(path: Path, more_rows: str, dimension: str = "") -> bytes:
    """Write a table with a header and a row, and change the XML of its sheet; return its bytes."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["id", "prediction"], ["a", "yes"]):
        book.active.append(row)
    book.save(path)
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts[SHEET].decode()
    sheet = re.sub(
        "<dimension[^>]*/>", f'<dimension ref="{dimension}"/>' if dimension else "", sheet
    )
    parts[SHEET] = sheet.replace("</sheetData>", f"{more_rows}</sheetData>").encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path.read_bytes()


def row(number: int, column: str = "A") -> str:
    return f'<row r="{number}"><c r="{column}{number}"><v>{number}</v></c></row>'


@pytest.mark.parametrize("dimension", ["A1:XFD1048576", "A1:A1", ""])
def test_rows_are_as_wide_as_the_header(dimension: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    data = table(path, "".join(row(n, "XFD") for n in range(3, 40)) + row(40), dimension)
    rows = _rows(data, path)
    assert {len(one) for one in rows} <= {1, 2}
    assert rows[0][0] == "id" and rows[1][0] == "a" and len(rows) == 3


def test_more_rows_than_excel_writes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with pytest.raises(DataError, match=r"a\.xlsx .* \(more than 1,048,576 rows\)"):
        excel_records(table(path, row(2_000_000_000)), path)


def test_a_header_may_have_empty_rows_above(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cells in ([], [], ["id", None, "prediction"], ["a", "x", "yes"], [], ["b", None, "no"]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    found = excel_records((tmp_path / "a.xlsx").read_bytes(), tmp_path / "a.xlsx")
    assert [(one.cells["id"], one.cells["prediction"]) for one in found] == [
        ("a", "yes"),
        ("b", "no"),
    ]
