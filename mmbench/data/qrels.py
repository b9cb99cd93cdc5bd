"""The data source `pairs`: which document answers which query, by their ids alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mmbench.data.jsonfile import decode_json, object_keys, read_file
from mmbench.data.pairs import refuse_duplicates
from mmbench.data.records import (
    TABLES,
    Record,
    as_id,
    column,
    find_file,
    is_mapping,
    number_of,
    only_of,
    parse_records,
    text_lines,
)
from mmbench.errors import DataError
from mmbench.types import RetrievalData, Sample

QUERIES = ("query", "query-id", "query_id", "qid")
DOCUMENTS = ("document", "corpus-id", "corpus_id", "document_id", "doc_id", "docid")
GRADES = ("grade", "score", "relevance")
_QRELS = (".qrels", ".qrel", ".trec", ".txt")


class _Judged(NamedTuple):
    query: str
    document: str
    grade: float


def pairs(root: Path | None) -> RetrievalData:
    """Queries and documents without contents, and how well each document answers each query.

    `root` is a file or a folder that holds a single one: TREC qrels (lines `qid 0 docid grade`,
    whatever the file is called), or CSV, TSV, JSONL or JSON with query, document and, if it is
    there, grade (else 1); BEIR's query-id, corpus-id and score are the same; JSON may also be
    {query: {document: grade}} or {query: [documents]}. A grade below 0 counts as 0,
    not relevant. Every document that is judged is in the corpus, and every query is asked, also one
    without a relevant document.

    Source of the format: trec_eval get_qrels.c (# begins a comment). Raises DataError, with the
    line, for what cannot be read, and for a pair that stands twice.
    """
    path = root if root and root.is_file() else find_file(root, "pairs", (*TABLES, *_QRELS))
    data = read_file(path)
    judged = list(_trec(data, path) if _is_trec(data) else _records(data, path))
    refuse_duplicates("pair", [f"{j.query} {j.document}" for j in judged], str(path))
    links: dict[str, dict[str, float]] = {}
    for query, document, grade in judged:
        links.setdefault(query, {})[document] = max(grade, 0.0)
    corpus = dict.fromkeys(pair.document for pair in judged)
    return RetrievalData(
        [Sample(query, {}) for query in links], [Sample(document, {}) for document in corpus], links
    )


def _is_trec(data: bytes) -> bool:
    """Whether its first line, comments aside, is of four columns, the last a whole number."""
    lines = (line.split() for line in data.split(b"\n", 100) if not line.startswith(b"#"))
    cells = next(filter(None, lines), [])
    return len(cells) == 4 and cells[3].removeprefix(b"-").isdigit()


def _trec(data: bytes, path: Path) -> Iterator[_Judged]:
    for number, line in enumerate(text_lines(data, path), start=1):
        cells = line.split()
        if not cells or line.startswith("#"):
            continue
        if len(cells) != 4 or not cells[3].removeprefix("-").isdecimal():
            raise DataError(f"{path} line {number}: not of the form `qid 0 docid grade`")
        yield _Judged(cells[0], cells[2], float(cells[3]))


def _records(data: bytes, path: Path) -> Iterator[_Judged]:
    if path.suffix.lower() not in TABLES:
        raise DataError(f"{path}: its first line is not of the form `qid 0 docid grade`")
    if path.suffix.lower() == ".json" and is_mapping(data):
        yield from _by_query(data, path)
        return
    for record in parse_records(data, path):
        yield _Judged(_id(record, QUERIES), _id(record, DOCUMENTS), _grade(record))


def _id(record: Record, names: tuple[str, ...]) -> str:
    name = only_of(record, names, "id")
    return as_id(record.cells[name], f"{record.where}: {name}")


def _by_query(data: bytes, path: Path) -> Iterator[_Judged]:
    """Yield the pairs of JSON {query: {document: grade}}, or {query: [documents]}."""
    refuse_duplicates("query", object_keys(data), str(path))
    for query, judged in decode_json(data, dict[str, Any], path).items():
        if not isinstance(judged, dict | list):
            raise DataError(f"{path}: {query!r}: documents with their grades are needed")
        documents = judged if isinstance(judged, dict) else dict.fromkeys(map(str, judged), 1)
        for document, grade in documents.items():
            record = Record(f"{path}: {query!r}", {document: grade})
            yield _Judged(query, document, number_of(record, document))


def _grade(record: Record) -> float:
    if not any(column(record, name) for name in GRADES):
        return 1.0
    return number_of(record, only_of(record, GRADES, "grade"))
