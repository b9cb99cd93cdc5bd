"""The samples that a browser shows, and their outputs and references as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbench.comparison.samples.output_text import is_media
from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.run_samples import RunSamples

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SampleRows(NamedTuple):
    """The samples of a browser: of one run, or of two runs side by side.

    `rows` [n, r] holds, for each sample, its row in each of the r `runs`.
    """

    runs: tuple[RunSamples, ...]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def samples(self, start: int, stop: int) -> Iterator[list[RunSample]]:
        """Yield, for each sample in a range, its outputs in all runs."""
        for row in self.rows[start:stop].tolist():
            yield [run[at] for run, at in zip(self.runs, row, strict=True)]


def with_inputs(outputs: Sequence[RunSample]) -> RunSample:
    """Return the sample of the first run whose inputs are stored; the first run if none are."""
    return next((one for one in outputs if one.texts or one.media), outputs[0])


def answer(sample: RunSample) -> str:
    """Return the output as text; "" for an image or a sound, which is shown instead."""
    return "" if is_media(sample.output) else sample.answer_text


def references(sample: RunSample) -> list[str]:
    """Return the references as texts; [] for an image, which is among the media of the sample."""
    return [] if is_media(sample.target) else sample.references
