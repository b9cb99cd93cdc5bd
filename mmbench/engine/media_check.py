"""The inputs of a task's media fields are media, whatever source the data are from."""

from __future__ import annotations

from reprlib import repr

from mmbench.data.media_fields import field_modality
from mmbench.data.unread_media import modality_by_ending
from mmbench.errors import DataError
from mmbench.protocols import Dataset
from mmbench.types import Content, Media, Modality, Sample, TaskSpec


def media_field(name: str, field: str) -> Modality | None:
    """Return the modality of a task's field, by its name or by that of its input; else None."""
    return field_modality(name) or field_modality(field)


def check_media(spec: TaskSpec, data: Dataset) -> None:
    """Refuse data whose input in a media field is a text or another medium. Raises DataError.

    And data whose texts in another field are names of media: a model would be asked with a name.
    """
    fields = {field: media_field(name, field) for name, field in spec.fields.items()}
    wanted = {field: modality for field, modality in fields.items() if modality}
    for samples in data.by_role().values():
        for sample in samples:
            for field, modality in wanted.items():
                _check(spec, sample, field, modality)
        for field in fields.keys() - wanted.keys():
            _refuse_names(spec, field, [sample.inputs.get(field) for sample in samples])


def _refuse_names(spec: TaskSpec, field: str, contents: list[Content | None]) -> None:
    texts = [content for content in contents if isinstance(content, str)]
    words = (text for text in texts if not text.strip() or " " in text.strip())
    if not texts or next(words, None) is not None:
        return
    kinds = {modality_by_ending(text) for text in texts}
    (kind, *others) = kinds
    if kind and not others:
        raise DataError(
            f"task {spec.name}: {field} holds names of files, e.g. {repr(texts[0])}, and is read as"
            f" text: call the input {kind} in the task's data and fields"
        )


def _check(spec: TaskSpec, sample: Sample, field: str, modality: Modality) -> None:
    content = sample.inputs.get(field)
    found = _shown(content)
    if found and not (isinstance(content, Media) and content.modality == modality):
        raise DataError(
            f"task {spec.name}: sample {sample.id}: {field} is {found}, where {modality} is"
            f" needed: name the input {modality} in the task's data and fields"
        )


def _shown(content: Content | None) -> str:
    """What a text or a medium is in a message; empty for what is missing or broken."""
    if isinstance(content, str):
        return f"the text {repr(content)}"
    return f"a medium of {content.modality}" if isinstance(content, Media) else ""
