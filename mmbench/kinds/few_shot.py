"""Few-shot examples: solved samples as turns of the conversation before the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mmbench import media
from mmbench.columns import column
from mmbench.datasets import Samples
from mmbench.errors import DataError, SampleError, SpecError
from mmbench.kinds.conversation import PromptOptions
from mmbench.kinds.per_sample import hash_number
from mmbench.text.alternatives import first_reading, pieces_of
from mmbench.types import Conversation, Frames, InvalidContent, Media, Message, Sample, TaskSpec

_RATE = 16_000  # any rate: audio is decoded only to see whether it can be read


class Example(NamedTuple):
    """A solved sample: its question and its answer. `source` is its group or its id."""

    source: str
    turns: Conversation


def check_few_shot(spec: TaskSpec, options: PromptOptions) -> None:
    """Check the options of few-shot examples. Raises SpecError if they have no effect."""
    if options.few_shot < 0:
        raise SpecError(f"task {spec.name}: few_shot is {options.few_shot}; give 0 or more")
    for name in ("few_shot_data", "few_shot_seed"):
        if getattr(options, name) and not options.few_shot:
            raise SpecError(
                f"task {spec.name}: {name} has no effect without few_shot; add few_shot"
            )


def with_examples(
    spec: TaskSpec,
    options: PromptOptions,
    data: Samples,
    conversations: Sequence[Conversation],
    solved: Callable[[Sample], Conversation | None],
) -> list[Conversation]:
    """Return the conversations of the samples with `few_shot` examples before each question.

    Examples come from `data.examples`, or from the samples of the task if there are none; then a
    sample is never preceded by itself or by a sample of its group. `solved` returns the question
    and the answer of a sample, None if it has no answer. Raises DataError for too few samples.
    """
    count = options.few_shot
    if not count:
        return list(conversations)
    other_data = bool(data.examples)
    pool = data.examples if other_data else data.samples
    needed = count if other_data else count + 1
    examples = _first(_usable(pool, options.few_shot_seed, solved), needed)
    if len(examples) < needed:
        raise DataError(
            f"task {spec.name}: few_shot: {count} needs {needed} samples of different groups with"
            f" references and readable media, but the data has {len(examples)}; lower few_shot,"
            " raise --limit, or name other data in few_shot_data"
        )
    sources = [None if other_data else _source(sample) for sample in data.samples]
    return [
        _preceded(turns, [one for one in examples if one.source != source][:count])
        for turns, source in zip(conversations, sources, strict=True)
    ]


def reference_answer(target: object) -> str:
    """Return the text of a reference, "" if it has none.

    It is the first of several answers, the letter of a choice, and the first choice of each
    alternative in a transcript.
    """
    if isinstance(target, list):
        return reference_answer(target[0]) if target else ""
    pieces = pieces_of(target)
    if pieces is not None:
        return first_reading(pieces)
    if isinstance(target, dict):
        return reference_answer(target.get("answer"))
    return str(target) if isinstance(target, str | int | float) else ""


def _preceded(turns: Conversation, examples: list[Example]) -> Conversation:
    """Return a conversation with examples between its system prompt, if any, and its question."""
    system = tuple(turn for turn in turns if turn.role == "system")
    question = tuple(turn for turn in turns if turn.role != "system")
    solved = tuple(turn for example in examples for turn in example.turns)
    return (*system, *solved, *question)


def _usable(
    pool: Sequence[Sample], seed: int, solved: Callable[[Sample], Conversation | None]
) -> Iterator[Example]:
    """Yield the samples that can be examples, in the order of the hashes of seed and id."""
    ids = column(pool, "id")
    for row in sorted(range(len(ids)), key=lambda row: hash_number(seed, ids[row])):
        turns = solved(pool[row])
        if turns is not None and _is_readable(turns):
            yield Example(_source(pool[row]), turns)


def _first(examples: Iterator[Example], count: int) -> list[Example]:
    """Return the first `count` examples of different groups."""
    chosen: dict[str, Example] = {}
    for example in examples:
        chosen.setdefault(example.source, example)
        if len(chosen) == count:
            break
    return list(chosen.values())


def _source(sample: Sample) -> str:
    """Return the group of a sample, or its id if it has no group."""
    return f"group {sample.group}" if sample.group else f"id {sample.id}"


def _is_readable(turns: Conversation) -> bool:
    """Return whether all parts of a conversation can be decoded."""
    try:
        for part in (part for turn in turns for part in turn.parts):
            _decode(part)
    except SampleError:
        return False
    return True


def _decode(part: str | Media | InvalidContent) -> None:
    """Decode a part of a conversation. Raises SampleError if it cannot be decoded."""
    if isinstance(part, InvalidContent):
        raise SampleError(part.reason)
    if isinstance(part, str):
        return
    content = media.read_bytes(part)
    match part.modality:
        case "audio":
            media.decode_sound(content, part.name, _RATE)
        case "video":
            media.decode_video(content, part.name, Frames(1))
        case _:
            media.decode_image(content, part.name)


def answered(question: Conversation, answer: str) -> Conversation | None:
    """Return a question with its answer as the turn of the assistant, None for no answer."""
    return (*question, Message("assistant", (answer,))) if answer.strip() else None
