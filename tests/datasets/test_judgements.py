"""Links as arrays of rows, and the digest of ids that have none."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmbench.columns import Texts, pack, texts_of
from mmbench.datasets import RetrievalData, sample_columns
from mmbench.datasets.judgements import digest_of_ids, judgements
from mmbench.types import Sample

IDS = st.lists(st.text(st.characters(), max_size=4), unique=True, min_size=1)
NAMES = st.sampled_from("abcdefg")


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, st.floats(-1, 3)), max_size=5),
    st.lists(NAMES, unique=True),
    st.lists(NAMES, unique=True),
)
def test_judgements_are_the_links_of_the_queries(
    links: dict[str, dict[str, float]], queries: list[str], corpus: list[str]
) -> None:
    found = judgements(links, pack(queries), pack(corpus))
    expected = [
        (row, corpus.index(doc) if doc in corpus else -1, grade, doc)
        for row, query in enumerate(queries)
        for doc, grade in links.get(query, {}).items()
    ]
    columns = (found.query.tolist(), found.document.tolist(), found.grade.tolist(), found.names)
    assert list(zip(*columns, strict=True)) == expected
    assert found.relevant.tolist() == [grade > 0 for _, _, grade, _ in expected]
    assert found.absent.tolist() == [row < 0 < grade for _, row, grade, _ in expected]


def test_a_document_judged_for_a_query_that_is_not_there_has_a_judgement() -> None:
    links = {"q": {"a": 1.0}, "elsewhere": {"b": 0.0, "z": 1.0}}
    data = RetrievalData([Sample("q", {})], [Sample(ident, {}) for ident in "abc"], links)
    assert data.notes() == ["1 document of the corpus without judgements: not relevant"]
    assert {role: rows.tolist() for role, rows in data.extra_rows().items()} == {
        "query": [],
        "corpus": [2],
    }


@given(IDS, st.randoms())
def test_the_digest_of_ids_depends_on_nothing_but_the_ids(ids: list[str], draws: Random) -> None:
    others = list(ids)
    draws.shuffle(others)
    assert digest_of_ids(others) == digest_of_ids(ids)
    assert digest_of_ids([*ids, "".join(ids) + "x"]) != digest_of_ids(ids)
    if (texts := texts_of(["", *ids])) is not None:
        assert digest_of_ids(texts[1:]) == digest_of_ids(ids)  # a slice of a longer array


def test_the_digest_tells_where_an_id_ends() -> None:
    assert digest_of_ids(["a", "bc"]) != digest_of_ids(["ab", "c"])
    assert isinstance(texts_of(["a"]), Texts)


def test_documents_without_contents_and_judgements_are_one_entry_of_the_data_hash() -> None:
    fields = {"query": "text", "corpus": "image"}
    links = {"q": {"a": 1.0}}
    queries = [Sample("q", {"text": "hello"}), Sample("p", {})]
    known, further = [Sample("a", {}), Sample("b", {"image": "b"})], ["y", "x"]
    made = RetrievalData(queries, [*known, *(Sample(name, {}) for name in further)], links)
    entry = ("corpus", "2 without judgements", digest_of_ids(["x", "y"]))
    asked = [("query", "q", "hello"), ("corpus", "a", ""), ("corpus", "b", "b"), entry]
    assert list(made.contents(fields, False)) == asked
    other = ("query", "1 without judgements", digest_of_ids(["p"]))
    assert list(made.contents(fields, True)) == [asked[0], other, *asked[1:]]
    assert {role: rows.tolist() for role, rows in made.extra_rows().items()} == {
        "query": [1],
        "corpus": [2, 3],
    }
    table = sample_columns(["a", "y", "x"])
    assert RetrievalData(queries, table, links).extra_rows()["corpus"].tolist() == [1, 2]
    assert np.array_equal(made.judged.document, [0])
