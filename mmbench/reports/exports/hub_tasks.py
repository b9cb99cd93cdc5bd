"""The names that the Hugging Face Hub has for tasks.

They are the keys of `PIPELINE_DATA` in huggingface/huggingface.js, packages/tasks/src/pipelines.ts.
"""

from __future__ import annotations

from contextlib import suppress

from mmbench.errors import UserError
from mmbench.reports.exports.scores import score_metric
from mmbench.spec import is_task, load_task
from mmbench.types import RunRecord, TaskSpec

# Kind and inputs of a task → its name on the hub. The hub has no name for retrieval across
# modalities.
_BY_INPUTS = {
    ("classification", "audio"): "audio-classification",
    ("classification", "image"): "image-classification",
    ("classification", "video"): "video-classification",
    ("zero_shot", "image"): "zero-shot-image-classification",
    ("writing", "image"): "image-to-text",
    ("writing", "image question"): "visual-question-answering",
    ("writing", "audio question"): "audio-text-to-text",
    ("writing", "question video"): "video-text-to-text",
    ("choice", "image options question"): "visual-question-answering",
    ("choice", "options question video"): "video-text-to-text",
    ("drawing", "prompt"): "text-to-image",
    ("speaking", "text"): "text-to-speech",
}
_SPEECH = {"wer", "cer", "mer", "wil"}  # metrics of transcripts


def hub_task(record: RunRecord) -> str:
    """Return the name of a run's task on the hub, or its kind if the hub has no name for it.

    A record has no inputs, so they are those of the task of this name on this machine.
    """
    spec = _spec(record)
    if spec is None:
        return record.task.kind
    inputs = " ".join(sorted(spec.fields))
    if inputs == "audio" and score_metric(record.headline).family in _SPEECH:
        return "automatic-speech-recognition"
    return _BY_INPUTS.get((spec.kind, inputs), record.task.kind)


def _spec(record: RunRecord) -> TaskSpec | None:
    """Return the task of a run as it is on this machine; None if it is absent or another one."""
    task = record.task
    if is_task(task.name):
        with suppress(UserError):
            spec = load_task(task.name)
            return spec if (spec.kind, spec.version) == (task.kind, task.version) else None
    return None
