"""Evaluation and retrieval benchmarks for multimodal models.

    record = mmbench.evaluate("clip-nano", "shapes-retrieval")
    record = mmbench.score("captions", {"id": "a text"}, data="references.jsonl")
    score = mmbench.metric("recall@10")(predictions)
    verdict = mmbench.compare("20261123-1405", "20261123-1610")
    ranks = mmbench.search.positive_ranks(queries, corpus, positives)

Heavy libraries are imported only when they are needed.
"""

from __future__ import annotations

from importlib import import_module

# Like typing.TYPE_CHECKING. Importing typing is slow, and signals are handled only after imports.
TYPE_CHECKING = False

__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from mmbench import search as search
    from mmbench.comparison.compare import compare as compare
    from mmbench.datasets import RetrievalData as RetrievalData
    from mmbench.datasets import Samples as Samples
    from mmbench.engine.api import evaluate as evaluate
    from mmbench.engine.api import metric as metric
    from mmbench.engine.api import score as score
    from mmbench.errors import MmbenchError as MmbenchError
    from mmbench.protocols import declare as declare
    from mmbench.registry import register as register
    from mmbench.types import Media as Media
    from mmbench.types import Prediction as Prediction
    from mmbench.types import RunRecord as RunRecord
    from mmbench.types import Sample as Sample
    from mmbench.types import Score as Score

_PUBLIC = {
    "evaluate": "mmbench.engine.api",
    "metric": "mmbench.engine.api",
    "score": "mmbench.engine.api",
    "compare": "mmbench.comparison.compare",
    "declare": "mmbench.protocols",
    "register": "mmbench.registry",
    "MmbenchError": "mmbench.errors",
    "Media": "mmbench.types",
    "Prediction": "mmbench.types",
    "RetrievalData": "mmbench.datasets",
    "RunRecord": "mmbench.types",
    "Sample": "mmbench.types",
    "Samples": "mmbench.datasets",
    "Score": "mmbench.types",
}

__all__ = ["__version__", "search", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name == "search":
        return import_module("mmbench.search")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mmbench' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
