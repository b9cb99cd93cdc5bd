"""The prompts of a run, rebuilt from its stored samples, and their comparison with other prompts.

A prompt is compared as text: media and their placeholders do not count, because harnesses write
them in different ways or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmbench.comparison.explain.results import KnownTask, Prompts
from mmbench.engine.identity import fingerprint
from mmbench.errors import DataError
from mmbench.kinds.conversation import PromptOptions, conversation
from mmbench.types import OUTPUTS, Conversation, Media, RunRecord, Sample, TaskSpec

# Placeholders of media: `<image>`, `<image 1>`, `<|image_pad|>`, `[IMG]`, `<audio>`.
_MEDIA = re.compile(
    r"<\|?/?\s*(?:image|img|video|audio|vision_start|vision_end|image_pad|video_pad|audio_pad)"
    r"[\s_-]*\d*\s*\|?>|\[(?:IMG|IMAGE|AUDIO|VIDEO)\]",
    re.IGNORECASE,
)


def same_prompt(one: str, other: str) -> bool:
    """Return whether two prompts are equal without media placeholders and extra white space."""
    return bare_prompt(one) == bare_prompt(other)


def bare_prompt(prompt: str) -> str:
    """Return a prompt with single spaces and without placeholders of media."""
    return " ".join(_MEDIA.sub(" ", prompt).split())


def prompts_of(record: RunRecord, task: KnownTask | None, samples: Sequence[Sample]) -> Prompts:
    """Return the text of each sample's prompt, or the reason why it is unknown.

    A run of stored outputs gets the prompts of its task, which identify the samples, but its model
    may have got others.
    """
    if absent := _reason(record, task, samples):
        return Prompts(absent=absent)
    assert task is not None  # otherwise there is a reason
    texts = [_text(task.spec, task.kind.options.prompt, sample) for sample in samples]
    if not any(texts):
        return Prompts(absent="the task has no prompt")
    outputs = record.model.adapter == OUTPUTS
    return Prompts(texts, "our run has the outputs of another program" if outputs else "")


def _reason(record: RunRecord, task: KnownTask | None, samples: Sequence[Sample]) -> str:
    if task is None:
        return f"task {record.task.name} is not known here; give its folder with --tasks"
    if not any(sample.inputs for sample in samples):
        return "the inputs of our samples are not stored"
    if fingerprint(task.spec) != record.task.fingerprint:
        return "the task has changed since our run"
    options = getattr(task.kind, "options", None)
    if not isinstance(options, PromptOptions):
        return "the task has no prompt"
    return "the few-shot examples of our run are not stored" if options.few_shot else ""


def _text(spec: TaskSpec, prompt: str, sample: Sample) -> str:
    """Return the text of a sample's prompt; "" if the sample is not stored or has no input."""
    try:
        return _joined(conversation(spec, prompt, sample))
    except DataError:
        return ""  # the sample failed in the run for the same reason


def _joined(turns: Conversation) -> str:
    parts = [part for turn in turns for part in turn.parts]
    texts = [f"<{part.modality}>" if isinstance(part, Media) else part for part in parts]
    return "\n".join(text for text in texts if isinstance(text, str))
