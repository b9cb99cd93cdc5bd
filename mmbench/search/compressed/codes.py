"""Codes of vectors in int8 or as bits, with the formulas of sentence-transformers.

Source: `quantize_embeddings`, `_dequantize_embeddings` and the two searches in
sentence_transformers/util/quantization.py of sentence-transformers 6.2.0. As in its searches, the
ranges of int8 are those of the corpus, for queries too. Its search in int8 (usearch) multiplies the
codes themselves, so all dimensions have the same weight whatever their range; FAISS's `SQ8`
(`--index`) decodes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.errors import UserError
from mmbench.search.compressed.forms import VectorForm
from mmbench.text import part_of
from mmbench.types import Array

Codes = NDArray[np.int8]

_BLOCK = 1 << 12  # vectors that are converted at a time


class Coded(NamedTuple):
    """Queries and corpus in a form: the search multiplies `queries` and `corpus`.

    Rescored documents have the dot products of `plain`, the queries in float32, with
    `decode(rows of the corpus)` as scores; `decode` maps int64 [k] to float64 [k, d].
    """

    queries: Vectors
    corpus: Vectors
    plain: Vectors
    decode: Callable[[NDArray[np.int64]], NDArray[np.float64]]


class Int8Ranges(NamedTuple):
    """The least value and the step of each dimension, float32 [d]: 255 steps reach the largest."""

    starts: Array
    steps: Array

    @classmethod
    def of(cls, vectors: Vectors) -> Int8Ranges:
        """Return the ranges of vectors [n, d], n > 0."""
        blocks = [(block.min(0), block.max(0)) for block in _blocks(vectors)]
        low = np.min([one for one, _ in blocks], axis=0)
        steps = (np.max([one for _, one in blocks], axis=0) - low) / np.float32(255)
        return cls(low, np.where(steps == 0, np.float32(1), steps))

    def encode(self, vectors: Array) -> Codes:
        """Return codes [n, d] in -128 … 127; values outside the ranges get the first or last."""
        levels = np.clip(np.floor((vectors - self.starts) / self.steps), 0, 255)
        codes: Codes = (levels - 128).astype(np.int8)
        return codes

    def decode(self, codes: Codes) -> NDArray[np.float64]:
        """Return the least value of each code, [n, d]."""
        return (codes.astype(np.float64) + 128) * self.steps + self.starts


def encode_both(queries: Vectors, corpus: Vectors, form: VectorForm) -> Coded:
    """Return the queries [n, d] and the corpus [m, d], both not empty, in a form.

    Vectors are cut to the first dimensions and scaled to length 1 again, then encoded. Bits are
    1 for values above 0; the search multiplies signs, whose product is d − 2 · Hamming distance.
    Raises UserError if there are fewer dimensions, or a vector is zero in those that are kept.
    """
    queries, corpus = (_cut(one, form, role) for one, role in ((queries, "query"), (corpus, "")))
    if form.precision == "float32":
        return Coded(queries, corpus, queries, lambda rows: corpus[rows].astype(np.float64))
    if form.precision == "binary":
        signs, asked = (_encoded(one, _signs) for one in (corpus, queries))
        return Coded(
            Vectors(asked), Vectors(signs), queries, lambda rows: (signs[rows] > 0).astype(float)
        )
    ranges = Int8Ranges.of(corpus)
    codes, asked = (_encoded(one, ranges.encode, ones=1) for one in (corpus, queries))
    return Coded(
        Vectors(asked), Vectors(codes), queries, lambda rows: ranges.decode(codes[rows, :-1])
    )


def _signs(vectors: Array) -> Codes:
    """Return 1 for values above 0, and -1 for others."""
    return np.where(vectors > 0, np.int8(1), np.int8(-1))


def _cut(vectors: Vectors, form: VectorForm, role: str) -> Vectors:
    width = vectors.shape[1]
    if form.dimensions is None:
        return vectors
    if form.dimensions > width:
        raise UserError(
            f"--vectors {form.name}: the vectors of the model have {width} dimensions; use at most"
            f" {width}"
        )
    cut, zero = Vectors(vectors.matrix[:, : form.dimensions], vectors.rows).of_length_1()
    if len(zero):
        vectors_are = part_of(len(zero), len(cut), f"{role or 'document'} vector", "is", "are")
        raise UserError(
            f"--vectors {form.name}: {vectors_are} zero in the first {form.dimensions} dimensions;"
            " use more dimensions"
        )
    return cut


def _encoded(vectors: Vectors, encode: Callable[[Array], Codes], ones: int = 0) -> Codes:
    """Return the codes of vectors [n, d] as int8 [n, d + ones], with further columns of 1.

    A column of 1 adds 1 to all scores, so that a vector whose codes are all 0 can be searched.
    """
    codes = np.ones((len(vectors), vectors.shape[1] + ones), np.int8)
    for nth, block in enumerate(_blocks(vectors)):
        codes[nth * _BLOCK : (nth + 1) * _BLOCK, : vectors.shape[1]] = encode(block)
    return codes


def _blocks(vectors: Vectors) -> Iterator[Array]:
    return (vectors[start : start + _BLOCK] for start in range(0, len(vectors), _BLOCK))
