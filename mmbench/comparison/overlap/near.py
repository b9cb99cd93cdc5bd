"""Nearly equal contents: the nearest training row of each test item by embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmbench.comparison.overlap.items import BenchmarkItem
from mmbench.comparison.overlap.training_rows import TrainingItem
from mmbench.engine.context import RunContext
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.abilities import models_with_ability
from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import ModelError
from mmbench.protocols import Embeds
from mmbench.search import top
from mmbench.types import Array, Media, Modality, Requests, Role, VectorOutputs


class Embedder:
    """A model that embeds contents, with its outputs in the journal.

    Raises ModelError for a model that does not embed, or embeds none of `modalities`.
    """

    def __init__(self, model: str, modalities: set[Modality], context: RunContext) -> None:
        options = context.options
        finder = ModelResolver(
            context.keys, options.dtype, options.device, options.trust_remote_code
        )
        found = find(model, finder, options.model_options)
        self.name = found.info.name
        self.modalities: set[Modality] = modalities & set(found.cls.modalities)
        if not hasattr(found.cls, "embed") or not self.modalities:
            names = ", ".join(models_with_ability(Embeds, set(modalities)))
            raise ModelError(
                f"model {self.name} does not embed {' or '.join(sorted(modalities))}; try {names}"
            )
        self._runner = InferenceRunner(found, context)
        self.device = self._runner.device

    def embed(self, contents: Sequence[str | Media], modality: Modality) -> tuple[Array, list[int]]:
        """Return unit vectors [k, d] of contents of one modality, and the rows [k] that have one.

        A content without a vector, such as a file that is not an image, has no row.
        """
        role: Role = "query" if modality == "text" else "document"
        outputs = self._runner.answers({"": Requests(contents, modality, role)})[""]
        assert isinstance(outputs, VectorOutputs)  # embed gives vectors
        usable = np.isfinite(outputs.vectors).all(axis=1) & outputs.vectors.any(axis=1)
        rows = np.flatnonzero(usable)
        return outputs.vectors[rows], rows.tolist()


class NearestRows:
    """The nearest training row of each test item of one modality: its cosine and its id.

    The cosines [n] of `items` are -1 before a row was compared. `failed` test items and
    `training_failed` contents of the training list have no vector. Memory: the vectors of the test
    items, and those of one block of training rows.
    """

    def __init__(
        self, items: Sequence[BenchmarkItem], modality: Modality, embedder: Embedder
    ) -> None:
        self._embedder = embedder
        self._numbers = [n for n, item in enumerate(items) if item.modality == modality]
        contents = [items[n].content for n in self._numbers]
        self._vectors, rows = embedder.embed(contents, modality)
        self.modality = modality
        self.failed, self.training_failed = len(contents) - len(rows), 0
        self._numbers = [self._numbers[row] for row in rows]
        self._cosines = np.full(len(self._numbers), -1.0, np.float32)
        self._ids = [""] * len(self._numbers)

    def compare(self, training: Sequence[TrainingItem]) -> None:
        """Compare a block of the training list with the test set."""
        block = [
            item
            for item in training
            if (isinstance(item.content, str)) == (self.modality == "text")
        ]
        if not block or not self._numbers:
            return
        vectors, rows = self._embedder.embed([item.content for item in block], self.modality)
        self.training_failed += len(block) - len(rows)
        if not rows:
            return
        nearest = top(self._vectors, vectors, 1, device=self._embedder.device)[:, 0]
        cosines = np.einsum("nd,nd->n", self._vectors, vectors[nearest])
        for at in np.flatnonzero(cosines > self._cosines).tolist():
            self._cosines[at] = cosines[at]
            self._ids[at] = block[rows[int(nearest[at])]].id

    def found(self, threshold: float) -> Iterator[tuple[int, float, str]]:
        """Yield the number, cosine and training id of each item that reaches the threshold."""
        for number, cosine, ident in zip(self._numbers, self._cosines, self._ids, strict=True):
            if cosine >= threshold:
                yield number, min(1.0, float(cosine)), ident
