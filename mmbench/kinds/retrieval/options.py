"""The options of the kind `retrieval`, and the methods of search that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import msgspec

from mmbench.errors import SpecError
from mmbench.kinds.retrieval.composed import Compose
from mmbench.kinds.retrieval.search import EXACT, SearchMethod
from mmbench.search.compressed.forms import FULL, VectorForm
from mmbench.search.listed import EVIDENCE
from mmbench.types import KindOptions

_MOST_STORED = 10_000  # retrieved documents per query


class RetrievalOptions(KindOptions, frozen=True):
    """Options of `retrieval`: directions, text prompt, instruction for queries, and search.

    `instruction` says in words what the queries are to find. It is part of the fingerprint, and
    models that take instructions put it into their prompt for queries.

    `index` is `exact` or a FAISS factory string. It is part of the signatures of scores, but not of
    the fingerprint of the task, because it does not change the task. `compared_indexes` are further
    indexes, which are compared with it but not scored. `vectors` is a form of vectors
    (`parse_form`), which is part of the signatures unless it is `full`; `compared_vectors` are
    further forms. `search_device` is a torch device; "" is the device of the model. It is not part
    of signatures, as the device of the model is not. `top` is the number of retrieved documents
    that are stored per query.

    `compose` says how the two contents of a composed query, in the fields `query` and `query_text`,
    become one vector: `sum` is the sum of their vectors of length 1; with `joint`, the model maps
    both together to a vector; `image` and `text` use only the field `query` or `query_text`.
    """

    settings: ClassVar[frozenset[str]] = frozenset({
        *("index", "compared_indexes", "search_device", "vectors", "compared_vectors", "top"),
    })  # fmt: skip

    prompt: str = "{text}"
    instruction: str = ""
    directions: Literal["both", "query-to-corpus"] = "both"
    index: str = EXACT
    compared_indexes: tuple[str, ...] = ()
    vectors: str = FULL
    compared_vectors: tuple[str, ...] = ()
    search_device: str = ""
    top: Annotated[int, msgspec.Meta(ge=1, le=_MOST_STORED)] = EVIDENCE
    compose: Compose = "sum"


def search_methods(indexes: Sequence[str], forms: Sequence[VectorForm]) -> list[SearchMethod]:
    """Return the methods of search, of which the first is scored.

    Raises SpecError for a repeated one, and for indexes together with forms of vectors.
    """
    names = [*(("--index", one) for one in indexes), *(("--vectors", one.name) for one in forms)]
    for flag, name in names:
        if names.count((flag, name)) > 1:
            raise SpecError(f"{flag} {name}: listed twice; leave one out")
    if forms == [VectorForm()]:
        return [SearchMethod(index) for index in indexes]
    if list(indexes) != [EXACT]:
        raise SpecError(
            "--vectors is searched exactly; leave out --index, or use an index that compresses"
            " vectors, e.g. --index SQ8"
        )
    return [SearchMethod(EXACT, form) for form in forms]
