"""The inputs of samples: the medium or the text that a kind requests outputs for."""

from __future__ import annotations

from mmbench.columns import column
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.types import Content, InvalidContent, Media, Modality, Sample, TaskSpec

_MEDIA = {"image", "audio", "video"}


def check_medium(spec: TaskSpec) -> None:
    """Refuse fields that are not media. Raises SpecError."""
    if not spec.fields or not _MEDIA.issuperset(spec.fields):
        raise SpecError(
            f"task {spec.name}: fields of a {spec.kind} task are media, e.g."
            " `fields: {image: image}`"
        )


def media_of(spec: TaskSpec, data: Samples) -> tuple[list[Content], Modality]:
    """Return the medium of each sample, and their modality, text if there are no media.

    Raises DataError for several modalities: a model is asked about one at a time.
    """
    media = [_medium_of(spec, sample) for sample in data.samples]
    first: dict[Modality, str] = {}
    for ident, medium in zip(column(data.samples, "id"), media, strict=True):
        if isinstance(medium, Media):
            first.setdefault(medium.modality, ident)
    if len(first) > 1:
        examples = ", ".join(f"{modality} of {ident}" for modality, ident in first.items())
        raise DataError(
            f"task {spec.name}: its media are of several kinds ({examples}): split the data"
        )
    return media, next(iter(first), "text")


def _medium_of(spec: TaskSpec, sample: Sample) -> Content:
    """Return the medium of a sample: the only field that it has. Raises DataError."""
    present = [field for field in spec.fields.values() if field in sample.inputs]
    usable = [field for field in present if not isinstance(sample.inputs[field], InvalidContent)]
    if present and len(usable) < 2:
        return sample.inputs[(usable or present)[0]]
    if not present:
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no {' or '.join(spec.fields.values())}:"
            " name its file in a column of that name"
        )
    raise DataError(
        f"task {spec.name}: sample {sample.id} has {' and '.join(usable)}, and a model is asked"
        f" about one: choose it in a task file, e.g. fields: {{{usable[0]}: {usable[0]}}}"
    )


def text_of(spec: TaskSpec, sample: Sample, name: str) -> str | InvalidContent:
    """Return a text of a sample, by the name of its field. Raises DataError."""
    content = input_of(spec, sample, spec.fields[name])
    if isinstance(content, Media):
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no text in {spec.fields[name]!r}"
        )
    return content


def input_of(spec: TaskSpec, sample: Sample, field: str) -> Content:
    """Return a content of a sample. Raises DataError if this field is missing."""
    content = sample.inputs.get(field)
    if content is None:
        has = f", only {', '.join(sample.inputs)}" if sample.inputs else ""
        raise DataError(f"task {spec.name}: sample {sample.id} has no {field}{has}")
    return content
