"""Conversion of a sample and the task's prompt to a conversation with a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import field

from mmbench.errors import DataError, SpecError
from mmbench.types import (
    Content,
    Conversation,
    GenerationConfig,
    KindOptions,
    Media,
    Message,
    Modality,
    Sample,
    TaskSpec,
)

_SLOT = re.compile(r"\{(\w+)\}")
_ALL = "{text}"  # the default prompt


class PromptOptions(KindOptions, frozen=True):
    """Options of kinds with conversations: a prompt with slots, and settings for generation.

    A slot is the name of a field in braces, such as `{image}`. The content of the field replaces
    it. `open_prompt`, if given, is the prompt of samples without options in a task where others
    have options. `few_shot` is the number of solved samples before each question. They are selected
    by hashes of `few_shot_seed` and their ids, from the samples of the task or from the data of
    `few_shot_data`, whose keys replace keys of `data`.
    """

    prompt: str = _ALL
    open_prompt: str = ""
    generation: GenerationConfig = GenerationConfig()
    few_shot: int = 0
    few_shot_seed: int = 0
    few_shot_data: dict[str, Any] = field(default_factory=dict)


def prompt_of(options: PromptOptions, sample: Sample) -> str:
    """Return the prompt of a sample, which depends on whether the sample has options."""
    has_options = isinstance(sample.target, dict) and "options" in sample.target
    return options.prompt if has_options or not options.open_prompt else options.open_prompt


def media_together(prompt: str) -> frozenset[Modality]:
    """Return the modalities of the prompt's slots; a model must accept all of them."""
    media: tuple[Modality, ...] = ("image", "audio", "video")
    return frozenset(medium for medium in media if f"{{{medium}}}" in prompt)


def check_prompt(spec: TaskSpec, prompt: str) -> None:
    """Raise SpecError for a prompt with a slot that is not a field of the task."""
    if prompt == _ALL:
        return
    for slot in _SLOT.findall(prompt):
        if slot not in spec.fields:
            raise SpecError(
                f"task {spec.name}: the prompt has a slot {{{slot}}}, which is not a field; use"
                f" one of {', '.join(spec.fields)}"
            )


def conversation(spec: TaskSpec, prompt: str, sample: Sample) -> Conversation:
    """Return a conversation of one user message: the prompt with its slots filled from a sample.

    Media without a slot come before the prompt. If a sample lacks a media item (a question without
    an image), the item is left out; a missing text becomes an empty string. Raises DataError if the
    message would be empty.
    """
    has = {name: sample.inputs[f] for name, f in spec.fields.items() if f in sample.inputs}
    if prompt == _ALL and "text" not in spec.fields:
        prompt = "\n".join(f"{{{name}}}" for name, part in has.items() if isinstance(part, str))
    slots = set(_SLOT.findall(prompt))
    first = [part for name, part in has.items() if name not in slots and not isinstance(part, str)]
    parts = _merge_texts([*first, *_fill_slots(prompt, has)])
    if not parts:
        field_names, available = (
            ", ".join(spec.fields.values()),
            ", ".join(sample.inputs) or "nothing",
        )
        raise DataError(
            f"task {spec.name}: sample {sample.id} has {available}, but the fields of the task are"
            f" {field_names}; add them to the data, or name their columns with --columns"
            f" {next(iter(spec.fields.values()))}=NAME"
        )
    return (Message("user", tuple(parts)),)


def _fill_slots(prompt: str, has: dict[str, Content]) -> list[Content]:
    """Return the parts of the prompt, with each slot replaced by the content of its field."""
    pieces = _SLOT.split(prompt)  # every second piece is a slot
    return [has.get(piece, "") if at % 2 else piece for at, piece in enumerate(pieces)]


def _merge_texts(parts: list[Content]) -> list[Content]:
    """Return parts with adjacent texts merged and empty texts dropped."""
    merged: list[Content] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    texts = [part.strip() if isinstance(part, str) else part for part in merged]
    return [part for part in texts if part != ""]


def modality_of(conversations: Iterable[Conversation]) -> Modality:
    """Return the modality of the first image, audio or video in the conversations, else "text"."""
    parts = (part for turns in conversations for turn in turns for part in turn.parts)
    return next((part.modality for part in parts if isinstance(part, Media)), "text")
