"""A check that the media fields of a task contain media, for data of any source."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import repr

from mmbench.columns import ABSENT, Absent, Repeated, column, entries
from mmbench.data.mapping.media_columns import field_modality
from mmbench.data.readers.folders import modality_by_ending
from mmbench.errors import DataError
from mmbench.protocols import Dataset
from mmbench.types import Content, Media, Modality, Sample, TaskSpec


def media_field(name: str, field: str) -> Modality | None:
    """Return the modality that a task's field denotes, such as "image"; None for a text field.

    `name` is the role of the field in the task, `field` the name of the input in the data.
    """
    return field_modality(name) or field_modality(field)


def check_media(spec: TaskSpec, data: Dataset) -> None:
    """Raise DataError for a media field that contains text or media of another modality.

    Raise it also for a text field that contains names of media files, because the model would
    read the names as text.
    """
    fields = {field: media_field(name, field) for name, field in spec.fields.items()}
    media_fields = {field: modality for field, modality in fields.items() if modality}
    for samples in data.by_role().values():
        inputs = column(samples, "inputs")
        for field, modality in media_fields.items():
            _check(spec, samples, entries(inputs, field), field, modality)
        for field in fields.keys() - media_fields.keys():
            _refuse_names(spec, field, entries(inputs, field))


def _refuse_names(spec: TaskSpec, field: str, contents: Sequence[Content | Absent]) -> None:
    texts = (content for content in contents if isinstance(content, str))
    first = next(texts, None)
    if first is None or _is_words(first) or any(map(_is_words, texts)):
        return
    kind = modality_by_ending(first)
    alike = (modality_by_ending(c) == kind for c in contents if isinstance(c, str))
    if kind and all(alike):
        raise DataError(
            f"task {spec.name}: {field} contains file names, e.g. {repr(first)}, but is read as"
            f" text; call the input {kind} in the task's data and fields"
        )


def _is_words(text: str) -> bool:
    return not text.strip() or " " in text.strip()


def _check(
    spec: TaskSpec,
    samples: Sequence[Sample],
    contents: Sequence[Content | Absent],
    field: str,
    modality: Modality,
) -> None:
    if isinstance(contents, Repeated) and contents.only is ABSENT:
        return
    for row, content in enumerate(contents):
        actual = _describe(content)
        if actual and not (isinstance(content, Media) and content.modality == modality):
            raise DataError(
                f"task {spec.name}: sample {samples[row].id}: {field} is {actual}, but {modality}"
                f" is needed; call the input {modality} in the task's data and fields"
            )


def _describe(content: Content | Absent) -> str:
    """Describe a content for a message; return "" for a missing or invalid content."""
    if isinstance(content, str):
        return f"the text {repr(content)}"
    return f"a media item of modality {content.modality}" if isinstance(content, Media) else ""
