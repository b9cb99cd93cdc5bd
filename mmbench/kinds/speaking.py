"""The kind `speaking`: speech generated from a text."""

from __future__ import annotations

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.inputs import text_of
from mmbench.kinds.per_sample import PerSample, decoded_answers, each_output
from mmbench.kinds.responses import generated
from mmbench.protocols import Responses, Speaks
from mmbench.types import InvalidContent, Media, Outputs, Requests, TaskSpec


class Speaking(PerSample):
    """The kind `speaking`. A value is audio; a target is the spoken text, or a recording of it."""

    ability = Speaks
    baselines = ("oracle",)

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        if set(task.fields) != {"text"}:
            raise SpecError(
                f"task {task.name}: a speaking task has the field text only; set"
                " `fields: {text: …}`"
            )

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return a request for the text of each sample."""
        texts = [text_of(self.task, sample, "text") for sample in data.samples]
        return {"sample": Requests(texts, "text", method="speak")}

    def values(self, _data: Samples, responses: Responses, /) -> list[Media | InvalidContent]:
        """Return the generated audio of each sample, with InvalidContent for failed requests."""
        return decoded_answers(generated(responses, "sample"))

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the audio of another program. Raises DataError for any other output."""
        return each_output(self.task, data, outputs, _as_sound)

    def baseline_values(
        self, _name: str, data: Samples, _seed: int, /
    ) -> list[Media | InvalidContent]:
        """Return the recordings in the data: the values of the oracle, the only baseline."""
        none = InvalidContent("no recording of this text")
        recordings = [sample.inputs.get("audio", sample.target) for sample in data.samples]
        return [one if isinstance(one, Media) else none for one in recordings]


def _as_sound(output: object, where: str) -> Media:
    if isinstance(output, Media) and output.modality == "audio":
        return output
    raise DataError(f"{where} is not audio; give a folder of audio files")
