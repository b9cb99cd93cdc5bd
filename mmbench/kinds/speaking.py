"""Speaking: a sound for each text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.per_sample import PerSample, media_of, text_of
from mmbench.protocols import Speaks
from mmbench.types import Broken, Media, Outputs, Requests, Sample, TaskSpec


class Speaking(PerSample):
    """The kind `speaking`. The target is the text, or a recording of it; a value is a sound."""

    ability = Speaks
    baselines = ("oracle",)

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse a spec without its one field, the text. Raises SpecError."""
        super().check(spec, index)
        if set(spec.fields) != {"text"}:
            raise SpecError(
                f"task {spec.name}: fields of a speaking task are `fields: {{text: …}}`"
            )

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """The texts."""
        texts = [text_of(spec, sample, "text") for sample in data.samples]
        return {"sample": Requests(texts, "text", method="speak")}

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """The sounds."""
        return media_of(answers["sample"])

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> Media:
        """The sound. Raises DataError for anything else."""
        if isinstance(given, Media) and given.modality == "audio":
            return given
        raise DataError(f"task {spec.name}: the output for {sample.id} is no sound")

    def blind(self, who: str, data: Samples, seed: int) -> list[Any]:
        """The recordings themselves."""
        none = Broken("there is no recording of this text")
        found = [sample.inputs.get("audio", sample.target) for sample in data.samples]
        return [one if isinstance(one, Media) else none for one in found]
