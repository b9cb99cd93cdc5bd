"""Drawing: a set of images beside a set of real ones, or beside what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmbench import media
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.per_sample import (
    Directions,
    PerSample,
    chance,
    dealt_out,
    media_of,
    prediction,
    text_of,
)
from mmbench.protocols import Draws
from mmbench.types import (
    Broken,
    Media,
    Outputs,
    Prediction,
    Requests,
    Sample,
    Seeded,
    TaskSpec,
)


class Drawing(PerSample):
    """The kind `drawing`. A value is an image. The two sets need not have as many images.

    With a `size` in the task both drawings and real images are squares of that side (`square`).
    """

    ability = Draws
    baselines = ("oracle", "random")

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse an index, and a size that is none. Raises SpecError."""
        super().check(spec, index)
        if spec.size is not None and spec.size < 1:
            raise SpecError(f"task {spec.name}: size is {spec.size}: give a side in pixels")

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """The prompts, each with a seed of its own that its id gives."""
        if "prompt" not in spec.fields:
            raise SpecError(f"task {spec.name}: to run a model, `fields: {{prompt: …}}` is needed")
        asked = [
            prompt
            if isinstance(prompt := text_of(spec, sample, "prompt"), Broken)
            else Seeded(prompt, chance(seed, sample.id) % 2**32)
            for sample in data.samples
        ]
        return {"sample": Requests(asked, "text", method="draw")}

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """The drawings."""
        return media_of(answers["sample"])

    def match(
        self,
        data: Samples,
        outputs: Outputs,
        *,
        partial: bool = False,
    ) -> tuple[Samples, Outputs]:
        """Match drawings with prompts by id; sets of images without prompts stay as they are.

        Raises DataError that lists prompts without a drawing (`partial` leaves these out), and
        drawings without a prompt.
        """
        if any(sample.inputs for sample in data.samples):
            return super().match(data, outputs, partial=partial)
        return data, outputs

    def accept(
        self, spec: TaskSpec, data: Samples, outputs: Outputs
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions of the drawn images, and of the real ones that have no drawing of their id.

        Raises DataError for outputs that are no images.
        """
        real = {sample.id: sample for sample in data.samples}
        found = []
        for ident, value in outputs.values.items():
            sample = real.pop(ident, None) or Sample(ident, {})
            if not isinstance(value, Broken):
                value = self.value(spec, sample, value, data, outputs)
            found.append(prediction(sample, value, sample.tags))
        alone = [prediction(sample, None, sample.tags) for sample in real.values()]
        return _sized(spec, {"": [found + alone]}), {}

    def predict(
        self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any], index: str
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions of the drawn images, each beside its real one."""
        directions, extras = super().predict(spec, data, answers, index)
        return _sized(spec, directions), extras

    def baseline(
        self, who: str, spec: TaskSpec, data: Samples, seed: int
    ) -> tuple[Directions, dict[str, Any]]:
        """The real images as drawings, each in its own place or in that of another."""
        directions, extras = super().baseline(who, spec, data, seed)
        return _sized(spec, directions), extras

    def signature(self, index: str, spec: TaskSpec, data: Samples) -> str:
        """The side of the squares, where there are any."""
        return f"size={spec.size}" if spec.size else ""

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> Media:
        """The image. Raises DataError for anything else."""
        if isinstance(given, Media) and given.modality == "image":
            return given
        raise DataError(
            f"task {spec.name}: the output for {sample.id} is no image; give a folder of images"
        )

    def blind(self, who: str, data: Samples, seed: int) -> list[Any]:
        """The real images themselves, or of each sample that of another: as a set the same."""
        none = Broken("there is no real image of this prompt")
        real = [none if sample.target is None else sample.target for sample in data.samples]
        ids = [sample.id for sample in data.samples]
        return real if who == "oracle" else dealt_out(real, ids, seed)


def _sized(spec: TaskSpec, directions: Directions) -> Directions:
    """Both images of each prediction as the task wants them."""
    if not spec.size:
        return directions
    size = spec.size
    return {
        way: [[_square(prediction, size) for prediction in split] for split in splits]
        for way, splits in directions.items()
    }


def _square(prediction: Prediction, size: int) -> Prediction:
    value, target = (
        media.square(image, size) if isinstance(image, Media) else image
        for image in (prediction.value, prediction.target)
    )
    return msgspec.structs.replace(prediction, value=value, target=target)
