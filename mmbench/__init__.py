"""Evaluation and retrieval benchmarks for multimodal models.

    result = mmbench.evaluate("clip-nano", "shapes-retrieval")
    result = mmbench.score("captions", {"id": "a text"}, data="references.jsonl")
    comparison = mmbench.compare("20261123-1405", result)
    score = mmbench.metric("recall@10")(predictions)
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
    from mmbench.api.comparisons import ComparisonResult as ComparisonResult
    from mmbench.api.comparisons import History as History
    from mmbench.api.comparisons import compare as compare
    from mmbench.api.comparisons import history as history
    from mmbench.api.comparisons import power as power
    from mmbench.api.evaluation import evaluate as evaluate
    from mmbench.api.evaluation import metric as metric
    from mmbench.api.evaluation import score as score
    from mmbench.api.groups import GroupComparison as GroupComparison
    from mmbench.api.groups import GroupResult as GroupResult
    from mmbench.api.groups import group as group
    from mmbench.api.listings import Listing as Listing
    from mmbench.api.listings import list_models as list_models
    from mmbench.api.listings import list_tasks as list_tasks
    from mmbench.api.rankings import RankingResult as RankingResult
    from mmbench.api.rankings import rank as rank
    from mmbench.api.replicates import ReplicatesResult as ReplicatesResult
    from mmbench.api.result import Result as Result
    from mmbench.datasets import RetrievalData as RetrievalData
    from mmbench.datasets import Samples as Samples
    from mmbench.errors import MmbenchError as MmbenchError
    from mmbench.protocols import declare as declare
    from mmbench.registry import register as register
    from mmbench.types import Media as Media
    from mmbench.types import Prediction as Prediction
    from mmbench.types import RunRecord as RunRecord
    from mmbench.types import Sample as Sample
    from mmbench.types import Score as Score

_PUBLIC = {
    "evaluate": "mmbench.api.evaluation",
    "metric": "mmbench.api.evaluation",
    "score": "mmbench.api.evaluation",
    "compare": "mmbench.api.comparisons",
    "history": "mmbench.api.comparisons",
    "group": "mmbench.api.groups",
    "power": "mmbench.api.comparisons",
    "rank": "mmbench.api.rankings",
    "list_models": "mmbench.api.listings",
    "list_tasks": "mmbench.api.listings",
    "declare": "mmbench.protocols",
    "register": "mmbench.registry",
    "ComparisonResult": "mmbench.api.comparisons",
    "GroupComparison": "mmbench.api.groups",
    "GroupResult": "mmbench.api.groups",
    "History": "mmbench.api.comparisons",
    "ReplicatesResult": "mmbench.api.replicates",
    "Listing": "mmbench.api.listings",
    "RankingResult": "mmbench.api.rankings",
    "MmbenchError": "mmbench.errors",
    "Media": "mmbench.types",
    "Prediction": "mmbench.types",
    "Result": "mmbench.api.result",
    "RetrievalData": "mmbench.datasets",
    "RunRecord": "mmbench.types",
    "Sample": "mmbench.types",
    "Samples": "mmbench.datasets",
    "Score": "mmbench.types",
}

__all__ = ["__version__", "search", *_PUBLIC]

# Names of commands that are functions with another name, and what to type.
_INSTEAD = {"run": "mmbench.evaluate(MODEL, TASK)"}


def __getattr__(name: str) -> Any:
    if name == "search":
        return import_module("mmbench.search")
    if name not in _PUBLIC:
        advice = f"; use {_INSTEAD[name]}" if name in _INSTEAD else ""
        raise AttributeError(f"module 'mmbench' has no attribute {name!r}{advice}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
