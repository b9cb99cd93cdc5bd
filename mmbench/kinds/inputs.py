"""Access to the inputs of samples: the image, audio, video or text that a request needs."""

from __future__ import annotations

from mmbench.columns import column
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.types import Content, InvalidContent, Media, Modality, Sample, TaskSpec

_MEDIA = {"image", "audio", "video"}


def check_medium(spec: TaskSpec) -> None:
    """Raise SpecError if a field of a task is not an image, audio or video."""
    if not spec.fields or not _MEDIA.issuperset(spec.fields):
        raise SpecError(
            f"task {spec.name}: fields of a {spec.kind} task must be image, audio or video; set"
            " e.g. `fields: {image: image}`"
        )


def media_of(spec: TaskSpec, data: Samples) -> tuple[list[Content], Modality]:
    """Return the image, audio or video of each sample, and the modality that they have in common.

    The modality is "text" if no sample has media. Raises DataError if samples have different
    modalities.
    """
    media = [_medium_of(spec, sample) for sample in data.samples]
    first: dict[Modality, str] = {}
    for ident, medium in zip(column(data.samples, "id"), media, strict=True):
        if isinstance(medium, Media):
            first.setdefault(medium.modality, ident)
    if len(first) > 1:
        examples = ", ".join(f"{modality} of {ident}" for modality, ident in first.items())
        raise DataError(
            f"task {spec.name}: the data mix modalities ({examples}); make a task for each modality"
        )
    return media, next(iter(first), "text")


def _medium_of(spec: TaskSpec, sample: Sample) -> Content:
    """Return the image, audio or video of a sample. Raises DataError unless it has exactly one."""
    present = [field for field in spec.fields.values() if field in sample.inputs]
    usable = [field for field in present if not isinstance(sample.inputs[field], InvalidContent)]
    if present and len(usable) < 2:
        return sample.inputs[(usable or present)[0]]
    if not present:
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no {' or '.join(spec.fields.values())};"
            " give the path of its file in a column with this name"
        )
    raise DataError(
        f"task {spec.name}: sample {sample.id} has {' and '.join(usable)}, but a request takes"
        f" only one; choose it in a task file, e.g. fields: {{{usable[0]}: {usable[0]}}}"
    )


def text_of(spec: TaskSpec, sample: Sample, name: str) -> str | InvalidContent:
    """Return the text of a sample in the field `name` of the task.

    Raises DataError if the field is missing or is not a text.
    """
    content = input_of(spec, sample, spec.fields[name])
    if isinstance(content, Media):
        raise DataError(
            f"task {spec.name}: sample {sample.id} has no text in {spec.fields[name]!r}"
        )
    return content


def input_of(spec: TaskSpec, sample: Sample, field: str) -> Content:
    """Return the input `field` of a sample. Raises DataError if the sample lacks it."""
    content = sample.inputs.get(field)
    if content is None:
        has = f", only {', '.join(sample.inputs)}" if sample.inputs else ""
        raise DataError(f"task {spec.name}: sample {sample.id} has no {field}{has}")
    return content
