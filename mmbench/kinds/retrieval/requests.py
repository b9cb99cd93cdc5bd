"""Embedding requests for the queries or for the corpus of retrieval data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mmbench.columns import Mapped, are_texts, column, entries
from mmbench.errors import DataError
from mmbench.kinds.inputs import input_of
from mmbench.types import Content, Media, Modality, Requests, Role, Sample, TaskSpec


def requests_of(
    spec: TaskSpec, prompt: str, samples: Sequence[Sample], field: str, role: Role
) -> Requests:
    """Return embedding requests for one field of samples; texts are inserted into the prompt.

    Raises DataError for a sample without the field.
    """
    cells = entries(column(samples, "inputs"), field)
    if are_texts(cells):
        plain = prompt == "{text}"
        return Requests(cells if plain else Mapped(partial(_put, prompt), cells), "text", role)
    contents = [_content(spec, prompt, sample, field) for sample in samples]
    kinds = {c.modality for c in contents if isinstance(c, Media)}
    modality: Modality = kinds.pop() if kinds else "text"
    return Requests(contents, modality, role)


def _content(spec: TaskSpec, prompt: str, sample: Sample, field: str) -> Content:
    if not sample.inputs:
        raise DataError(
            f"task {spec.name}: the samples are ids without contents, which no model can embed;"
            f" score a ranking with mmbench score -t {spec.name} --predictions FILE"
        )
    content = input_of(spec, sample, field)
    return _put(prompt, content) if isinstance(content, str) else content


def _put(prompt: str, text: str) -> str:
    return prompt.replace("{text}", text)
