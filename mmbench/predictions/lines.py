"""Readers of outputs in plain lines.

The formats are one value per line, transcripts of NIST and Kaldi, and runs of TREC and MS MARCO.
"""

from __future__ import annotations

from pathlib import Path

from mmbench.columns import Keyed, Mapped, pack
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.data.readers.transcript_lines import kaldi_texts, trn_texts
from mmbench.errors import DataError
from mmbench.text import count
from mmbench.text.alternatives import opens_alternatives, without_null_words
from mmbench.types import Outputs

_RUN = "qid Q0 docid rank score tag"
_HEADERS = (b"id", b"question_id", b"image_id", b"query", b"qid")


def lines(data: bytes, path: Path) -> Outputs:
    """Read one value per line, in the order of the task's samples; an empty line is "".

    If the first line has the form of a TREC run (six columns, the second Q0), the file is read as a
    TREC run. Raises DataError for an empty file.
    """
    texts = text_lines(data, path)
    if texts and _is_run(texts[0]):
        return run(data, path)
    if not texts:
        raise DataError(f"{path} is empty; give one value per line")
    return Outputs(Keyed(Mapped(str, range(len(texts))), pack(texts)), positional=True)


def _is_run(line: str) -> bool:
    cells = line.split()
    return len(cells) == 6 and cells[1] == "Q0"


def transcripts(data: bytes, path: Path) -> Outputs:
    """Read transcripts in lines `text (id)`, the format of NIST's sclite.

    Raises DataError for alternatives `{ a / b }`, which only references may have.
    """
    texts = trn_texts(data, path)
    return Outputs(
        {ident: hypothesis_text(text, f"{path}: sample {ident}") for ident, text in texts.items()}
    )


def hypothesis_text(text: str, where: str) -> str:
    """Return the text of a model's .trn line without null words `@`, as in sclite.

    Raises DataError with a message that begins with `where`, for alternatives.
    """
    if opens_alternatives(text):
        raise DataError(
            f"{where} has alternatives {{ a / b }}, which only references may have; choose one"
        )
    return without_null_words(text)


def kaldi(data: bytes, path: Path) -> Outputs:
    """Read transcripts in lines `id words…`, the format of Kaldi's file `text`."""
    return Outputs(kaldi_texts(data, path))


def run(data: bytes, path: Path) -> Outputs:
    """Read a TREC run: the document ids of each query by descending score.

    Equal scores are ordered by the hashes of the ids, as in mmbench's search. The rank column,
    columns after the sixth and lines that begin with # are ignored, as in trec_eval
    (get_trec_results.c). Raises DataError for a line of another form, for a score that is NaN, and
    for a document that occurs twice for a query.
    """
    from mmbench.search.listed import best_first

    scored_by_query: dict[str, list[tuple[float, str]]] = {}
    for number, line in enumerate(text_lines(data, path), start=1):
        cells = line.split()
        if cells and not line.startswith("#"):
            scored_by_query.setdefault(cells[0], []).append(
                _parse_run_line(cells, f"{path} line {number}")
            )
    if not scored_by_query:
        raise DataError(f"{path}: no lines of a TREC run ({_RUN})")
    for query, scored in scored_by_query.items():
        refuse_duplicates("document", [doc for _, doc in scored], f"{path}: query {query}")
    scores = {
        query: {doc: score for score, doc in scored} for query, scored in scored_by_query.items()
    }
    return Outputs({query: best_first(of_query) for query, of_query in scores.items()})


def is_msmarco_run(data: bytes) -> bool:
    """Return whether the first line is `qid docid rank`, separated by tabs, with an integer as
    rank.
    """
    cells = data.lstrip().split(b"\n", 1)[0].rstrip(b"\r").split(b"\t")
    return len(cells) == 3 and cells[2].isdigit() and cells[0] not in _HEADERS


def msmarco_run(data: bytes, path: Path) -> Outputs:
    """Read a run of MS MARCO, lines `qid docid rank`: the document ids of each query by rank.

    Source of the format: msmarco_passage_eval.py of microsoft/MSMARCO-Passage-Ranking. Raises
    DataError for a line of another form, for ranks of a query that are not 1, 2, 3, …, and if the
    last column falls from n to 1 in the lines of every query, because it then holds scores and not
    ranks.
    """
    ranks_by_query: dict[str, dict[int, str]] = {}
    for number, line in enumerate(text_lines(data, path), start=1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) != 3 or not cells[2].isdecimal():
            raise DataError(f"{path} line {number} is not of the form `qid docid rank` with tabs")
        ranked, rank = ranks_by_query.setdefault(cells[0], {}), int(cells[2])
        if rank in ranked:
            raise DataError(f"{path} line {number}: query {cells[0]} has rank {rank} twice")
        ranked[rank] = cells[1]
    for query, ranked in ranks_by_query.items():
        refuse_duplicates("document", list(ranked.values()), f"{path}: query {query}")
        if set(ranked) != set(range(1, len(ranked) + 1)):
            raise DataError(f"{path}: the ranks of query {query} are not 1, 2, 3, …")
    several = [list(ranked) for ranked in ranks_by_query.values() if len(ranked) > 1]
    if several and all(ranks == sorted(ranks, reverse=True) for ranks in several):
        raise DataError(
            f"{path}: the last column falls from n to 1 in every query, so it holds scores, not"
            f" ranks; give scores as a TREC run ({_RUN})"
        )
    return Outputs(
        {query: [doc for _, doc in sorted(r.items())] for query, r in ranks_by_query.items()}
    )


def _parse_run_line(cells: list[str], where: str) -> tuple[float, str]:
    if len(cells) < 6:
        raise DataError(
            f"{where} has {count(len(cells), 'column')}, but a TREC run has six ({_RUN})"
        )
    try:
        score = float(cells[4])
    except ValueError:
        score = float("nan")
    if score != score:
        raise DataError(f"{where}: the score {cells[4]!r} is not a number ({_RUN})")
    return score, cells[2]
