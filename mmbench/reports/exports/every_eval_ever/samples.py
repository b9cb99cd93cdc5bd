"""The samples of a run in the format Every Eval Ever: a JSON line for each sample and score.

The fields are those of evaleval/every_eval_ever, schemas/instance_level_eval.schema.json, version
0.3.0. `sample_hash` follows its adapters (adapters/openeval), so that samples can be matched with
those of other programs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import Any, NamedTuple

from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.protocols import MetricInfo
from mmbench.reports.exports.every_eval_ever.results import result_id
from mmbench.reports.exports.every_eval_ever.values import SCHEMA_VERSION, strings
from mmbench.reports.exports.scores import ScoreMetric, score_metric
from mmbench.text import json_escaped
from mmbench.types import RunRecord
from mmbench.validation.safe_parse import encode_json

_NO_EXTRACTION = "none"  # lm-eval's converter writes this for an answer that is scored as it is


class SampleLines(NamedTuple):
    """The samples of a run as JSON lines, and the number of lines."""

    data: bytes
    rows: int


def sample_lines(samples: RunSamples, ids: tuple[str, str], names: Sequence[str]) -> SampleLines:
    """Return the samples with their values for the scores called `names`, those that have some.

    `ids` are the ids of the evaluation and of the model. A sample that was not measured has no
    line, because the format wants a score. A failed sample has the worst value of the metric and
    its error; it has no line if the range of the metric is open at this end.
    """
    scores = {name: score_metric(name) for name in names if name in samples.metrics}
    common = {"schema_version": SCHEMA_VERSION, "evaluation_id": ids[0], "model_id": ids[1]}
    lines = [
        json_escaped(encode_json({**common, **line}).decode()).encode()
        for sample in samples
        for line in _lines(samples.record, sample, scores)
    ]
    return SampleLines(b"".join(line + b"\n" for line in lines), len(lines))


def _lines(
    record: RunRecord, sample: RunSample, scores: dict[str, ScoreMetric]
) -> Iterator[dict[str, Any]]:
    about: dict[str, Any] | None = None
    for name, parts in scores.items():
        value = _value(sample, name, parts.info)
        if value is None:
            continue
        about = about or _about(sample)
        best = parts.info.best if parts.info else None
        yield {
            "evaluation_name": record.task.name,
            "evaluation_result_id": result_id(record, name),
            **about,
            "answer_attribution": _attribution(sample, parts.name.metric),
            "evaluation": {"score": value, "is_correct": sample.error is None and value == best},
            "error": sample.error,
        }


def _value(sample: RunSample, name: str, info: MetricInfo | None) -> float | None:
    """Return the value of a score for a sample; the worst of its range if the sample failed.

    Return None if the score does not cover the sample.
    """
    if sample.error is None:
        return sample.scores.get(name)
    covered = not sample.direction or name.endswith(f"[{sample.direction}]")
    return info.worst if info and covered else None


def _about(sample: RunSample) -> dict[str, Any]:
    """Return the part of a line that is the same for all scores of a sample."""
    raw, references = _input_text(sample), _references(sample)
    options = sample.target.get("options") if isinstance(sample.target, dict) else None
    choices = {"choices": [str(one) for one in options]} if isinstance(options, list) else {}
    reasoning = {"reasoning_trace": [sample.reasoning]} if sample.reasoning else {}
    return {
        "sample_id": sample.id,
        **({"sample_hash": _sample_hash(raw, references)} if raw else {}),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": references, **choices},
        "output": {"raw": _outputs(sample), **reasoning},
        "metadata": _metadata(sample),
    }


def _input_text(sample: RunSample) -> str:
    """Return the inputs of a sample as text; a medium is its name or URL in angle brackets.

    Of a path, the name of the file is left: the text must be the same on all machines.
    """
    media = [
        f"<{place.modality}: {place.url or PurePath(place.name).name}>"
        for place in sample.media.values()
    ]
    texts = list(sample.texts.values())
    if len(texts) > 1:
        texts = [f"{name}: {text}" for name, text in sample.texts.items()]
    return "\n".join([*media, *texts])


def _references(sample: RunSample) -> list[str]:
    """Return the references; in retrieval, the ids of the relevant documents."""
    return [hit.id for hit in sample.relevant] or sample.references


def _outputs(sample: RunSample) -> list[str]:
    """Return the output; in retrieval, the ids of the first documents, the best first."""
    if sample.hits:
        return [hit.id for hit in sample.hits]
    return [sample.answer_text] if sample.error is None else []


def _sample_hash(raw: str, references: list[str]) -> str:
    content = {"raw": raw, "reference": references}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _attribution(sample: RunSample, metric: str) -> list[dict[str, Any]]:
    """Return the answer that a metric read from an output; [] if the output is no text."""
    answer, method = sample.details.get(metric, {}).get("answer"), f"mmbench {metric}"
    if answer is None and isinstance(sample.output, str):
        answer, method = sample.output, _NO_EXTRACTION
    if answer is None:
        return []
    return [
        {
            "turn_idx": 0,
            "source": "output.raw",
            "extracted_value": str(answer),
            "extraction_method": method,
            "is_terminal": True,
        }
    ]


def _metadata(sample: RunSample) -> dict[str, str]:
    places = {
        f"{name}_key": place.key for name, place in sample.media.items()
    }  # the content key of mmbench
    details = {
        f"{metric}_{what}": value
        for metric, values in sample.details.items()
        for what, value in values.items()
        if what != "answer"
    }
    return strings(
        {
            **{f"tag_{tag}": value for tag, value in sample.tags.items()},
            **places,
            **details,
            "direction": sample.direction,
            "group": sample.group,
            "split": sample.split or None,
            "rank": sample.rank,
            "output_tokens": sample.tokens,
        }
    )
