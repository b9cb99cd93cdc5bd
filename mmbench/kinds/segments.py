"""The kind `segments`: who speaks when in a recording, and the words."""

from __future__ import annotations

from typing import Any

from mmbench.columns import column
from mmbench.datasets import Samples
from mmbench.kinds.per_sample import each_output, permute_answers
from mmbench.kinds.writing import Writing
from mmbench.text.segments import Segment, parse_reference, parse_segments, regions_of, segments_of
from mmbench.types import InvalidContent, Outputs
from mmbench.validation.safe_parse import encode_json

_ONLY = "speaker"  # the name of the only speaker of the baseline `constant`


class Segments(Writing):
    """The kind `segments`. A value is a list of segments, or the text that a model wrote.

    A target is a list of segments, or has evaluation regions, too (`mmbench.text.segments`). The
    metrics read JSON in the text of a model.
    """

    baselines = ("oracle", "constant", "random", "empty")

    def check(self, data: Samples, /) -> None:
        """Raise DataError for a reference without valid segments."""
        for ident, target in zip(
            column(data.samples, "id"), column(data.samples, "target"), strict=True
        ):
            if not isinstance(target, InvalidContent):
                parse_reference(target, f"task {self.task.name}: the reference of {ident}")

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the segments or the texts of another program.

        Raises DataError for an invalid segment.
        """
        return each_output(self.task, data, outputs, _as_segments)

    def example_answer(self, target: object) -> str:
        """Return the answer of a few-shot example: the segments of the reference as JSON."""
        return "" if isinstance(target, InvalidContent) else _dumps(segments_of(target))

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[Any]:
        """Return the segments that a baseline predicts for each session.

        The oracle predicts the segments of the reference, `random` those of another session,
        `empty` none. In `constant`, one speaker talks all the time, without a word.
        """
        targets = column(data.samples, "target")
        if name == "constant":
            return [_all_the_time(target) for target in targets]
        if name == "empty":
            return [[] for _ in targets]
        best = [
            [] if isinstance(target, InvalidContent) else _json(segments_of(target))
            for target in targets
        ]
        if name == "random":
            return permute_answers(best, list(column(data.samples, "id")), seed)
        return best


def _as_segments(output: object, where: str) -> str | list[dict[str, Any]]:
    return output if isinstance(output, str) else _json(parse_segments(output, where))


def _dumps(segments: list[Segment]) -> str:
    return encode_json(_json(segments)).decode()


def _json(segments: list[Segment]) -> list[dict[str, Any]]:
    return [segment.as_json() for segment in segments]


def _all_the_time(target: Any) -> list[dict[str, Any]]:
    """Return one segment of one speaker, from the first start to the last end of a reference.

    If the reference has evaluation regions, the segment extends over all of them.
    """
    if isinstance(target, InvalidContent):
        return []
    segments, regions = segments_of(target), regions_of(target) or []
    starts = [one.start for one in segments if one.start is not None] + [a for a, _ in regions]
    ends = [one.end for one in segments if one.end is not None] + [b for _, b in regions]
    return [Segment(_ONLY, min(starts, default=None), max(ends, default=None), "").as_json()]
