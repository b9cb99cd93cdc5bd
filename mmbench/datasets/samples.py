"""Samples with a reference each: the data of every kind but retrieval."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.datasets.matching import refuse_strangers, with_sample_ids, without_data_tags
from mmbench.text import part_of
from mmbench.types import Broken, Content, Media, Outputs, Sample


class Samples(Struct, frozen=True):
    """The data of every kind but retrieval: rows, and the names of the classes where it has some.

    A label in a target is its position in `labels`. `source` says where the data are from.
    `templates` are the prompts into which a class is put ("a photo of a {}."), where the data set
    has its own. `group_name` is what the groups are, where the source knows it ("speaker"): a tag
    for breakdowns. `optional_tags` are those that the source sets where the files have them. It is
    a `mmbench.protocols.Dataset`.
    """

    samples: list[Sample]
    labels: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    group_name: str = ""
    optional_tags: list[str] = field(default_factory=list)

    def by_role(self) -> dict[str, list[Sample]]:
        """Return the samples under their one role, `sample`."""
        return {"sample": self.samples}

    def sizes(self) -> dict[str, int]:
        """Return the number of samples."""
        return {"sample": len(self.samples)}

    def limit(self, n: int) -> Samples:
        """Return the first n samples."""
        return replace(self, samples=self.samples[:n])

    def contents(
        self, fields: Mapping[str, str], _both: bool, /
    ) -> Iterator[tuple[str, str, Content]]:
        """Yield what counts as asked of each sample: its texts, and a real image to compare with.

        The images that questions are about are not read: the outputs of others are scored without
        them, and their scores stand in one column with those of a run.
        """
        for sample in self.samples:
            texts = {name: c for name, c in sample.inputs.items() if isinstance(c, str)}
            asked = {name: texts[field] for name, field in fields.items() if field in texts}
            yield "sample", sample.id, json.dumps(asked, sort_keys=True)
            if isinstance(sample.target, Media):
                yield "target", sample.id, sample.target

    def targets_hash(self) -> bytes:
        """Return a digest of the targets, which with the contents says what was asked of."""
        state = blake2b(digest_size=16)
        for sample in self.samples:
            target = None if isinstance(sample.target, Media | Broken) else sample.target
            state.update(repr((sample.id, target)).encode("utf-8", "surrogatepass"))
        state.update(repr(self.labels).encode())
        if self.templates:
            state.update(repr(self.templates).encode())
        return state.digest()

    def notes(self) -> list[str]:
        """Return how many samples have no image, sound or video, if others have one."""
        alone = sum(all(isinstance(c, str) for c in s.inputs.values()) for s in self.samples)
        if alone in (0, len(self.samples)):
            return []
        return [f"{part_of(alone, len(self.samples), 'sample')} no image, sound or video"]

    def match(self, outputs: Outputs, *, partial: bool = False) -> tuple[Samples, Outputs]:
        """Return the samples that have an output, and the outputs under the ids of the samples.

        Outputs without ids take those of the samples in order. A set of images alone, without
        anything to ask, is compared as a set: nothing is matched. Raises DataError that lists
        samples without an output (`partial` leaves these out), and outputs without a sample.
        """
        if self._is_image_set():
            return self, outputs
        ids = [sample.id for sample in self.samples]
        outputs = with_sample_ids(self.samples, outputs)
        refuse_strangers(ids, outputs, partial=partial)
        kept = [sample for sample in self.samples if sample.id in outputs.values]
        return replace(self, samples=kept), without_data_tags(kept, outputs)

    def _is_image_set(self) -> bool:
        targets = [sample.target for sample in self.samples]
        images = [t for t in targets if isinstance(t, Media) and t.modality == "image"]
        rest = len(targets) - len(images)
        return (
            bool(images)
            and not any(sample.inputs for sample in self.samples)
            and rest == sum(isinstance(target, Broken) for target in targets)
        )

    def with_group_tags(self) -> Samples:
        """Return samples whose group is also a tag, where groups have a name."""
        if not self.group_name:
            return self
        return replace(self, samples=[_with_group(s, self.group_name) for s in self.samples])

    def with_sample(self, _role: str, row: int, sample: Sample, /) -> Samples:
        """Return the data with another sample in a row; there is one role, `sample`."""
        return replace(self, samples=[*self.samples[:row], sample, *self.samples[row + 1 :]])

    def shuffled(self, seed: int) -> Samples:
        """Return the samples in another order."""
        rows = random.Random(seed).sample(self.samples, len(self.samples))
        return replace(self, samples=rows)

    def permuted(self, seed: int) -> Samples:
        """Return the samples with their targets dealt out again at random.

        If the targets are the real images of what is to be drawn, the prompts are dealt out.
        """
        what = "inputs" if isinstance(self.samples[0].target, Media) else "target"
        others = list(self.samples)
        random.Random(seed).shuffle(others)
        pairs = zip(self.samples, others, strict=True)
        dealt = [replace(sample, **{what: getattr(other, what)}) for sample, other in pairs]
        return replace(self, samples=dealt)

    def shards(self) -> list[Samples]:
        """Return two halves; the predictions of both are those of the whole."""
        half = len(self.samples) // 2
        parts = (self.samples[:half], self.samples[half:])
        return [replace(self, samples=part) for part in parts]


def _with_group(sample: Sample, name: str) -> Sample:
    own = {name: sample.group} if sample.group else {}
    return replace(sample, tags=own | sample.tags)
