"""The kind `drawing`: generated images, compared with real images or with their prompts."""

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
    """Options of `drawing`.

    If `size` is set, images are scaled to squares with sides of `size` pixels.
    """

    size: int | None = None


class Drawing(PerSample):
    """The kind `drawing`. A value is a generated image, a target is a real image.

    The numbers of generated and of real images may differ. If the task has a `size`, generated and
    real images are cropped and scaled to squares with sides of this many pixels (`media.square`).
    """

    Options = DrawingOptions
    options: DrawingOptions
    ability = Draws
    baselines = ("oracle", "random")

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        size = self.options.size
        if size is not None and size < 1:
            raise SpecError(f"task {task.name}: size is {size}; give a side in pixels")

    def requests(self, data: Samples, seed: int, /) -> dict[str, Requests]:
        """Return a request for each prompt, with a seed derived from the sample's id."""
        spec = self.task
        if "prompt" not in spec.fields:
            raise SpecError(
                f"task {spec.name}: no prompts for a model; set `fields: {{prompt: …}}` in the task"
            )
        prompts = [
            prompt
            if isinstance(prompt := text_of(spec, sample, "prompt"), InvalidContent)
            else SeededPrompt(prompt, hash_number(seed, sample.id) % 2**32)
            for sample in data.samples
        ]
        return {"sample": Requests(prompts, "text", method="draw")}

    def values(self, _data: Samples, responses: Responses, /) -> list[Media | InvalidContent]:
        """Return the generated images, with InvalidContent for failed requests."""
        return decoded_answers(generated(responses, "sample"))

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the images of another program. Raises DataError for any other output."""
        return each_output(self.task, data, outputs, _as_image)

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return predictions for another program's images, and for the remaining real images.

        Generated and real images are matched by id. A real image without a generated image becomes
        a prediction too. Raises DataError for outputs that are not images.
        """
        real = {sample.id: sample for sample in data.samples}
        drawn = [real.pop(ident, Sample(ident, {})) for ident in outputs.values]
        values = self.accepted(replace(data, samples=drawn), outputs)
        predictions = prediction_table([*drawn, *real.values()], [*values, *[None] * len(real)])
        return self._sized(with_failures({"": [predictions]}))

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions, each with a generated image and its real image."""
        return self._sized(super().predictions(data, responses))

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return predictions in which real images take the place of generated images.

        The oracle returns the real image of each sample; `random` permutes the real images.
        """
        return self._sized(super().baseline(name, data, seed))

    def baseline_values(
        self, name: str, data: Samples, seed: int, /
    ) -> list[Media | InvalidContent]:
        """Return the real image of each sample or, for `random`, of another sample."""
        none = InvalidContent("no real image for this prompt")
        real = [none if sample.target is None else sample.target for sample in data.samples]
        ids = [sample.id for sample in data.samples]
        return real if name == "oracle" else permute_answers(real, ids, seed)

    def signature(self, _data: Samples, /) -> str:
        """Return "size=" and the side of the squares in pixels; "" if the task sets no size."""
        return f"size={self.options.size}" if self.options.size else ""

    def _sized(self, predictions: Predictions) -> Predictions:
        """Scale the generated and the real images to the task's size, if it sets one."""
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
