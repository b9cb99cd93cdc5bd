"""The types of the Python interface, as a program sees them; mypy checks this file (strict)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_type

import mmbench


class Encoder:
    """A model as a user writes it."""

    modalities = frozenset({"text", "image"})

    def embed(self, items: Sequence[Any], modality: str, role: str) -> Any:
        return [[1.0, 0.0] for _ in items]


def typed_use(folder: Path) -> None:
    """Use each function as a program does; this is never called."""
    result = mmbench.evaluate(Encoder(), "retrieval", data=[{"image": "a.jpg", "text": "a"}])
    assert_type(result, mmbench.Result)
    assert_type(result.record, mmbench.RunRecord)
    assert_type(result.record.scores["recall@1"].value, float | None)
    assert_type(mmbench.evaluate("clip-nano", "shapes-retrieval", data=folder), mmbench.Result)
    assert_type(mmbench.score("captions", {"1": "a dog"}, data=str(folder)), mmbench.Result)
    comparison = mmbench.compare(result, "latest", out=folder)
    assert_type(comparison, mmbench.ComparisonResult)
    assert_type(comparison.comparison.scores[0].difference, float | None)
    assert_type(mmbench.history("labels", out=folder), mmbench.History)
    assert_type(mmbench.list_models()["clip-nano"], str)
    assert_type(repr(mmbench.list_tasks([folder])), str)
    mmbench.evaluate(3, "labels")  # type: ignore[arg-type]
    mmbench.evaluate("clip-nano", "labels", data=3)  # type: ignore[arg-type]


def test_annotations_are_shipped() -> None:
    assert (Path(mmbench.__file__).parent / "py.typed").is_file()
