"""The result of a comparison of a training list with a test set."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Match = Literal["bytes", "pixels", "text", "words", "near"]


class OverlapPair(Struct, frozen=True):
    """A test item, and the training row that is equal or nearest to it.

    `part` is the input of the test sample, or `reference`. `times` is the number of equal training
    rows; 0 for a near duplicate. `cosine` is that of the nearest row, which may be another one than
    `train_id` if the match is exact; None without a model.
    """

    part: str
    role: str
    id: str
    match: Match
    train_id: str
    times: int
    cosine: float | None


class PartOverlap(Struct, frozen=True):
    """The overlap of one input of the test set, or of the references.

    `items` were compared, and `short` texts left out. The counts are numbers of items by their
    strongest match.
    """

    part: str
    items: int
    short: int
    bytes: int = 0
    pixels: int = 0
    text: int = 0
    words: int = 0
    near: int = 0

    @property
    def overlapping(self) -> int:
        """The number of items with any match."""
        return self.bytes + self.pixels + self.text + self.words + self.near


class PartScore(Struct, frozen=True):
    """A score of a run on a part of its samples, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class OverlapScore(Struct, frozen=True):
    """A score on the overlapping samples and on the others, and the difference of both.

    `difference` is the score on the overlapping samples minus the score on the others.
    """

    metric: str
    better: str
    overlapping: PartScore
    clean: PartScore
    difference: float | None
    low: float | None
    high: float | None


class Overlap(Struct, frozen=True):
    """The overlap of a training list with the data of a task.

    `rows` is the number of training rows, of which `unusable` lack a media item or cannot be read.
    `samples` are the samples that overlap by `by` (media, text or any), by role, and `sizes` all
    samples by role. `model` is the model of the near duplicates, "" for none, with its `threshold`.
    """

    task: str
    train: str
    rows: int
    unusable: int
    model: str
    threshold: float
    by: str
    sizes: dict[str, int]
    samples: dict[str, int]
    parts: list[PartOverlap]
    pairs: list[OverlapPair]
    notes: list[str]
    run: str = ""
    scores: list[OverlapScore] = []
