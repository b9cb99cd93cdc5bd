"""What the engine hands to a model's methods, and what it takes from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mmbench.engine.dispatch import call, class_scores
from mmbench.engine.execution.forward import Forward
from mmbench.errors import ModelError
from mmbench.types import Audio, Modality, Requests, Role


class Speaker:
    """A model that speaks, from tokens that it prepares ahead of time."""

    modalities: frozenset[Modality] = frozenset({"text"})

    def prepare(self, item: str, modality: str) -> list[int]:
        """Return the codes of the letters."""
        return [ord(letter) for letter in item]

    def speak(self, texts: Sequence[list[int]]) -> list[Audio]:
        """Return as many samples as the sum of the codes."""
        return [Audio(np.zeros(sum(text), np.float32), 16_000) for text in texts]


def test_a_model_speaks_what_it_prepared() -> None:
    requests = Requests(["a", "bc"], "text", method="speak")
    forward = Forward(Speaker(), requests, 2)
    rows = forward.answer([forward.prepare(text) for text in ("a", "bc")], print)
    assert [len(row) > 44 for row in rows if isinstance(row, bytes)] == [True, True]


class Matrix:
    """An array whose shape is no tuple, as TensorFlow has it."""

    ndim = 2
    shape = "(2, 3)"

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return np.ones((self._n, 3), np.float32)


class Embedder:
    """A model whose vectors are no NumPy array."""

    modalities: frozenset[Modality] = frozenset({"text"})

    def embed(self, items: Sequence[str], modality: Modality, role: Role) -> Any:
        """Return a row of ones for each item but those called more."""
        return Matrix(sum(item != "more" for item in items))


def test_vectors_may_be_of_any_array_type() -> None:
    requests = Requests(["a", "b"], "text")
    rows = call(Embedder(), ["a", "b"], requests, "model embedder")
    assert [np.frombuffer(row, "<f4").size for row in rows if isinstance(row, memoryview)] == [3, 3]
    with pytest.raises(ModelError, match=r"embed returned \(2, 3\) for 3 items"):
        call(Embedder(), ["a", "b", "more"], requests, "model embedder")


class Delegates:
    """A model whose labels are those of another one, looked up when they are wanted."""

    modalities: frozenset[Modality] = frozenset({"image"})

    def classify(self, items: Sequence[Any], modality: Modality) -> np.ndarray[Any, Any]:
        """Return two scores for each item."""
        return np.zeros((len(items), 2), np.float32)

    def __getattr__(self, name: str) -> list[str]:
        if name != "labels":
            raise AttributeError(name)
        return ["cat", "dog"]


def test_labels_may_be_delegated() -> None:
    assert class_scores(Delegates(), [1, 2, 3], "image", "model delegates").shape == (3, 2)
