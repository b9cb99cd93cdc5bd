"""The answers of two runs to the same samples, with the inputs that a judge sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.errors import UserError
from mmbench.storage.data_folders import data_folders_read, is_inside
from mmbench.storage.media_places import read_place
from mmbench.types import Content, InvalidContent, Media, MediaPlace, Prediction


class AnswerPair(NamedTuple):
    """The answers of two runs to the sample of `prediction`, whose own value is not used."""

    prediction: Prediction
    baseline: str
    candidate: str


def answer_pairs(
    baseline: RunSamples, candidate: RunSamples, *, allow_outside: bool
) -> tuple[list[AnswerPair], int]:
    """Return the pairs of answers, and the number of samples that failed in a run or are missing.

    Media files outside the folders of data that commands on this machine have read are invalid
    contents, unless `allow_outside` is true: a sample table from elsewhere may name any file.
    Raises UserError for runs whose outputs are not texts.
    """
    files = _MediaFiles(None if allow_outside else data_folders_read())
    others = {sample.id: sample for sample in candidate}
    pairs = list(_pairs(baseline, others, files))
    return pairs, len({*others, *baseline.ids()}) - len(pairs)


def _pairs(
    baseline: RunSamples, others: dict[str, RunSample], files: _MediaFiles
) -> Iterator[AnswerPair]:
    for sample in baseline:
        other = others.get(sample.id)
        if other is None or sample.error is not None or other.error is not None:
            continue
        if not (isinstance(sample.output, str) and isinstance(other.output, str)):
            raise UserError(
                f"runs {baseline.record.run} and others of task {baseline.record.task.name}: the"
                " outputs are not texts, which a judge compares; leave out --judge"
            )
        inputs: dict[str, Content] = dict(sample.texts)
        inputs |= {name: files.content(place) for name, place in sample.media.items()}
        prediction = Prediction(
            sample.id, target=sample.target, group=sample.group or sample.id, inputs=inputs
        )
        yield AnswerPair(prediction, sample.output, other.output)


class _MediaFiles:
    """The media of stored samples; `folders` are those whose files may be read, None for all."""

    def __init__(self, folders: Sequence[Path] | None) -> None:
        self._folders = folders

    def content(self, place: MediaPlace) -> Content:
        """Return the media item at a place, or an invalid content if it may not be read."""
        if place.path and place.data is None and not self._is_permitted(place.path):
            return InvalidContent(
                f"{place.path} is outside the folders of data that commands on this machine have"
                " read; add --allow-outside to show it to the judge"
            )
        if place.path and place.data is None and place.inside is None:
            return Media(place.modality, place.path, span=place.span)
        return Media(place.modality, place.name, partial(read_place, place), span=place.span)

    def _is_permitted(self, path: str) -> bool:
        try:
            return self._folders is None or is_inside(path, self._folders)
        except (OSError, ValueError):  # a path that cannot exist
            return False
