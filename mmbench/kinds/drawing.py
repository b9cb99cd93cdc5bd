"""Drawing: a set of images beside a set of real ones, or beside what was asked for."""

from __future__ import annotations

from typing import Any

from mmbench.errors import DataError
from mmbench.kinds.per_sample import Directions, PerSample, prediction
from mmbench.types import Broken, Media, Outputs, Sample, Samples, TaskSpec


class Drawing(PerSample):
    """The kind `drawing`. A value is an image. The two sets need not be of one size."""

    baselines = ("oracle",)

    def match(
        self,
        data: Samples,
        outputs: Outputs,
        *,
        partial: bool = False,
    ) -> tuple[Samples, Outputs]:
        """Both as they are: no drawing needs a real image of its own."""
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
        return {"": [found + alone]}, {}

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
        """The real images themselves."""
        return [sample.target for sample in data.samples]
