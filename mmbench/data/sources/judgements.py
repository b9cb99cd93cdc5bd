"""The data source `pairs`: relevance judgements that consist of query ids and document ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import AnyStr, NamedTuple

from mmbench.columns import Repeated
from mmbench.data.readers.annotation_files import TableFormat, read_rows
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import (
    as_id,
    convert,
    parse_id,
    parse_number,
    plain_name,
    refuse_duplicates,
)
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import (
    TABLES,
    find_file,
    is_mapping,
    parse_records,
    text_lines,
)
from mmbench.datasets import RetrievalData, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed, path_id, plain

# Id columns; a table may also have the texts of queries and documents.
QUERIES = ("query_id", "qid")
DOCUMENTS = ("corpus_id", "document_id", "doc_id", "docid")
_NAMES = {*QUERIES, *DOCUMENTS, "query", "document"}
GRADES = ("grade", "score", "relevance", "relevant", "rel", "label")
_QRELS = (".qrels", ".qrel", ".trec", ".txt")


class _Judgement(NamedTuple):
    query: str
    document: str
    grade: float


@declare_source("table", "json", "text", own_data=True)
def pairs(root: Path | None) -> RetrievalData:
    """Load queries and documents without contents, and the grade of each document for each query.

    `root` is a file, or a folder that contains a single file. The file has TREC qrels, under any
    file name (lines `qid 0 docid grade`, also used by MS MARCO), or it is CSV, TSV, JSONL or JSON
    with the columns query, document and optionally grade (default 1). BEIR's columns query-id,
    corpus-id and score have the same meaning. JSON may also be {query: {document: grade}} or
    {query: [documents]}. A CSV or TSV without a header has the columns `qid 0 docid grade`, `qid
    docid grade` or `qid docid`.

    A grade may be a decimal number (1.0); a grade below 0 counts as 0, not relevant. Ids that are
    paths are normalised by `path_id`. All judged documents are in the corpus, and all queries are
    used, including queries without a relevant document.

    Source of the format: trec_eval get_qrels.c (# begins a comment). Raises DataError, with the
    line, for data that cannot be read, and for duplicate pairs.
    """
    path = root if root and root.is_file() else find_file(root, "pairs", (*TABLES, *_QRELS))
    data = read_file(path)
    rows = _trec(data, path) if _is_trec(data) else _records(data, path)
    judged = [_Judgement(path_id(query), path_id(doc), grade) for query, doc, grade in rows]
    links: dict[str, dict[str, float]] = {}
    for query, document, grade in judged:
        links.setdefault(query, {})[document] = max(grade, 0.0)
    if not links:
        raise DataError(f"{path}: no pairs of query and document")
    if sum(map(len, links.values())) < len(judged):
        refuse_duplicates("pair", [f"{j.query} {j.document}" for j in judged], str(path))
    corpus = dict.fromkeys(pair.document for pair in judged)
    return RetrievalData(sample_columns(list(links)), sample_columns(list(corpus)), links)


def _is_trec(data: bytes) -> bool:
    """Return whether a file is TREC qrels.

    Its first line that is not a comment then has four columns, and the last column is a number.
    """
    lines = (_cells(line) for line in data.split(b"\n", 100) if not line.startswith(b"#"))
    cells: list[bytes] = next(filter(None, lines), [])
    return len(cells) == 4 and _number(cells[3]) is not None


def _trec(data: bytes, path: Path) -> Iterator[_Judgement]:
    for number, line in enumerate(text_lines(data, path), start=1):
        cells = _cells(line)
        if not cells or line.startswith("#"):
            continue
        grade = _number(cells[3]) if len(cells) == 4 else None
        if grade is None:
            raise DataError(f"{path} line {number} is not of the form `qid 0 docid grade`")
        yield _Judgement(cells[0], cells[2], grade)


def _cells(line: AnyStr) -> list[AnyStr]:
    """Return the columns of a line: split at tabs if it has exactly three tabs, else at spaces."""
    tab = b"\t" if isinstance(line, bytes) else "\t"
    return [cell.strip() for cell in line.split(tab)] if line.count(tab) == 3 else line.split()


def _number(cell: str | bytes) -> float | None:
    """Return the finite number in a cell, None for anything else."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _records(data: bytes, path: Path) -> Iterator[_Judgement]:
    suffix = path.suffix.lower()
    if suffix not in TABLES:
        line = plain(data.partition(b"\n")[0].decode("utf-8", "replace"), 60)
        raise DataError(
            f"{path}: the first line is not `qid 0 docid grade`, as in TREC: {line!r}; give a table"
            " with other columns the extension .csv, .tsv, .jsonl or .json"
        )
    if suffix == ".json" and is_mapping(data):
        yield from _by_query(data, path)
        return
    header = _missing_header(data, path) if suffix in (".csv", ".tsv") else []
    records = read_rows(path, "", TableFormat(header)) if header else parse_records(data, path)
    rows = OwnTable(FileRows(path, records))
    yield from map(
        _Judgement, _ids(rows, QUERIES, "query"), _ids(rows, DOCUMENTS, "document"), _grades(rows)
    )


def _ids(rows: OwnTable, names: tuple[str, ...], other: str) -> Sequence[str]:
    """Return the ids in one of the id columns `names`, or in the column `other` if there are none.

    `other` is "query" or "document"; in a table with an id column, this column may hold texts.
    """
    has_id_column = any(map(rows.find, names))
    name, cells = rows.only(names, "id") if has_id_column else rows.first((*names, other), "id")
    return rows.as_texts(name, parse_id, cells)


def _by_query(data: bytes, path: Path) -> Iterator[_Judgement]:
    """Yield the judgements in JSON {query: {document: grade}} or {query: [documents]}."""
    for query, judged in decode_json(data, dict[str, object], path).items():
        if not isinstance(judged, dict | list):
            raise DataError(
                f"{path}: {query!r} has no documents; give {{document: grade}} or a list"
            )
        where = f"{path}: {query!r}: document"
        documents = judged if isinstance(judged, dict) else {as_id(doc, where): 1 for doc in judged}
        for document, grade in documents.items():
            grade = convert(parse_number, grade, f"{path}: {query!r}: {document}")
            yield _Judgement(query, document, grade)


def _missing_header(data: bytes, path: Path) -> list[str]:
    """Return the column names of a table without a header line, [] for a table with a header.

    Raises DataError for a first line that is neither a header nor clearly a judgement.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    line = next((line for line in text_lines(data, path) if line.strip()), "")
    cells = [cell.strip().strip('"') for cell in line.split(separator)]
    if not line or _NAMES & {*map(plain_name, cells)}:
        return []
    graded = _number(cells[-1]) is not None
    if len(cells) == 4 and graded:
        return ["query", "iteration", "document", "grade"]
    if len(cells) == 3 and graded and cells[1] not in ("0", "Q0"):
        return ["query", "document", "grade"]
    if len(cells) == 2 and any(letter.isdigit() for letter in line):
        return ["query", "document"]
    raise DataError(
        f"{path}: the first line is neither a header (query, document, grade) nor `qid 0 docid"
        f" grade`, `qid docid grade` or `qid docid`: {plain(line, 60)!r}; add a header"
    )


def _grades(rows: OwnTable) -> Sequence[float]:
    """Return the grade of each row, 1 if the table has no grade column.

    Raises DataError if it is ambiguous which column holds the grades.
    """
    if any(map(rows.find, GRADES)):
        name, cells = rows.only(GRADES, "grade")
        return rows.convert(name, parse_number, cells)
    others = {name: rows.cells(name) for name in rows.names() if plain_name(name) not in _NAMES}
    could = [
        name for name, cells in others.items() if any(_number(str(c)) is not None for c in cells)
    ]
    if could:
        raise DataError(
            f"{rows.where(0)}: the grade could be in {listed(could)}; call its column grade, and"
            " remove other columns of numbers"
        )
    return Repeated(1.0, len(rows))
