"""Samples with one reference each: the data of all kinds of task except retrieval."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from json.encoder import encode_basestring_ascii
from string import ascii_uppercase

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.columns import (
    ABSENT,
    Keyed,
    Mappings,
    Places,
    Texts,
    column,
    entries,
    names_in,
    pack,
    places,
    rows_of_type,
    table,
    take_rows,
    without_rows,
)
from mmbench.datasets.context_matching import with_context_ids
from mmbench.datasets.matching import refuse_strangers, with_sample_ids, without_data_tags
from mmbench.datasets.provenance import column_notes
from mmbench.text import part_of
from mmbench.types import Content, InvalidContent, Media, Outputs, Sample


class Samples(Struct, frozen=True):
    """The data of all kinds of task except retrieval: samples, and class names if there are any.

    A label in a target is an index into `labels`. `source` is the provenance of the data.
    `templates` are the prompt templates of the data set for its classes ("a photo of a {}.").
    `group_name` is the noun for a group, if known ("speaker"); groups then become a tag with this
    name, for breakdowns. `optional_tags` are tags that the data source sets if the files have them.
    `examples` are solved samples of other data, for few-shot requests. The class implements
    `mmbench.protocols.Dataset`.
    """

    samples: Sequence[Sample]
    labels: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    group_name: str = ""
    optional_tags: list[str] = field(default_factory=list)
    examples: Sequence[Sample] = ()

    def by_role(self) -> dict[str, Sequence[Sample]]:
        """Return the samples under their only role, `sample`."""
        return {"sample": self.samples}

    def sizes(self) -> dict[str, int]:
        """Return the number of samples, by role."""
        return {"sample": len(self.samples)}

    def limit(self, n: int) -> Samples:
        """Return the first n samples."""
        return replace(self, samples=self.samples[:n])

    def test_rows(self) -> Places:
        """Return the rows [n] int64 of all samples."""
        return np.arange(len(self.samples))

    def part(self, rows: Places, /) -> Samples:
        """Return the data with only the samples in `rows`; class names and examples stay whole."""
        return replace(self, samples=take_rows(self.samples, rows))

    def contents(
        self, fields: Mapping[str, str], _both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield role, id and content of each sample and example to identify the data.

        The content consists of the texts of the sample, and of its target if the target is an
        image. Input images, audio and video are not read: outputs of other programs are scored
        without them, and their scores share a leaderboard column with the scores of runs.
        """
        ids, targets = column(self.samples, "id"), column(self.samples, "target")
        texts = _input_texts(self.samples, fields)
        for ident, text, target in zip(ids, texts, targets, strict=True):
            yield "sample", ident, text
            if isinstance(target, Media):
                yield "target", ident, target
        texts = _input_texts(self.examples, fields)
        for ident, text in zip(column(self.examples, "id"), texts, strict=True):
            yield "example", ident, text

    def targets_hash(self) -> bytes:
        """Return a hash of the targets; together with the contents it identifies the data."""
        state = blake2b(digest_size=16)
        for ident, target in chain(_id_targets(self.samples), _id_targets(self.examples)):
            known = None if isinstance(target, Media | InvalidContent) else target
            state.update(repr((ident, known)).encode("utf-8", "surrogatepass"))
        state.update(repr(self.labels).encode())
        if self.templates:
            state.update(repr(self.templates).encode())
        return state.digest()

    def notes(self) -> list[str]:
        """Return a note on inferred columns, and one if only some samples have an image, audio or
        video.
        """
        inputs = column(self.samples, "inputs")
        texts = [entries(inputs, name) for name in names_in(inputs)]
        notes = column_notes(self.source)
        if all(isinstance(column, Texts) for column in texts):
            return notes
        without_media = sum(all(isinstance(c, str) for c in one.values()) for one in inputs)
        if without_media in (0, len(self.samples)):
            return notes
        return [
            *notes,
            f"{part_of(without_media, len(self.samples), 'sample')} no image, audio or video",
        ]

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[Samples, Outputs]:
        """Match the data and the outputs of another program, and return both.

        The returned data have only samples with outputs; the returned outputs have the ids of
        samples. Outputs without ids get the ids of the samples in order. Sets of images without
        inputs are compared as sets and are not matched. Raises DataError that lists outputs without
        a sample and samples without an output; with `partial`, samples without an output are
        dropped instead.
        """
        if self._is_image_set():
            return self, outputs
        ids = column(self.samples, "id")
        if outputs.contexts:
            outputs = with_context_ids(self.samples, outputs, self.labels, partial=partial)
        else:
            outputs = with_sample_ids(self.samples, outputs)
        refuse_strangers(ids, outputs, partial=partial)
        matched = self.samples
        if partial:  # without `partial`, samples without an output have raised an error
            absent = (places(ids, Keyed.from_mapping(outputs.values).names) < 0).nonzero()[0]
            matched = without_rows(matched, absent.tolist())
        return replace(self, samples=matched), without_data_tags(matched, outputs)

    def _is_image_set(self) -> bool:
        targets = column(self.samples, "target")
        images = [targets[row] for row in rows_of_type(targets, Media)]
        images = [image for image in images if image.modality == "image"]
        return (
            bool(images)
            and not any(column(self.samples, "inputs"))
            and len(targets) - len(images) == len(rows_of_type(targets, InvalidContent))
        )

    def with_group_tags(self) -> Samples:
        """Return the samples with their group as a tag, if `group_name` is set."""
        if not self.group_name:
            return self
        samples = table(Sample, self.samples, ("inputs", "tags"))
        tags = samples.columns["tags"]
        pairs = zip(entries(tags, self.group_name), samples.columns["group"], strict=True)
        groups = pack([(group or ABSENT) if tag is ABSENT else tag for tag, group in pairs])
        others = {name: entries(tags, name) for name in names_in(tags) if name != self.group_name}
        with_groups = Mappings({self.group_name: groups, **others}, len(samples))
        return replace(self, samples=samples.with_columns(tags=with_groups))

    def with_sample(self, _role: str, row: int, sample: Sample, /) -> Samples:
        """Return the data with another sample in one row; the only role is `sample`."""
        return replace(self, samples=[*self.samples[:row], sample, *self.samples[row + 1 :]])

    def shuffled(self, seed: int) -> Samples:
        """Return the samples in random order."""
        rows = random.Random(seed).sample(self.samples, len(self.samples))
        return replace(self, samples=rows)

    def permuted(self, seed: int) -> Samples:
        """Return the samples with their targets permuted at random.

        In image generation the targets are real images; the prompts are permuted instead.
        """
        what = "inputs" if isinstance(self.samples[0].target, Media) else "target"
        others = list(self.samples)
        random.Random(seed).shuffle(others)
        pairs = zip(self.samples, others, strict=True)
        permuted_samples = [
            replace(sample, **{what: getattr(other, what)}) for sample, other in pairs
        ]
        return replace(self, samples=permuted_samples)

    def shards(self) -> list[Samples]:
        """Return two halves of the data.

        The predictions for the halves, one after the other, equal the predictions for all data.
        """
        half = len(self.samples) // 2
        parts = (self.samples[:half], self.samples[half:])
        return [replace(self, samples=part) for part in parts]


def _id_targets(samples: Sequence[Sample]) -> Iterator[tuple[str, object]]:
    return zip(column(samples, "id"), column(samples, "target"), strict=True)


def _input_texts(samples: Sequence[Sample], fields: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts of each sample as a JSON object, with the task's field names as keys."""
    inputs = column(samples, "inputs")
    names = sorted(fields)
    columns = [entries(inputs, fields[name]) for name in names]
    keys = [f"{encode_basestring_ascii(name)}: " for name in names]
    for texts in zip(*columns, strict=True) if columns else [()] * len(samples):
        pairs = zip(keys, texts, strict=True)
        fields_json = [key + encode_basestring_ascii(t) for key, t in pairs if isinstance(t, str)]
        yield f"{{{', '.join(fields_json)}}}"


def lettered(options: Sequence[str]) -> str:
    """Return options as lines, "A. cat", "B. dog": the text of the input `options`."""
    pairs = zip(ascii_uppercase, options, strict=False)
    return "\n".join(f"{letter}. {text}" for letter, text in pairs)
