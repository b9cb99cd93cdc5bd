"""Drawing: a set of generated images, compared with real images or with their prompts."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from mmbench import media
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.inputs import text_of
from mmbench.kinds.per_sample import (
    PerSample,
    decoded_answers,
    each_output,
    hash_number,
    permute_answers,
    prediction_table,
    with_failures,
)
from mmbench.kinds.responses import generated
from mmbench.protocols import Draws, Responses
from mmbench.types import (
    InvalidContent,
    KindOptions,
    Media,
    Outputs,
    Prediction,
    Predictions,
    Requests,
    Sample,
    SeededPrompt,
    TaskSpec,
)


class DrawingOptions(KindOptions, frozen=True):
    """`size` is the side in pixels to which drawings and real images are cropped and scaled."""

    size: int | None = None


class Drawing(PerSample):
    """The kind `drawing`. A value is an image. The two sets may have different sizes.

    With a `size` in the task, drawings and real images become squares of that side (`square`).
    """

    Options = DrawingOptions
    options: DrawingOptions
    ability = Draws
    baselines = ("oracle", "random")

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        size = self.options.size
        if size is not None and size < 1:
            raise SpecError(f"task {task.name}: size is {size}: give a side in pixels")

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        """Return the prompts, each with a seed derived from its id."""
        spec = self.task
        if "prompt" not in spec.fields:
            raise SpecError(f"task {spec.name}: to run a model, `fields: {{prompt: …}}` is needed")
        prompts = [
            prompt
            if isinstance(prompt := text_of(spec, sample, "prompt"), InvalidContent)
            else SeededPrompt(prompt, hash_number(seed, sample.id) % 2**32)
            for sample in data.samples
        ]
        return {"sample": Requests(prompts, "text", method="draw")}

    def values(self, _data: Samples, responses: Responses, /) -> list[Media | InvalidContent]:
        """Return the drawings."""
        return decoded_answers(generated(responses, "sample"))

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the images. Raises DataError for anything else."""
        return each_output(self.task, data, outputs, _as_image)

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return the drawn images, followed by the real ones without a drawing of the same id.

        Raises DataError for outputs that are not images.
        """
        real = {sample.id: sample for sample in data.samples}
        drawn = [real.pop(ident, Sample(ident, {})) for ident in outputs.values]
        values = self.accepted(replace(data, samples=drawn), outputs)
        predictions = prediction_table([*drawn, *real.values()], [*values, *[None] * len(real)])
        return self._sized(with_failures({"": [predictions]}))

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return the drawn images, each with its real image."""
        return self._sized(super().predictions(data, responses))

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return real images as drawings, at their own place or permuted."""
        return self._sized(super().baseline(name, data, seed))

    def baseline_values(
        self, name: str, data: Samples, seed: int, /
    ) -> list[Media | InvalidContent]:
        """Return the real images, or those of other samples."""
        none = InvalidContent("there is no real image of this prompt")
        real = [none if sample.target is None else sample.target for sample in data.samples]
        ids = [sample.id for sample in data.samples]
        return real if name == "oracle" else permute_answers(real, ids, seed)

    def signature(self, _data: Samples, /) -> str:
        """Return the side of the squares, if the task sets it."""
        return f"size={self.options.size}" if self.options.size else ""

    def _sized(self, predictions: Predictions) -> Predictions:
        """Return predictions with both images scaled to the task's size."""
        size = self.options.size
        return predictions.mapped(partial(_square, size=size)) if size else predictions


def _as_image(output: object, where: str) -> Media:
    if isinstance(output, Media) and output.modality == "image":
        return output
    raise DataError(f"{where} is not an image; give a folder of images")


def _square(prediction: Prediction, size: int) -> Prediction:
    value, target = (
        media.square(image, size) if isinstance(image, Media) else image
        for image in (prediction.value, prediction.target)
    )
    return replace(prediction, value=value, target=target)
